"""Then and now: the bundled network beside a translator of today, on one text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from demos import page
from demos.columns import Column, filled, headed, once
from demos.language import Say
from demos.models import offer, on_disk, waiting
from demos.translation import answers
from demos.translation.answers import Translated
from demos.translation.tryout import pane
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

OURS = frozenset(answers.BUNDLED.values())


def compared(engine: Engine, direction: str, key: str) -> tuple[list[Entry], list[Entry]]:
    """(the bundled model and one of the Hub that is here, the chosen one if it is; those that would
    have to be downloaded). Where none is here and none can come, the network without attention
    stands beside the one with it."""
    known = answers.known(engine, direction)
    chosen = answers.entry_of(engine, key)
    own = [e for e in known.values() if not e.hub_id]
    then = chosen if chosen in own else next(iter(own), chosen)
    hub = [e for e in known.values() if e.hub_id and e is not then]
    hub.sort(key=lambda e: e is not chosen)
    here = [e for e in hub if on_disk(e)]
    if here or not engine.settings.offline:
        return [then, *here[:1]], [] if here else hub[:1]
    pair = [known[k] for k in (answers.PLAIN, answers.BUNDLED.get(direction, "")) if k in known]
    return pair if then in pair else [then], []


async def comparing(
    engine: Engine, say: Say, sent: object, direction: str, key: str, fetch: bool = False
) -> AsyncGenerator[tuple[str, bool], None]:
    """(the columns as HTML while they fill, whether one could be downloaded). ``fetch``: what would
    have to be downloaded, is."""
    try:
        text = answers.checked(sent)
        entries, offered = compared(engine, direction, key)
    except Refusal as error:
        yield answers.refusal(say, error), False
        return
    needed = "offline" if engine.settings.offline else "none"
    if fetch:
        entries, offered = [*entries, *offered], []
    source, _, target = direction.partition("-")

    async def ask(entry: Entry) -> Translated:
        return await answers.translate(engine, entry, text, source, target)

    columns: list[Column[Translated]] = [Column(entry) for entry in entries]
    async with aclosing(filled(engine, columns, once(ask))) as steps:
        async for whole in steps:
            missing = any(one.error and not on_disk(one.entry) for one in columns)
            yield drawn(say, columns, offered, needed), whole and (bool(offered) or missing)


def drawn(
    say: Say, columns: Sequence[Column[Translated]], offered: Sequence[Entry], needed: str = "none"
) -> str:
    """Each model's translation in its column; one that fails says why in its own. ``needed``: what
    is said where none of today stands among them."""
    parts = [headed(say, era(one.entry), one.entry, body(say, one)) for one in columns]
    parts += [headed(say, era(entry), entry, offer(say, entry)) for entry in offered]
    today = any(entry.hub_id for entry in [*(one.entry for one in columns), *offered])
    told = [say(f"translation.compare.{'about' if today else needed}")]
    if not today and len(parts) > 1:
        told.insert(0, say("translation.compare.about_own"))
    return (
        f'<section class="compare"><h2>{say("translation.compare.title")}</h2>'
        f'<p class="quiet">{page.sentences(say.lang, *told)}</p>'
        f'<div class="columns">{"".join(parts)}</div></section>'
    )


def body(say: Say, column: Column[Translated]) -> str:
    """One model's translation, or what is waited for, or why there is none."""
    if column.error:
        return answers.refusal(say, column.error)
    if column.answer is None:
        return waiting(say, column.entry, column.progress)
    written = pane.written_in(column.answer)
    tag = answers.TAGS.get(written, written)
    return (
        f'<div class="said" lang="{tag}" dir="auto">{pane.shaded(column.answer.result)}</div>'
        + pane.line(say, column.entry, column.answer)
        + pane.warned(say, column.answer)
    )


def era(entry: Entry) -> str:
    """The key of the era that a model stands for."""
    name = "now" if entry.hub_id else "then" if entry.key in OURS else "yours"
    return f"translation.compare.{'before' if entry.key == answers.PLAIN else name}"
