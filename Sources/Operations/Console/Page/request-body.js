// The body of a request: text to edit, a file to choose, or the fields of a form.
import { examplePhoto, examplesOf } from '/assets/description.js';
import { button, make, settled } from '/assets/elements.js';
import { jsonProblem } from '/assets/json.js';
import { exampleRequest, hasFill, writtenOut } from '/assets/request.js';
import { call, modelPath } from '/assets/server.js';

const isText = (type) => /json|^text\//.test(type);

/// An element for whatever body the operation takes, with
/// - `content()`: `{contentType, text | fileName | form}`, for the curl line;
/// - `bytes()`: what `fetch` sends. Throws a RangeError, to be read, for what cannot be written out.
export function openBody(operation, model) {
  const types = Object.keys(operation.contents);
  if (types.length === 0) {
    return { element: '', content: () => ({}), bytes: () => undefined, onChange() {} };
  }
  let changed = () => {};
  const place = make('div', { class: 'side' });
  const choice = make('select', { id: 'content-type' },
    types.map((type) => make('option', { value: type }, type)));
  let editor;
  const open = () => {
    editor = editorOf(choice.value, operation, model, () => changed());
    place.replaceChildren(editor.element);
  };
  choice.addEventListener('change', open);
  open();
  return {
    element: make('div', { class: 'side' },
      make('div', { class: 'field' }, make('label', { for: 'content-type' }, 'Body'), choice), place),
    content: () => editor.content(),
    bytes: () => editor.bytes(),
    onChange(action) { changed = action; },
  };
}

function editorOf(type, operation, model, changed) {
  const content = operation.contents[type];
  if (type === 'multipart/form-data') return formEditor(content, operation, changed);
  return isText(type) ? textEditor(type, content, operation, model, changed) : fileEditor(type, operation, changed);
}

// Text

function textEditor(type, content, operation, model, changed) {
  const verdict = make('p', { class: 'verdict', id: 'verdict', role: 'status' });
  const field = make('textarea', {
    id: 'request', class: 'editor', rows: '12', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off',
    'aria-describedby': 'verdict', 'aria-label': 'Body of the request',
  });
  /// What is no JSON may be sent all the same: the server says so, too.
  const check = () => {
    const wrong = type.includes('json') && field.value ? jsonProblem(field.value) : null;
    verdict.textContent = wrong ? `Line ${wrong.line}, column ${wrong.column}: ${wrong.message}.` : '';
    field.setAttribute('aria-invalid', String(wrong !== null));
  };
  const fill = (text) => {
    field.value = text;
    check();
    changed();
  };
  field.addEventListener('input', settled(250, check));
  const examples = examplesOf(content);
  if (examples.length > 0) fill(examples[0].text);
  else if (operation.path.endsWith('/infer') && model) longExample(model).then(fill, () => {});
  const isAbsent = () => field.value === '' && !operation.isBodyRequired;
  const text = () => (hasFill(field.value) ? writtenOut(field.value) : field.value);
  return {
    element: make('div', { class: 'field' },
      examples.length > 1 && exampleChoice(examples, fill), field, verdict),
    content: () => (isAbsent() ? {} : { contentType: type, text: field.value }),
    bytes: () => (isAbsent() ? undefined : text()),
  };
}

function exampleChoice(examples, fill) {
  const choice = make('select', { 'aria-label': 'Example' },
    examples.map(({ name }) => make('option', { value: name }, name)));
  choice.addEventListener('change', () => fill(examples.find(({ name }) => name === choice.value).text));
  return choice;
}

/// Tensors that are too long for the description are written with `{"fill": 0}`.
async function longExample(model) {
  const { value } = await call(modelPath(model));
  return exampleRequest(value ?? {}, 'zeros');
}

// A file

function fileEditor(type, operation, changed) {
  const field = make('input', { id: 'file', type: 'file', accept: type.startsWith('image/') ? type : null });
  const example = type === 'image/png' || type === 'image/jpeg' ? examplePhoto(operation.contents) : null;
  const picture = example && new File([bytesOf(example)], 'example.png', { type: 'image/png' });
  const chosen = () => field.files[0] ?? picture ?? null;
  const note = make('p', { class: 'hint', role: 'status' });
  const show = () => {
    const file = chosen();
    note.textContent = file === null ? 'Nothing is chosen yet.'
      : `${file === picture ? 'The example photo' : file.name}, ${file.size} bytes`;
    changed();
  };
  field.addEventListener('change', show);
  show();
  return {
    element: make('div', { class: 'field' }, make('label', { for: 'file' }, 'File'), field, note,
      picture && button('Use the example photo', () => { field.value = ''; show(); }, { class: 'quiet' })),
    content: () => (chosen() ? { contentType: chosen() === picture ? 'image/png' : type, fileName: chosen().name } : {}),
    bytes: () => chosen() ?? undefined,
  };
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0));
}

// A form

function formEditor(content, operation, changed) {
  const fields = Object.entries(content.schema?.properties ?? {}).map(([name, schema]) => {
    const isFile = schema.format === 'binary' || schema.$ref?.endsWith('/Photo');
    const field = make('input', { id: `form-${name}`, type: isFile ? 'file' : 'text', autocomplete: 'off' });
    field.addEventListener('change', changed);
    return { name, isFile, field };
  });
  const filled = () => fields.filter(({ isFile, field }) => (isFile ? field.files.length > 0 : field.value !== ''));
  return {
    element: make('div', { class: 'fields' }, fields.map(({ name, field }) => make('div', { class: 'field' },
      make('label', { for: field.id }, name), field))),
    content: () => ({
      contentType: 'multipart/form-data',
      form: filled().map(({ name, isFile, field }) => [name, isFile ? `@${field.files[0].name}` : field.value]),
    }),
    bytes() {
      const form = new FormData();
      for (const { name, isFile, field } of filled()) form.append(name, isFile ? field.files[0] : field.value);
      return form;
    },
  };
}
