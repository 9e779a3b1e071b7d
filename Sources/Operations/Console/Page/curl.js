// The command line for what the page just did. Pure functions.

/// One word of a POSIX shell: bare where that is safe, else in single quotes.
export function shellQuoted(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/// A request as curl sends it: `{url, contentType, fileName}` or `{url, contentType, text}`.
export function curlLine({ url, contentType, fileName, text }) {
  const parts = [`curl ${shellQuoted(url)}`];
  if (contentType) parts.push(`-H ${shellQuoted(`Content-Type: ${contentType}`)}`);
  if (fileName !== undefined) parts.push(`--data-binary ${shellQuoted(`@${readableName(fileName)}`)}`);
  else if (text !== undefined) parts.push(`--data-binary ${shellQuoted(text)}`);
  return parts.join(' \\\n  ');
}

/// curl reads standard input for a file named "-".
const readableName = (name) => (name === '-' ? './-' : name);
