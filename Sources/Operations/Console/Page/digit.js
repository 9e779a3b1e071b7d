// Draw a digit, see what the model reads while drawing.
import { bars, button, make, percent, settled, summaryLine } from '/assets/elements.js';
import { cells, digitPixels } from '/assets/ink.js';
import { Pad } from '/assets/pad.js';
import { modelPath } from '/assets/server.js';
import { scoresDigits } from '/assets/signature.js';

export function openDigitView({ name, metadata, caller }) {
  const input = metadata.inputs[0].name;
  const seen = make('canvas', {
    class: 'seen', width: cells, height: cells, role: 'img', 'aria-label': 'What the model sees, 8 by 8 dots',
  });
  const summary = summaryLine('Draw a digit from 0 to 9.');
  const result = make('div', { class: 'result' });
  let read = null;
  const say = settled(400, () => summary.say(read));
  // One call is under way at most; what was drawn meanwhile is sent when it returns.
  let isSending = false;
  let pixels = null;
  const send = async () => {
    if (isSending) return;
    isSending = true;
    while (pixels) {
      const text = requestText(input, pixels);
      pixels = null;
      const answer = await caller.send({
        path: `${modelPath(name)}/infer`, body: text, text, contentType: 'application/json',
      }, result);
      const shares = digitShares(answer?.value);
      if (shares && pad.strokes.length) {
        result.replaceChildren(bars(shares.map((share, digit) => ({ label: String(digit), share }))));
        read = reading(shares);
        say();
      }
    }
    isSending = false;
  };
  const pad = new Pad((strokes) => {
    const values = digitPixels(strokes);
    drawSeen(seen, values);
    pixels = strokes.length ? values : null;
    if (pixels) send();
    else {
      result.replaceChildren();
      read = null;
      say();
    }
  });
  const element = make('section', { class: 'card try' },
    make('div', { class: 'side' }, pad.element,
      make('div', { class: 'row' },
        button('Clear', () => pad.clear(), { class: 'main' }), button('Undo', () => pad.undo()))),
    make('div', { class: 'side' },
      make('div', { class: 'reading' }, seen, summary.element), result));
  return { element, close() { pixels = null; } };
}

const requestText = (input, pixels) => JSON.stringify({
  inputs: [{ name: input, datatype: 'FP32', shape: [1, 1, cells, cells], data: pixels }],
});

/// The ten scores as shares of one; models that answer with logits are brought there by softmax.
function digitShares(value) {
  const output = value?.outputs?.find(scoresDigits);
  if (!output) return null;
  const scores = output.data.flat(Infinity).map(Number);
  const sum = scores.reduce((a, b) => a + b, 0);
  if (scores.every((score) => score >= 0) && Math.abs(sum - 1) < 0.01) return scores;
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const whole = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / whole);
}

function reading(shares) {
  const digit = shares.indexOf(Math.max(...shares));
  return `Looks like ${digit}, ${percent(shares[digit])}`;
}

function drawSeen(canvas, values) {
  const pen = canvas.getContext('2d');
  pen.clearRect(0, 0, cells, cells);
  values.forEach((value, index) => {
    pen.fillStyle = `rgb(255 255 255 / ${value})`;
    pen.fillRect(index % cells, Math.floor(index / cells), 1, 1);
  });
}
