"""Train your own: classes of pictures, and a classifier that learns from them while one adds.

The network of Try says what it sees in each picture (1,280 numbers); a head, softmax regression on
these, is fitted anew within a second whenever a picture comes or goes, in the server (Donahue 2014,
DeCAF, is where such features were shown to serve other tasks).

collection.py   one visitor's classes on disk     head.py    the head and its estimate by k-fold
features.py     what the network said of them     report.py  what the room is told of them
keep.py         the head as a model               routes.py  ``/train/classify``
use.py          ``/use/{link}``, a page for a phone
classify_train.js puts the room together, of classify_cards.js, classify_camera.js,
classify_live.js, classify_report.js, classify_kept.js and classify_whole.js; classify_use.js is the
page's.
"""

from __future__ import annotations

import json
from html import escape

import gradio as gr

from demos import page
from demos.classification import learn
from demos.classification.train.commands import commands
from demos.classification.train.routes import MINUTES, STARTERS, routes
from demos.language import Say, Words
from demos.training.room import load, run, spoken
from jobs import Jobs

__all__ = ["build", "routes"]

MOUNT = (
    "import(new URL('house/classify_train.js', document.baseURI)).then((room) => "
    "room.mount(element));"
)


def build(words: Words, jobs: Jobs | None = None) -> None:
    """The room: pictures in, a classifier out; the command line folded beneath."""
    here = jobs is not None and jobs.limits.on
    if jobs is None or not here:
        page.markup(words, lambda say: f'<p class="note">{say("training.off")}</p>')
    else:
        gr.HTML(
            words.markup(lambda say: rendered(say, jobs)),
            js_on_load=MOUNT,
            apply_default_css=False,
            elem_classes="training",
        )
    with gr.Accordion(words("training.command"), open=not here, elem_classes="more"):
        page.markup(words, lambda say: f'<p class="quiet">{say("training.command_how")}</p>')
        commands(words)
    page.markup(words, learn.head_start)


def rendered(say: Say, jobs: Jobs) -> str:
    """The room in one language; what it holds is put in by its script."""
    limits = jobs.limits
    own = say.words.table(say.lang, "classification.train")
    own = {name: text for name, text in own.items() if not name.startswith("suggest.")}
    told = {
        "words": own | {"comma": say.plain("house.comma")},
        "panel": spoken(say),
        "mb": limits.data_mb,
    }

    def text(name: str) -> str:
        return say(f"classification.train.{name}", hours=f"{limits.keep_hours:g}")

    def button(name: str, kind: str = "ghost", does: str = "") -> str:
        return (
            f'<button type="button" class="{kind}" data-do="{does or name}">{text(name)}</button>'
        )

    def choose(name: str, more: str) -> str:
        return (
            f'<label class="ghost">{text(name)}<input type="file" class="sr-only" {more}></label>'
        )

    starters = "".join(button(name, does=f"starter:{name}") for name in STARTERS)
    lasting = "" if limits.lasting else f'<p class="note">{text("not_lasting")}</p>'
    most = int(limits.minutes)
    return f"""
<section class="train classroom" data-classroom="{escape(json.dumps(told, ensure_ascii=False))}">
<p class="refusal" role="alert" hidden></p>
<div class="classroom-two"><div class="classroom-give">
<p class="train-starters"><span class="quiet">{text("nothing")}</span> {starters}</p>
<div class="classroom-classes"></div>
<p class="classroom-more">{button("add")}
{choose("folder", 'webkitdirectory multiple data-give="folder"')}
{choose("zip", 'accept=".zip" data-give="zip"')}
<button type="button" class="link" data-do="again" hidden>{text("again")}</button></p>
<p class="quiet">{text("drop")}</p>
<p class="train-data" role="status"></p><div class="classroom-left-out quiet"></div></div>
<aside class="classroom-live" aria-label="{text("live")}"><h2>{text("live")}</h2>
<div class="classroom-see"><video muted playsinline autoplay hidden></video>
<img alt="{text("shown")}" hidden><p class="quiet" data-show="why">{text("not_yet")}</p></div>
<p class="classroom-more">{button("camera", "btn")}
{choose("file", 'accept="image/*" data-give="ask"')}{button("other_camera")}{button("off")}</p>
<p class="refusal" role="alert" data-show="asked" hidden></p>
<ul class="bars" aria-live="polite"></ul><p class="quiet" data-show="learnt"></p>
<p class="quiet" data-show="without"></p></aside></div>
<section class="classroom-report" hidden><h2>{text("report")}</h2>
<p data-show="estimate"></p><details><summary>{text("estimate_how_title")}</summary>
<p class="quiet" data-show="how"></p></details>
<div class="classroom-halves"><div><h3>{text("matrix")}</h3>
<p class="quiet">{text("matrix_how")}</p>
<div class="scroll" data-show="matrix"></div><div data-show="cell" aria-live="polite"></div></div>
<div><h3>{text("suggestions")}</h3><ul data-show="suggestions"></ul></div></div></section>
<section class="classroom-keep" hidden><h2>{text("keep")}</h2>
<p class="quiet">{text("keep_how")}</p>
<form><label>{text("title")} <input name="title" maxlength="60" autocomplete="off"></label>
<button class="btn">{text("keep")}</button></form></section>
<section class="classroom-kept" hidden><h2>{text("kept")}</h2>
<p class="quiet">{text("link_how")}</p>
<div></div></section>
<section class="classroom-whole" hidden><h2>{text("whole")}</h2>
<p class="quiet">{text("whole_how")}</p>
<div class="train-form"><label class="train-minutes">{text("minutes")}
<input type="range" min="1" max="{most}" value="{min(int(MINUTES), most)}" name="minutes">
<output>{min(int(MINUTES), most)}</output></label>{button("whole_start")}</div>
<div class="train-run" hidden>{run(say)}</div></section>
<details class="train-mine" hidden><summary>{say("training.mine")}</summary><ul></ul></details>
{load(say)}
<p class="quiet">{text("reduced")}</p>{lasting}
</section>"""
