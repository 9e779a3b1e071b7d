// The command line for what the page just did. Pure functions.

/// One word of a POSIX shell: bare where that is safe, else in single quotes.
export function shellQuoted(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/// A request as curl sends it: `{url, contentType, fileName}` or `{url, contentType, text}`, or a form of
/// `[name, value]`; `headers` and `method` where they are not what curl takes by itself.
export function curlLine({ url, contentType, fileName, text, form, headers = {}, method }) {
  const parts = [`curl ${shellQuoted(url)}`];
  const usual = fileName !== undefined || text !== undefined || form ? 'POST' : 'GET';
  if (method && method !== usual) parts.push(`-X ${method}`);
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${shellQuoted(`${name}: ${value}`)}`);
  for (const [name, value] of form ?? []) parts.push(`-F ${shellQuoted(`${name}=${value}`)}`);
  if (contentType && !form) parts.push(`-H ${shellQuoted(`Content-Type: ${contentType}`)}`);
  if (fileName !== undefined) parts.push(`--data-binary ${shellQuoted(`@${readableName(fileName)}`)}`);
  else if (text !== undefined) parts.push(`--data-binary ${shellQuoted(text)}`);
  return parts.join(' \\\n  ');
}

/// curl reads standard input for a file named "-".
const readableName = (name) => (name === '-' ? './-' : name);
