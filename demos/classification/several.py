"""Several pictures at once: a table to read, and the same as CSV to take along."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from html import escape
from pathlib import PurePath
from typing import Any

from demos import models, page, pictures, uploads
from demos.classification import answers, kinds
from demos.language import Say
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry

MOST = 64  # pictures a table: what one visitor may queue at once
AT_ONCE = 8  # decoded at the same time, so that memory stays bounded


async def table(
    engine: Engine,
    say: Say,
    payloads: Sequence[Mapping[str, Any]] | None,
    key: str,
    *,
    fetch: bool = False,
) -> AsyncIterator[str]:
    """Yield a bar with a count while the answers come in, then the table.

    A model that is not on this machine is offered with a button; with ``fetch`` it is downloaded
    first, once for all the pictures."""
    entry = answers.entry_of(engine, key)
    files = list(payloads or [])[:MOST]
    if entry.hub_id and not models.on_disk(entry):
        if not fetch:
            yield offer(say, entry)
            return
        try:
            work = engine.preload(entry.key)
            async with aclosing(models.with_progress(engine, entry.key, work)) as steps:
                async for step in steps:
                    yield models.waiting(say, entry, step)
        except Refusal as error:
            yield page.refusal(say, error) + offer(say, entry)
            return
    rows: list[tuple[Mapping[str, Any], str, answers.Answer | Refusal]] = []
    for start in range(0, len(files), AT_ONCE):
        count = say("classification.several.count", done=start, total=len(files))
        yield (
            f'<div class="waiting" role="status"><progress max="{len(files)}" value="{start}">'
            f'</progress><p class="quiet">{count}</p></div>'
        )
        part = files[start : start + AT_ONCE]
        rows += await asyncio.gather(*(row(engine, entry, payload) for payload in part))
    cut = len(payloads or []) > MOST
    yield rendered(say, entry, rows, cut)


def offer(say: Say, entry: Entry) -> str:
    """What the download would bring, and the button that starts it: the event "pick"."""
    press = say("classification.try.fetch")
    button = f'<button type="button" class="btn" data-pick="fetch">{press}</button>'
    return f'<div class="several">{models.offer(say, entry)}<p>{button}</p></div>'


async def row(
    engine: Engine, entry: Entry, payload: Mapping[str, Any]
) -> tuple[Mapping[str, Any], str, answers.Answer | Refusal]:
    """One file: (what was sent, its thumbnail as HTML, the answer or why there is none)."""
    try:
        picture = await uploads.opened(engine, payload)
        thumbnail = pictures.img(pictures.fitted(picture, 56), "")
        return payload, thumbnail, await answers.ask(engine, entry.key, picture, top_k=2)
    except Refusal as error:
        return payload, "", error


def rendered(
    say: Say,
    entry: Entry,
    rows: Sequence[tuple[Mapping[str, Any], str, answers.Answer | Refusal]],
    cut: bool,
) -> str:
    """The table, its CSV inside the link itself: nothing stays on the server."""
    columns = ("file", "answer", "confidence", "second", "sure")  # of the table
    sheet = io.StringIO()
    out = csv.writer(sheet)
    out.writerow([*columns, "group", "error"])
    lines = []
    for payload, thumbnail, said in rows:
        name = PurePath(payload.get("orig_name") or payload.get("path") or "").name
        if isinstance(said, Refusal):
            sentence = page.sentence_of(said, say)
            cells = f'<td colspan="4" class="refused">{escape(sentence)}</td>'
            out.writerow([safe_cell(name), "", "", "", "", "", sentence])
        else:
            names = [answers.label_in(say.lang, entry, label) for label, _ in said.confidences]
            share = said.confidences[0][1]
            second = names[1] if len(names) > 1 else ""
            how_sure = "yes" if said.sure else "group" if said.certain else "no"
            sure = say.plain(f"classification.several.{how_sure}")
            first = answers.headline(say, entry, said) if said.certain else names[0]
            cells = "".join(
                f"<td>{escape(text)}</td>" for text in (first, f"{share:.1%}", second, sure)
            )
            runner_up = said.confidences[1][0] if len(names) > 1 else ""
            group = kinds.many_of("en", said.certain.group) if said.certain else ""
            row = [said.label, f"{share:.4f}", runner_up, how_sure, group]
            out.writerow([safe_cell(cell) for cell in (name, *row, "")])
        file = f'<div class="file">{thumbnail}<span>{escape(name)}</span></div>'
        lines.append(f'<tr><th scope="row">{file}</th>{cells}</tr>')
    heads = "".join(
        f'<th scope="col">{say(f"classification.several.{column}")}</th>' for column in columns
    )
    data = base64.b64encode(sheet.getvalue().encode("utf-8-sig")).decode()
    given = [said for *_, said in rows if isinstance(said, answers.Answer)]
    told = [say.plain("classification.several.cut", most=MOST)] if cut else []
    if given:
        told += answers.caveats(say, entry, any(said.sure for said in given))
    note = "".join(map(page.note, told))
    line = say(
        "classification.several.line",
        count=len(rows),
        model=say.model(entry),
    )
    return (
        f'<div class="several"><h2>{say("classification.several.title")}</h2>'
        f'<p class="quiet">{line}</p>'
        f'<div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>{note}"
        f'<p><a class="ghost" download="breakthroughs-classification.csv" '
        f'href="data:text/csv;charset=utf-8;base64,{data}">{say("classification.several.csv")}</a></p></div>'
    )


def safe_cell(text: str) -> str:
    """A spreadsheet runs what begins like a formula: OWASP's advice is a quote before it."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
