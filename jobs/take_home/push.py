"""What would be taken home goes to a repository on the Hub instead, under the visitor's own token.

The token is on its way only: into the standard input of a process that ends with the upload. No
file, log, address, variable or command line has it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

from jobs.errors import PushBusy, PushOff
from jobs.intake import disk_errors
from jobs.take_home.packing import ROOT
from pretrained.errors import HubSlow, HubUnreachable, HubUpload
from pretrained.sources.hub import errors, upload

log = logging.getLogger(__name__)

AT_ONCE = 2
SECONDS = 120  # of one upload: a model of 12 MB takes that long at 100 kB a second
#: Variables of the host's own account, and those by which the client would tell of what it does.
DROPPED = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HF_DEBUG")
QUIET = {
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",  # it keeps logs and pieces of files on disk
}

_few = threading.BoundedSemaphore(AT_ONCE)


def pushed(zip: Path, repository: str, token: str, *, private: bool = True) -> str:
    """Send the content of a zip of `packing`, without its top folder.

    Returns:
        The address of the repository.

    Raises:
        PushOff: this server never reaches for the Hub. PushBusy: too many are sent already.
        NoSpace: the disk is full. HubUpload: see `pretrained.sources.hub.upload.send`; HubSlow
            when it takes more than `SECONDS`.
    """
    if errors.offline():
        raise PushOff
    name = upload.checked(repository, token)
    if not _few.acquire(blocking=False):
        raise PushBusy
    try:
        with disk_errors(), tempfile.TemporaryDirectory(dir=zip.parent, prefix=".push.") as place:
            with zipfile.ZipFile(zip) as archive:
                archive.extractall(place)
            [folder] = Path(place).iterdir()
            return _sent(folder, name, token, private)
    finally:
        _few.release()


def _sent(folder: Path, name: str, token: str, private: bool) -> str:
    order = {"folder": str(folder), "repository": name, "token": token, "private": private}
    known = {kind.code: kind for kind in HubUpload.__subclasses__()}
    environment = {n: value for n, value in os.environ.items() if n not in DROPPED} | QUIET
    process = subprocess.Popen(
        [sys.executable, "-m", upload.__name__],
        cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told, _ = process.communicate(json.dumps(order), timeout=SECONDS)
        answer = json.loads(told)
    except subprocess.TimeoutExpired:
        raise HubSlow(name=name, seconds=SECONDS) from None
    except ValueError:  # it ended otherwise than it ever should
        log.error("an upload to the Hub ended with status %s", process.returncode)
        raise HubUnreachable(name=name) from None
    finally:
        process.kill()
        process.wait()
    if "link" in answer:
        return str(answer["link"])
    raise known.get(answer["code"], HubUnreachable)(name=name)
