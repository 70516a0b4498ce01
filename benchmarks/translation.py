"""Sentences a second: the translator bare and through the engine, beside other ways to translate.

The reference is what one writes first: the same network, one sentence after the other, the
likeliest token, one token a call. It is measured anew right before every repeat.

Every translation of ours is compared with what the sentence gets when it is alone. The rivals have
never learnt to translate: theirs are not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.load import Effort, Load, Measured, bare_loop, closed_loops
from benchmarks.sentences import TEXTS, Sentence
from benchmarks.serving import percentile
from benchmarks.table import Cell, Spread, Table, paired
from benchmarks.ways import PATIENCE, Ask, loaded
from inference import Engine, Settings
from pretrained import catalog

KEY, SOURCE, TARGET = "translation/en-fr", "en", "fr"
BATCHES, BEAMS = (1, 8, 64), (1, 4)
COLUMNS = (
    *("way", "beams", "at once", "sentences/s", "times one by one"),
    *("p50 ms", "sentences", "failed"),
)
NOTES = (
    f"{KEY}, {len(TEXTS)} sentences of our own; median (lowest to highest) of the repeats; at once:"
    " sentences in a batch, or callers of the engine, each with one sentence at a time; p50: of"
    " what a sentence waits for its batch",
    "one by one: the same network as nn.LSTM, greedy, one sentence at a time, one token a call;"
    " every translation of translator and engine is compared with what the sentence gets alone",
    "Marian: as many weights as the network, drawn at random, two layers on each side, the same"
    " pieces of words to read; each batch writes as many tokens as the translator does, spread"
    " evenly, so that it never waits for its longest sentence, which favours it",
)
#: How CTranslate2 holds the Marian's numbers.
KINDS = ("float32", "int8")
ALONE = "one by one, nn.LSTM"

#: Translates a batch: ``translate(sentences, beams)``.
Translate = Callable[[Sequence[Sentence], int], Any]


@dataclass(frozen=True)
class Bare:
    """A way with nothing around it, as `bare_loop` wants a model."""

    translate: Translate
    beams: int

    def predict(self, sentences: list[Any]) -> Any:
        return self.translate(sentences, self.beams)


@dataclass(kw_only=True)
class Setting(Measured):
    """One row: a way with so many sentences at once, and so many beams for each."""

    beams: int

    def row(self) -> tuple[Cell, ...]:
        """What `COLUMNS` name."""
        latencies = sorted(second for load in self.loads for second in load.latencies)
        rates = [load.rate for load in self.loads]
        return (
            self.way,
            self.beams,
            self.batch,
            Spread.of(rates),
            paired(rates, self.references),
            percentile(latencies, 0.50),
            len(latencies),
            self.failed,
        )


def table(device: str, settings: Sequence[Setting], left_out: Sequence[str] = ()) -> Table:
    """The settings as one table; what went wrong is said below it."""
    failures = [reason for setting in settings for reason in setting.reasons()]
    rows = tuple(setting.row() for setting in settings)
    return Table(f"Translating on {device}", COLUMNS, rows, (*NOTES, *left_out, *failures))


def served(model: Any, sentences: Sequence[Sentence], beams: int) -> list[str]:
    """The translations of a batch by the served translator's ``predict``."""
    texts = [one.text for one in sentences]
    found = model.predict(texts, source=SOURCE, target=TARGET, beams=beams)
    return [one["translation"] for one in found]


def prepared(model: Any, texts: Sequence[str]) -> tuple[list[Sentence], dict[int, list[str]]]:
    """The sentences with their tokens, and by beams what each one's translation is alone."""
    pieces, alone = model.vocabulary, {}
    sentences = [Sentence(text, (*pieces.encode(text), pieces.end)) for text in texts]
    for beams in BEAMS:
        alone[beams] = [served(model, [one], beams)[0] for one in sentences]
        lengths = [len(pieces.encode(text)) + 1 for text in alone[beams]]
        sentences = [
            replace(one, written=one.written | {beams: length})
            for one, length in zip(sentences, lengths, strict=True)
        ]
    return sentences, alone


def differences(
    translate: Translate, sentences: Sequence[Sentence], alone: Sequence[str], row: Setting
) -> list[str]:
    """Where a batch of all sentences, so many at a time, gives others than they get alone."""
    found = []
    for start in range(0, len(sentences), row.batch):
        end = start + row.batch
        written = translate(sentences[start:end], row.beams)
        pairs = zip(written, alone[start:end], strict=True)
        found += [f"{one!r} instead of {right!r}" for one, right in pairs if one != right]
    return found


