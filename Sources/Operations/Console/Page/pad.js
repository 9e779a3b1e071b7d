// A board to draw on with mouse, finger, pen or keys.
import { make } from '/assets/elements.js';
import { drawStrokes } from '/assets/ink.js';

const side = 320;
const keySteps = 20;
const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/// Keeps the strokes, in shares of the board's side, and calls `onChange` after each change.
export class Pad {
  strokes = [];
  #onChange;
  #pen = { x: 0.5, y: 0.3, isDown: false };
  #pointer = null;
  #canvas;
  #said = make('p', { class: 'offscreen', role: 'status' });

  constructor(onChange) {
    this.#onChange = onChange;
    this.#canvas = make('canvas', {
      class: 'pad', width: side, height: side, tabindex: '0', role: 'application',
      'aria-label': 'Board to draw a digit on', 'aria-describedby': 'pad-keys',
      onpointerdown: (event) => this.#pointerWentDown(event),
      onpointermove: (event) => this.#pointerMoved(event),
      onpointerup: () => { this.#pointer = null; },
      onpointercancel: () => { this.#pointer = null; },
      onkeydown: (event) => this.#keyWentDown(event),
      onfocus: () => this.#draw(),
      onblur: () => this.#penLifted(),
    });
    this.element = make('div', {}, this.#canvas,
      make('p', { class: 'hint', id: 'pad-keys' },
        'By keyboard: arrow keys move the pen, Space puts it down or lifts it, Backspace takes back a stroke.'),
      this.#said);
    this.#draw();
  }

  clear() {
    this.strokes = [];
    this.#pen = { x: 0.5, y: 0.3, isDown: false };
    this.#changed();
  }

  undo() {
    this.strokes.pop();
    this.#pen.isDown = false;
    this.#changed();
  }

  #pointerWentDown(event) {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pen.isDown = false;
    this.#pointer = event.pointerId;
    this.strokes.push([this.#position(event)]);
    this.#changed();
  }

  #pointerMoved(event) {
    if (event.pointerId !== this.#pointer) return;
    // Browsers merge moves into one event a frame; the merged ones hold the curve.
    const events = event.getCoalescedEvents?.() ?? [];
    this.strokes.at(-1).push(...(events.length ? events : [event]).map((each) => this.#position(each)));
    this.#changed();
  }

  #position({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
  }

  #keyWentDown(event) {
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) this.#movePen(move);
    else if (event.key === ' ') this.#togglePen();
    else if (event.key === 'Backspace' || event.key === 'Delete') this.undo();
    else return;
    event.preventDefault();
  }

  #movePen([x, y]) {
    const kept = (value) => Math.min(0.95, Math.max(0.05, value));
    this.#pen.x = kept(this.#pen.x + x / keySteps);
    this.#pen.y = kept(this.#pen.y + y / keySteps);
    if (this.#pen.isDown) {
      this.strokes.at(-1).push({ x: this.#pen.x, y: this.#pen.y });
      this.#changed();
    } else {
      this.#draw();
    }
  }

  #togglePen() {
    this.#pen.isDown = !this.#pen.isDown;
    this.#said.textContent = this.#pen.isDown ? 'Pen down' : 'Pen up';
    if (!this.#pen.isDown) return this.#draw();
    this.strokes.push([{ x: this.#pen.x, y: this.#pen.y }]);
    return this.#changed();
  }

  #penLifted() {
    this.#pen.isDown = false;
    this.#draw();
  }

  #changed() {
    this.#draw();
    this.#onChange(this.strokes);
  }

  #draw() {
    const pen = this.#canvas.getContext('2d');
    pen.clearRect(0, 0, side, side);
    pen.strokeStyle = '#fff';
    const scaled = this.strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: x * side, y: y * side })));
    drawStrokes(pen, scaled, side / 14);
    if (this.#canvas.matches(':focus-visible')) this.#drawPen(pen);
  }

  /// Where the keyboard's pen is: a ring, filled while the pen is down.
  #drawPen(pen) {
    pen.beginPath();
    pen.arc(this.#pen.x * side, this.#pen.y * side, 9, 0, 2 * Math.PI);
    pen.strokeStyle = '#7cc4ff';
    pen.fillStyle = '#7cc4ff';
    pen.lineWidth = 3;
    pen.stroke();
    if (this.#pen.isDown) pen.fill();
  }
}
