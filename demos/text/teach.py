"""Train your own: until jobs can be started from the page, the commands that do it."""

from __future__ import annotations

from typing import Any

from demos import page
from demos.language import Say, Words
from demos.text import answers

MINUTES, PEN_MINUTES = 20, 120  # on two processor cores, as the words beside them say
TRAIN = (
    "python -m pretrained train text/shakespeare --data my_text.txt --out my_model "
    f"--minutes {MINUTES}"
)
POEMS = (
    f"python -m pretrained train text/tang --data my_poems.jsonl --out my_model --minutes {MINUTES}"
)
TUNE = f"python -m pretrained train {{key}} --data my_text.txt --out my_model --minutes {MINUTES}"
SERVE = "python app.py --model my_model"
PEN = (
    "python -m pretrained train handwriting/pen --data my_handwriting --out my_model "
    f"--minutes {PEN_MINUTES}"
)
STROKES = "my_handwriting/train.parquet"
#: The columns of that file, by the words that explain them.
COLUMNS = {"text": "text", "writer": "writer", "moves": "dx, dy", "up": "pen_up"}
LINE = '{"text": "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"}'


def build(engine: Any, words: Words) -> None:
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
        page.markup(words, lambda say: tuning(say, words, hub))
        page.command(words, TUNE.format(key=hub.key))


def tuning(say: Say, words: Words, entry: Any) -> str:
    """How to teach one of today's models a manner of writing."""
    name = say.model(entry)
    return f"<h2>{say('text.train.tune')}</h2><p>{say('text.train.tune_how', model=name)}</p>"


def build_pen(words: Words) -> None:
    """The same for the pen: its data, its command."""
    page.step(words, "text.train.pen_data")
    page.markup(words, strokes)
    page.step(words, "text.train.pen_run")
    page.command(words, PEN)
    page.command(words, SERVE)


def strokes(say: Say) -> str:
    """The file of strokes and what each of its columns holds."""
    head = f"{STROKES}{say('house.colon')}{say('text.train.column.row')}"
    rows = (f"  {column:<10}{say(f'text.train.column.{key}')}" for key, column in COLUMNS.items())
    told = "\n".join((head, *rows))
    return f'<pre class="tree" tabindex="0">{told}</pre>'
