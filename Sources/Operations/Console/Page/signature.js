// What a model is: its title line and its inputs and outputs.
import { make } from '/assets/elements.js';

const words = {
  READY: 'ready', LOADING: 'loading', UNLOADING: 'unloading', UNAVAILABLE: 'not loaded',
};

export const stateWords = (state) => words[state] ?? state.toLowerCase();

export const state = (model) => make('span', { class: 'chip' },
  make('span', { class: 'dot', 'data-state': model.state, 'aria-hidden': 'true' }), stateWords(model.state));

/// "1 × 3 × 640 × 640"; a dimension that the request decides is written "any".
export const shapeText = (shape) =>
  (shape?.length ? shape.map((size) => (Number(size) < 0 ? 'any' : size)).join(' × ') : 'scalar');

/// Whether an output has one score for each digit.
export const scoresDigits = ({ shape, datatype }) => /^FP/.test(datatype) && Number(shape?.at(-1)) === 10;

export function modelTitle(model, metadata) {
  const version = model.version || metadata.versions?.at(-1);
  return make('div', { class: 'title' },
    make('h1', {}, model.name),
    make('p', { class: 'row' }, state(model),
      version && make('span', { class: 'chip' }, `version ${version}`),
      metadata.platform && make('span', { class: 'chip' }, metadata.platform)));
}

export function signature(metadata) {
  const rows = [['input', metadata.inputs], ['output', metadata.outputs]]
    .flatMap(([role, tensors]) => (tensors ?? []).map((tensor) => make('tr', {},
      make('td', {}, role),
      make('th', { scope: 'row' }, tensor.name),
      make('td', {}, tensor.datatype),
      make('td', {}, shapeText(tensor.shape)))));
  return make('details', { class: 'card signature' },
    make('summary', {}, 'Inputs and outputs'),
    make('div', { class: 'wide' }, make('table', {},
      make('thead', {}, make('tr', {}, ['Role', 'Name', 'Datatype', 'Shape']
        .map((name) => make('th', { scope: 'col' }, name)))),
      make('tbody', {}, rows))));
}
