"""``/train/evaluations``: measuring a model again as a job, within the limits and with the owner of
`demos.training.answering`, whose way of saying no this has too."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from demos.language import Say, Words
from demos.proxy import address_of
from demos.results.again import Evaluation, compared, named
from demos.training.answering import BadRequest, answering, body, owner
from demos.training.routes import sentence, within
from jobs import Job, Jobs, errors
from jobs.commands import EVALUATE
from jobs.store import DONE
from pretrained import checkpoint
from pretrained.errors import Refusal

RESULT = "result.json"


def routes(words: Words, jobs: Jobs | None, folder: Path | None) -> list[BaseRoute]:
    """Start one, list one's own, look at one; it is stopped and removed as any job is."""
    if jobs is None:
        return []
    told = answering(words)

    @told
    async def start(request: Request, say: Say) -> Any:
        sent, mine = await body(request), owner(request)
        number = sent.get("number")
        run = named(str(sent.get("key", "")), number) if isinstance(number, int) else None
        if run is None:
            raise BadRequest
        upload = str(sent.get("upload", ""))
        if upload:
            data = within(jobs.uploaded(mine, upload), "")
        elif (held := run.at_hand(folder)) is not None:
            data = held
        else:
            raise errors.NoData
        await asyncio.to_thread(forget, jobs, mine, run)
        job = await asyncio.to_thread(
            jobs.evaluate, run.key, data, marked(run, sent=bool(upload)),
            owner=mine, address=address_of(request), in_place=not upload,
        )  # fmt: skip
        return described(job, run, say)

    @told
    async def listed(request: Request, say: Say) -> Any:
        found = await asyncio.to_thread(jobs.list, owner(request))
        runs = [(job, run) for job in found if (run := run_of(job))]
        return {"evaluations": [described(job, run, say) for job, run in runs]}

    @told
    async def one(request: Request, say: Say) -> Any:
        job = jobs.get(request.path_params["id"], owner(request))
        run = run_of(job)
        if run is None:
            raise errors.UnknownJob
        return described(job, run, say)

    return [
        Route("/train/evaluations", start, methods=["POST"]),
        Route("/train/evaluations", listed, methods=["GET"]),
        Route("/train/evaluations/{id}", one, methods=["GET"]),
    ]


def marked(run: Evaluation, *, sent: bool) -> dict[str, Any]:
    """What its job is given, and by which it is known again."""
    return {"options": dict(run.options), "number": run.number, "sent": sent}


def run_of(job: Job) -> Evaluation | None:
    """The evaluation that a job is; None for a training."""
    return named(job.key, job.options[EVALUATE]["number"]) if job.evaluates else None


def forget(jobs: Jobs, mine: str, run: Evaluation) -> None:
    """An earlier one of the same, of the same owner: a visitor may keep a few jobs only."""
    for job in jobs.list(mine):
        if job.ended and job.evaluates and run_of(job) == run:
            with contextlib.suppress(Refusal):
                jobs.remove(job.id, mine)


def described(job: Job, run: Evaluation, say: Say) -> dict[str, Any]:
    """An evaluation as its page shows it: nothing of where anything lies."""
    told = {
        **{"id": job.id, "key": run.key, "number": run.number, "state": job.state},
        **{"place": job.place, "seconds": job.seconds, "error": sentence(job, say)},
    }
    if job.state != DONE:
        return told
    result = checkpoint.read_json(job.out, RESULT)
    sent = bool(job.options[EVALUATE]["sent"])
    return {**told, **compared(run, result, say, sent=sent, seconds=job.seconds)}
