"""What a visitor wrote, kept while the page turns into another language or is reloaded: in the
browser, for this visit of this tab, read once and forgotten. Neither address nor server sees
it."""

from __future__ import annotations

from typing import Any

from demos.translation import answers, examples

#: Characters that are kept: a text that is longer would be refused anyway.
MOST = 20_000
NAME = "breakthroughs.translation"
# Begins to watch for the page being left.
WATCH = """
addEventListener('pagehide', () => {
  const text = document.querySelector('#say-text textarea')?.value;
  const direction = document.querySelector('#say-direction input:checked')?.value;
  if (!text || text.length > MOST || !direction) return;
  try { sessionStorage.setItem('NAME', JSON.stringify({text, direction})); } catch { /* full */ }
});""".replace("MOST", str(MOST)).replace("NAME", NAME)
# Takes the place of what the fields of a new page hold: (opened, text, model, direction or null).
TAKE = """(opened, text, model) => {
  try {
    const kept = JSON.parse(sessionStorage.getItem('NAME'));
    sessionStorage.removeItem('NAME');
    if (kept) return [opened, kept.text, model, kept.direction];
  } catch { /* a private window has nothing to keep it in */ }
  return [opened, text, model, null];
}""".replace("NAME", NAME)


def own(text: Any, direction: Any) -> bool:
    """Whether a visitor chose these, so that they are not what a page opens with by itself."""
    if direction not in answers.DIRECTIONS or not isinstance(text, str) or not text.strip():
        return False
    return examples.number(text) != 0 or direction not in answers.FIRST.values()
