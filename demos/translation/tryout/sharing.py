"""Share: a link under which the same text is translated again, and the translation as a picture:
the source, what was written, and the attention between their words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demos import share
from demos.language import Say
from demos.share import MOST_LINKED, MOST_SAID
from demos.translation import answers
from demos.translation.answers import Translated
from demos.translation.inside.attention import LEAST, aligned, named
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry
from pretrained.translation.errors import UnknownDirection

#: What the address calls the text: a visitor's may stand under ``text`` elsewhere.
SOURCE, DIRECTION = "source", "direction"
MOST_DRAWN = 3  # sentences of a picture: more are no picture any more


@dataclass(frozen=True)
class Shared:
    """What a link asks for. ``direction``: None where it names none that can be had. ``wrong``:
    what of it cannot."""

    text: str
    direction: str | None
    wrong: tuple[Refusal, ...] = ()


def linked(engine: Engine, query: Mapping[str, str]) -> Shared | None:
    """What the page's address asks to be translated; None where it asks for nothing. A direction
    that its model does not know is answered by one that does, a model that is not here by ours."""
    if SOURCE not in query:
        return None
    wrong: list[Refusal] = []
    own = share.model(answers.TASK, engine, query, wrong)
    told = query.get(DIRECTION, "")
    learnt = answers.directions(own) if own else answers.DIRECTIONS
    if told and told not in learnt:
        source, _, target = told[:MOST_SAID].partition("-")
        known = ", ".join(learnt)
        wrong.append(UnknownDirection(source=source, target=target or "?", known=known))
    offered = told in learnt or told in answers.DIRECTIONS
    return Shared(query[SOURCE], told if offered else None, tuple(wrong))


def buttons(say: Say, entry: Entry, now: Translated) -> str:
    """What can be taken along of a translation; nothing where nothing was translated."""
    if not now.result["sentences"]:
        return ""
    parts, why = [], ""
    if len(now.text) > MOST_LINKED:
        why = say("page.share.long", most=MOST_LINKED)
    else:
        told = {SOURCE: now.text, DIRECTION: f"{now.source}-{now.target}"}
        parts.append(share.link(say, "translation", now.key, **told))
    credit = say("translation.share.credit", model=say.model(entry), house=say.plain("house.name"))
    drawing = json.dumps(drawn(say, now), ensure_ascii=False)
    parts.append(share.picture(say, "translation_share", credit, drawn=drawing))
    return share.row(parts, why)


def drawn(say: Say, now: Translated) -> dict[str, Any]:
    """What the picture shows: ``sentences``, of each the words of both sides and ``lines``: (number
    of the word written, of the word read, share of attention); and what is said beside them."""
    sentences = now.result["sentences"]
    found = []
    for one in sentences[:MOST_DRAWN]:
        table = aligned(one) if one["attention"] else None
        lines = [
            (i, j, round(value, 2))
            for i, row in enumerate(table.shares if table else ())
            for j, value in enumerate(row)
            if value >= LEAST
        ]
        found.append(
            {
                "source": one["source"],
                "translation": one["translation"],
                "read": [named(say, word) for word in table.read] if table else [],
                "written": table.written if table else (),
                "lines": lines,
            }
        )
    said = [answers.arrow(say, f"{now.source}-{now.target}")]
    if len(sentences) > MOST_DRAWN:
        said.append(say.plain("translation.share.cut", shown=MOST_DRAWN, of=len(sentences)))
    if not any(one["lines"] for one in found):
        said.append(say.plain("translation.share.none"))
    return {"said": said, "sentences": found}
