"""How surprised the model was by each character: the text coloured, and what it expected instead.

Surprise is ``-log p`` in nats at temperature 1 (Shannon 1951 asked people the same question).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from html import escape
from typing import Any

from demos.language import Say
from demos.page import percent
from demos.text import glyphs

#: Upper ends in nats of the shades 0 to 5: probabilities of 1/2, 1/5, 1/20, 1/100, 1/1000.
SHADES = tuple(math.log(n) for n in (2, 5, 20, 100, 1000))
# Pointing at a character, or walking there with the arrow keys, tells what was expected there. A
# click or Enter takes the place as the start of another path.
POINT = """let at = -1;
const figure = () => element.querySelector('.expected');
const point = (index) => {
  const box = figure(), all = box.querySelectorAll('[data-i]');
  if (!all.length) return;
  index = Math.max(0, Math.min(all.length - 1, index));
  box.querySelector('.at')?.classList.remove('at');
  all[index].classList.add('at');
  at = index;
  if (box.data !== box.dataset.rows) box.rows = JSON.parse(box.data = box.dataset.rows);
  const [sign, share, nats, likely] = box.rows[index];
  const said = element.querySelector('.readout');
  const make = (tag, text) => {
    const made = document.createElement(tag); made.textContent = text; return made;
  };
  said.replaceChildren();
  const head = make('p', said.dataset.said.replace('{c}', sign).replace('{p}', share)
    .replace('{nats}', nats));
  const list = document.createElement('ol');
  for (const [name, part] of likely) {
    const row = make('li', '');
    row.append(make('b', name), make('span', part));
    if (name === sign) row.className = 'hit';
    list.append(row);
  }
  said.append(head, list);
};
const start = () => trigger('place', {at});
element.addEventListener('pointerover', (event) => {
  const c = event.target.closest('[data-i]'); if (c) point(+c.dataset.i);
});
element.addEventListener('click', (event) => {
  const c = event.target.closest('[data-i]'); if (c) { point(+c.dataset.i); start(); }
});
element.addEventListener('focusin', (event) => {
  if (event.target === figure() && at < 0) point(0);
});
element.addEventListener('keydown', (event) => {
  if (event.target !== figure()) return;
  const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10}[event.key];
  if (event.key === 'Enter') start();
  else if (step) point(at + step);
  else if (event.key === 'Home') point(0);
  else if (event.key === 'End') point(Infinity);
  else return;
  event.preventDefault();
});
watch('value', () => { at = -1; });"""


def shade(nats: float) -> int:
    """The shade of a surprise, from 0 (foreseen) to 5."""
    return sum(nats > end for end in SHADES)


def drawn(say: Say, got: Mapping[str, Any], chinese: bool = False) -> str:
    """The text with its shades, the legend, and the place where what was expected is told."""
    pieces, rows = [], []
    unknown = set(got.get("unknown", ()))
    triples = zip(got["characters"], got["nats"], got["odds"], strict=True)
    for i, (text, nats, odds) in enumerate(triples):
        sign = glyphs.sign(text) if text.strip() or text == "\n" else escape(text)
        over = " over" if i in unknown else ""
        pieces.append(f'<span class="n{shade(nats)}{over}" data-i="{i}">{sign}</span>')
        if "\n" in text:
            pieces.append("\n")
        likely = [[glyphs.name(say, other), percent(p)] for other, p in odds]
        rows.append([glyphs.name(say, text), percent(math.exp(-nats)), f"{nats:.2f}", likely])
    data = escape(json.dumps(rows, ensure_ascii=False), quote=True)
    mean = sum(got["nats"]) / max(1, len(got["nats"]))
    said = say("text.inside.surprise.said")
    label = say("text.inside.surprise.label")
    lang = ' lang="zh-CN"' if chinese else ' lang="en"'
    average = say("text.inside.surprise.mean", nats=f"{mean:.2f}", ways=f"{math.exp(mean):.1f}")
    return (
        f'<section class="step"><h2>{say("text.inside.surprise.title")}</h2>'
        f'<p class="quiet">{say("text.inside.surprise.text")}</p>{legend(say)}'
        f'<div class="both"><div class="expected" tabindex="0" role="group" dir="auto"{lang} '
        f'aria-label="{label}" data-rows="{data}">{"".join(pieces)}</div>'
        f'<div class="readout" aria-live="polite" data-said="{said}">'
        f'<p class="quiet">{say("text.inside.surprise.point")}</p></div></div>'
        f'<p class="quiet">{average}</p></section>'
    )


def legend(say: Say) -> str:
    """The shades with the odds that they stand for."""
    ends = ("1/2", "1/5", "1/20", "1/100", "1/1000")
    cells = "".join(
        f'<span><i class="n{number}" aria-hidden="true"></i>{text}</span>'
        for number, text in enumerate((*(f"≥ {end}" for end in ends), "< 1/1000"))
    )
    return f'<p class="legend-row"><b>{say("text.inside.surprise.legend")}</b>{cells}</p>'
