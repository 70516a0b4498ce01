"""Many texts at once: the engine and the page beside one text alone, and beside other ways.

The reference is one text written by the model's own ``begin`` and ``step`` with nothing around
them. The limit is memory: however many texts share a step, it has to read each weight once, so that
no step takes less than its weights' bytes over the bandwidth of a large copy. Both are measured
anew right before every repeat.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from benchmarks.load import Effort
from benchmarks.servers import DidNotStart
from benchmarks.serving import percentile
from benchmarks.streams import KEY, WAYS, Run, Wish, alone, loop, of_one, read, wishes
from benchmarks.table import Cell, Spread, Table, paired
from benchmarks.ways import PATIENCE
from pretrained import catalog

COLUMNS = (
    *("way", "texts at once", "characters/s", "times one alone", "of the memory limit"),
    *("first p50 ms", "texts", "failed"),
)
STREAMS = (1, 4, 16, 64)
LENGTH, QUICK_LENGTH = 200, 60  # characters of a text
COPY, COPIES = 256 * 2**20, 3  # bytes: far more than any cache holds
NOTES = (
    f"{KEY}, texts of equal length, each from another prompt and seed; median (lowest to highest)"
    " of the repeats; every text of engine and page is compared with what it is alone",
    "the memory limit: as many texts times the steps a second in which a step's weights are read"
    " once at the bandwidth of a large copy; weights that stay in a cache can pass it",
    "nn.LSTM: the same weights, one character a call; GPT-2: as many weights as the network, drawn"
    " at random, transformers' generate with its cache on batches that all begin and end together",
)


@dataclass(frozen=True)
class Reference:
    """What a repeat is held against: one text alone in characters/s, and a copy in bytes/s."""

    alone: float
    bandwidth: float


@dataclass
class Setting:
    """One row: a way to write so many texts at once. ``step_bytes``: what a step has to read."""

    way: str
    texts: int
    step_bytes: int
    runs: list[Run] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)

    def row(self) -> tuple[Cell, ...]:
        """What `COLUMNS` name."""
        rates = [run.rate for run in self.runs]
        firsts = sorted(second for run in self.runs for second in run.firsts)
        limits = [self.texts * r.bandwidth / self.step_bytes for r in self.references]
        return (
            self.way,
            self.texts,
            Spread.of(rates),
            paired(rates, [reference.alone for reference in self.references]),
            paired(rates, limits),
            percentile(firsts, 0.50),
            len(firsts),
            sum(run.failed for run in self.runs),
        )

    def reasons(self) -> list[str]:
        """Why the first text failed, if any did."""
        found = [run.reason for run in self.runs if run.failed]
        return [f"{self.way}, {self.texts} at once, a failure: {found[0]}"] if found else []


def table(settings: Sequence[Setting], left_out: Sequence[str] = ()) -> Table:
    """The settings as one table; what went wrong is said below it."""
    failures = [reason for setting in settings for reason in setting.reasons()]
    rows = tuple(setting.row() for setting in settings)
    return Table("Writing many texts at once", COLUMNS, rows, (*NOTES, *left_out, *failures))


def bandwidth(device: str) -> float:
    """Bytes a second that a large copy reads and writes."""
    import torch

    source = torch.zeros(COPY // 4, device=device)
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)
        if device == "cuda":
            torch.cuda.synchronize()

    copy()  # touches the pages
    start = time.perf_counter()
    for _ in range(COPIES):
        copy()
    return 2 * COPY * COPIES / (time.perf_counter() - start)


def weights_bytes(module: Any, *but: str) -> int:
    """Bytes of a module's tensors, without those that are looked up row by row."""
    tensors = module.state_dict()
    return sum(t.numel() * t.element_size() for name, t in tensors.items() if name not in but)


async def measure(device: str, effort: Effort, length: int, say: Callable[[str], None]) -> Table:
    """Every way at every number of texts, each beside one text alone and the memory limit."""
    if KEY not in catalog.entries():
        return table([], [f"left out: {KEY} is not in this copy of the repository"])
    model = catalog.find(KEY).load(device)
    wished = wishes(length)
    expected = [(wish, "".join(alone(model, wish))) for wish in wished]
    one = wished[0]

    def reference() -> Reference:
        return Reference(loop(of_one(model, one), effort).rate, bandwidth(device))

    async def repeat(rows: Sequence[Setting], run: Callable[[Setting], Awaitable[Run]]) -> None:
        for number in range(effort.repeats):
            for row in rows:
                say(f"{row.way}: {row.texts} at once, {number + 1} of {effort.repeats}")
                row.references.append(reference())
                row.runs.append(await run(row))

    step = weights_bytes(model.stepper, "table")
    settings, left_out = await bare(model, one, step, effort, device, repeat)
    for name, way in WAYS.items():
        say(f"{name}: starting")
        rows = [Setting(name, texts, step) for texts in effort.callers]
        try:
            async with way(device, max(effort.callers)) as write:

                async def run(row: Setting, write: Any = write) -> Run:
                    return await read(write, expected, row.texts, effort)

                most = max(effort.callers)
                await read(write, expected, most, Effort(seconds=PATIENCE, calls=most))
                await repeat(rows, run)
        except DidNotStart as failure:
            left_out.append(f"{name} left out: {failure}")
        else:
            settings += rows
    return table(settings, left_out)


async def bare(
    model: Any, one: Wish, step: int, effort: Effort, device: str, repeat: Any
) -> tuple[list[Setting], list[str]]:
    """The ways with no server around them: one text alone, nn.LSTM, transformers' generate."""
    from benchmarks.rivals import one_by_one

    single = Setting("one text alone", 1, step)
    naive = Setting("nn.LSTM, one character a call", 1, weights_bytes(model.network))
    writers = {id(single): of_one(model, one), id(naive): one_by_one.lstm(model, one)}
    settings, left_out = [single, naive], []
    if find_spec("transformers") is None:
        left_out.append("GPT-2 left out: transformers is not installed")
    else:
        read_before = len(one.prompt) + 1
        sizes = (model.config["parameters"], len(model.alphabet), read_before + one.length)
        rival = one_by_one.gpt2(*sizes, device)
        for texts in effort.callers:
            row = Setting("GPT-2, generate", texts, weights_bytes(rival, "lm_head.weight"))
            writers[id(row)] = one_by_one.generate(rival, read_before, one.length, texts)
            settings.append(row)

    async def run(row: Setting) -> Run:
        return loop(writers[id(row)], effort)

    for write in writers.values():
        write(lambda: None)  # warms what warms up
    await repeat(settings, run)
    return settings, left_out
