"""Share: what a visitor takes along of an answer: a link under which the page answers the same
again, and the answer as a picture with a small credit line. `page.js` notices the buttons,
`share.js` does what they say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from demos import models, page
from demos.examples import Example
from demos.language import Say
from inference import Engine
from inference.errors import Refusal, UnknownModel
from pretrained.catalog import Entry

#: Characters of a text that an address still holds everywhere.
MOST_LINKED = 500
MOST_SAID = 80  # characters of a wrong value that are repeated


class NoSuchExample(Refusal):
    """A link to a picture that is none of the examples. Fields: name."""

    code = "no_such_example"
    sentence = "There is no example called {name}: choose one of those shown."


# What a link could not have is said until the visitor asks for something else.
ASKED = """const gone = ({ type, target, isTrusted }) => {
  const used = type === 'drop' || target.closest('button, input, textarea, label, [role=option]');
  if (isTrusted && used) element.style.display = 'none';
};
const room = element.closest('.room');
for (const kind of ['click', 'input', 'drop']) room.addEventListener(kind, gone, true);
"""


def unmet(elem_id: str) -> gr.HTML:
    """The place where it is said what a link could not have (`refused`)."""
    return gr.HTML(visible=False, js_on_load=ASKED, elem_id=elem_id, elem_classes="unmet")


def link(say: Say, tab: str, model: str, label: str = "page.share.link", **told: object) -> str:
    """The button that copies a link to a tab's Try, where ``model`` answers what ``told`` says."""
    fields = {"tab": tab, "room": "try", "model": model} | {k: str(v) for k, v in told.items()}
    return (
        f'<button type="button" class="link" data-done="{say("page.copied")}" '
        f'data-share="{escape(json.dumps(fields))}">{say(label)}</button>'
    )


def picture(say: Say, script: str, credit: str, **data: str) -> str:
    """The button that saves a picture: ``picture(button)`` of the browser's ``script`` draws it.
    ``credit``, escaped: the line beneath it. ``data``: what else the button tells the script."""
    told = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<button type="button" class="link" data-picture="{script}" data-credit="{credit}"{told}>'
        f"{say('page.share.picture')}</button>"
    )


def row(buttons: Iterable[str], why: str = "") -> str:
    """The buttons beneath an answer. ``why``, escaped: why there is no link."""
    said = f'<p class="quiet">{why}</p>' if why else ""
    return f'<div class="share">{"".join(buttons)}{said}</div>'


def query(request: Any) -> Mapping[str, str]:
    """What the page's address says."""
    return getattr(request, "query_params", None) or {}


def model(task: str, engine: Engine, told: Mapping[str, str], wrong: list[Refusal]) -> Entry | None:
    """The model that a link names; None where it names none, or one that is not here, which joins
    what is ``wrong`` with the link."""
    if not told.get("model"):
        return None
    try:
        return models.entry_of(task, engine, told["model"])
    except UnknownModel as error:
        wrong.append(error)
        return None


def example(examples: Sequence[Example], name: str, wrong: list[Refusal]) -> Example | None:
    """The example that a link names; None, which joins what is ``wrong``, where it is none."""
    for one in examples:
        if one.name == name and one.path:
            return one
    wrong.append(NoSuchExample(name=name[:MOST_SAID]))
    return None


def refused(
    say: Say,
    wrong: Sequence[Refusal],
    said: Callable[[Say, Refusal], str] = page.refusal,
) -> Any:
    """What of a link cannot be had, where it is `unmet`. ``said``: a tab's own way to say it."""
    return gr.update(value="".join(said(say, error) for error in wrong), visible=bool(wrong))
