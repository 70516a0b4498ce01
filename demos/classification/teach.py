"""Train your own: until jobs can be started from the page, the command that does it."""

from __future__ import annotations

from typing import Any

from demos import frame
from demos.classification.charts import PHOTOS
from demos.language import Say, Words

TRAIN = "python -m pretrained train classification/photos --data my_pictures --out my_model"
SERVE = "python app.py --model my_model"
TREE = """my_pictures/
  daisy/      IMG_0001.jpg  IMG_0002.jpg  …
  tulip/      IMG_0107.jpg  IMG_0108.jpg  …"""


def build(words: Words) -> None:
    """How the folder must look, the command that trains, the command that loads the result."""
    frame.html(
        words,
        lambda say: (
            f"<h2>{say('classification.train.data')}</h2>"
            f"<p>{say('classification.train.folder')}</p>"
            f'<pre class="tree" tabindex="0">{TREE}</pre><h2>{say("classification.train.run")}</h2>'
        ),
    )
    frame.command(words, TRAIN)
    frame.html(words, lambda say: f"<p>{say('classification.train.load')}</p>")
    frame.command(words, SERVE)
    if flowers():
        frame.html(words, shown_on_flowers)


def flowers() -> list[dict[str, Any]]:
    """The photo card's two figures on flowers: fine-tuned, and from random weights."""
    rungs = {rung["name"]: rung for rung in frame.read_metrics(PHOTOS).get("ladder", ())}
    names = ("flowers, fine-tuned", "flowers, from scratch")
    return [rungs[name] for name in names] if set(names) <= set(rungs) else []


def shown_on_flowers(say: Say) -> str:
    """What starting from a trained network buys, measured: both figures from the photo card."""
    tuned, scratch = flowers()
    text = say(
        "classification.train.flowers",
        tuned=frame.figure("top1", tuned),
        scratch=frame.figure("top1", scratch),
        n=tuned["n"],
        minutes=f"{tuned['wall_seconds'] / 60:.1f}",
        pictures=f"{tuned['pictures']:,}",
    )
    return frame.note(text)
