// Where a text stops being JSON (RFC 8259). Browsers word this differently and some give no place.

const space = /[ \t\n\r]*/y;
const text = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /(?:true|false|null)(?!\w)/y;
const nonFinite = /[+-]?(?:NaN|Infinity|inf)\b/iy;

/// The server refuses deeper ones as well.
const depthMax = 64;

/// Null for JSON, else `{offset, line, column, message}` of the first place that is not.
export function jsonProblem(source) {
  try {
    const end = value(source, skip(source, 0), 0);
    if (end < source.length) stop(end, 'nothing more is expected after the value');
    return null;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return { ...place(source, problem.offset), message: problem.message };
  }
}

class Problem extends Error {
  constructor(offset, message) {
    super(message);
    this.offset = offset;
  }
}

function stop(offset, message) {
  throw new Problem(offset, message);
}

function place(source, offset) {
  const before = source.slice(0, offset);
  return { offset, line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/// The end of what `pattern` matches at `at`, or -1.
function end(pattern, source, at) {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : -1;
}

const skip = (source, at) => end(space, source, at);

/// Each of these takes the place where its kind begins and gives the next place that is not space.
function value(source, at, depth) {
  if (depth > depthMax) stop(at, `nesting is deeper than ${depthMax}`);
  if (source[at] === '{') return list(source, at, '}', (from) => member(source, from, depth));
  if (source[at] === '[') return list(source, at, ']', (from) => value(source, from, depth + 1));
  for (const pattern of [number, text, word]) {
    const after = end(pattern, source, at);
    if (after >= 0) return skip(source, after);
  }
  return stop(at, missingValue(source, at));
}

function missingValue(source, at) {
  if (at >= source.length) return 'the text ends where a value is expected';
  if (end(nonFinite, source, at) >= 0) return 'JSON has no NaN and no infinity; send such tensors as binary';
  if (source[at] === '"') return 'this text has no closing quote, or a character that must be escaped';
  if (source[at] === "'") return 'JSON uses double quotes';
  return 'a value is expected here';
}

function list(source, at, closing, item) {
  let next = skip(source, at + 1);
  if (source[next] === closing) return skip(source, next + 1);
  for (;;) {
    next = item(next);
    if (source[next] === closing) return skip(source, next + 1);
    if (source[next] !== ',') stop(next, `a comma or ${closing} is expected here`);
    const comma = next;
    next = skip(source, comma + 1);
    if (source[next] === closing) stop(comma, `no comma is allowed before ${closing}`);
  }
}

function member(source, at, depth) {
  const after = end(text, source, at);
  if (after < 0) stop(at, 'a name in double quotes is expected here');
  const colon = skip(source, after);
  if (source[colon] !== ':') stop(colon, 'a colon is expected here');
  return value(source, skip(source, colon + 1), depth + 1);
}
