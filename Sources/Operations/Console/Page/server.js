// The one place that talks to the server. Answers are values, refusals are errors with the server's words.

/// No answer came: the server is stopped, or the way to it is cut.
export class ServerGone extends Error {}

/// The server answered with a status that is not a success.
export class ServerRefusal extends Error {
  constructor(answer, message) {
    super(message);
    this.answer = answer;
  }
}

/// One call; gives `{status, statusText, requestID, retryAfter, milliseconds, text, value}`.
/// `value` is the parsed JSON, or null when the body is something else.
export async function call(path, { method = 'GET', body, contentType, headers: further = {}, signal } = {}) {
  const headers = { accept: 'application/json', ...further };
  if (contentType) headers['content-type'] = contentType;
  const started = performance.now();
  let response;
  let text;
  try {
    response = await fetch(path, { method, body, headers, signal, cache: 'no-store' });
    text = await response.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ServerGone('No answer came. The server may have stopped, or it closed the connection '
      + 'before it had read everything, as it does with a file that is too large.');
  }
  const answer = {
    status: response.status,
    statusText: response.statusText,
    requestID: response.headers.get('x-request-id') ?? '',
    retryAfter: response.headers.get('retry-after') ?? '',
    milliseconds: performance.now() - started,
    text,
    value: parsed(text),
  };
  if (!response.ok) throw new ServerRefusal(answer, refusalText(answer));
  return answer;
}

function refusalText({ value, text }) {
  if (typeof value?.error === 'string') return value.error;
  if (typeof value?.error?.message === 'string') return value.error.message;
  return text.trim().slice(0, 500) || 'The server gave no reason.';
}

/// JSON as servers of models write it: NaN and infinities may stand bare, and become strings;
/// whole numbers that a double cannot hold become BigInt where the browser shows their source.
export function parsed(text) {
  try {
    return JSON.parse(text, /\d{16}/.test(text) ? exactInteger : undefined);
  } catch {
    // Either not JSON at all, or JSON with bare non-finite numbers: the second try tells.
  }
  try {
    const finite = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g,
      (token) => (token.startsWith('"') ? token : `"${token}"`));
    return JSON.parse(finite);
  } catch {
    return null;
  }
}

function exactInteger(key, value, context) {
  const isWhole = typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '');
  return isWhole && !Number.isSafeInteger(value) ? BigInt(context.source) : value;
}

export const modelPath = (name) => `/v2/models/${encodeURIComponent(name)}`;

/// Whether the server takes requests now.
export async function serverIsReady() {
  try {
    await call('/v2/health/ready');
    return true;
  } catch (error) {
    if (error instanceof ServerRefusal) return false;
    throw error;
  }
}

/// Every model the server knows, by name: `{name, version, state, reason}`. A server that keeps
/// its index to itself still names what it serves; those models are then taken as ready.
export async function knownModels() {
  const served = await namesServed();
  const models = new Map(served.map((name) => [name, { name, version: '', state: 'READY', reason: '' }]));
  for (const entry of await repositoryIndex()) {
    if (!isBetter(entry, models.get(entry.name))) continue;
    models.set(entry.name, {
      name: entry.name,
      version: entry.version ?? '',
      state: entry.state || 'UNAVAILABLE',
      reason: entry.reason ?? '',
    });
  }
  return [...models.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/// Of several versions the one shown is the ready one, of several ready ones the highest.
function isBetter(entry, seen) {
  if (!seen?.version || seen.state !== 'READY') return true;
  return entry.state === 'READY' && Number(entry.version) > Number(seen.version);
}

const namesServed = () => listOrNothing('/v2/models', {}, (value) => value?.models);
const repositoryIndex = () =>
  listOrNothing('/v2/repository/index', { method: 'POST', body: '{}', contentType: 'application/json' },
    (value) => value);

async function listOrNothing(path, options, list) {
  try {
    const { value } = await call(path, options);
    return Array.isArray(list(value)) ? list(value) : [];
  } catch (error) {
    if (error instanceof ServerRefusal) return [];
    throw error;
  }
}
