"""Train your own: pictures in, a network that draws like them out.

What was given is shown as it will be learnt, the unreadable named (`preview`); while it learns, the
same sixteen latents are drawn again and again, and a meter says whether it only copies
(`images_train.js`).
"""

from __future__ import annotations

import json
from html import escape

from demos import training
from demos.images.answers import DIFFUSION, GAN
from demos.images.train import commands
from demos.language import Say, Words
from demos.training.room import Start
from jobs import Jobs

RECIPE = training.Recipe(
    name="images",
    starts=(
        Start("diffusion", DIFFUSION),  # drawn shapes are shapes within a minute; not so the GAN's
        Start("gan", GAN),
        Start("nothing", GAN, {"scratch": True}),
    ),
    accept="image/*,.zip,.parquet",
    folders=True,
    minutes=10,
    starters={"shapes-images": "diffusion"},
)
MOUNT = (
    "import(new URL('house/images_train.js', document.baseURI)).then((it) => it.mount(element));"
)
#: What `images_train.js` says by itself.
SPOKEN = (
    *("seen", "counts", "more_than_shown", "too_few", "few", "meter", "meter_told"),
    *("copies", "near", "far"),
)


def build(words: Words, jobs: Jobs | None = None) -> None:
    """The room."""
    training.room(words, jobs, RECIPE, lambda: commands.build(words), pictures, MOUNT)


def pictures(say: Say) -> str:
    """Where the pictures are shown as they will be learnt."""
    told = {name: say.plain(f"images.train.{name}") for name in SPOKEN}
    data = escape(json.dumps(told, ensure_ascii=False))
    return f'<div class="train-pictures" data-words="{data}" role="status"></div>'
