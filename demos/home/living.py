"""Six small living pictures, each a door to what it shows: answers of the bundled models.

The answers were made by the models themselves (`experiments/living_pictures.py`) and lie in
``living.json``; `living.js` plays them when they come into sight. The photographs are of installed
packages, as everywhere here.
"""

from __future__ import annotations

import html
import json

from demos import pictures
from demos.classification import examples, kinds
from demos.detection.answers import EVERYDAY, EXAMPLES
from demos.examples import thumbnail
from demos.language import DEMOS, Say
from pretrained import catalog

FILE = DEMOS / "home" / "living.json"
#: What the models were asked.
PHOTOS = {"classify": examples.EXAMPLES[0], "detect": EXAMPLES[0]}
WORDS, SENTENCE = "Touch it!", "The children are playing in the garden."
#: Who writes and from what beginning, and the language that the sentence turns into, by the page's.
WRITERS = {"en": ("text/shakespeare", "ROMEO:\n"), "zh": ("text/tang", "")}
TARGETS = {"en": "fr", "zh": "zh"}
#: Each picture, and the tab (with an exhibit) behind it.
TILES = {
    "classify": "classification",
    "detect": "detection",
    "write": "text",
    "pen": "text&exhibit=pen",
    "translate": "translation",
    "images": "images",
}


def tiles(say: Say) -> str:
    """The six, in one language; still where nothing may move."""
    told = {"classify": names(say, "classification/imagenet"), "detect": names(say, EVERYDAY)}
    data = html.escape(json.dumps(told, ensure_ascii=False))
    parts = "".join(tile(say, name) for name in TILES)
    label = say("home.tiles")
    return (
        f'<ul class="tiles" lang="{say.lang}" data-names="{data}" aria-label="{label}">{parts}</ul>'
    )


def tile(say: Say, name: str) -> str:
    """One picture, its question, and where it leads."""
    tab, _, exhibit = TILES[name].partition("&")
    photo = pictures.img(thumbnail(PHOTOS[name]), "") if photographed(name) else ""
    query = f"?tab={TILES[name]}&lang={say.lang}"
    jump = "" if exhibit else f' data-tab="{tab}"'
    return f"""<li class="tab-{tab}"><a href="{html.escape(query)}"{jump}>
<div class="living" data-living="{name}" aria-hidden="true">{photo}</div>
<b>{say(f"home.tile.{name}")}</b></a></li>"""


def photographed(name: str) -> bool:
    """Whether a picture begins with a photograph that is installed."""
    return name in PHOTOS and PHOTOS[name].path is not None


def names(say: Say, key: str) -> dict[str, str]:
    """What the labels of the answers are called in this language."""
    entry = catalog.entries().get(key)
    if entry is None:
        return {}
    table = kinds.names(say.lang, entry) if entry.task == "classification" else dict(
        zip(catalog.labels(entry)["en"] or (), catalog.labels(entry)[say.lang] or (), strict=False)
    )  # fmt: skip
    said = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
    part = "classify" if entry.task == "classification" else "detect"
    return {label: table[label] for label, _ in said.get(part, ()) if label in table}
