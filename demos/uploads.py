"""Pictures that visitors send: decoded off the event loop, by turns, within bounds."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, InvalidStateError, ThreadPoolExecutor
from typing import Any

from gradio import route_utils
from gradio.blocks import Block
from gradio.route_utils import GradioUploadFile
from gradio.utils import get_upload_folder
from PIL import Image

from demos import pictures, visitors
from demos.limits import MB
from inference.errors import Busy
from inference.round_robin import Path, RoundRobin

MAX_SIDE = 2048  # pixels: more than most models look at, few enough for many visitors
# A picture takes up to 512 MB while it is decoded (`picture_files.MEMORY`): two at a time, whoever
# asks.
DECODERS = ThreadPoolExecutor(2, thread_name_prefix="decode")
#: A file as Gradio tells it (`demos.pictures.open_upload`), or its bytes.
Sent = Mapping[str, Any] | bytes | None
WAITING = 128  # pictures that may wait for a decoder
SECONDS = 30.0  # after which nobody waits for a picture any more


class Decoding:
    """Work for a few threads: bounded, each visitor's by turns, given up with whoever waits.

    What a thread has begun it ends, as nothing can break a decoder off; what has not begun when
    its time is over, or when its caller has left, never does.
    """

    def __init__(self, threads: Executor, most: int = WAITING, seconds: float = SECONDS) -> None:
        self._threads, self.most, self.seconds = threads, most, seconds
        self._lock = threading.Lock()
        self._waiting: RoundRobin[tuple[Future[Any], Callable[[], Any], Path]] = RoundRobin()

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """``work(*arguments)`` in a thread.

        Raises:
            Busy: too much waits already, of everybody or of this address.
            BadPicture: its time is over; or what ``work`` raises.
        """
        caller = visitors.current()
        task = (Future[Any](), lambda: work(*arguments), caller)
        with self._lock:
            # An address has half of the places at most, so that another's picture finds one.
            mine = self._waiting.count(caller[:1]) if caller else 0
            if len(self) >= self.most or mine >= max(1, self.most // 2):
                raise Busy(waiting=len(self))
            self._waiting.append(task, caller)
        self._threads.submit(self._next)
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.wrap_future(task[0])
        except TimeoutError:
            raise pictures.BadPicture("picture_slow", seconds=f"{self.seconds:.0f}") from None
        finally:
            with self._lock:
                self._waiting.remove(task, caller)

    def _next(self) -> None:
        """What a thread does each time that something was asked of it."""
        with self._lock:
            task = next(iter(self._waiting), None)
            if task is None:  # whoever asked has left
                return
            done, work, caller = task
            self._waiting.remove(task, caller, served=True)
        with contextlib.suppress(InvalidStateError):  # left while it was decoded
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)


DECODING = Decoding(DECODERS)

_moved = Block.async_move_resource_to_block_cache


async def _moved_unless_elsewhere(block: Block, place: Any) -> str | None:
    elsewhere = str(place).startswith(("http://", "https://"))
    return str(place) if elsewhere else await _moved(block, place)


def fetch_nothing() -> None:
    """From now on an address that somebody sends as a file is left for `opened` to refuse.

    Gradio 6.31 fetches it before any callback is asked, whatever it weighs, into memory.
    """
    Block.async_move_resource_to_block_cache = _moved_unless_elsewhere  # type: ignore[assignment]


class Unshared(GradioUploadFile):
    """An upload whose folder no other one has. Gradio 6.31 names it by what the file holds, so that
    whoever deletes his file deletes that of all who sent the same."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sha.update(secrets.token_bytes(16))


def keep_apart() -> None:
    """From now on every upload has a folder of its own."""
    route_utils.GradioUploadFile = Unshared  # type: ignore[misc]


async def opened(
    engine: Any,
    payload: Sent,
    side: int = MAX_SIDE,
    least: int = pictures.MIN_SIDE,
) -> Image.Image:
    """The visitor's picture, upright, RGB, ``least`` to ``side`` pixels a side.

    Raises:
        Refusal: it is none, one that is too large (see `demos.pictures.open_upload`), or there are
            too many before it (see `Decoding.run`).
    """
    most, pixels = engine.settings.max_upload_mb * MB, engine.settings.max_pixels
    return await DECODING.run(
        pictures.open_upload, payload, get_upload_folder(), most, pixels, side, least
    )
