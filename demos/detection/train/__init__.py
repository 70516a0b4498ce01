"""Train your own: boxes drawn on the visitor's pictures, in the page, and a detector.

What is drawn stays in the browser until the training starts: `detection_train.js` puts the parts
together, `detection_boxes.js` is the editor, `detection_paint.js` shows what it holds,
`detection_formats.js` reads and writes COCO's and VOC's labels, `detection_labels.js` finds whose
they are, `detection_scored.js` shows what the network finds in the pictures kept aside.
"""

from __future__ import annotations

import json
from html import escape

from demos import training
from demos.detection.answers import EVERYDAY
from demos.detection.train.commands import commands
from demos.detection.train.routes import STARTER, routes
from demos.language import Say, Words
from demos.training.room import Start
from jobs import Jobs

__all__ = ["build", "routes"]

MOUNT = (
    "import(new URL('house/detection_train.js', document.baseURI)).then((train) => "
    "train.mountBoxes(element));"
)
RECIPE = training.Recipe(
    name="detection",
    starts=(Start("auto", EVERYDAY),),
    accept="image/*,.json,.xml,.zip",
    folders=True,
    minutes=20,
    starters={STARTER: "auto"},
)
#: Of `pretrained.detection.train`: fewest pictures that its recipe takes.
LEAST = 8
#: Pictures that are opened in the page; a folder of more is sent as it is.
MOST = 200
#: Pixels of the longest side that a picture is kept and sent at: the recipe looks at 768.
SIDE = 1280
KEYS = ("draw", "label", "move", "size", "delete", "undo", "walk", "accept", "none")


def build(words: Words, jobs: Jobs | None = None) -> None:
    """The room: pictures and boxes in, a detector out."""
    training.room(words, jobs, RECIPE, lambda: commands(words), editor, MOUNT)


def editor(say: Say) -> str:
    """Where boxes are drawn, empty until there is a picture, and what its script says by itself."""
    told = {
        "words": say.words.table(say.lang, "detection.train.said"),
        "least": LEAST,
        "most": MOST,
        "side": SIDE,
    }

    def button(name: str, kind: str = "ghost") -> str:
        text = say(f"detection.train.{name}")
        return f'<button type="button" class="{kind}" data-boxes="{name}">{text}</button>'

    keys = "".join(f"<li>{say(f'detection.train.key.{name}')}</li>" for name in KEYS)
    return f"""
<div class="train-step boxes" data-editor="{escape(json.dumps(told, ensure_ascii=False))}" hidden>
<h2>{say("detection.train.draw")}</h2>
<p class="quiet">{say("detection.train.draw_how")}</p>
<p class="note boxes-handed" hidden><span></span>
<button type="button" class="plain" data-boxes="drawn">{say("detection.train.drawn")}</button></p>
<div class="boxes-strip" role="group" aria-label="{say("detection.train.pictures")}"></div>
<div class="boxes-work"><div class="boxes-view">
<div class="boxes-stage" tabindex="0" role="application"
aria-label="{say("detection.train.stage")}"><img alt="" draggable="false"><svg aria-hidden="true">
</svg><div class="tags" aria-hidden="true"></div></div>
<p class="boxes-under"><button type="button" class="ghost" data-boxes="previous"
aria-label="{say("detection.train.previous")}">‹</button>
<span class="quiet" data-show="name"></span><button type="button" class="ghost" data-boxes="next"
aria-label="{say("detection.train.next")}">›</button></p></div>
<div class="boxes-side"><p class="boxes-buttons">{button("suggest")}{button("accept")}</p>
<div><p class="quiet" id="boxes-labels">{say("detection.train.labels_are")}</p>
<div class="boxes-labels" role="group" aria-labelledby="boxes-labels"></div>
<p class="boxes-new"><input name="label" maxlength="60" autocomplete="off" enterkeyhint="done"
placeholder="{say("detection.train.label")}" aria-label="{say("detection.train.label")}">
{button("add")}</p></div>
<ol class="boxes-list"></ol>
<p class="boxes-buttons">{button("delete")}{button("undo")}{button("redo")}</p></div></div>
<p class="boxes-told" role="status"></p>
<p class="boxes-buttons quiet">{button("coco", "plain")}{button("voc", "plain")}
{button("remove", "plain")}{button("clear", "plain")}</p>
<details><summary>{say("detection.train.keys")}</summary>
<ul class="boxes-keys">{keys}</ul></details>
</div>"""
