// Elements of the page. Text is always text: nothing here, or anywhere on the page, parses markup.

/// An element with attributes, listeners (`onclick: f`) and children; `null` and `false` are left out.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export const button = (text, onclick, attributes = {}) =>
  make('button', { type: 'button', onclick, ...attributes }, text);

/// 0.8734 -> "87.3 %"
export const percent = (share) => `${(share * 100).toFixed(1)} %`;

/// Three significant digits are what a person compares: 0.42, 3.14, 27.8, 1250.
export function milliseconds(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ms`;
}

export const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

/// A list of shares as bars, the largest one marked. `rows` are `{label, share}`.
export function bars(rows) {
  const largest = rows.reduce((best, row) => (row.share > best ? row.share : best), 0);
  return make('ul', { class: 'bars' }, rows.map(({ label, share }) => {
    const fill = make('span', { class: 'fill' });
    fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
    return make('li', { class: share === largest && share > 0 ? 'best' : null },
      make('span', { class: 'label' }, label),
      make('span', { class: 'track', 'aria-hidden': 'true' }, fill),
      make('span', { class: 'number' }, percent(share)));
  }));
}

/// The line that says how it went, read out when it changes; fainter until there is something to say.
export function summaryLine(idleText) {
  const element = make('p', { class: 'summary idle', role: 'status' }, idleText);
  return {
    element,
    say(text) {
      element.textContent = text ?? idleText;
      element.classList.toggle('idle', text === null);
    },
  };
}

/// A link that saves what `blob` returns when it is pressed.
export function saveButton(text, name, blob) {
  return button(text, () => {
    const link = make('a', { href: URL.createObjectURL(blob()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, { class: 'quiet' });
}

/// Calls `action` once, `delay` milliseconds after the last call.
export function settled(delay, action) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, delay);
  };
}
