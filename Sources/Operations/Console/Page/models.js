// The list of models at the side.
import { make } from '/assets/elements.js';
import { stateWords } from '/assets/signature.js';

/// From this many models on there is a field to find one.
const filterFrom = 9;

export class ModelList {
  #list = document.getElementById('models');
  #filter = document.getElementById('filter');
  #shown = '';

  constructor() {
    this.#filter.addEventListener('input', () => this.#applyFilter());
  }

  /// Rebuilt only when something changed, so that focus stays where the person put it.
  show(models, current) {
    const news = JSON.stringify(models);
    if (news === this.#shown) return;
    this.#shown = news;
    const focused = this.#list.contains(document.activeElement) && document.activeElement.dataset.name;
    this.#list.replaceChildren(...models.map(entry));
    this.#filter.hidden = models.length < filterFrom;
    if (this.#filter.hidden) this.#filter.value = '';
    this.mark(current);
    this.#applyFilter();
    if (focused) this.#link(focused)?.focus();
  }

  mark(name) {
    for (const link of this.#list.querySelectorAll('a')) link.removeAttribute('aria-current');
    const current = this.#link(name);
    if (!current) return;
    current.setAttribute('aria-current', 'page');
    // The list scrolls by itself, sideways on a phone; the page stays where it is.
    this.#list.scrollTo({ left: current.offsetLeft - 60, top: current.offsetTop - 60 });
  }

  #link(name) {
    return [...this.#list.querySelectorAll('a')].find((link) => link.dataset.name === name);
  }

  #applyFilter() {
    const words = this.#filter.value.trim().toLowerCase();
    for (const item of this.#list.children) {
      item.hidden = !item.firstChild.dataset.name.toLowerCase().includes(words);
    }
  }
}

const entry = (model) => make('li', {},
  make('a', { href: `#${new URLSearchParams({ model: model.name })}`, 'data-name': model.name },
    make('span', { class: 'dot', 'data-state': model.state, 'aria-hidden': 'true' }),
    make('span', { class: 'label' }, model.name),
    model.state !== 'READY' && make('span', { class: 'note' }, stateWords(model.state))));
