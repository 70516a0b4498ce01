"""The same from the command line."""

from __future__ import annotations

from demos import page
from demos.language import Words

TRAIN = "python -m pretrained train classification/imagenet --data my_pictures --out my_model"
SERVE = "python app.py --model my_model"
TREE = """my_pictures/
  daisy/      IMG_0001.jpg  IMG_0002.jpg  …
  tulip/      IMG_0107.jpg  IMG_0108.jpg  …"""


def commands(words: Words) -> None:
    """How the folder must look, the command that trains, the command that loads the result."""
    page.markup(
        words,
        lambda say: (
            f"<h2>{say('classification.train.data')}</h2>"
            f"<p>{say('classification.train.folder_tree')}</p>"
            f'<pre class="tree" tabindex="0">{TREE}</pre><h2>{say("classification.train.run")}</h2>'
        ),
    )
    page.command(words, TRAIN)
    page.markup(words, lambda say: f"<p>{say('classification.train.load')}</p>")
    page.command(words, SERVE)
