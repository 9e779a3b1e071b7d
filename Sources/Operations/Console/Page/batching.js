// What a model's batcher does now, in words: rows, wait, and why.
import { count, make } from '/assets/elements.js';
import { call, modelPath, ServerGone, ServerRefusal } from '/assets/server.js';

const asksAgainAfter = 5_000;

/// Shows nothing for a model whose operator chose its batching; follows the batcher until closed.
export function openBatching(name, version) {
  const element = make('section', { class: 'card batching', 'aria-label': 'Batching', hidden: '' });
  let timer;
  let isClosed = false;

  async function refresh() {
    const batching = await chosen(name, version);
    if (isClosed) return;
    element.hidden = !batching;
    const text = batching ? sentence(batching) : '';
    if (element.textContent !== text) element.replaceChildren(make('p', {}, text));
    if (batching) timer = setTimeout(refresh, asksAgainAfter);
  }

  refresh();
  return { element, close() { isClosed = true; clearTimeout(timer); } };
}

async function chosen(name, version) {
  try {
    const { value } = await call(`${modelPath(name)}/stats`);
    const all = value?.model_stats ?? [];
    return (all.find((each) => each.version === version) ?? all.at(-1))?.batching;
  } catch (error) {
    // The rest of the page says that the server is gone, or what it refuses.
    if (error instanceof ServerGone || error instanceof ServerRefusal) return undefined;
    throw error;
  }
}

/// "Requests run together, up to 8 rows; a run waits up to 2 ms for more. Why: ..."
export function sentence(batching) {
  const rows = Number(batching.max_batch_size);
  const wait = Number(batching.max_queue_delay_microseconds) / 1_000;
  const together = rows > 1
    ? `Requests run together, up to ${count(rows, 'row')}; a run ${waitWords(wait)}`
    : 'Each request runs alone';
  return `${together}. Why: ${batching.reason}.`;
}

const waitWords = (milliseconds) =>
  (milliseconds > 0 ? `waits up to ${milliseconds} ms for more` : 'does not wait for more');
