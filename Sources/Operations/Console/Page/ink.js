// Strokes of a pen -> the 8 by 8 grey picture that scikit-learn's digits are made of.
// Those were scanned, fitted to 32 by 32 dots and counted in blocks of 4 by 4 (the UCI
// "Optical Recognition of Handwritten Digits" set); the same is done here, so the model sees
// what it was trained on, wherever and however large the digit was drawn.
import { make } from '/assets/elements.js';

const side = 32;
const block = 4;
export const cells = side / block;

/// The pen in the fitted picture, chosen so that as much is covered as in the set (0.31 of it).
const penWidth = 5;
/// Digits of the set reach from top to bottom but leave the outer columns nearly empty.
const room = { width: 25, height: 32 };

/// 64 values from 0 (paper) to 1 (ink), row by row, in steps of a sixteenth. `strokes` are lists
/// of `{x, y}` in any one unit.
export function digitPixels(strokes) {
  const canvas = make('canvas', { width: side, height: side });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  drawStrokes(pen, fitted(strokes), penWidth);
  const { data } = pen.getImageData(0, 0, side, side);
  return Array.from({ length: cells * cells }, (_, index) => {
    const coverage = meanAlpha(data, (index % cells) * block, Math.floor(index / cells) * block);
    return Math.round(coverage * 16) / 16;
  });
}

/// Moved and scaled so that the ink fills the room and lies in its middle.
function fitted(strokes) {
  const points = strokes.flat();
  if (!points.length) return [];
  const [left, right] = span(points.map((point) => point.x));
  const [top, bottom] = span(points.map((point) => point.y));
  const scale = Math.min(
    (room.width - penWidth) / Math.max(right - left, 1e-6),
    (room.height - penWidth) / Math.max(bottom - top, 1e-6),
    side * 4);
  const fit = ({ x, y }) => ({
    x: side / 2 + (x - (left + right) / 2) * scale,
    y: side / 2 + (y - (top + bottom) / 2) * scale,
  });
  return strokes.map((stroke) => stroke.map(fit));
}

const span = (values) => values.reduce(([low, high], value) =>
  [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

function meanAlpha(data, left, top) {
  let sum = 0;
  for (let y = top; y < top + block; y += 1) {
    for (let x = left; x < left + block; x += 1) sum += data[(y * side + x) * 4 + 3];
  }
  return sum / (255 * block * block);
}

/// Draws each stroke as one round line; a stroke of one point is a dot.
export function drawStrokes(pen, strokes, width) {
  pen.lineWidth = width;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  for (const stroke of strokes) {
    if (!stroke.length) continue;
    pen.beginPath();
    pen.moveTo(stroke[0].x, stroke[0].y);
    for (const point of stroke) pen.lineTo(point.x, point.y);
    pen.stroke();
  }
}
