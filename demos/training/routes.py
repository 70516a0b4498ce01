"""``/train``: what the third rooms and the links to a training talk to. JSON, and a few files."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route

from demos.language import Say, Words, reasons
from demos.proxy import address_of
from demos.training import figures, previews, wording
from demos.training.answering import BadRequest, answering, body, owner
from demos.training.models import key_of
from inference import Engine
from inference.errors import Refusal
from jobs import Job, Jobs, Received, errors
from jobs.intake import clean, disk_errors
from jobs.store import DONE
from pretrained import catalog, checkpoint

AT_ONCE = 2  # previews and starters that are made at the same time
TURNS, TURN = 240, 0.5  # looks, and seconds between two, for whether another model is packed
SAMPLE = re.compile(r"[\w-][\w.-]{0,80}")
#: A sample is a visitor's own file: shown, and nothing in it is ever run.
NOTHING_RUNS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


def routes(engine: Engine, words: Words, jobs: Jobs | None) -> list[BaseRoute]:
    """Everything below ``/train``; nothing where there are no jobs."""
    if jobs is None:
        return []
    told = answering(words)
    settings = getattr(engine, "settings", None)
    open_to_all = bool(settings and settings.api and not settings.api_key)
    few = asyncio.Semaphore(AT_ONCE)

    @told
    async def upload(request: Request, say: Say) -> Any:
        made = await asyncio.to_thread(jobs.upload, owner(request), address_of(request))
        return {"upload": made.name}

    @told
    async def fill(request: Request, say: Say) -> Any:
        folder = jobs.uploaded(owner(request), request.path_params["upload"])
        under = request.query_params.get("under", "")
        async with request.form(max_files=1000, max_fields=10) as form:
            files = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
            if not files:
                raise errors.NoData
            came = await asyncio.to_thread(received, jobs, folder, files, under)
        return vars(came)

    @told
    async def starter(request: Request, say: Say) -> Any:
        folder = jobs.uploaded(owner(request), request.path_params["upload"])
        name = str((await body(request)).get("name", ""))
        async with few:
            return vars(await asyncio.to_thread(made, jobs, folder, name))

    @told
    async def empty(request: Request, say: Say) -> Any:
        folder = jobs.uploaded(owner(request), request.path_params["upload"])
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return {}

    @told
    async def preview(request: Request, say: Say) -> Any:
        folder = jobs.uploaded(owner(request), request.path_params["upload"])
        sent = await body(request)
        show = functools.partial(
            previews.shown, within(folder, ""), str(sent.get("key", "")), folder, say.lang,
            pasted=sent.get("pasted") is True,
        )  # fmt: skip
        async with few:
            return await asyncio.to_thread(show)

    @told
    async def submit(request: Request, say: Say) -> Any:
        sent = await body(request)
        mine = owner(request)
        folder = jobs.uploaded(mine, str(sent.get("upload", "")))
        data = within(folder, str(sent.get("data", "")))
        options = sent.get("options", {})
        if not isinstance(options, dict):
            raise BadRequest
        job = await asyncio.to_thread(
            functools.partial(
                jobs.submit, str(sent.get("key", "")), data, options,
                owner=mine, address=address_of(request),
            )
        )  # fmt: skip
        return described(job, say)

    @told
    async def mine(request: Request, say: Say) -> Any:
        found = await asyncio.to_thread(jobs.list, owner(request))
        return {"jobs": [described(job, say) for job in found if not job.evaluates]}

    @told
    async def one(request: Request, say: Say) -> Any:
        id = request.path_params["id"]
        job = await asyncio.to_thread(jobs.get, id, request.headers.get("x-owner", ""))
        after = request.query_params.get("after", "0")
        known = int(after) if after.isdecimal() and len(after) < 12 else 0
        events = await asyncio.to_thread(jobs.events, id, known)
        about = {
            **described(job, say),
            "answers": open_to_all and not job.evaluates,
            "pushes": jobs.limits.push and job.mine and job.state == DONE and not job.evaluates,
        }
        return {"job": about, "events": [vars(event) for event in events]}

    @told
    async def rename(request: Request, say: Say) -> Any:
        name = (await body(request)).get("name")
        if not isinstance(name, str):
            raise BadRequest
        id = request.path_params["id"]
        return described(await asyncio.to_thread(jobs.rename, id, owner(request), name), say)

    @told
    async def change(request: Request, say: Say) -> Any:
        id, what = request.path_params["id"], request.path_params["what"]
        asked = {"pause": jobs.pause, "resume": jobs.resume, "cancel": jobs.cancel}.get(what)
        if asked is None:
            raise BadRequest
        return described(await asyncio.to_thread(asked, id, owner(request)), say)

    @told
    async def remove(request: Request, say: Say) -> Any:
        await asyncio.to_thread(jobs.remove, request.path_params["id"], owner(request))
        return {}

    @told
    async def log_of(request: Request, say: Say) -> Any:
        id = request.path_params["id"]
        return {"log": await asyncio.to_thread(jobs.log, id, owner(request))}

    @told
    async def sample(request: Request, say: Say) -> Any:
        job, name = jobs.get(request.path_params["id"]), request.path_params["name"]
        file = job.out / "samples" / name
        if not SAMPLE.fullmatch(name) or file.is_symlink() or not file.is_file():
            raise errors.UnknownJob
        return FileResponse(file, headers=NOTHING_RUNS)

    async def in_turn(pack: Callable[[], Any]) -> Any:
        """What ``pack`` gives, when no other model is packed: no thread waits for that."""
        for _ in range(TURNS):
            with contextlib.suppress(errors.TakeHomeBusy):
                try:
                    return await asyncio.to_thread(pack)
                except FileNotFoundError:  # removed meanwhile
                    raise errors.UnknownJob from None
            await asyncio.sleep(TURN)
        raise errors.TakeHomeBusy

    @told
    async def take_home(request: Request, say: Say) -> Any:
        job = jobs.get(request.path_params["id"])
        zip = await in_turn(functools.partial(jobs.take_home, job.id))
        named = f"{job.key.split('/')[0]}-{datetime.fromtimestamp(job.created):%Y-%m-%d}"
        return FileResponse(zip, filename=f"{named}.zip", media_type="application/zip")

    @told
    async def push(request: Request, say: Say) -> Any:
        id, mine = request.path_params["id"], owner(request)
        sent = await body(request)
        link = await in_turn(
            functools.partial(
                jobs.push, id, mine, str(sent.get("repository", "")), str(sent.get("token", "")),
                private=sent.get("private") is not False,
            )
        )  # fmt: skip
        return {"link": link}

    @told
    async def load(request: Request, say: Say) -> Any:
        mine = owner(request)
        await asyncio.to_thread(jobs.check_room, mine)
        async with request.form(max_files=1, max_fields=10) as form:
            files = [one for one in form.values() if isinstance(one, UploadFile)]
            if not files:
                raise errors.NoData
            job = await asyncio.to_thread(adopted, jobs, files[0], mine, address_of(request))
        return {"id": job.id, "key": key_of(job)}

    return [
        Mount(
            "/train",
            routes=[
                Route("/uploads", upload, methods=["POST"]),
                Route("/uploads/{upload}", fill, methods=["POST"]),
                Route("/uploads/{upload}", empty, methods=["DELETE"]),
                Route("/uploads/{upload}/preview", preview, methods=["POST"]),
                Route("/uploads/{upload}/starter", starter, methods=["POST"]),
                Route("/jobs", submit, methods=["POST"]),
                Route("/jobs", mine, methods=["GET"]),
                Route("/jobs/{id}", one, methods=["GET"]),
                Route("/jobs/{id}", remove, methods=["DELETE"]),
                Route("/jobs/{id}/log", log_of, methods=["GET"]),
                Route("/jobs/{id}/samples/{name}", sample, methods=["GET"]),
                Route("/jobs/{id}/model.zip", take_home, methods=["GET"]),
                Route("/jobs/{id}/push", push, methods=["POST"]),
                Route("/jobs/{id}/name", rename, methods=["POST"]),
                Route("/jobs/{id}/{what}", change, methods=["POST"]),
                Route("/models", load, methods=["POST"]),
            ],
        )
    ]


def received(jobs: Jobs, folder: Path, files: list[UploadFile], under: str) -> Received:
    """What came in of uploaded files, each under the name that it had at the visitor's.

    A browser that sends a folder tells each file's place in it, as ``cats/1.jpg``: the sub-folders
    stay, as they may be classes.
    """
    jobs.queue.check_space()
    intake = jobs.intake(folder)
    spool = folder.parent / f".{folder.name}.{secrets.token_hex(8)}"
    spool.mkdir()
    try:
        with disk_errors():
            for number, file in enumerate(files):
                parts = re.split(r"[/\\]", file.filename or "")
                *folders, name = [part for part in parts if part.strip(". ")] or ["file"]
                within = spool.joinpath(*map(clean, folders)) if folders else spool
                within.mkdir(parents=True, exist_ok=True)
                target = within / clean(name)
                if target.exists():
                    target = target.with_stem(f"{target.stem} ({number})")
                with target.open("xb") as written:
                    shutil.copyfileobj(file.file, written)
            return intake.receive([(one, one.name) for one in sorted(spool.iterdir())], under)
    except (FileExistsError, NotADirectoryError):  # a file and a folder of one name
        raise BadRequest from None
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def adopted(jobs: Jobs, file: UploadFile, owner: str, address: str) -> Job:
    """The job that is made of a zip that a visitor took home."""
    with tempfile.TemporaryDirectory(dir=jobs.limits.folder, prefix=".load.") as place:
        zip = Path(place) / "model.zip"
        with disk_errors(), zip.open("xb") as written:
            shutil.copyfileobj(file.file, written)
        return jobs.adopt(zip, owner, address, clean(file.filename or "model.zip"))


def made(jobs: Jobs, folder: Path, name: str) -> Received:
    """What `pretrained.starters` makes for those who have no data at hand."""
    from pretrained import starters  # numpy and more, for those only who ask

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".starter.") as place:
        starters.make(name, Path(place), 0)
        return jobs.intake(folder).receive([Path(place)])


def within(folder: Path, relative: str) -> Path:
    """A file or folder of an upload. Where none is named: its only file, or where its files begin,
    since whoever sends a folder or packs one sends its name too.

    Raises:
        UnknownUpload: it is not in there.
    """
    found = (folder / relative).resolve()
    while not relative and len(inside := list(found.iterdir())) == 1:
        found = inside[0]
        if found.is_file():  # as recipes of text and of pairs want it
            return found
    if not found.is_relative_to(folder.resolve()) or not found.exists():
        raise errors.UnknownUpload
    return found


def described(job: Job, say: Say) -> dict[str, Any]:
    """A training as its page shows it: nothing of where it lies."""
    base = catalog.entries().get(job.key)
    return {
        "id": job.id,
        "link": job.link,
        "key": job.key,
        "task": job.key.split("/")[0],
        "base": say.model(base) if base else job.key,
        "options": dict(job.options),
        "name": job.name,
        "state": job.state,
        "place": job.place,
        "asked": job.asked,
        "created": job.created,
        "seconds": job.seconds,
        "kept": job.kept,
        "error": sentence(job, say),
        "mine": job.mine,
        "model": key_of(job) if job.state == DONE and not job.evaluates else None,
        "metrics": metrics(job, say) if job.state == DONE and not job.evaluates else {},
    }


def sentence(job: Job, say: Say) -> str:
    """Why a training failed, in the visitor's language."""
    if not job.error:
        return ""
    try:
        page = wording.fields(job.error["fields"], say.lang, job.key.split("/")[0])
        fields = reasons.fields(page, say.lang)
        return say.plain(f"error.{job.error['code']}", **fields)
    except (KeyError, IndexError):
        return job.sentence


def metrics(job: Job, say: Say) -> dict[str, Any]:
    """What its recipe measured on data that it did not learn from, in words."""
    try:
        told = checkpoint.read_json(job.out, checkpoint.METRICS)
    except Refusal:
        return {}
    return figures.compared(told.get("held_out") or {}, say)
