"""``/train/classify``: pictures in, what was learnt from them out. ``/use/{link}`` is in `use`.

What a visitor sent is answered at once and looked at behind that, a few pictures at a time through
the engine; whoever asks for the state with ``?after=VERSION`` waits until there is a newer one. All
of it is for the owner alone (`demos.training.owner`); an ``img`` cannot say whose it is, so that
thumbnails are given for a key that only the owner is told.

    POST   /train/classify                              {} -> state
    GET    /train/classify/{upload}?after=VERSION       -> state
    POST   /train/classify/{upload}/classes             {"name"} -> state
    PATCH  /train/classify/{upload}/classes/{id}        {"name"} -> state
    DELETE /train/classify/{upload}/classes/{id}        -> state
    POST   /train/classify/{upload}/pictures?class=ID   multipart ``files`` -> state, "received"
    PATCH  /train/classify/{upload}/pictures/{id}       {"class"} -> state
    DELETE /train/classify/{upload}/pictures/{id}       -> state
    GET    /train/classify/{upload}/pictures/{id}?key=  -> image/jpeg
    POST   /train/classify/{upload}/starter             {"name": "shapes" or "digits"} -> state
    POST   /train/classify/{upload}/answer              a picture -> {"answers": [...]}
    POST   /train/classify/{upload}/keep                {"title"} -> {"id", "address", "qr", ...}
    POST   /train/classify/{upload}/whole               {"minutes"} -> a job (`demos.training`), the
                                                        same while it waits or runs on the same
    DELETE /train/classify/{upload}                     all of it
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import math
import os
import secrets
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from PIL import Image
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from demos import pictures, uploads
from demos.classification.train import keep, report, use
from demos.classification.train.classes import NotLearnt, Picture, TooManyPictures
from demos.classification.train.collection import MOST_PICTURES, Collection
from demos.classification.train.head import Floats
from demos.language import Say, Words
from demos.limits import MB
from demos.proxy import address_of
from demos.training.answering import BadRequest, answering, body, owner
from demos.training.routes import described, received
from inference import Engine
from inference.errors import Busy, EngineError, Refusal
from jobs import Job, Jobs, errors
from jobs.store import ACTIVE

log = logging.getLogger(__name__)

KEY = "classification/imagenet"
SIDE = 512  # pixels of a picture's longer side that are decoded: the network sees 224
AT_ONCE = 16  # pictures that are looked at together
WAIT = 20.0  # seconds that a question for news is kept
OFTEN = 0.05  # seconds between two looks whether there are some
RETRIES, AGAIN = 5, 1.0  # where everything is busy: times, seconds
MOST_HELD = 128 * MB  # of collections held in memory; others are read again
MINUTES = 5.0  # of a training of the whole network, unless the visitor asks otherwise
ENDING = ("cancel", "remove")  # what ends a training that runs
STARTERS = {"shapes": 16, "digits": 10}  # pictures of each class that are taken


def routes(engine: Engine, words: Words, jobs: Jobs | None) -> list[BaseRoute]:
    """All of them; none where nothing can be trained."""
    if jobs is None:
        return []
    rooms = Rooms(engine, jobs)
    told = answering(words)

    @told
    async def begin(request: Request, say: Say) -> Any:
        named = [say.plain("classification.train.class", n=n) for n in (1, 2, 3)]
        made_now = await asyncio.to_thread(rooms.make, owner(request), address_of(request), named)
        return await asyncio.to_thread(report.state, made_now, say)

    @told
    async def look(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        rooms.work(found, request)  # on what a server that ended left
        after = request.query_params.get("after", "")
        end = time.monotonic() + WAIT
        while after.isdecimal() and found.version == int(after) and time.monotonic() < end:
            await asyncio.sleep(OFTEN)
            if await request.is_disconnected():
                break
        return await asyncio.to_thread(report.state, found, say)

    @told
    async def change_class(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        name = "" if request.method == "DELETE" else str((await body(request)).get("name", ""))
        if request.method == "POST":
            await asyncio.to_thread(found.add, name)
        elif request.method == "PATCH":
            await asyncio.to_thread(found.rename, number(request.path_params["id"]), name)
        else:
            await asyncio.to_thread(found.remove, number(request.path_params["id"]))
        rooms.work(found, request)
        return await asyncio.to_thread(report.state, found, say)

    @told
    async def give(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        asked = request.query_params.get("class", "")
        async with request.form(max_files=1000, max_fields=10) as form:
            files = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
            if not files:
                raise errors.NoData
            came = await asyncio.to_thread(
                take, jobs, found, files, number(asked) if asked else None
            )
        rooms.work(found, request)
        return {**await asyncio.to_thread(report.state, found, say), "received": came}

    @told
    async def ids(request: Request, say: Say) -> Any:
        found, files = await rooms.of(request), (await body(request)).get("files")
        if not isinstance(files, list) or len(files) > MOST_PICTURES:
            raise BadRequest
        return {"ids": await asyncio.to_thread(found.ids, files)}

    @told
    async def change_picture(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        id = number(request.path_params["id"])
        if request.method == "DELETE":
            await asyncio.to_thread(found.delete, id)
        else:
            to = number((await body(request)).get("class"))
            await asyncio.to_thread(found.move, id, to)
        rooms.work(found, request)
        return await asyncio.to_thread(report.state, found, say)

    @told
    async def thumbnail(request: Request, say: Say) -> Any:
        try:
            found = rooms.opened[request.path_params["upload"]]
            told_key = request.query_params.get("key", "").encode()
            if not hmac.compare_digest(found.key.encode(), told_key):
                raise errors.NotYours
            small = found.thumbnail(number(request.path_params["id"]))
        except (KeyError, OSError):
            raise errors.UnknownUpload from None
        lasting = {"Cache-Control": "private, max-age=86400, immutable"}
        return Response(small, media_type="image/jpeg", headers=lasting)

    @told
    async def starter(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        name = str((await body(request)).get("name", ""))
        await asyncio.to_thread(made, jobs, found, name, say)
        rooms.work(found, request)
        return await asyncio.to_thread(report.state, found, say)

    @told
    async def answer(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        if found.learnt is None:
            raise NotLearnt
        began = time.monotonic()
        _, features = await rooms.looked_at(await request.body(), request)
        answers = [{"class": id, "probability": p} for id, p in found.asked(features)]
        return {"answers": answers, "milliseconds": round(1000 * (time.monotonic() - began))}

    @told
    async def kept(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        title = str((await body(request)).get("title", ""))
        job = await asyncio.to_thread(
            keep.keep, jobs, found, title, owner(request), address_of(request)
        )
        return {"id": job.id} | use.link(request, say, job, engine.settings)

    @told
    async def whole(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        minutes = (await body(request)).get("minutes", MINUTES)
        mine, where = owner(request), address_of(request)
        return described(await asyncio.to_thread(submitted, jobs, found, minutes, mine, where), say)

    @told
    async def drop(request: Request, say: Say) -> Any:
        found = await rooms.of(request)
        await asyncio.to_thread(rooms.drop, found)
        return {}

    top = "/train/classify"
    one = f"{top}/{{upload}}"
    return [
        *use.routes(engine, words, jobs),
        Route(top, begin, methods=["POST"]),
        Route(one, look, methods=["GET"]),
        Route(one, drop, methods=["DELETE"]),
        Route(f"{one}/classes", change_class, methods=["POST"]),
        Route(f"{one}/classes/{{id}}", change_class, methods=["PATCH", "DELETE"]),
        Route(f"{one}/pictures", give, methods=["POST"]),
        Route(f"{one}/pictures/{{id}}", change_picture, methods=["PATCH", "DELETE"]),
        Route(f"{one}/pictures/{{id}}", thumbnail, methods=["GET"]),
        Route(f"{one}/ids", ids, methods=["POST"]),
        Route(f"{one}/starter", starter, methods=["POST"]),
        Route(f"{one}/answer", answer, methods=["POST"]),
        Route(f"{one}/keep", kept, methods=["POST"]),
        Route(f"{one}/whole", whole, methods=["POST"]),
    ]


class Rooms:
    """The collections that are in use, and the work on each: one task a collection."""

    def __init__(self, engine: Engine, jobs: Jobs) -> None:
        self.engine, self.jobs = engine, jobs
        self.opened: dict[str, Collection] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.lock = threading.Lock()

    def make(self, owner: str, address: str, names: list[str]) -> Collection:
        """A new one. Raises: JobsOff, TooManyYours, UploadsFull."""
        return self._hold(Collection.make(self.jobs.upload(owner, address), names), owner)

    async def of(self, request: Request) -> Collection:
        """The one that a request names. Raises: NoOwner, UnknownUpload."""
        mine = owner(request)
        folder = self.jobs.uploaded(mine, request.path_params["upload"])
        return await asyncio.to_thread(self._open, folder, mine)

    def drop(self, collection: Collection) -> None:
        """Delete all of it."""
        with self.lock:
            self.opened.pop(collection.folder.name, None)
        collection.close()
        shutil.rmtree(collection.folder, ignore_errors=True)

    def work(self, collection: Collection, request: Request) -> None:
        """See to it that somebody looks at what was sent, and learns."""
        name = collection.folder.name
        if name in self.tasks or not (collection.stale or collection.waiting(1)):
            return
        task = asyncio.create_task(self._work(collection, request))
        self.tasks[name] = task
        task.add_done_callback(lambda done: self.tasks.pop(name, None))

    async def looked_at(self, sent: bytes | Path, request: Request) -> tuple[Image.Image, Floats]:
        """A picture, decoded within bounds, and its features [1280].

        Raises: Refusal: it cannot be used, or all are busy.
        """
        LocalContext.request.set(gr.Request(request))  # whose turn it is: `demos.visitors`
        settings = self.engine.settings
        most, pixels = settings.max_upload_mb * MB, settings.max_pixels
        picture = await uploads.DECODING.run(pictures.open_picture, sent, most, pixels, SIDE)
        await self.engine.preload(KEY)
        return picture, await self.engine.predict(KEY, picture, view="features")

    async def _work(self, collection: Collection, request: Request) -> None:
        """Look at what waits, some at a time, and learn as often as that takes a quarter of the
        time; until nothing is left."""
        learnt, took = -math.inf, 0.0
        while collection.open_still:
            waiting = collection.waiting(AT_ONCE)
            if waiting:
                await asyncio.gather(*(self._look(collection, one, request) for one in waiting))
                await asyncio.to_thread(collection.save)
            elif not collection.stale:
                return
            if collection.stale and (not waiting or time.monotonic() - learnt > 3 * took):
                began = time.monotonic()
                await asyncio.to_thread(collection.learn)
                learnt = time.monotonic()
                took = learnt - began

    async def _look(self, collection: Collection, picture: Picture, request: Request) -> None:
        for attempt in range(RETRIES):
            try:
                seen, features = await self.looked_at(collection.path(picture), request)
                return await asyncio.to_thread(collection.seen, picture, seen, features)
            except Busy as error:
                if attempt == RETRIES - 1:
                    return await asyncio.to_thread(collection.refuse, picture, error)
                await asyncio.sleep(AGAIN)
            except Refusal as error:
                return await asyncio.to_thread(collection.refuse, picture, error)
            except Exception:
                log.exception("a picture could not be looked at")
                return await asyncio.to_thread(collection.refuse, picture, EngineError())

    def _open(self, folder: Path, owner: str) -> Collection:
        with self.lock:
            if found := self.opened.pop(folder.name, None):
                self.opened[folder.name] = found  # the latest goes last
                self._let_go()
                return found
        try:
            return self._hold(Collection.open(folder), owner)
        except (OSError, ValueError, KeyError, TypeError):
            raise errors.UnknownUpload from None

    def _hold(self, collection: Collection, owner: str) -> Collection:
        name = collection.folder.name
        secret = hmac.digest(owner.encode(), name.encode(), "sha256")
        with self.lock:
            held = self.opened.setdefault(name, collection)
            held.key = secret.hex()[:32]
            self._let_go()
        return held

    def _let_go(self) -> None:
        """Under the lock, once one has been asked for: of the others those that were asked longest
        ago leave, until the rest fits. Where somebody looks at pictures it stays."""
        held = sum(one.in_memory for one in self.opened.values())
        for name in list(self.opened)[:-1]:
            if held <= MOST_HELD:
                return
            if name not in self.tasks:
                held -= self.opened.pop(name).in_memory


def number(sent: object) -> int:
    """An id. Raises: BadRequest: it is none."""
    text = str(sent)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest
    return int(text)


def take(
    jobs: Jobs, collection: Collection, files: list[UploadFile], id: int | None
) -> dict[str, Any]:
    """Receive files and sort them into classes; what came, as `jobs.Received` counts it.

    Raises: JobRefusal, UnknownClass, TooManyClasses.
    """
    if len(collection.pictures) >= MOST_PICTURES:
        raise TooManyPictures(most=MOST_PICTURES)
    staging = f".new-{secrets.token_hex(8)}"
    try:
        came = received(jobs, collection.folder, files, staging)
        collection.sort_in(collection.folder / staging, id)
    finally:
        shutil.rmtree(collection.folder / staging, ignore_errors=True)
    return vars(came)


def made(jobs: Jobs, collection: Collection, name: str, say: Say) -> None:
    """Some of what `pretrained.starters` draws, into classes called by the visitor's words.

    Raises: BadRequest: it draws nothing of that name.
    """
    from pretrained import starters

    if name not in STARTERS:
        raise BadRequest
    with tempfile.TemporaryDirectory(dir=collection.folder, prefix=".new-") as place:
        starters.make(name, Path(place), secrets.randbelow(2**31))
        for folder in list(Path(place).iterdir()):
            for file in sorted(folder.iterdir())[STARTERS[name] :]:
                file.unlink()
            if not folder.name.isdecimal():
                folder.rename(folder.with_name(say.plain(f"classification.train.{folder.name}")))
        staging = f".new-{secrets.token_hex(8)}"
        jobs.intake(collection.folder).receive([Path(place)], staging)
        collection.sort_in(collection.folder / staging, None)


def submitted(jobs: Jobs, collection: Collection, minutes: object, owner: str, address: str) -> Job:
    """A training of the whole network on a copy of the pictures; where one on these same pictures
    waits or runs already, that one. Raises: Refusal."""
    with collection.starting:
        digest = collection.digest()
        id, of = collection.whole
        with contextlib.suppress(errors.UnknownJob):
            before = jobs.get(id, owner)
            if of == digest and before.state in ACTIVE and before.asked not in ENDING:
                return before
        with tempfile.TemporaryDirectory(dir=jobs.limits.folder, prefix=".copy-") as place:
            with collection.lock:
                for one in collection.pictures.values():
                    folder = Path(place) / collection.classes[one.of].folder
                    folder.mkdir(exist_ok=True)
                    os.link(collection.path(one), folder / one.file)
            job = jobs.submit(KEY, Path(place), {"minutes": minutes}, owner=owner, address=address)
        collection.whole = job.id, digest
        collection.save()
        return job
