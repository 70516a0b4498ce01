"""The same from the command line: what the pictures must be like, train, serve, score."""

from __future__ import annotations

from html import unescape

from demos import page
from demos.images.answers import DIFFUSION, GAN
from demos.images.cards import DASH, NETWORKS, told_of_training
from demos.language import Say, Words
from demos.limits import MB
from demos.models import size
from pretrained import catalog
from pretrained.images.hub.entries import PIPELINES

MINUTES = 60  # an example; a budget of any length ends with its schedule complete
PICTURES, ASIDE = "my_pictures", "my_other_pictures"
TRAIN = f"python -m pretrained train {{key}} --data {PICTURES} --out my_model --minutes {MINUTES}"
AFRESH = TRAIN.format(key=GAN) + " --scratch"
SERVE = "python app.py --model my_model"
SCORE = f"python -m pretrained evaluate {GAN} --checkpoint my_model --data {ASIDE}"


def build(words: Words) -> None:
    """Lay them out, each under what it does."""
    page.step(words, "images.train.data")
    page.markup(words, folder)
    page.step(words, "images.train.run")
    page.command(words, TRAIN.format(key=GAN))
    page.command(words, AFRESH)
    page.markup(words, lambda say: f"<p>{say('images.train.diffusion')}</p>")
    page.command(words, TRAIN.format(key=DIFFUSION))
    page.markup(words, took)
    page.step(words, "images.train.serve")
    page.command(words, SERVE)
    page.step(words, "images.train.score")
    page.command(words, SCORE)
    today = next(key for key, one in PIPELINES.items() if one.learns)
    page.markup(words, lambda say: tuning(say, catalog.entries()[today]))
    page.command(words, TRAIN.format(key=today))


def folder(say: Say) -> str:
    """How the pictures lie on disk."""
    lines = (f"{PICTURES}/", "  0001.jpg", "  0002.png", f"  {say('images.train.more')}")
    return f'<pre class="tree" tabindex="0">{chr(10).join(lines)}</pre>'


def tuning(say: Say, entry: catalog.Entry) -> str:
    """How to teach one of today's models to draw what the pictures show."""
    told = {
        "model": say.model(entry),
        "side": PIPELINES[entry.key].side,
        "weights": size(say, entry.parameters),
        "mb": f"{entry.bytes / MB:,.0f}",
    }
    how = say("images.train.tune_how", **told)
    return f"<h2>{say('images.train.tune')}</h2><p>{how}</p>"


def took(say: Say) -> str:
    """How long our own two took, and on what; nothing to be seen where no card tells. (Gradio shows
    the name of a text that is empty.)"""
    parts = []
    for key, name in NETWORKS.items():
        minutes, updates, _, hardware = told_of_training(key, say)
        if minutes != DASH and hardware != DASH:
            told = {"name": unescape(say(f"images.fact.{name}")), "minutes": minutes}
            told |= {"updates": updates, "hardware": "{hardware}"}
            parts.append(say("images.train.took", **told).replace("{hardware}", hardware))
    hidden = "" if parts else " hidden"
    return f'<p class="quiet"{hidden}>{page.sentences(say.lang, *parts)}</p>'
