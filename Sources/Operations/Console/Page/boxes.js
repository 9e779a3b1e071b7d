// Detections over the photo and in a table; pointing at one marks it in both.
import { button, make, percent } from '/assets/elements.js';

/// With more boxes than this, labels show only on the one pointed at.
const labelsMax = 40;

/// The golden angle keeps neighbouring class numbers apart in colour.
const hue = ({ class_id: id }) => Math.round(((Number(id) || 0) * 137.508 + 205) % 360);

/// Fills `layer` with one box each and gives them in the order of `detections`.
export function drawBoxes(layer, detections, { width, height }) {
  const boxes = detections.map((detection) => placed(detection, width, height));
  // Small boxes lie on top, so that each one can be reached with the pointer.
  const area = ({ box }) => (box.x2 - box.x1) * (box.y2 - box.y1);
  const order = detections.map((_, index) => index).sort((a, b) => area(detections[b]) - area(detections[a]));
  layer.replaceChildren(...order.map((index) => boxes[index]));
  layer.classList.toggle('crowded', detections.length > labelsMax);
  return boxes;
}

function placed(detection, width, height) {
  const { x1, y1, x2, y2 } = detection.box;
  const element = make('div', { class: 'box' },
    make('span', { class: 'tag' }, `${name(detection)} ${Math.round(detection.score * 100)}`));
  element.style.left = `${(x1 / width) * 100}%`;
  element.style.top = `${(y1 / height) * 100}%`;
  element.style.width = `${((x2 - x1) / width) * 100}%`;
  element.style.height = `${((y2 - y1) / height) * 100}%`;
  element.style.setProperty('--hue', hue(detection));
  element.classList.toggle('at-top', y1 / height < 0.06);
  element.classList.toggle('at-right', x1 / width > 0.75);
  return element;
}

const name = ({ label, class_id: id }) => label ?? `class ${id}`;

export function detectionTable(detections) {
  return make('table', { class: 'detections' },
    make('thead', {}, make('tr', {},
      make('th', { scope: 'col' }, 'Object'), make('th', { scope: 'col', class: 'number' }, 'Score'),
      make('th', { scope: 'col', class: 'number corners' }, 'Box'))),
    make('tbody', {}, detections.map((detection) => {
      const swatch = make('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.setProperty('--hue', hue(detection));
      const { x1, y1, x2, y2 } = detection.box;
      return make('tr', {},
        make('th', { scope: 'row' }, button([swatch, name(detection)], null, { class: 'pick' })),
        make('td', { class: 'number' }, percent(detection.score)),
        make('td', { class: 'number faint corners' }, [x1, y1, x2, y2].map(Math.round).join(', ')));
    })));
}

/// Pointer or focus on a box or its row marks both; pressing the name keeps it marked.
export function linkHighlights(boxes, table) {
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row, index) => {
    const box = boxes[index];
    const mark = (isMarked) => {
      box.classList.toggle('marked', isMarked);
      row.classList.toggle('marked', isMarked);
      box.parentElement?.classList.toggle('choosing', isMarked);
    };
    for (const element of [row, box]) {
      element.addEventListener('pointerenter', () => mark(true));
      element.addEventListener('pointerleave', () => mark(false));
    }
    row.addEventListener('focusin', () => mark(true));
    row.addEventListener('focusout', () => mark(false));
    box.addEventListener('click', () => row.querySelector('button').focus());
  });
}
