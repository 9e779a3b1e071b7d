// The server's description in OpenAPI, read. Pure functions on its document.

const methods = ['get', 'post', 'put', 'delete'];

/// What `$ref` means; anything else is itself.
export function resolved(document, node) {
  if (typeof node?.$ref !== 'string') return node;
  return node.$ref.slice(2).split('/').reduce((place, key) => place?.[key], document);
}

/// Every operation as `{id, method, path, summary, tag, parameters, contents, isBodyRequired, responses,
/// security}`.
export function operations(document) {
  return Object.entries(document.paths).flatMap(([path, item]) => methods
    .filter((method) => item[method])
    .map((method) => {
      const operation = item[method];
      return {
        id: operation.operationId, method: method.toUpperCase(), path, summary: operation.summary ?? '',
        tag: operation.tags?.[0] ?? '',
        parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])]
          .map((parameter) => resolved(document, parameter)),
        contents: operation.requestBody?.content ?? {},
        isBodyRequired: operation.requestBody?.required === true,
        responses: Object.entries(operation.responses)
          .map(([status, response]) => ({ status, ...resolved(document, response) }))
          .sort((a, b) => a.status.localeCompare(b.status)),
        security: (operation.security ?? []).flatMap(Object.keys)
          .map((name) => document.components.securitySchemes[name]),
      };
    }));
}

/// The path with its parameters filled in; what has no value stays as it is written.
export function filledPath(path, values) {
  return path.replace(/\{(\w+)\}/g, (whole, name) => (values[name] ? encodeURIComponent(values[name]) : whole));
}

/// Examples of one content as `{name, text}`, indented.
export const examplesOf = (content) => Object.entries(content.examples ?? {})
  .map(([name, { value }]) => ({ name, text: indented(JSON.stringify(value)) }));

/// The first photo in base64 that stands in an example of any content, or null.
export function examplePhoto(contents) {
  for (const content of Object.values(contents)) {
    for (const { value } of Object.values(content.examples ?? {})) {
      const found = textUnder('b64', value);
      if (found) return found;
    }
  }
  return null;
}

function textUnder(key, value) {
  if (value === null || typeof value !== 'object') return null;
  if (typeof value[key] === 'string') return value[key];
  return Object.values(value).reduce((found, inner) => found ?? textUnder(key, inner), null);
}

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/// JSON over several lines. No number is read, so none changes; an array of plain values stays on a line.
export function indented(text) {
  const tokens = text.match(token) ?? [];
  let depth = 0;
  let inline = 0;
  let written = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  tokens.forEach((each, place) => {
    const isEmpty = (tokens[place + 1] === '}' || tokens[place + 1] === ']');
    if (each === '{' || each === '[') {
      if (inline || isEmpty || (each === '[' && isPlain(tokens, place))) inline += 1;
      else depth += 1;
      written += inline ? each : each + line();
    } else if (each === '}' || each === ']') {
      if (inline) inline -= 1;
      else {
        depth -= 1;
        written += line();
      }
      written += each;
    } else if (each === ',') written += inline ? ', ' : `,${line()}`;
    else written += each === ':' ? ': ' : each;
  });
  return written;
}

/// Whether the array that begins there holds neither arrays nor objects.
function isPlain(tokens, start) {
  for (let place = start + 1; place < tokens.length; place += 1) {
    if (tokens[place] === ']') return true;
    if (tokens[place] === '[' || tokens[place] === '{') return false;
  }
  return false;
}
