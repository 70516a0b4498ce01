"""Train your own: pairs of sentences in, a translator out.

The pairs are shown as they will be learnt before anything begins, so that columns that stand the
other way round are seen (`preview`); while it learns, five sentences kept aside are translated
again and again (`translation_train.js`).
"""

from __future__ import annotations

import json
from html import escape

from demos import training
from demos.language import Say, Words
from demos.training.room import Start
from demos.translation import answers
from demos.translation.train import commands
from inference import Engine
from jobs import Jobs

FRENCH, CHINESE = "translation/en-fr", "translation/en-zh"
RECIPE = training.Recipe(
    name="translation",
    starts=(
        Start("french", FRENCH),
        Start("chinese", CHINESE),
        Start("french_nothing", FRENCH, {"scratch": True}),
        Start("chinese_nothing", CHINESE, {"scratch": True}),
    ),
    accept=".tsv,.csv,.txt,.tab,.jsonl,.ndjson,.json,.parquet,.zip",
    text="pairs.tsv",
    starters={"pairs": "french", "pairs-zh": "chinese"},
    first={"zh": "chinese"},  # as Try opens: `answers.FIRST`
)
MOUNT = (
    "import(new URL('house/translation_train.js', document.baseURI)).then((it) => "
    "it.mount(element));"
)
#: What `translation_train.js` says by itself.
SPOKEN = ("seen", "counts", "both_ways", "source", "now", "reference", "nothing_yet")


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The room."""
    training.room(words, jobs, RECIPE, lambda: commands.build(engine, words), pairs, MOUNT)


def pairs(say: Say) -> str:
    """Where the first pairs are shown as they will be learnt."""
    told = {
        **{name: say.plain(f"translation.train.{name}") for name in SPOKEN},
        "languages": {code: answers.language(say, code) for code in answers.TAGS},
        "tags": answers.TAGS,
    }
    data = escape(json.dumps(told, ensure_ascii=False))
    return f'<div class="train-pairs" data-words="{data}" role="status"></div>'
