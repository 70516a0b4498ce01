"""The same from the command line: a folder of labelled pictures, and what is typed."""

from __future__ import annotations

from html import escape

from demos import page
from demos.detection.answers import EVERYDAY
from demos.language import Say, Words
from demos.limits import MB
from demos.models import size
from pretrained import catalog

MINUTES = 60  # an example; a budget of any length ends with its schedule complete
PICTURES, ASIDE = "my_pictures", "my_other_pictures"
TRAIN = f"python -m pretrained train {{key}} --data {PICTURES} --out my_model --minutes {MINUTES}"
SERVE = "python app.py --model my_model"
PUSH = "python -m pretrained push my_model MY_NAME/my_model"
SCORE = f"python -m pretrained evaluate {EVERYDAY} --checkpoint my_model --data {ASIDE}"
#: The one of today's that the last step teaches: small beside what its authors tell of it.
TODAY = "detection/rtdetr-v2-r18"
#: The least that a file of labels must say: a picture, a kind, one object's box and outline.
LABELS = """{"images": [{"id": 1, "file_name": "0001.jpg", "width": 640, "height": 480}],
 "categories": [{"id": 1, "name": "hedgehog"}],
 "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0,
   "bbox": [210, 155, 180, 120],
   "segmentation": [[212, 270, 240, 160, 330, 157, 388, 264]]}]}"""


def commands(words: Words) -> None:
    """What the pictures and labels must be like, the commands that train, serve and score."""
    page.step(words, "detection.train.folder.title")
    page.markup(words, folder)
    page.step(words, "detection.train.folder.run")
    page.command(words, TRAIN.format(key=EVERYDAY))
    page.markup(words, took)
    page.step(words, "detection.train.folder.serve")
    page.command(words, SERVE)
    page.markup(words, lambda say: f"<p>{say('detection.train.folder.home')}</p>")
    page.command(words, PUSH)
    page.step(words, "detection.train.folder.score")
    page.command(words, SCORE)
    page.markup(words, lambda say: fine_tuning(say, catalog.entries()[TODAY]))
    page.command(words, TRAIN.format(key=TODAY))


def folder(say: Say) -> str:
    """How pictures and labels lie on disk, and what the labels say."""
    lines = (
        f"{PICTURES}/",
        "  annotations.json",
        "  images/",
        f"    0001.jpg  0002.jpg  {say('detection.train.folder.more')}",
    )
    return (
        f'<pre class="tree" tabindex="0">{chr(10).join(lines)}</pre>'
        f"<p>{say('detection.train.folder.labels')}</p>"
        f'<pre class="tree whole" tabindex="0" lang="en">{escape(LABELS)}</pre>'
        f"<p>{say('detection.train.folder.everything')}</p>"
    )


def took(say: Say) -> str:
    """How long our own took, and on what; nothing to be seen where its card does not tell. (Gradio
    shows the name of a text that is empty.)"""
    made = page.read_metrics(EVERYDAY).get("training", {})
    if not made.get("wall_seconds") or not made.get("hardware"):
        return '<p class="quiet" hidden></p>'
    minutes, pictures = f"{made['wall_seconds'] / 60:.0f}", f"{made['pictures']:,}"
    told = say(
        "detection.train.folder.took", minutes=minutes, pictures=pictures, hardware="{hardware}"
    )
    told = told.replace("{hardware}", page.hardware(made["hardware"], say))
    return f'<p class="quiet">{told}</p>'


def fine_tuning(say: Say, entry: catalog.Entry) -> str:
    """How to teach one of today's detectors other kinds of object."""
    told = {
        "model": say.model(entry),
        "weights": size(say, entry.parameters),
        "mb": f"{entry.bytes / MB:,.0f}",
    }
    how = say("detection.train.folder.tune_how", **told)
    return f"<h2>{say('detection.train.folder.tune')}</h2><p>{how}</p>"
