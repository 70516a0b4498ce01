"""Name the photo faster: the visitor chooses among four names, the network among its thousand.

The photographs are the examples of this page and one more, out of packages that requirements.txt
names; what is right in each is our own label (`demos.classification.examples`), never the model's.
The wrong names were chosen by hand, so that none of them is in the picture.
"""

from __future__ import annotations

import asyncio
from functools import partial
from html import escape

from demos import contest, models, page, pictures
from demos.classification import answers
from demos.classification.examples import EXAMPLES, GRADIO
from demos.contest import Choice, Contest
from demos.examples import Example
from demos.language import Say, Words
from inference import Engine
from pretrained.classification import imagenet_names

ROUNDS, OPTIONS = 8, 4
SIDE = 420  # pixels of a photograph as it is shown
#: Names that are wrong for each photograph, in English, as `imagenet_names` has them.
WRONG = {
    "espresso": ("teapot", "soup bowl", "eggnog", "chocolate sauce", "candle"),
    "lion": ("tiger", "cougar", "hyena", "leopard", "bison"),
    "cat": ("red fox", "lynx", "Siamese cat", "Persian cat", "cougar"),
    "cheetah": ("tiger", "lynx", "lion", "cougar", "hyena"),
    "photographer": ("crutch", "umbrella", "lawn mower", "flagpole", "obelisk"),
    "crossword": ("jigsaw puzzle", "comic book", "menu", "quilt", "chain-link fence"),
    "pagoda": ("church", "mosque", "barn", "lighthouse", "monastery"),
    "rocket": ("lighthouse", "obelisk", "water tower", "candle", "flagpole"),
    "horse": ("zebra", "ox", "llama", "bison", "gazelle"),
    "running": ("gazelle", "hyena", "tiger", "red fox", "lion"),
}
#: What ImageNet has only narrower names for: the page says the plain one.
NAMED = ("rocket", "horse")
RUNNING = Example("running", GRADIO, "media_assets/images/cheetah.jpg", ("cheetah",))


def photographs() -> tuple[Example, ...]:
    """Those that are installed and have a label."""
    return tuple(one for one in (*EXAMPLES, RUNNING) if one.name in WRONG and one.path)


def build(engine: Engine, words: Words) -> None:
    """The game, folded, where the network is served and photographs are installed."""
    if answers.DEFAULT in answers.classifiers(engine) and photographs():
        contest.build(words, played(engine))


def played(engine: Engine) -> Contest:
    """The rules."""
    entry = answers.entry_of(engine, answers.DEFAULT)
    deal = contest.dealing(engine, lambda say: [entry], partial(asked, engine))
    rounds = min(ROUNDS, len(photographs()))
    return Contest("classification", rounds, deal, entry.max_batch)


def names(lang: str) -> dict[str, str]:
    """What each kind is called in a language, by its English name."""
    kinds = imagenet_names.kinds()
    return {kind.english: kind.chinese if lang == "zh" else kind.english for kind in kinds}


async def asked(engine: Engine, say: Say, seed: int, number: int) -> Choice:
    """A round: the network answers now, and how long that takes is measured."""
    one = contest.item("classification", seed, number, photographs())
    dice = contest.dice("classification", seed, number)
    options = [one.right[0], *dice.sample(WRONG[one.name], OPTIONS - 1)]
    dice.shuffle(options)
    picture = await asyncio.to_thread(pictures.open_picture, str(one.path))
    entry = answers.entry_of(engine, answers.DEFAULT)
    said = await answers.ask(engine, entry.key, picture)
    english = answers.label_in("en", entry, said.label)
    share = page.percent(said.confidences[0][1])
    known = names(say.lang)
    called = {name: known[name] for name in options}
    if one.name in NAMED:
        called[one.right[0]] = say.plain(f"classification.game.name.{one.name}")
    label = answers.label_in(say.lang, entry, said.label)
    if one.name in NAMED and english in one.right:
        label = say.plain("classification.game.calls", name=called[one.right[0]], label=label)
    told = say(
        "classification.game.said",
        label=label,
        share=share,
        time=models.took(say, said.milliseconds / 1000),
    )
    shown = pictures.fitted(picture, SIDE)
    return Choice(
        "classification",
        pictures.img(shown, say.plain("classification.game.alt")),
        tuple(escape(called[option]) for option in options),
        options.index(one.right[0]),
        options.index(english) if english in options else -1,
        after=f'<p class="quiet">{told}</p>',
        speed=said.milliseconds,
        machine_right=english in one.right,
    )
