// A picture of circles, squares and triangles for the demo model that finds them.
import { make } from '/assets/elements.js';

const side = 480;
const kinds = ['circle', 'square', 'triangle'];
const between = (low, high) => low + Math.random() * (high - low);

/// A PNG of three to six shapes that do not touch, each kind at least once.
export function drawnShapes() {
  const canvas = make('canvas', { width: side, height: side });
  const pen = canvas.getContext('2d');
  const hue = between(0, 360);
  paintGround(pen, hue);
  const spots = freeSpots(3 + Math.floor(between(0, 4)));
  spots.forEach((spot, index) => {
    pen.fillStyle = `hsl(${(hue + 90 + index * 47) % 360} 75% ${index % 2 ? 62 : 34}%)`;
    outline(pen, kinds[index % kinds.length], spot);
    pen.fill();
  });
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}

function paintGround(pen, hue) {
  const slope = pen.createLinearGradient(0, 0, side, side);
  slope.addColorStop(0, `hsl(${hue} 35% 90%)`);
  slope.addColorStop(1, `hsl(${(hue + 40) % 360} 35% 82%)`);
  pen.fillStyle = slope;
  pen.fillRect(0, 0, side, side);
}

/// Circles `{x, y, radius}` that leave a gap between each other; tries are bounded, so fewer may come.
function freeSpots(wanted) {
  const spots = [];
  for (let tries = 0; tries < 500 && spots.length < wanted; tries += 1) {
    const radius = between(38, 80);
    const spot = { radius, x: between(radius + 8, side - radius - 8), y: between(radius + 8, side - radius - 8) };
    const isFree = spots.every((other) =>
      Math.hypot(spot.x - other.x, spot.y - other.y) > spot.radius + other.radius + 10);
    if (isFree) spots.push(spot);
  }
  return spots;
}

function outline(pen, kind, { x, y, radius }) {
  pen.beginPath();
  if (kind === 'circle') {
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const corners = kind === 'square' ? 4 : 3;
  const turn = kind === 'square' ? Math.PI / 4 : -Math.PI / 2;
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = turn + (corner * 2 * Math.PI) / corners;
    pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  pen.closePath();
}
