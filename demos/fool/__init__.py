"""Fool it: a patch to drag over the picture that is on the page, noise, blur, a turn, another
background, with the answer changing beside the first one. What the figures do not say.

The pictures are changed in the browser and asked about at ``/v1`` (`fool.js`); from here come its
words and what the chosen model's labels are called.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from demos import page
from demos.language import Say, Words
from inference import Engine
from pretrained.catalog import Entry

#: What is needed is fetched when the fold is opened.
MOUNT = """const look = new IntersectionObserver((seen) => {
  if (!seen.at(-1).isIntersecting) return;
  look.disconnect();
  import(new URL('house/fool.js', document.baseURI)).then(
    (it) => it.mount(element, () => trigger('opened'), watch));
}, {rootMargin: '1000000px'});
look.observe(element);"""
CHANGED = "() => { dispatchEvent(new Event('house:model')); }"

#: (name, unit's word, least, most, step) of each slider; blur in pixels of the 640 that are asked.
SLIDERS = (
    ("size", "percent", 10, 70, 5),
    ("noise", "percent", 0, 60, 2),
    ("blur", "pixels", 0, 16, 1),
    ("turn", "degrees", -180, 180, 5),
)
PATCHES, GROUNDS = ("printed", "grey", "none"), ("own", "white", "grey", "meadow", "night")
#: Answers that the printed patch changed, and grey, over 20% of what the network sees
#: (`experiments.adversarial_patch`).
COUNTED = {"n": 197, "patch": 194, "grey": 78}
SPOKEN = (
    *("asking", "lost", "one", "nothing", "unsure", "unchanged", "place", "no_outlines"),
    *("patch", "noise", "blur", "turn", "ground", "many"),
    *("same", "other", "same_found", "found", "lost_all"),
)


@dataclass(frozen=True)
class Fooled:
    """What differs from tab to tab.

    Attributes:
        tab: its name. endpoint: which of /v1 is asked.
        picture: a CSS selector of the picture within the room.
        patch: what lies on it to begin with: "printed", "grey" or an example's name.
        entry_of: a model of the tab by its key. Raises UnknownModel.
        names: what a model's labels are called in one language, where that is something else.
    """

    tab: str
    endpoint: str
    picture: str
    patch: str
    entry_of: Callable[[Engine, Any], Entry]
    names: Callable[[Say, Entry], Mapping[str, str]]


def build(engine: Engine, words: Words, model: gr.Dropdown, fooled: Fooled) -> None:
    """The fold, where the page may ask /v1: it is on, and asks for no key."""
    if not engine.settings.api or engine.settings.api_key:
        return
    with gr.Accordion(
        words("fool.title"), open=False, elem_id=f"{fooled.tab}-fool", elem_classes="room-fold"
    ):
        place = gr.HTML("<span></span>", js_on_load=MOUNT, elem_classes="fool")

    @page.guard(words)
    async def on_opened(key: Any, request: gr.Request) -> str:
        entry = fooled.entry_of(engine, key)
        return await asyncio.to_thread(controls, words.speaker(request), entry, fooled)

    place.opened(on_opened, model, place, trigger_mode="always_last", **page.PRIVATE)
    model.change(None, None, None, js=CHANGED, **page.PRIVATE)


def controls(say: Say, entry: Entry, fooled: Fooled) -> str:
    """Everything in the fold, as HTML; `fool.js` reads its words and the labels' names in it."""
    told: dict[str, Any] = {name: say.plain(f"fool.{name}") for name in SPOKEN}
    told["comma"] = say.plain("house.comma")
    told |= {"model": entry.key, "names": dict(fooled.names(say, entry))}
    told["unsure"] = page.sentences(say.lang, "{said}", told["unsure"])
    told |= {"endpoint": fooled.endpoint, "picture": fooled.picture, "start": fooled.patch}
    drawn = f"""<div class="scene" data-show="scene" hidden>
<div class="changed"><canvas data-show="changed" role="img" aria-label="{say("fool.picture")}">
</canvas><svg data-show="boxes" aria-hidden="true"></svg>
<div data-patch tabindex="0" role="slider" aria-valuenow="0" aria-label="{say("fool.handle")}">
</div></div>
<div class="said"><p class="verdict" role="status" data-show="verdict"></p>
<p class="refusal" role="alert" data-show="refused" hidden></p>
<div class="beside"><section><h3>{say("fool.first")}</h3><div data-show="first"></div></section>
<section><h3>{say("fool.now")}</h3><div data-show="now"></div></section></div></div>
<div class="set">{select(say, "patch", PATCHES)}{slider(say, *SLIDERS[0])}
<p class="quiet" data-show="printed" hidden>{say("fool.printed", **COUNTED)}</p>
{"".join(slider(say, *one) for one in SLIDERS[1:])}{select(say, "ground", GROUNDS)}
<p class="quiet" role="status" data-show="ground"></p>
<button type="button" class="ghost" data-reset>{say("fool.reset")}</button></div></div>"""
    return (
        f'<div data-told="{escape(json.dumps(told, ensure_ascii=False))}">'
        f'<p class="quiet">{say("fool.how")}</p>'
        f'<p class="note" data-show="none" hidden>{say("fool.none")}</p>{drawn}</div>'
    )


def slider(say: Say, name: str, unit: str, least: int, most: int, step: int) -> str:
    """A range from ``least`` to ``most`` with its label and its value."""
    return (
        f'<label>{say(f"fool.set.{name}")}<output></output><input type="range" data-set="{name}" '
        f'data-unit="{say(f"fool.unit.{unit}")}" min="{least}" max="{most}" step="{step}"></label>'
    )


def select(say: Say, name: str, values: tuple[str, ...]) -> str:
    """A choice; the tab's example pictures are put behind it by the script."""
    options = "".join(
        f'<option value="{value}">{say(f"fool.{name}_is.{value}")}</option>' for value in values
    )
    return f'<label>{say(f"fool.set.{name}")}<select data-set="{name}">{options}</select></label>'
