// An answer as it came: status, time, headers, and the body in the form that a person reads best.
import { indented } from '/assets/description.js';
import { count, make, milliseconds, saveButton } from '/assets/elements.js';

const shownCharacters = 20_000;

/// - `bytes`: the body, as a blob.
export async function answerParts(response, bytes, time) {
  const type = response.headers.get('content-type') ?? '';
  return [
    make('p', { class: 'outcome' },
      make('span', { class: 'code', 'data-kind': String(response.status)[0] },
        `${response.status} ${response.statusText}`.trim()),
      make('span', { class: 'faint number' }, milliseconds(time)),
      make('span', { class: 'faint number' }, count(bytes.size, 'byte'))),
    await body(bytes, type),
    bytes.size > 0 && saveButton('Save the body', fileName(type), () => bytes),
    make('details', { class: 'raw', open: true }, make('summary', {}, 'Headers'),
      make('dl', { class: 'head' }, [...response.headers]
        .flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]))),
  ].filter(Boolean);
}

async function body(bytes, type) {
  if (bytes.size === 0) return make('p', { class: 'hint' }, 'No body.');
  if (type.startsWith('image/')) {
    return make('img', { src: URL.createObjectURL(bytes), alt: 'The picture that the server answered' });
  }
  if (/octet-stream|binary/.test(type)) return make('p', { class: 'hint' }, 'Bytes, which are not shown.');
  const text = await bytes.text();
  // What is cut cannot be indented: the whole is, and then cut.
  const whole = type.includes('json') && text.length < 50 * shownCharacters ? indented(text) : text;
  return make('div', {},
    make('pre', { tabindex: '0', 'aria-label': 'Body of the answer' }, whole.slice(0, shownCharacters)),
    whole.length > shownCharacters
      && make('p', { class: 'hint' }, `${count(whole.length - shownCharacters, 'more character')}.`));
}

function fileName(type) {
  const endings = { 'application/json': 'json', 'image/jpeg': 'jpg', 'text/csv': 'csv', 'text/html': 'html' };
  const ending = endings[type.split(';')[0]] ?? (type.startsWith('text/') ? 'txt' : 'bin');
  return `answer.${ending}`;
}
