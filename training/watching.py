"""What a run leaves for whoever watches it: how far it is, and what it knew at a few dozen moments.

    progress.jsonl   a line about every second: step, epoch, progress, seconds, loss
    moments/         weights at shares of the run that lie closer together the earlier they are,
                     NN.safetensors in half precision: what learns, and buffers. What does not learn
                     is as in the final weights. ``__metadata__`` has step, epoch and progress.
                     start/ is the checkpoint that the run began with, see `run.Run.fit`.
    no_moments.json  that none of these are kept, and how large one would be: bytes, most_bytes
    samples/         what a recipe has to show of what it has learnt after a step, SSSSSS.txt, .png,
                     .svg or .json: some dozens that lie evenly over the run, or the last alone
    refusal.json     why the run could not be ended: code, fields, sentence

Files are replaced as a whole, but for ``progress.jsonl``, whose last line may be half written.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

PROGRESS, MOMENTS, SAMPLES = "progress.jsonl", "moments", "samples"
START = "start"  # in MOMENTS
NO_MOMENTS = "no_moments.json"
REFUSAL = "refusal.json"
EVERY = 1.0  # seconds between two lines, at first
LINES = 1000  # about so many lines for every tenfold of a run's time: long runs tell less often
MOST = 32  # moments
MOST_BYTES = 256 * 2**20  # of all moments together
SAMPLE_EVERY = 3.0  # seconds between two samples at least
SHARE = 0.1  # of a run's time that samples may take
MOST_SAMPLES = 64

#: What a task shows of a network: the contents of a file by its ending, such as
#: ``{".txt": "To be"}``; nothing where there is nothing new.
Showing = Callable[[nn.Module], Mapping[str, str | bytes]]


def learnt(averaged: nn.Module, model: nn.Module) -> dict[str, Tensor]:
    """What a moment keeps of a network: buffers, and those weights that ``model`` learns.

    Args:
        averaged: whose weights they are; one that is saved under other names than its own gives
            them by ``state()``. model: the network that learns, of the same form.
    """
    fixed = {name for name, one in model.named_parameters() if not one.requires_grad}
    stored: Callable[[], dict[str, Tensor]] = getattr(averaged, "state", averaged.state_dict)
    return {name: value for name, value in stored().items() if name not in fixed}


def room_for(tensors: Mapping[str, Tensor], most_bytes: int | None = None) -> tuple[int, int]:
    """How many moments of these tensors there is room for, none where it is for fewer than two;
    and the bytes of one, in half precision. ``most_bytes``: `MOST_BYTES` where it is None."""
    most = MOST_BYTES if most_bytes is None else most_bytes
    size = sum(
        value.numel() * (2 if value.is_floating_point() else value.element_size())
        for value in tensors.values()
    )
    room = most // max(1, size)
    return (room if room >= 2 else 0), size


class Watch:
    """Told of every step by `loop.fit`."""

    def __init__(
        self,
        out: Path,
        *,
        moments: int = MOST,
        most_bytes: int | None = None,
        samples: int = MOST_SAMPLES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.out, self.clock, self.told = out, clock, -EVERY
        self.moments = moments
        self.most_bytes = MOST_BYTES if most_bytes is None else most_bytes
        self.kept = -1  # the last moment that was passed
        self.samples, self.next_sample = samples, -math.inf

    def begin(self, step: int) -> None:
        """Forget the lines of steps that were lost and are now done again."""
        file = self.out / PROGRESS
        rows = [row for row in _lines(file) if row["step"] <= step]
        part = file.with_suffix(".part")
        part.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        os.replace(part, file)
        for sample in _samples(self.out / SAMPLES, after=step):
            sample.unlink()
        (self.out / REFUSAL).unlink(missing_ok=True)

    def step(self, loss: Tensor, seconds: float, **place: Any) -> None:
        """Tell of a step, unless that was done less than a second ago; of the last one always.

        Args:
            seconds: since the run began. place: step, epoch and progress.
        """
        now = self.clock()
        if now - self.told < max(EVERY, seconds / LINES) and place.get("progress", 0) < 1:
            return
        self.told = now
        row = {**place, "seconds": round(seconds, 1), "loss": round(loss.item(), 4)}
        with (self.out / PROGRESS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def moment(self, averaged: nn.Module, model: nn.Module, progress: float, **place: Any) -> None:
        """Keep the weights, if the next moment of the run has come: see `learnt`.

        Of a network with no room for two moments none is kept: that is said in the log, and in
        `NO_MOMENTS`.
        """
        from safetensors.torch import save_file

        due = int(progress**0.5 * (self.moments - 1))  # the i-th of n comes at (i / (n - 1))^2
        if due <= self.kept:
            return
        self.kept = due
        kept = learnt(averaged, model)
        (room, size), last = room_for(kept, self.most_bytes), self.moments - 1
        if not room:
            self.kept = last
            self._none(size)
            return
        # Large networks keep fewer: the first, the last, and some that lie evenly between them.
        if due and (last - due) % -(-last // (room - 1)):
            return
        tensors = {
            name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
            for name, value in kept.items()
        }
        folder = self.out / MOMENTS
        folder.mkdir(exist_ok=True)
        told = {name: str(value) for name, value in {**place, "progress": progress}.items()}
        part = folder / ".part"
        save_file(tensors, part, metadata={"format": "pt", **told})
        os.replace(part, folder / f"{due:02}.safetensors")

    def _none(self, size: int) -> None:
        """Say that no moment is kept, since one is of ``size`` bytes."""
        told = {"bytes": size, "most_bytes": self.most_bytes}
        print(
            f"no rewind: a moment of this network is of {size} bytes, and all of them together may "
            f"have {self.most_bytes}",
            file=sys.stderr,
            flush=True,
        )
        part = self.out / f".{NO_MOMENTS}.part"
        part.write_text(json.dumps(told), "utf-8")
        os.replace(part, self.out / NO_MOMENTS)

    def sample(
        self,
        make: Showing,
        network: nn.Module,
        step: int,
        *,
        most: int | None = None,
        last: bool = False,
    ) -> None:
        """Keep what ``make`` shows of a network, if it is time for it.

        It is time when the samples so far took no more than `SHARE` of the run, and `SAMPLE_EVERY`
        seconds have passed; before the first step and after the ``last`` always. ``make`` may draw
        random numbers: the run's are as they were. Of all samples those stay that lie evenly over
        the run, ``most`` of them. A sample that cannot be made ends no run: it is said in the log,
        and no more come.
        """
        began = self.clock()
        if self.next_sample == math.inf or not (last or not step or began >= self.next_sample):
            return
        folder = self.out / SAMPLES
        try:
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                made = make(network)
            for ending, content in made.items():
                folder.mkdir(exist_ok=True)
                part = folder / f".{step:06}{ending}"
                part.write_bytes(content.encode() if isinstance(content, str) else content)
                os.replace(part, folder / f"{step:06}{ending}")
            _thin(folder, most or self.samples)
        except Exception as error:
            print(f"no samples: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self.next_sample = math.inf
            return
        ended = self.clock()
        self.next_sample = ended + max(SAMPLE_EVERY, (ended - began) * (1 - SHARE) / SHARE)


def _samples(folder: Path, after: int = -1) -> list[Path]:
    """The samples of later steps, the earliest first."""
    files = sorted(folder.glob("[0-9]*.*"))
    return [file for file in files if file.stem.isdigit() and int(file.stem) > after]


def _thin(folder: Path, most: int) -> None:
    """Let go of samples until so many are left: each time the one whose neighbours are closest
    together, but never the first or the last; where one is to be left, of all but the last."""
    files: dict[int, list[Path]] = {}
    for file in _samples(folder):
        files.setdefault(int(file.stem), []).append(file)
    steps = list(files)
    while len(steps) > most:
        gone = min(range(1, len(steps) - 1), key=lambda n: steps[n + 1] - steps[n - 1], default=0)
        for file in files[steps.pop(gone if most > 1 else 0)]:
            file.unlink()


@contextmanager
def refusals_kept(out: Path) -> Iterator[None]:
    """Whatever ends a run before its end is told in `REFUSAL` too, and raised on."""
    try:
        yield
    except Exception as error:
        told = {
            "kind": type(error).__name__,
            "code": getattr(error, "code", ""),
            "fields": {k: str(v) for k, v in getattr(error, "fields", {}).items()},
            "sentence": str(error),
        }
        part = out / f".{REFUSAL}.part"
        with suppress(OSError):  # a full disk: then the exit status has to do
            out.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
            os.replace(part, out / REFUSAL)
        raise


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file that may break off."""
    with suppress(FileNotFoundError):
        for line in file.read_text("utf-8", "replace").splitlines():
            with suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict) and isinstance(row.get("step"), int):
                    yield row
