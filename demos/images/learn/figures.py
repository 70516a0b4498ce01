"""What Learn shows beside its text: figures and training of both networks, four moments of one
training, its tug of war. From the cards; a dash where a card has nothing yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any

from PIL import Image

from demos import page
from demos.images.answers import DIFFUSION, GAN, STEPS
from demos.images.cards import (
    DASH,
    METRICS,
    NETWORKS,
    in_all,
    measured,
    reached,
    told_of_training,
)
from demos.images.inside import replay
from demos.language import Say
from demos.pictures import address
from pretrained import catalog

#: What a card says where nothing was learnt before.
AFRESH = "random weights"
#: Moments of the training that Learn shows, the first and the last among them.
SHOWN = 4
LEAST = 2  # fewer rows are no curve


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {"scores": scores, "trained": trained, "moments": moments, "tug": tug}


def scores(say: Say) -> str:
    """Distance, precision and recall of both, with how large they are and how many steps a face
    takes them."""
    entries = catalog.entries()
    rows = []
    for key, name in NETWORKS.items():
        values = reached(key).get("metrics", {})
        cells = (
            page.figure(metric, values[metric]) if metric in values else DASH for metric in METRICS
        )
        weights = f"{entries[key].parameters:,}" if key in entries else DASH
        rows.append((say(f"images.fact.{name}"), *cells, steps(key), weights))
    heads = ("network", *METRICS, "steps", "weights")
    names = [say(f"images.chart.{head}") for head in heads]
    return page.table(names, rows, f"{say('images.chart.scores')} {said_of_targets(say)}".strip())


def steps(key: str) -> str:
    """In how many steps a network draws a face."""
    return str(STEPS if key == DIFFUSION else 1)


def said_of_targets(say: Say) -> str:
    """On what was measured and which target was met, a line each; a dash's reason where nothing
    was."""
    told = [
        f"<br>{say(f'images.fact.{name}')}{say('house.colon')}{measured(say, key)}"
        for key, name in NETWORKS.items()
        if reached(key)
    ]
    return "".join(told) or say("images.fact.none")


def trained(say: Say) -> str:
    """How long each learnt, on what, and how often it saw a photograph."""
    rows = [
        (say(f"images.fact.{name}"), *told_of_training(key, say)) for key, name in NETWORKS.items()
    ]
    heads = ("network", "minutes", "updates", "passes", "hardware")
    told = [say("images.chart.trained")]
    for key, name in NETWORKS.items():
        training = page.read_metrics(key).get("training", {})
        if training.get("started_from", AFRESH) != AFRESH:
            minutes, updates = in_all(training)
            who = unescape(say(f"images.fact.{name}"))
            told.append(say("images.chart.began", name=who, minutes=minutes, updates=updates))
    caption = page.sentences(say.lang, *told)
    return page.table([say(f"images.chart.{head}") for head in heads], rows, caption)


def moments(say: Say) -> str:
    """Four moments of the generator's training, drawn from the same sixteen rows of numbers."""
    folder = catalog.folder_of(GAN)
    strip = folder / replay.STRIP
    if not strip.is_file():
        return f'<p class="quiet">{say("images.chart.no_moments")}</p>'
    cells = "".join(
        f'<div><p>{say("images.chart.after", n=f"{step:,}")}</p><img alt="'
        f'{say("images.chart.moment_alt", n=f"{step:,}")}" width="{replay.SIDE}" '
        f'height="{replay.SIDE}" src="{picture}"></div>'
        for step, picture in cut(folder, strip.stat().st_mtime_ns)
    )
    return page.drawn(f'<div class="moments">{cells}</div>', say("images.chart.moments"))


@lru_cache(maxsize=1)
def cut(folder: Path, changed: int) -> tuple[tuple[int, str], ...]:
    """(updates, address of the picture) of the moments that are shown. ``changed``: when the strip
    was written."""
    rows = json.loads((folder / replay.MOMENTS).read_text("utf-8"))
    places = sorted({round((len(rows) - 1) * n / (SHOWN - 1)) for n in range(SHOWN)})
    found = []
    with Image.open(folder / replay.STRIP) as strip:
        for place in places:
            top = place * replay.SIDE
            box = (0, top, replay.SIDE, top + replay.SIDE)
            found.append((rows[place]["step"], address(strip.crop(box))))
    return tuple(found)


def tug(say: Say) -> str:
    """Both losses and the share of pairs told apart over the whole training, row by row of its
    history."""
    rows = history(catalog.folder_of(GAN))
    if len(rows) < LEAST:
        return f'<p class="quiet">{say("images.chart.no_tug")}</p>'
    return f'<div class="tug-of-war">{replay.curve(say, rows)}</div>'


def history(folder: Path) -> list[Mapping[str, Any]]:
    """The rounds of a training; none where it left no history."""
    file = folder / "history.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else ()
    return [json.loads(line) for line in lines]
