// The person's calls: one at a time, each with its curl line, its time and its request id.
import { button, make, milliseconds, saveButton } from '/assets/elements.js';
import { curlLine } from '/assets/curl.js';
import { call, ServerGone, ServerRefusal } from '/assets/server.js';

/// Longer bodies are named as a file in the curl line instead of being written out.
const textInLineMax = 4096;

/// Sends requests and shows the last one in `element`. A newer request cancels the older.
export class Caller {
  #running = null;
  #noAnswer;
  #facts = make('p', { class: 'facts' }, 'Nothing sent yet.');
  #line = make('pre', { class: 'curl', tabindex: '0', 'aria-label': 'curl command' });
  #tools = make('div', { class: 'row' });

  constructor({ onNoAnswer }) {
    this.#noAnswer = onNoAnswer;
    this.#line.hidden = true;
    this.element = make('section', { class: 'card call', 'aria-labelledby': 'call-title' },
      make('h3', { id: 'call-title' }, 'Last call'), this.#facts, this.#line, this.#tools);
  }

  /// Sends `{path, body, contentType, fileName | text}` and gives the answer; gives null when a
  /// newer request overtook this one or when it failed, with the failure shown in `result`.
  async send(request, result) {
    this.cancel();
    const running = new AbortController();
    this.#running = running;
    result.setAttribute('aria-busy', 'true');
    try {
      const answer = await call(request.path, {
        method: 'POST', body: request.body, contentType: request.contentType, signal: running.signal,
      });
      if (running.signal.aborted) return null;
      this.#show(request, answer);
      return answer;
    } catch (error) {
      if (!running.signal.aborted) this.#fail(error, request, result);
      return null;
    } finally {
      if (this.#running === running) {
        this.#running = null;
        result.removeAttribute('aria-busy');
      }
    }
  }

  cancel() {
    this.#running?.abort();
    this.#running = null;
  }

  #fail(error, request, result) {
    if (error instanceof ServerRefusal) {
      result.replaceChildren(refusal(error));
      this.#show(request, error.answer);
    } else if (error instanceof ServerGone) {
      result.replaceChildren(problem('No answer', error.message));
      this.#noAnswer();
    } else {
      throw error;
    }
  }

  #show(request, answer) {
    const url = new URL(request.path, location.href).href;
    const isLong = request.text !== undefined && request.text.length > textInLineMax;
    const line = curlLine(isLong
      ? { url, contentType: request.contentType, fileName: 'request.json' }
      : { url, ...request });
    this.#line.textContent = line;
    this.#line.hidden = false;
    this.#facts.replaceChildren(...facts(answer));
    this.#tools.replaceChildren(...[
      copyButton(() => line),
      isLong && saveButton('Save request.json', 'request.json',
        () => new Blob([request.text], { type: 'application/json' })),
      request.isOnlyHere && saveButton('Save the picture', request.fileName, () => request.body),
    ].filter(Boolean));
  }
}

function facts({ status, statusText, milliseconds: time, requestID }) {
  const fact = (name, value) => [make('span', { class: 'name' }, name), ' ', make('span', {}, value)];
  return [
    ...[['status', `${status} ${statusText}`.trim()], ['round trip', milliseconds(time)],
      ['request id', requestID]]
      .filter(([, value]) => value)
      .map(([name, value]) => make('span', { class: 'fact' }, fact(name, value))),
  ];
}

/// What went wrong, in the server's words, with what is needed to find it in the log.
export function refusal({ message, answer }) {
  const details = [
    answer.requestID && `request id ${answer.requestID}`,
    answer.retryAfter && `may be tried again in ${answer.retryAfter} s`,
  ].filter(Boolean).join(' · ');
  return problem(`${answer.status} ${answer.statusText}`.trim(), message, details);
}

export function problem(title, message, details = '') {
  return make('div', { class: 'problem', role: 'alert' },
    make('strong', {}, title), make('p', {}, message), details && make('p', { class: 'hint' }, details));
}

/// Copies what `line` gives when it is pressed.
export function copyButton(line) {
  const copy = button('Copy', async () => {
    copy.textContent = (await copied(line())) ? 'Copied' : 'Select and copy it by hand';
    setTimeout(() => { copy.textContent = 'Copy'; }, 2000);
  }, { class: 'quiet', 'aria-live': 'polite' });
  return copy;
}

/// The clipboard exists on localhost and over TLS only; elsewhere the old command still works.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make('textarea', { class: 'offscreen', 'aria-hidden': 'true' }, text);
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
