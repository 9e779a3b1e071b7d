// The page: which model, which view, and whether the server is there.
import { openBatching } from '/assets/batching.js';
import { Caller } from '/assets/caller.js';
import { button, count, make, settled } from '/assets/elements.js';
import { ModelList } from '/assets/models.js';
import { call, knownModels, modelPath, ServerGone, serverIsReady } from '/assets/server.js';
import { bindThemeButton } from '/assets/appearance.js';
import { modelTitle, signature, state } from '/assets/signature.js';
import { viewsFor } from '/assets/views.js';

const asksAgainAfter = { present: 10_000, gone: 2_000 };

const stage = document.getElementById('stage');
const status = document.getElementById('status');
const gone = document.getElementById('gone');
const list = new ModelList();
let open = { close() {}, key: '' };
let timer;

/// What the address names: `#model=yolo11n&view=tensor`. Null when it names no model.
function addressed() {
  const words = new URLSearchParams(location.hash.slice(1));
  return words.has('model') ? { model: words.get('model'), view: words.get('view') } : null;
}

/// Asks the server for its state and its models, shows them, and asks again later.
async function refresh() {
  try {
    const [isReady, models] = await Promise.all([serverIsReady(), knownModels()]);
    showPresence(isReady, models);
    list.show(models, addressed()?.model);
    await showAddressed(models);
  } catch (error) {
    if (!(error instanceof ServerGone)) throw error;
    showGone();
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, asksAgainAfter[gone.hidden ? 'present' : 'gone']);
}

function showPresence(isReady, models) {
  gone.hidden = true;
  const ready = models.filter((model) => model.state === 'READY').length;
  if (isReady) say('ready', 'Ready', `, ${count(ready, 'model')}`);
  else say('waiting', 'Not ready yet');
}

function showGone() {
  gone.hidden = false;
  say('gone', 'No answer');
}

/// The region is live, so it changes only when there is news. A phone shows no `detail`.
function say(presence, text, detail = '') {
  status.dataset.state = presence;
  if (status.textContent === text + detail) return;
  status.replaceChildren(make('span', {}, text, make('span', { class: 'detail' }, detail)));
}

/// Opens the model and view of the address, unless they are open already.
async function showAddressed(models) {
  const wanted = addressed();
  const name = wanted?.model ?? models.find((model) => model.state === 'READY')?.name ?? models[0]?.name;
  const model = models.find((each) => each.name === name);
  const key = JSON.stringify([name, wanted?.view, model?.state, model?.version, model?.reason]);
  if (key === open.key) return;
  open.close();
  open = { key, close() {} };
  list.mark(name);
  document.title = name ? `${name} · Apus` : 'Apus';
  if (name === undefined) stage.replaceChildren(nothingLoaded());
  else if (!model) stage.replaceChildren(unknownModel(name));
  else if (model.state !== 'READY') stage.replaceChildren(notReady(model));
  else await openModel(model, wanted?.view, key);
}

async function openModel(model, viewName, key) {
  let metadata;
  try {
    metadata = (await call(modelPath(model.name))).value ?? {};
  } catch (error) {
    if (open.key === key) open.key = '';
    if (error instanceof ServerGone) throw error;
    stage.replaceChildren(notReady({ ...model, state: 'UNAVAILABLE', reason: error.message }));
    return;
  }
  if (open.key !== key) return;
  const views = viewsFor(metadata);
  const chosen = views.find((view) => view.name === viewName) ?? views[0];
  const caller = new Caller({ onNoAnswer: refresh });
  const view = chosen.open({ name: model.name, metadata, caller });
  const batching = openBatching(model.name, model.version);
  open.close = () => { caller.cancel(); view.close(); batching.close(); };
  const wasOnViews = document.activeElement?.closest('.views') !== null;
  stage.replaceChildren(
    modelTitle(model, metadata), unchanged(model), viewLinks(model.name, views, chosen), view.element,
    caller.element, batching.element, signature(metadata));
  if (wasOnViews) stage.querySelector('.views [aria-current]')?.focus();
}

/// Why a model that answers is not what its files say by now.
const unchanged = (model) => (model.reason
  ? make('div', { class: 'problem', role: 'alert' },
    make('strong', {}, 'A change was not taken'), make('p', {}, model.reason))
  : '');

function viewLinks(model, views, chosen) {
  if (views.length < 2) return '';
  return make('nav', { class: 'views', 'aria-label': 'Ways to call it' }, views.map((view) => make('a', {
    href: `#${new URLSearchParams({ model, view: view.name })}`,
    'aria-current': view === chosen ? 'true' : null,
  }, view.title)));
}

const nothingLoaded = () => make('section', { class: 'card empty' },
  make('h2', {}, 'No model is loaded'),
  make('p', {}, 'Start the server with a model, or with none named to get the built-in demo models:'),
  make('pre', { class: 'curl' }, 'apus serve yolo11n.onnx\napus serve'),
  make('p', { class: 'hint' }, 'This page looks again every ten seconds.'),
  button('Look again', refresh));

const unknownModel = (name) => make('section', { class: 'card empty' },
  make('h2', {}, 'No such model'),
  make('p', {}, `The server has no model named “${name}”. Pick one from the list.`));

const notReady = (model) => make('section', { class: 'card empty' },
  make('h1', {}, model.name),
  make('p', { class: 'row' }, state(model),
    model.version && make('span', { class: 'chip' }, `version ${model.version}`)),
  model.reason
    ? make('div', { class: 'problem', role: 'alert' },
      make('strong', {}, 'Why it is not ready'), make('p', {}, model.reason))
    : make('p', {}, 'It takes no requests in this state. The page follows it and opens it once it is ready.'),
  button('Look again', () => { open.key = ''; refresh(); }));

bindThemeButton(document.getElementById('theme'));
document.getElementById('retry').addEventListener('click', refresh);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
// A skip link changes the hash as well, but names no model: the open one stays.
window.addEventListener('hashchange', settled(0, () => { if (addressed()) refresh(); }));
refresh();
