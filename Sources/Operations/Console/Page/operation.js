// One address: what to send is filled in, the answer is shown as it came.
import { answerParts } from '/assets/answer.js';
import { copyButton, problem } from '/assets/caller.js';
import { curlLine } from '/assets/curl.js';
import { filledPath } from '/assets/description.js';
import { make } from '/assets/elements.js';
import { openBody } from '/assets/request-body.js';

/// Lines of “Name: value” as headers.
export const headersOf = (text) => Object.fromEntries(text.split('\n')
  .map((line) => line.match(/^\s*([^:\s]+)\s*:\s*(.*?)\s*$/)).filter(Boolean)
  .map(([, name, value]) => [name, value]));

/// The elements of an operation of the description.
export function openOperation(operation, { headers, model }) {
  const fields = operation.parameters.map(parameterField);
  const given = headerField(headers, operation.security);
  const body = openBody(operation, model);
  const result = make('div', { class: 'result', role: 'status' },
    make('p', { class: 'summary idle' }, 'The answer appears here.'));
  const line = make('pre', { class: 'curl', tabindex: '0', 'aria-label': 'curl command' });
  const request = () => requestOf(operation, fields, headersOf(headers.text), body);
  const showLine = () => {
    line.textContent = curlLine({ ...request(), method: operation.method });
  };
  const send = async () => {
    showLine();
    await answer(operation, request(), body, result);
  };
  const element = make('section', { class: 'card try' },
    make('form', { class: 'side', onsubmit: (event) => { event.preventDefault(); send(); } },
      parameterFields(fields, operation), body.element, given,
      make('div', { class: 'row' },
        make('button', { type: 'submit', class: 'main', 'aria-keyshortcuts': 'Control+Enter' }, 'Send'))),
    make('div', { class: 'side' }, result));
  element.addEventListener('input', showLine);
  element.addEventListener('change', showLine);
  body.onChange(showLine);
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  });
  showLine();
  return [title(operation), element, command(line), contract(operation)];
}

const title = ({ method, path, summary }) => make('div', { class: 'address' },
  make('h1', {}, make('span', { class: 'method', 'data-method': method }, method), ' ', path),
  make('p', { class: 'faint' }, summary.replaceAll('`', '')));

const command = (line) => make('section', { class: 'card call', 'aria-labelledby': 'curl-title' },
  make('h3', { id: 'curl-title' }, 'The same with curl'), line,
  make('div', { class: 'row' }, copyButton(() => line.textContent)));

/// Those that a request must have, and the others under a word of their own beside a body.
function parameterFields(fields, operation) {
  const row = (chosen) => make('div', { class: 'fields' }, chosen.map((field) => field.element));
  const required = fields.filter(({ parameter }) => parameter.required);
  const others = fields.filter(({ parameter }) => !parameter.required);
  const hasBody = Object.keys(operation.contents).length > 0;
  return [
    required.length > 0 && row(required),
    others.length > 0 && (hasBody
      ? make('details', {}, make('summary', {}, 'Parameters'), row(others)) : row(others)),
  ];
}

function parameterField(parameter) {
  const id = `parameter-${parameter.in}-${parameter.name}`;
  const { schema = {} } = parameter;
  const options = schema.type === 'boolean' ? ['true', 'false'] : schema.enum;
  const value = parameter.in === 'path' ? schema.enum?.[0] ?? schema.examples?.[0] ?? (parameter.name === 'version' ? '1' : '') : '';
  const field = options
    ? make('select', { id }, !parameter.required && make('option', { value: '' }, ''),
      options.map((option) => make('option', { value: option }, option)))
    : make('input', { id, value, autocomplete: 'off', spellcheck: 'false', required: parameter.required === true });
  return {
    parameter,
    value: () => field.value,
    element: make('div', { class: 'field' },
      make('label', { for: id }, parameter.name, ' ', make('span', { class: 'hint' }, parameter.in)), field,
      parameter.description && make('p', { class: 'hint' }, parameter.description)),
  };
}

/// Further headers; what the address wants of them is said.
function headerField(headers, security) {
  const field = make('textarea', { class: 'headers', id: 'headers', rows: '2', spellcheck: 'false' }, headers.text);
  field.addEventListener('input', () => { headers.text = field.value; });
  const wanted = security.map((scheme) => (scheme.type === 'http' ? 'Authorization: Bearer …' : `${scheme.name}: …`));
  return make('details', { open: wanted.length > 0 || headers.text !== '' },
    make('summary', {}, 'Headers'),
    make('div', { class: 'field' },
      make('label', { for: 'headers' }, 'Of each request, “Name: value” in a line'), field,
      wanted.length > 0 && make('p', { class: 'hint' }, 'This address asks for ',
        wanted.map((each, place) => [place > 0 && ', ', make('code', {}, each)]).flat())));
}

/// `{url, path, headers, contentType, text | fileName | form, body}` as it is to be sent now.
function requestOf(operation, fields, headers, body) {
  const values = Object.fromEntries(fields.map((field) => [field.parameter.name, field.value()]));
  const named = (place) => fields.filter(({ parameter, value }) => parameter.in === place && value() !== '')
    .map(({ parameter, value }) => [parameter.name, value()]);
  const query = new URLSearchParams(named('query')).toString();
  const path = filledPath(operation.path, values) + (query && `?${query}`);
  return {
    path, url: new URL(path, location.href).href,
    headers: { ...Object.fromEntries(named('header')), ...headers }, ...body.content(),
  };
}

/// Sends, and shows what came or why nothing was sent.
async function answer(operation, request, body, result) {
  result.setAttribute('aria-busy', 'true');
  try {
    const sent = body.bytes();
    const headers = { ...request.headers };
    // The browser itself says how the parts of a form are divided.
    if (request.contentType && !request.form) headers['content-type'] = request.contentType;
    const started = performance.now();
    const response = await fetch(request.path, { method: operation.method, headers, body: sent, cache: 'no-store' });
    const bytes = await response.blob();
    result.replaceChildren(...await answerParts(response, bytes, performance.now() - started));
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    result.replaceChildren(error instanceof RangeError
      ? problem('Nothing was sent', error.message)
      : problem('No answer', 'No answer came. The server may have stopped, or a header cannot be sent by a browser.'));
  } finally {
    result.removeAttribute('aria-busy');
  }
}

/// What the description says: each status, and the schema of each body.
function contract(operation) {
  const bodies = Object.entries(operation.contents);
  return make('details', { class: 'card contract' },
    make('summary', {}, 'What it takes and answers'),
    make('div', { class: 'wide' }, make('table', {},
      make('thead', {}, make('tr', {}, ['Status', 'Meaning', 'Content'].map((name) => make('th', { scope: 'col' }, name)))),
      make('tbody', {}, operation.responses.map(({ status, description, content }) => make('tr', {},
        make('th', { scope: 'row' }, status), make('td', {}, description),
        make('td', {}, Object.keys(content ?? {}).join(', ') || 'none')))))),
    bodies.map(([type, { schema }]) => make('details', { class: 'raw' },
      make('summary', {}, `Body, ${type}`),
      make('pre', { tabindex: '0', 'aria-label': `Schema of ${type}` }, JSON.stringify(schema, null, 2)))));
}
