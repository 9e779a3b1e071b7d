// Any model: an editable JSON request, generated from its inputs, and a readable answer.
import { problem } from '/assets/caller.js';
import { button, count, make, milliseconds, saveButton, settled, summaryLine } from '/assets/elements.js';
import { jsonProblem } from '/assets/json.js';
import { elementCount, exampleRequest, exampleShape, hasFill, writtenOut, writtenOutMax } from '/assets/request.js';
import { modelPath } from '/assets/server.js';
import { shapeText } from '/assets/signature.js';

const shown = { rows: 24, columns: 12, characters: 20_000 };

export function openTensorView({ name, metadata, caller }) {
  const editor = requestEditor();
  const result = make('div', { class: 'result' });
  const summary = summaryLine('The answer appears here.');
  const send = async () => {
    if (!editor.check()) {
      editor.goToProblem();
      return;
    }
    const text = requestText(editor.text(), result);
    if (text === null) return;
    const answer = await caller.send({
      path: `${modelPath(name)}/infer`, body: text, text, contentType: 'application/json',
    }, result);
    if (answer) result.replaceChildren(...answerParts(answer));
    if (answer) summary.say(`Answered in ${milliseconds(answer.milliseconds)}`);
    else if (result.querySelector('.problem')) summary.say('');
  };
  editor.onSend(send);
  const generate = (kind) => editor.fill(exampleRequest(metadata, kind));
  generate('zeros');
  const element = make('section', { class: 'card try' },
    make('div', { class: 'side' }, sizeHints(metadata), editor.element,
      make('div', { class: 'row' },
        button('Send', send, { class: 'main', 'aria-keyshortcuts': 'Control+Enter' }),
        button('Zeros', () => generate('zeros'), { class: 'quiet' }),
        button('Random', () => generate('random'), { class: 'quiet' }))),
    make('div', { class: 'side' }, summary.element, result));
  return { element, close() {} };
}

/// What is sent for what was typed; null, with the reason in `result`, when it cannot be written out.
function requestText(typed, result) {
  try {
    return hasFill(typed) ? writtenOut(typed) : typed;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    result.replaceChildren(problem('Nothing was sent', error.message));
    return null;
  }
}

/// Says of each large input how its values are shortened in the editor.
function sizeHints({ inputs = [], parameters }) {
  return inputs
    .map((input) => ({ name: input.name, total: elementCount(exampleShape(input, parameters)) }))
    .filter(({ total }) => total > writtenOutMax)
    .map(({ name, total }) => make('p', { class: 'hint note' },
      `${name} has ${count(total, 'value')}. Here they are shortened to `, make('code', {}, '{ "fill": … }'),
      '; the page writes them out when it sends. For real data the binary form is smaller and faster.'));
}

/// The text field with its verdict below: what is wrong, and where.
function requestEditor() {
  const verdict = make('p', { class: 'verdict', id: 'verdict', role: 'status' });
  const field = make('textarea', {
    id: 'request', class: 'editor', rows: '14', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off',
    'aria-describedby': 'verdict',
  });
  const check = () => {
    const problem = jsonProblem(field.value);
    verdict.textContent = problem ? `Line ${problem.line}, column ${problem.column}: ${problem.message}.` : '';
    field.setAttribute('aria-invalid', String(problem !== null));
    return problem === null;
  };
  field.addEventListener('input', settled(250, check));
  return {
    element: make('div', { class: 'field' }, make('label', { for: 'request' }, 'Request'), field, verdict),
    check,
    text: () => field.value,
    fill(text) {
      field.value = text;
      check();
    },
    goToProblem() {
      const { offset } = jsonProblem(field.value);
      field.focus();
      field.setSelectionRange(offset, Math.min(offset + 1, field.value.length));
    },
    onSend(send) {
      field.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        send();
      });
    },
  };
}

function answerParts({ value, text }) {
  const isCut = text.length > shown.characters;
  const raw = make('details', { class: 'raw' },
    make('summary', {}, 'The answer as it came'),
    make('pre', { tabindex: '0', 'aria-label': 'Answer as JSON' }, text.slice(0, shown.characters)),
    isCut && make('p', { class: 'hint' }, `${count(text.length - shown.characters, 'more character')}.`),
    saveButton('Save answer.json', 'answer.json', () => new Blob([text], { type: 'application/json' })));
  return [...(value?.outputs ?? []).map(outputPart), raw];
}

function outputPart(output) {
  const values = (output.data ?? []).flat(Infinity);
  return make('section', { class: 'output' },
    make('h3', {}, output.name, ' ',
      make('span', { class: 'faint' }, `${output.datatype}, ${shapeText(output.shape)}`)),
    make('pre', { tabindex: '0', 'aria-label': `Values of ${output.name}` }, valueRows(output.datatype === 'BYTES' ? values.map((value) => JSON.stringify(value)) : values, output.shape)));
}

/// One line a row of the last dimension, in columns; what does not fit is counted, never hidden.
function valueRows(values, shape) {
  const length = Math.max(1, Number(shape?.at(-1) ?? 1));
  const columns = Math.min(length, shown.columns);
  const starts = Array.from({ length: Math.ceil(values.length / length) }, (_, row) => row * length);
  const rows = starts.slice(0, shown.rows)
    .map((start) => values.slice(start, start + columns).map(valueText));
  const width = Math.max(1, ...rows.flat().map((text) => text.length));
  const more = length > columns ? `  … ${length - columns} more` : '';
  const lines = rows.map((row) => row.map((text) => text.padStart(width)).join('  ') + more);
  if (starts.length > shown.rows) lines.push(`… ${count(starts.length - shown.rows, 'more row')}`);
  return lines.join('\n');
}

function valueText(value) {
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(7)));
  return String(value);
}
