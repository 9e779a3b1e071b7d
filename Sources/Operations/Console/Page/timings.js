// The time of each stage as one bar, and in words below it.
import { make, milliseconds } from '/assets/elements.js';

/// `timings` maps a stage to milliseconds; `total` is the whole, and what no stage names is "other".
export function timings(times) {
  const stages = Object.entries(times ?? {}).filter(([stage, time]) => stage !== 'total' && Number.isFinite(time));
  if (!stages.length) return null;
  const named = stages.reduce((sum, [, time]) => sum + time, 0);
  const total = Number.isFinite(times.total) ? times.total : named;
  const rest = total - named;
  if (rest > 0.005 && rest > total * 0.01) stages.push(['other', rest]);
  const parts = stages.map(([stage, time], index) => ({ stage, time, shade: `shade-${index % 6}` }));
  return make('section', { class: 'timings' },
    make('h4', {}, `${milliseconds(total)} in the server`),
    make('div', { class: 'strip', 'aria-hidden': 'true' }, parts.map(segment)),
    make('ul', {}, parts.map(({ stage, time, shade }) => make('li', {},
      make('span', { class: `swatch ${shade}`, 'aria-hidden': 'true' }),
      make('span', {}, stage), make('span', { class: 'number' }, milliseconds(time))))));
}

function segment({ time, shade }) {
  const part = make('span', { class: shade });
  part.style.flexGrow = String(Math.max(time, 0));
  return part;
}
