// The page of addresses: which model, which address, and what the server says of both.
import { bindThemeButton } from '/assets/appearance.js';
import { problem } from '/assets/caller.js';
import { operations } from '/assets/description.js';
import { button, count, make } from '/assets/elements.js';
import { headersOf, openOperation } from '/assets/operation.js';
import { call, ServerGone, ServerRefusal } from '/assets/server.js';

const stage = document.getElementById('stage');
const models = document.getElementById('model');
const filter = document.getElementById('filter');
const list = document.getElementById('addresses');
const source = document.getElementById('source');

/// Headers that the person gives with each request, such as keys. Kept as long as the page.
const headers = { text: '' };
let shown = { key: null, operations: [] };

/// What the address names: `#model=iris&operation=post_v2_models_model_infer`.
function addressed() {
  const words = new URLSearchParams(location.hash.slice(1));
  return { model: words.get('model'), operation: words.get('operation') };
}

const describedAt = (model) => `/openapi.json${model ? `?${new URLSearchParams({ model })}` : ''}`;

async function refresh() {
  const { model, operation } = addressed();
  const path = describedAt(model);
  try {
    const document = shown.key === path ? null : (await call(path, { headers: headersOf(headers.text) })).value;
    // Meanwhile another model may have been chosen, whose own answer comes.
    if (describedAt(addressed().model) !== path) return;
    if (document) show(document, path, model);
    open(operation);
  } catch (error) {
    if (!(error instanceof ServerRefusal || error instanceof ServerGone)) throw error;
    shown = { key: null, operations: [] };
    list.replaceChildren();
    stage.replaceChildren(undescribed(error));
  }
}

function show(document, path, model) {
  shown = { key: path, operations: operations(document) };
  source.href = path;
  showModels(document['x-apus'], model);
  showList();
}

/// The first models by name; any other can be named in the page's own address.
function showModels(known, model) {
  const names = known.models.map(({ name }) => name);
  const more = known.model_count - names.length;
  models.replaceChildren(
    make('option', { value: '' }, more > 0 ? `Every address (${count(more, 'more model')})` : 'Every address'),
    ...names.map((name) => make('option', { value: name }, name)));
  if (model && ![...models.options].some((option) => option.value === model)) {
    models.append(make('option', { value: model }, model));
  }
  models.value = model ?? '';
}

/// What a server is there for comes first, then what it says of itself.
const usualTags = ['inference', 'metadata', 'health'];
const rank = (tag) => (usualTags.includes(tag) ? usualTags.indexOf(tag) : usualTags.length);

function showList() {
  const sought = filter.value.trim().toLowerCase();
  const found = shown.operations
    .filter(({ method, path, summary }) => `${method} ${path} ${summary}`.toLowerCase().includes(sought));
  const tags = [...new Set(found.map(({ tag }) => tag))].sort((a, b) => rank(a) - rank(b));
  list.replaceChildren(...tags.map((tag) => make('section', {},
    make('h2', {}, tag),
    make('ul', {}, found.filter((each) => each.tag === tag).map((each) => make('li', {}, link(each)))))));
  if (found.length === 0) list.replaceChildren(make('p', { class: 'hint' }, 'No address has this in it.'));
  mark(addressed().operation);
}

function link({ id, method, path }) {
  const words = Object.entries({ model: addressed().model, operation: id }).filter(([, value]) => value);
  return make('a', { href: `#${new URLSearchParams(words)}`, 'data-id': id },
    make('span', { class: 'method', 'data-method': method }, method), make('span', {}, path));
}

function mark(id) {
  for (const each of list.querySelectorAll('a')) {
    if (each.dataset.id === id) each.setAttribute('aria-current', 'true');
    else each.removeAttribute('aria-current');
  }
  list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
}

/// Opens an address; where none is named, the one that a model is mostly asked at.
function open(id) {
  const { operations: known } = shown;
  const usual = ['detect', 'classify', 'infer', 'generate_stream'];
  const chosen = known.find((each) => each.id === id)
    ?? usual.map((verb) => known.find(({ path }) => path.endsWith(`/${verb}`))).find(Boolean) ?? known[0];
  if (!chosen) {
    stage.replaceChildren(make('p', {}, 'No address is open to you.'));
    return;
  }
  mark(chosen.id);
  window.document.title = `${chosen.method} ${chosen.path} · Apus`;
  stage.replaceChildren(...openOperation(chosen, { headers, model: addressed().model }));
}

/// The server keeps its description to itself, or is not there: a key may help.
function undescribed(error) {
  const field = make('textarea', { class: 'headers', id: 'headers', spellcheck: 'false' }, headers.text);
  field.addEventListener('input', () => { headers.text = field.value; });
  return make('section', { class: 'card empty' },
    make('h1', {}, 'No description'), problem('The server says', error.message),
    make('div', { class: 'field' },
      make('label', { for: 'headers' }, 'Headers of each request, “Name: value” in a line'), field),
    button('Ask again', refresh));
}

/// Begins with the first model, where the server has one and the address names nothing.
async function begin() {
  if (!location.hash) {
    try {
      const known = (await call(describedAt(null), { headers: headersOf(headers.text) })).value['x-apus'];
      showModels(known, null);
      const [first] = known.models;
      if (first) history.replaceState(null, '', `#${new URLSearchParams({ model: first.name })}`);
    } catch (error) {
      // `refresh` asks as well, and says what is wrong.
      if (!(error instanceof ServerRefusal || error instanceof ServerGone)) throw error;
    }
  }
  await refresh();
}

models.addEventListener('change', () => {
  const words = Object.entries({ model: models.value, operation: addressed().operation }).filter(([, value]) => value);
  location.hash = new URLSearchParams(words);
});
filter.addEventListener('input', showList);
// A skip link changes the hash as well, but names nothing: what is open stays.
window.addEventListener('hashchange', () => {
  const { model, operation } = addressed();
  if (model || operation || !location.hash) refresh();
});
bindThemeButton(document.getElementById('theme'));
begin();
