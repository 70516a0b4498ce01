"""The same from the command line: what the pairs must be like, train, serve, score."""

from __future__ import annotations

from html import escape

from demos import page
from demos.language import Say, Words
from demos.translation import answers
from inference import Engine
from pretrained.catalog import Entry

MINUTES, LONG = 20, 60  # examples; a budget of any length ends with its schedule complete
PAIRS = "my_pairs.tsv"
TRAIN = (
    f"python -m pretrained train translation/en-fr --data {PAIRS} --out my_model "
    f"--minutes {MINUTES}"
)
AFRESH = (
    "python -m pretrained train translation/en-zh --data my_pairs.jsonl --out my_model "
    f"--scratch --minutes {LONG}"
)
TUNE = f"python -m pretrained train {{key}} --data {PAIRS} --out my_model --minutes {MINUTES}"
SERVE = "python app.py --model my_model"
SCORE = (
    "python -m pretrained evaluate translation/en-fr --checkpoint my_model "
    "--data my_test_pairs.tsv --direction fr-en"
)
#: A file of pairs, first as text with tabs, then as JSON lines: English, and the other language.
TSV = """The kiln is still hot.\tLe four est encore chaud.
Let the clay dry first.\tLaisse d'abord sécher l'argile."""
LINE = '{"en": "The kiln is still hot.", "zh": "窑还很热。"}'
#: What today's model is fine-tuned in: the direction of that file.
DIRECTION = "en-fr"


def build(engine: Engine, words: Words) -> None:
    """Lay them out, each under what it does."""
    page.step(words, "translation.train.data")
    page.markup(words, formats)
    page.step(words, "translation.train.run")
    page.command(words, TRAIN)
    page.command(words, AFRESH)
    page.step(words, "translation.train.serve")
    page.command(words, SERVE)
    page.step(words, "translation.train.score")
    page.command(words, SCORE)
    known = answers.known(engine, DIRECTION).values()
    if hub := next((entry for entry in known if entry.hub_id), None):
        page.markup(words, lambda say: tuning(say, hub))
        page.command(words, TUNE.format(key=hub.key))


def formats(say: Say) -> str:
    """The same thing in the two kinds of file."""
    return (
        f'<pre class="tree whole pairs" tabindex="0" lang="en">{escape(TSV)}</pre>'
        f"<p>{say('translation.train.json')}</p>"
        f'<pre class="tree whole" tabindex="0" lang="en">{escape(LINE)}</pre>'
    )


def tuning(say: Say, entry: Entry) -> str:
    """How to teach one of today's models a manner of translating."""
    name = say.model(entry)
    told = page.beside(say("translation.train.tune_how", model=name), escape(name))
    return f"<h2>{say('translation.train.tune')}</h2><p>{told}</p>"
