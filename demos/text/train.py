"""Train your own: a network that writes as the visitor's text does, and the commands for it."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from demos import page, training
from demos.language import Say, Words
from demos.text import answers
from demos.training.room import Start
from inference import Engine
from jobs import Jobs
from pretrained.catalog import Entry

MINUTES = 20  # on two processor cores, as the words beside them say
TRAIN = (
    "python -m pretrained train text/shakespeare --data my_text.txt --out my_model "
    f"--minutes {MINUTES}"
)
POEMS = (
    f"python -m pretrained train text/tang --data my_poems.jsonl --out my_model --minutes {MINUTES}"
)
TUNE = f"python -m pretrained train {{key}} --data my_text.txt --out my_model --minutes {MINUTES}"
SERVE = "python app.py --model my_model"
LINE = '{"text": "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"}'


RECIPE = training.Recipe(
    name="text",
    starts=(
        Start("auto", answers.SHAKESPEARE),
        Start("nothing", answers.SHAKESPEARE, {"scratch": True}),
        Start("poems", answers.TANG),
    ),
    accept=".txt,.md,.jsonl,.json,.csv,.py,.zip",
    text="text.txt",
    minutes=5,
    starters={"text": "auto", "text-zh": "poems"},
)


#: What `text_train.js` says by itself.
SPOKEN = ("counts",)
MOUNT = "import(new URL('house/text_train.js', document.baseURI)).then((it) => it.mount(element));"


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The room: text in, a network out."""
    training.room(words, jobs, RECIPE, lambda: commands(engine, words), read, MOUNT)


def read(say: Say) -> str:
    """Where is said what the recipe reads of the text."""
    told = {name: say.plain(f"text.train.{name}") for name in SPOKEN}
    data = escape(json.dumps(told, ensure_ascii=False))
    return f'<div class="train-read" data-words="{data}" role="status"></div>'


def counted(data: Path, key: str) -> dict[str, Any]:
    """What `text_train.js` says before a training begins.

    Returns: ``learn`` and ``aside``, characters; ``told``, sentences on what was changed.

    Raises: BadData: the recipe would refuse it, for the same reason.
    """
    from pretrained.text.data import own  # torch, for those only who train

    texts = own(data)
    return {"learn": len(texts.train), "aside": len(texts.held_out), "told": list(texts.told)}


def commands(engine: Engine, words: Words) -> None:
    """What the text must be like, the commands that train, the command that loads the result."""
    page.step(words, "text.train.data")
    page.markup(
        words,
        lambda say: (
            f"<p>{say('text.train.poems')}</p>"
            '<pre class="tree whole" tabindex="0" lang="zh-CN">'
            f"{LINE.replace(chr(34), '&quot;')}</pre>"
        ),
    )
    page.step(words, "text.train.run")
    page.command(words, TRAIN)
    page.command(words, POEMS)
    page.step(words, "text.train.serve")
    page.command(words, SERVE)
    hub = next((e for e in answers.writers(engine).values() if e.hub_id), None)
    if hub:
        page.markup(words, lambda say: tuning(say, hub))
        page.command(words, TUNE.format(key=hub.key))


def tuning(say: Say, entry: Entry) -> str:
    """How to teach one of today's models a manner of writing."""
    name = say.model(entry)
    return f"<h2>{say('text.train.tune')}</h2><p>{say('text.train.tune_how', model=name)}</p>"
