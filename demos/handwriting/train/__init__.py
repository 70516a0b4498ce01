"""Train your own: the visitor writes some words, the pen learns that hand.

The words are written one after the other on the pad that Try has too (`pen_pad.js`); at the start
the page sends their strokes as one file, which `pretrained.handwriting.adapt` reads.
"""

from __future__ import annotations

import json
from html import escape

from demos import training
from demos.handwriting.request import PEN
from demos.handwriting.train import commands
from demos.language import Say, Words
from demos.training.room import Start
from jobs import Jobs

#: They hold every small letter, and a few large ones; about fifteen are a minute's work.
GIVEN = (
    *("this", "is my", "hand", "quick", "brown", "fox", "jumps", "over", "lazy"),
    *("dogs", "When", "garden", "Little", "pieces", "twelve"),
)
LEAST = 8  # words that the recipe needs
RECIPE = training.Recipe(
    name="handwriting", starts=(Start("hand", PEN),), accept="", minutes=3, most=30
)
MOUNT = "import(new URL('house/pen_train.js', document.baseURI)).then((it) => it.mount(element));"
#: What `pen_train.js` says by itself.
SPOKEN = ("write", "left", "written", "too_few", "again", "all_done")


def build(words: Words, jobs: Jobs | None = None) -> None:
    """The room."""
    training.room(words, jobs, RECIPE, lambda: commands.build(words), pad, MOUNT)


def pad(say: Say) -> str:
    """One word at a time, a ruled line to write it on, and what has been written so far."""
    told = {name: say.plain(f"handwriting.train.{name}") for name in SPOKEN}
    sent = escape(json.dumps({"given": GIVEN, "least": LEAST, "words": told}, ensure_ascii=False))

    def button(name: str, table: str = "train", kind: str = "ghost") -> str:
        label = say(f"handwriting.{table}.{name}")
        return f'<button type="button" class="{kind}" data-do="{name}">{label}</button>'

    return f"""<div class="pen-words" data-hand="{sent}">
<p class="pen-word" role="status" tabindex="-1" id="pen-word"></p>
<div class="pad"><svg data-pad role="img" aria-label="{say("handwriting.try.pad")}"
aria-describedby="pen-word pen-train-pointer"></svg><i aria-hidden="true"></i></div>
<p class="buttons">{button("next", kind="btn")}{button("undo", "try")}{button("clear", "try")}
{button("skip")}</p>
<p class="note" data-show="full" role="status" hidden>{say("handwriting.try.full")}</p>
<p class="quiet" id="pen-train-pointer">{say("handwriting.train.pointer")}</p>
<ol class="pen-done" aria-label="{say("handwriting.train.done")}"></ol>
<p class="quiet pen-count" role="status"></p></div>"""