@asynccontextmanager
async def through_engine(
    device: str, sentences: Sequence[Sentence], beams: int
) -> AsyncIterator[Ask]:
    """`Engine.predict`, asked for one sentence at a time, as the page asks."""
    async with loaded(Engine(catalog.entries(), Settings(device=device)), KEY) as engine:

        async def ask(caller: int, sample: int) -> str:
            asked = {"text": sentences[sample].text, "source": SOURCE, "target": TARGET}
            return (await engine.predict(KEY, asked, beams=beams))["translation"]

        yield ask


async def measure(device: str, effort: Effort, say: Callable[[str], None]) -> Table:
    """Every way with every number of beams and sentences, each beside one by one."""
    if KEY not in catalog.entries():
        return table(device, [], [f"left out: {KEY} is not in this copy of the repository"])
    from benchmarks.rivals.translators import OneByOne

    model = catalog.find(KEY).load(device)
    sentences, alone = prepared(model, TEXTS)
    naive = OneByOne.of(catalog.find(KEY), model.vocabulary, TARGET, device)
    one_by_one = Bare(lambda batch, beams: naive.predict(batch), 1)

    def loop(way: Bare, batch: int) -> Load:
        return bare_loop(way, sentences, batch, effort)

    def beside(row: Setting, number: int) -> None:
        say(f"{row.way}: {row.beams} beams, {row.batch} at once, {number + 1} of {effort.repeats}")
        row.references.append(loop(one_by_one, 1).rate)

    def bare(way: str, translate: Translate) -> list[Setting]:
        rows = [Setting(way, batch, beams=beams) for beams in BEAMS for batch in effort.callers]
        for row in rows:
            translate(sentences[: row.batch], row.beams)  # warms what warms up
        for number in range(effort.repeats):
            for row in rows:
                beside(row, number)
                row.loads.append(loop(Bare(translate, row.beams), row.batch))
        return rows

    loop(one_by_one, 1)
    first = Setting(ALONE, 1, beams=1)
    for _ in range(effort.repeats):
        first.loads.append(loop(one_by_one, 1))
        first.references.append(first.loads[-1].rate)
    translate = partial(served, model)
    ours = bare("the translator, predict", translate)
    for row in ours:
        row.wrong = differences(translate, sentences, alone[row.beams], row)
    settings = [first, *ours]
    for beams in BEAMS:
        rows = [Setting("this app's engine", n, beams=beams) for n in effort.callers]
        most = max(effort.callers)
        async with through_engine(device, sentences, beams) as ask:
            patient = Effort(seconds=PATIENCE, calls=most)
            await closed_loops(ask, alone[beams], most, patient)
            for number in range(effort.repeats):
                for row in rows:
                    beside(row, number)
                    load = await closed_loops(ask, alone[beams], row.batch, effort)
                    row.loads.append(load)
        settings += rows
    with TemporaryDirectory() as folder:
        found, left_out = rivals(model, device, Path(folder))
        for name, way in found.items():
            settings += bare(name, way)
    return table(device, settings, left_out)


def rivals(model: Any, device: str, folder: Path) -> tuple[dict[str, Translate], list[str]]:
    """The Marian of as many weights, in each way that is installed, and why others are not here."""
    if find_spec("transformers") is None:
        return {}, ["Marian left out: transformers is not installed"]
    from benchmarks.rivals import translators

    pieces = model.vocabulary
    marian = translators.Marian(model.config["parameters"], len(pieces), pieces.end, device)
    ways: dict[str, Translate] = {"Marian, transformers": marian.generate}
    if find_spec("ctranslate2") is None:
        return ways, ["CTranslate2 left out: `make setup-dev` installs it"]
    if device not in ("cpu", "cuda"):
        return ways, [f"CTranslate2 left out: it does not run on {device}"]
    converted = translators.convert(marian, folder / "marian")
    left_out = []
    for kind in KINDS:
        try:
            way = translators.Converted(converted, pieces.end, device, kind)
        except (RuntimeError, ValueError) as error:  # how it says that it lacks a device or kind
            left_out.append(f"CTranslate2, {kind}, left out: {error}")
        else:
            ways[f"Marian, CTranslate2, {kind}"] = way.generate
    return ways, left_out
