"""The same from the command line: how strokes are kept, the command that trains."""

from __future__ import annotations

from demos import page
from demos.language import Say, Words

MINUTES = 120  # on two processor cores, as the words beside them say
TRAIN = (
    "python -m pretrained train handwriting/pen --data my_handwriting --out my_model "
    f"--minutes {MINUTES}"
)
SERVE = "python app.py --model my_model"
STROKES = "my_handwriting/train.parquet"
#: The columns of that file, by the words that explain them.
COLUMNS = {"text": "text", "writer": "writer", "moves": "dx, dy", "up": "pen_up"}


def build(words: Words) -> None:
    """How the strokes must be kept, the command that trains, the one that loads the result."""
    page.step(words, "handwriting.train.data")
    page.markup(words, strokes)
    page.step(words, "handwriting.train.run")
    page.command(words, TRAIN)
    page.command(words, SERVE)


def strokes(say: Say) -> str:
    """The file of strokes and what each of its columns holds."""
    told = [f"{STROKES}{say('house.colon')}{say('handwriting.train.column.row')}"]
    for key, column in COLUMNS.items():
        told.append(f"  {column:<10}{say(f'handwriting.train.column.{key}')}")
    return '<pre class="tree" tabindex="0">' + "\n".join(told) + "</pre>"
