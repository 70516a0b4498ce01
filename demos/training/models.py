"""A training that is done is a model of the app, for whoever knows its key: ``<task>/<link>``.

``<task>/<link>@<moment>`` is the same network at an earlier moment of its training (rewind), also
while that still runs. The link is the secret: to whoever does not know it there is no such model.
It is not the training's id, by which one sees how it was trained and what it was measured on:
who may use a model sees neither. A model is called by the name that its owner gave it, by its date
where they gave none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from demos import models
from demos.training.answering import OWNER
from inference import Engine
from inference.errors import UnknownModel
from jobs import Job, Jobs, moments
from jobs.folder import clean
from jobs.store import DONE
from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.errors import Refusal

KEY = re.compile(r"([a-z]+)/([\w-]{22})(?:@(\d+))?")
LONGEST = 32  # characters of a name among those that may be chosen


def key_of(job: Job, moment: str = "") -> str:
    """What a training's model is called where models are called by their keys."""
    return f"{job.key.split('/')[0]}/{job.link}" + (f"@{moment}" if moment else "")


class MomentGone(UnknownModel):
    """A training that whoever asks knows the link of keeps no such moment. Fields: moment."""

    code = "moment_gone"
    sentence = "The training keeps no moment {moment} any more: choose another one."


def unlisted(jobs: Jobs | None) -> Callable[[str], Entry | None]:
    """The entry of such a key, or None: for the engine, which serves it and names it to nobody.

    What it gives raises `MomentGone` for a moment that a training of that link does not keep."""

    def find(key: str) -> Entry | None:
        named = KEY.fullmatch(key)
        if jobs is None or named is None:
            return None
        task, link, moment = named.groups()
        try:
            job = jobs.linked(link)
            if job.key.split("/")[0] != task or job.evaluates:
                return None
            if not moment:
                return _entry(job.out, key, title(jobs, job)) if job.state == DONE else None
            if moments.has(job.out, moment):
                folder = jobs.moment(job.id, moment)
                return replace(_entry(folder, key, title(jobs, job)), fleeting=True)
        except (Refusal, OSError):  # taken back, or no room for a copy
            return None
        raise MomentGone(moment=moment)

    return find


def mine(jobs: Jobs | None, engine: Engine, task: str, owner: str) -> list[Entry]:
    """The models that whoever has this token has trained for one task, the newest first: as many
    as an owner may keep (`jobs.Limits.kept`)."""
    if jobs is None or not OWNER.fullmatch(owner):
        return []
    done = [job for job in jobs.list(owner) if is_model(job) and job.key.split("/")[0] == task]
    found = [models.found(engine, key_of(job)) for job in done[: jobs.limits.kept]]
    return [entry for entry in found if entry is not None]


def is_model(job: Job) -> bool:
    """Whether a job has become one."""
    return job.state == DONE and not job.evaluates


def title(jobs: Jobs, job: Job) -> str:
    """What a training's model is called: by the name that its owner gave it, with the time where
    they called another one the same; by the date where they gave none."""
    day = datetime.fromtimestamp(job.created)
    name = clean(job.name, LONGEST)
    if not name:
        return f"★ {day:%m-%d %H:%M}"
    others = jobs.beside(job.id)
    alike = any(is_model(one) and clean(one.name, LONGEST) == name for one in others)
    return f"★ {name} · {day:%m-%d %H:%M:%S}" if alike else f"★ {name}"


@lru_cache(maxsize=64)
def _entry(folder: Path, key: str, called: str) -> Entry:
    """The folder of a training stays as it is once that is done."""
    return replace(catalog.from_folder(folder, key), title=called)
