"""Share: a link to an example and the model that answered it, and the photograph with its answer as
a picture. A visitor's own photograph is in no link: it would have to be kept for whoever asks."""

from __future__ import annotations

import filecmp
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demos import pictures, share
from demos.classification import answers, examples
from demos.examples import Example
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

#: What the address calls the picture: another tab has examples, too.
PICTURE = "classify_picture"


@dataclass(frozen=True)
class Shared:
    """What a link asks for: None where it names nothing, or what is not here: that is ``wrong``."""

    example: Example | None
    entry: Entry | None
    wrong: tuple[Refusal, ...] = ()

    @property
    def opens(self) -> bool:
        """Whether the page has to show something else than it opens with."""
        first = examples.available()[:1]
        other = self.example is not None and (self.example,) != first
        return other or (self.entry is not None and self.entry.key != answers.DEFAULT)


def linked(engine: Engine, query: Mapping[str, str]) -> Shared | None:
    """What the page's address asks to be looked at; None where it asks for nothing."""
    if PICTURE not in query:
        return None
    wrong: list[Refusal] = []
    example = share.example(examples.available(), query[PICTURE], wrong)
    entry = share.model(answers.TASK, engine, query, wrong)
    return Shared(example, entry, tuple(wrong))


def example_of(payload: Mapping[str, Any] | None) -> Example | None:
    """Which example a file that was opened is, by what it holds; None: a visitor's own."""
    payload = payload or {}
    path, url = payload.get("path"), payload.get("url")
    if not isinstance(path, str) or (isinstance(url, str) and pictures.is_data_url(url)):
        return None
    try:
        same = (e for e in examples.available() if filecmp.cmp(path, str(e.path), shallow=False))
        return next(same, None)
    except OSError:
        return None


def buttons(
    say: Say, entry: Entry, example: Example | None, payload: Mapping[str, Any] | None = None
) -> str:
    """What can be taken along of an answer. ``example``: None where the picture is a visitor's.
    ``payload``: which file was answered, for another one may stand beside the answer already."""
    credit = say(
        "classification.share.credit", model=say.model(entry), house=say.plain("house.name")
    )
    photo = "/".join(Path(str((payload or {}).get("path") or "")).parts[-2:])
    saved = share.picture(say, "classify_share", credit, photo=photo)
    if example is None:
        return share.row([saved], say("page.share.own"))
    told = {PICTURE: example.name}
    return share.row([share.link(say, answers.TASK, entry.key, **told), saved])
