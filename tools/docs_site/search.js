// Finds sections that have all words that are typed: titles first. The index is search-index.js.
'use strict';
(() => {
  const field = document.getElementById('query');
  const list = document.getElementById('found');
  const up = document.body.dataset.up;
  const folded = window.SECTIONS.map(([, , title, text]) => `${title} ${text}`.toLowerCase());

  const score = (row, words) => words.reduce((sum, word) => sum + (row[2].toLowerCase().includes(word) ? 10 : 0) +
    (row[1].toLowerCase().includes(word) ? 4 : 0) + 1, 0);

  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    return made;
  };

  const item = ([address, page, title, text], word) => {
    const made = document.createElement('li');
    const link = element('a', title);
    link.href = up + address;
    const head = document.createElement('h2');
    head.append(link);
    const begin = Math.max(text.toLowerCase().indexOf(word) - 60, 0);
    made.append(head, element('p', page, 'help-where'), element('p', text.slice(begin, begin + 180)));
    return made;
  };

  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = words.length === 0 ? [] : window.SECTIONS.filter(
      (_, place) => words.every((word) => folded[place].includes(word)));
    rows.sort((one, other) => score(other, words) - score(one, words));
    list.hidden = words.length === 0;
    list.replaceChildren(...(rows.length ? rows.slice(0, 30).map((row) => item(row, words[0])) :
      [element('li', 'Nothing found. Use fewer or other words.')]));
  };

  field.addEventListener('input', show);
  field.form.addEventListener('submit', (event) => event.preventDefault());
})();
