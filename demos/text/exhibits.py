"""Text or pen: the quiet switch of two exhibits that stands in each room, one choice for all rooms.

The choice is the attribute ``data-exhibit`` of the page's column; `style.css` hides the other one.
It also stands in the address (``&exhibit=pen``), so that a link can lead to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from demos.language import Say, Words

EXHIBITS = ("text", "pen")
CHOOSE = """const page = element.closest('.page');
const asked = new URL(location.href).searchParams.get('exhibit');
const show = (name) => {
  page.dataset.exhibit = name;
  for (const button of page.querySelectorAll('[data-exhibit-of]'))
    button.setAttribute('aria-pressed', String(button.dataset.exhibitOf === name));
};
show(page.dataset.exhibit || (asked === 'pen' ? 'pen' : 'text'));
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-exhibit-of]');
  if (!button) return;
  show(button.dataset.exhibitOf);
  const address = new URL(location.href);
  address.searchParams.set('exhibit', button.dataset.exhibitOf);
  history.replaceState(history.state, '', address);
});"""


def switch(words: Words, both: bool) -> None:
    """The two buttons, at the head of a room; nothing where there is one exhibit only."""
    if not both:
        return

    def render(say: Say) -> str:
        buttons = "".join(
            f'<button type="button" data-exhibit-of="{name}" aria-pressed="false">'
            f"{say(f'text.exhibit.{name}')}</button>"
            for name in EXHIBITS
        )
        label = say("text.exhibit.label")
        return f'<div class="exhibits" role="group" aria-label="{label}">{buttons}</div>'

    gr.HTML(words.markup(render), js_on_load=CHOOSE, elem_classes="exhibit-switch")


@contextmanager
def exhibit(name: str) -> Iterator[gr.Column]:
    """What belongs to one exhibit, inside a room."""
    if name not in EXHIBITS:
        raise ValueError(f"no exhibit called {name!r}: one of {', '.join(EXHIBITS)}")
    with gr.Column(elem_classes=["exhibit", f"exhibit-{name}"]) as column:
        yield column
