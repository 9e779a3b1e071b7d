// A photo goes in; boxes or classes come out. Both views share the frame, the source and the sending.
import { bars, count, make, percent, settled, summaryLine } from '/assets/elements.js';
import { detectionTable, drawBoxes, linkHighlights } from '/assets/boxes.js';
import { photoSource } from '/assets/photo.js';
import { modelPath } from '/assets/server.js';
import { timings } from '/assets/timings.js';

export function openDetectView({ name, metadata, caller }) {
  const confidence = slider('Confidence', 'Boxes with a lower score are left out', 0.25);
  const overlap = slider('Overlap', 'Two boxes of one class that overlap more than this (IoU) count as one', 0.45);
  const view = photoView({
    caller,
    drawsShapes: drawsShapes(name, metadata),
    controls: [confidence, overlap],
    path: () => `${modelPath(name)}/detect?confidence=${confidence.value()}&iou=${overlap.value()}`,
    onAnswer(value, frame) {
      const found = value.detections ?? [];
      const boxes = drawBoxes(frame.boxes, found, value.image);
      const table = detectionTable(found);
      linkHighlights(boxes, table);
      return {
        summary: found.length ? `${count(found.length, 'object')} found` : 'Nothing found above this confidence',
        parts: [found.length > 0 && make('div', { class: 'wide' }, table), timings(value.timings_ms)],
      };
    },
  });
  for (const each of [confidence, overlap]) each.input.addEventListener('input', settled(150, view.sendAgain));
  return view;
}

export function openClassifyView({ name, metadata, caller }) {
  return photoView({
    caller,
    drawsShapes: drawsShapes(name, metadata),
    controls: [],
    path: () => `${modelPath(name)}/classify`,
    onAnswer(value) {
      const classes = value.classes ?? [];
      const best = classes[0];
      return {
        summary: best ? `${best.label ?? best.class_id}, ${percent(best.score)}` : 'No class came back',
        parts: [
          bars(classes.map(({ label, class_id: id, score }) => ({ label: label ?? `class ${id}`, share: score }))),
          timings(value.timings_ms),
        ],
      };
    },
  });
}

/// The demo model needs no photo; it is known by its name or by its classes.
function drawsShapes(name, metadata) {
  const labels = String(metadata.parameters?.labels ?? '');
  return name === 'shapes' || ['circle', 'square', 'triangle'].every((word) => labels.includes(word));
}

/// `{element, close(), sendAgain()}`: the photo in its frame, and beside it what the model answered.
function photoView({ caller, drawsShapes: canDraw, controls, path, onAnswer }) {
  const frame = photoFrame();
  const summary = summaryLine('The answer appears here.');
  const result = make('div', { class: 'result' });
  let photo = null;
  const sendAgain = async () => {
    if (!photo) return;
    const answer = await caller.send({
      path: path(), body: photo.blob, contentType: photo.blob.type || 'application/octet-stream',
      fileName: photo.name, isOnlyHere: photo.isOnlyHere,
    }, result);
    if (answer) {
      const shown = onAnswer(answer.value ?? {}, frame);
      summary.say(shown.summary);
      result.replaceChildren(...shown.parts.filter(Boolean));
    } else if (result.querySelector('.problem')) {
      summary.say('');
      frame.boxes.replaceChildren();
    }
  };
  const source = photoSource({
    drawsShapes: canDraw,
    async onPhoto(blob, { name, isOnlyHere }) {
      photo = { blob, name, isOnlyHere };
      await frame.show(blob, name);
      await sendAgain();
    },
  });
  const element = make('section', { class: 'card try' },
    make('div', { class: 'side' }, frame.element, source.element),
    make('div', { class: 'side' }, controls.map((control) => control.element), summary.element, result));
  return { element, sendAgain, close: source.close };
}

/// More dots than this on a side are not shown: browsers limit the size of a canvas.
const shownSideMax = 2048;

/// The photo as the browser shows it, with room for boxes above it.
function photoFrame() {
  const canvas = make('canvas', { role: 'img', 'aria-label': 'No photo yet' });
  const boxes = make('div', { class: 'boxes', 'aria-hidden': 'true' });
  const hint = make('p', { class: 'hint' }, 'Drop a photo here, paste one, or pick one below.');
  const element = make('div', { class: 'frame' }, make('div', { class: 'photo' }, canvas, boxes), hint);
  return {
    element,
    boxes,
    async show(blob, name) {
      boxes.replaceChildren();
      canvas.setAttribute('aria-label', `The photo ${name}`);
      const isShown = await paint(canvas, blob);
      element.classList.toggle('filled', isShown);
      hint.hidden = isShown;
      hint.textContent = 'The browser cannot show this file; the server was asked anyway.';
    },
  };
}

/// Draws the photo, upright and shrunk where it is very large; false when the browser cannot read it.
async function paint(canvas, blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
  } catch {
    return false;
  }
  const scale = Math.min(1, shownSideMax / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return true;
}

/// A share between 0.05 and 0.95 with its value beside it.
function slider(label, explanation, start) {
  const shown = make('output', { for: `slider-${label.toLowerCase()}` }, start.toFixed(2));
  const id = `slider-${label.toLowerCase()}`;
  const input = make('input', { id, type: 'range', min: '0.05', max: '0.95', step: '0.05', value: String(start) });
  input.addEventListener('input', () => { shown.textContent = Number(input.value).toFixed(2); });
  const element = make('div', { class: 'slider', title: explanation },
    make('span', {}, make('label', { for: id }, label), ' ', shown), input);
  return { element, input, value: () => input.value };
}
