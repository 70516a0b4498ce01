"""The command line: ``python -m benchmarks [WHAT]``, every table or one of `What`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import (
    classroom,
    detection,
    images,
    jobs,
    overhead,
    replay,
    serving,
    soak,
    startup,
    streaming,
    translation,
)
from benchmarks.hardware import hardware, sentence
from benchmarks.load import QUICK, Effort
from benchmarks.servers import DidNotStart
from inference import Settings
from inference.device import choose, cores
from inference.settings import DeviceChoice

STARTS, IMPORTS = 5, 3  # repeats


class What(StrEnum):
    startup = "startup"
    serving = "serving"
    overhead = "overhead"
    streaming = "streaming"
    translation = "translation"
    images = "images"
    detection = "detection"
    jobs = "jobs"
    classroom = "classroom"
    replay = "replay"
    soak = "soak"
    all = "all"


def say(what: str) -> None:
    """Progress, beside the tables and not among them."""
    print(what, file=sys.stderr, flush=True)


def main(
    what: Annotated[What, typer.Argument(help="Which tables.")] = What.all,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few calls: to see whether it works, not how fast.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of a computation; otherwise the cores.")
    ] = None,
    device: Annotated[DeviceChoice, typer.Option(help="Where everybody's model runs.")] = "auto",
    log: Annotated[
        Path | None, typer.Option(help="replay: recorded traffic, JSON Lines of t and model.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.05, help="soak: how long.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
) -> None:
    """Speed beside the alternatives, measured in this run on this machine.

    All of it (but the soak) takes about half an hour. Leave the machine alone meanwhile.
    """
    threads = threads or cores()
    # Read by torch when it comes, here and in every server.
    os.environ["OMP_NUM_THREADS"] = str(threads)
    chosen = choose(Settings(device=device, threads=threads))
    machine = hardware(chosen, threads)
    tables = []
    if what in (What.startup, What.all):
        starts, imports = (1, 1) if quick else (STARTS, IMPORTS)
        tables += startup.measure(chosen.kind, starts, imports, say)
    if what in (What.serving, What.all):
        effort = QUICK if quick else Effort()
        tables.append(asyncio.run(serving.measure(chosen.kind, effort, say)))
    if what in (What.overhead, What.all):
        effort = QUICK if quick else Effort(repeats=5)
        tables.append(asyncio.run(overhead.measure(chosen.kind, effort, say)))
    if what in (What.streaming, What.all):
        effort = QUICK if quick else Effort(callers=streaming.STREAMS)
        length = streaming.QUICK_LENGTH if quick else streaming.LENGTH
        tables.append(asyncio.run(streaming.measure(chosen.kind, effort, length, say)))
    if what in (What.translation, What.all):
        effort = QUICK if quick else Effort(callers=translation.BATCHES)
        for kind in dict.fromkeys(("cpu", chosen.kind)):
            tables.append(asyncio.run(translation.measure(kind, effort, say)))
    if what in (What.images, What.all):
        effort = QUICK if quick else Effort(callers=images.BATCHES)
        for kind in dict.fromkeys(("cpu", chosen.kind)):
            tables += asyncio.run(images.measure(kind, effort, say))
    if what in (What.detection, What.all):
        effort = QUICK if quick else Effort(callers=detection.BATCHES)
        for kind in dict.fromkeys(("cpu", chosen.kind)):
            tables.append(asyncio.run(detection.measure(kind, effort, say)))
    if what in (What.jobs, What.all):
        tables.append(jobs.measure(quick, say))
    if what in (What.classroom, What.all):
        tables.append(classroom.measure(chosen.kind, quick, say))
    if what in (What.replay, What.all):
        tables.append(replay.measure(log, quick, say))
    if what is What.soak:
        tables.append(soak.measure(chosen.kind, minutes * 60, say))
    if as_json:
        report = {"hardware": machine, "tables": [table.as_json() for table in tables]}
        print(json.dumps(report, ensure_ascii=False))
        return
    print(sentence(machine))
    for table in tables:
        print(f"\n{table}")


def leave(signum: int, frame: object) -> None:
    """Go the ordinary way out, which ends the servers too."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    try:
        typer.run(main)
    except (DidNotStart, replay.BadLog) as failure:
        print(failure, file=sys.stderr)
        raise SystemExit(1) from None
