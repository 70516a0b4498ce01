"""A training that is done is a model of the app, for whoever knows its key: ``<task>/<job>``.

``<task>/<job>@<moment>`` is the same network at an earlier moment of its training (rewind), also
while that still runs. The id is the secret: to whoever does not know it there is no such model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from inference.errors import UnknownModel
from jobs import Job, Jobs, moments
from jobs.store import DONE
from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.errors import Refusal

KEY = re.compile(r"([a-z]+)/([\w-]{22})(?:@(\d+))?")


def key_of(job: Job, moment: str = "") -> str:
    """What a training's model is called where models are called by their keys."""
    return f"{job.key.split('/')[0]}/{job.id}" + (f"@{moment}" if moment else "")


class MomentGone(UnknownModel):
    """A training that whoever asks knows the id of keeps no such moment. Fields: moment."""

    code = "moment_gone"
    sentence = "The training keeps no moment {moment} any more: choose another one."


def unlisted(jobs: Jobs | None) -> Callable[[str], Entry | None]:
    """The entry of such a key, or None: for the engine, which serves it and names it to nobody.

    What it gives raises `MomentGone` for a moment that a training of that id does not keep."""

    def find(key: str) -> Entry | None:
        named = KEY.fullmatch(key)
        if jobs is None or named is None:
            return None
        task, id, moment = named.groups()
        try:
            job = jobs.get(id)
            if job.key.split("/")[0] != task or job.evaluates:
                return None
            if not moment:
                return _entry(job.out, key, job.created) if job.state == DONE else None
            if moments.has(job.out, moment):
                folder = jobs.moment(id, moment)
                return replace(_entry(folder, key, job.created), fleeting=True)
        except (Refusal, OSError):  # taken back, or no room for a copy
            return None
        raise MomentGone(moment=moment)

    return find


@lru_cache(maxsize=64)
def _entry(folder: Path, key: str, created: float) -> Entry:
    """The folder of a training stays as it is once that is done."""
    named = f"★ {datetime.fromtimestamp(created):%m-%d %H:%M}"
    return replace(catalog.from_folder(folder, key), title=named)
