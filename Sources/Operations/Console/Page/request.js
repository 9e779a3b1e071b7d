// Example requests from a model's inputs. Pure functions on text.

/// Tensors with more values than this are written as `{"fill": 0}` in the editor.
export const writtenOutMax = 4096;

/// More values than this, two characters each, exceed the 64 MiB that the server takes as a body.
const fillMax = 32 * 1024 * 1024;

/// The shape with every open dimension as 1; open sides of a picture as the model's task says.
export function exampleShape({ shape = [] }, parameters = {}) {
  const sides = { 2: Number(parameters.image_height), 3: Number(parameters.image_width) };
  return shape.map((size, axis) => {
    if (Number(size) >= 0) return Number(size);
    return (shape.length === 4 && sides[axis]) || 1;
  });
}

export const elementCount = (shape) => shape.reduce((product, size) => product * Number(size), 1);

/// The request as editable text; `kind` is "zeros" or "random".
export function exampleRequest({ inputs = [], parameters }, kind) {
  const written = inputs.map((input) => {
    const shape = exampleShape(input, parameters);
    return [
      '    {',
      `      "name": ${JSON.stringify(input.name)},`,
      `      "datatype": ${JSON.stringify(input.datatype)},`,
      `      "shape": [${shape.join(', ')}],`,
      `      "data": ${exampleValues(input.datatype, shape, kind)}`,
      '    }',
    ].join('\n');
  });
  return `{\n  "inputs": [\n${written.join(',\n')}\n  ]\n}`;
}

function exampleValues(datatype, shape, kind) {
  const one = kind === 'random' ? () => randomValue(datatype) : () => zero(datatype);
  const total = elementCount(shape);
  if (total > writtenOutMax) return `{ "fill": ${one()} }`;
  const values = Array.from({ length: total }, one);
  const width = Math.min(shape.at(-1) ?? 1, 16);
  if (total <= width) return `[${values.join(', ')}]`;
  const rows = [];
  for (let at = 0; at < total; at += width) rows.push(`        ${values.slice(at, at + width).join(', ')}`);
  return `[\n${rows.join(',\n')}\n      ]`;
}

function zero(datatype) {
  if (datatype === 'BOOL') return 'false';
  if (datatype === 'BYTES') return '""';
  return isFloat(datatype) ? '0.0' : '0';
}

function randomValue(datatype) {
  if (datatype === 'BOOL') return String(Math.random() < 0.5);
  if (datatype === 'BYTES') return `"word ${Math.floor(Math.random() * 100)}"`;
  return isFloat(datatype) ? Math.random().toFixed(3) : String(Math.floor(Math.random() * 10));
}

const isFloat = (datatype) => /^(FP|BF)/.test(datatype);

const fill = /("data"\s*:\s*)\{\s*"fill"\s*:\s*("(?:[^"\\]|\\.)*"|[^{}\s]+)\s*\}/g;

export const hasFill = (text) => text.search(fill) >= 0;

/// Writes out each `{"fill": x}` with as many values as the shape of its input asks; all other
/// text stays as it was typed, so that no number changes on its way to the server. Throws a
/// RangeError, for the person to read, for a shape that cannot be filled.
export function writtenOut(text) {
  const filled = (JSON.parse(text).inputs ?? []).filter((input) => input?.data?.fill !== undefined);
  let index = 0;
  return text.replace(fill, (_, name, value) => {
    const shape = filled[index]?.shape;
    const total = Array.isArray(shape) ? elementCount(shape) : NaN;
    index += 1;
    if (!Number.isInteger(total) || total < 0 || total > fillMax) {
      throw new RangeError(`"fill" needs a shape of whole numbers and at most ${fillMax} values.`);
    }
    return `${name}[${Array(total).fill(value).join(',')}]`;
  });
}
