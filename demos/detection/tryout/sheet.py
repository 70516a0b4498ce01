"""One picture with what was found in it, as HTML: the plate with its boxes, the table beside it.

Everything that a model named stands in it; `detection_shown.js` shows what the visitor's
score and classes let through and draws the masks, `detection.js` makes the files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

from demos import models, page, pictures
from demos.detection import answers
from demos.detection.answers import USUAL, Found, Size, Thing
from demos.detection.tryout import sharing
from demos.language import Say
from inference.errors import Refusal
from pretrained.catalog import Entry

#: One colour a class, dark enough for white letters whatever the theme: they lie on the picture.
COLOURS = (
    *("#2b53c8", "#b83a1f", "#0b6e67", "#74389a"),
    *("#8a570c", "#a3195b", "#3b6d11", "#44505a"),
)
NEAR_RIGHT = 0.66  # of the width: from there a box's name ends with its box
#: Pixels of the longest side of a picture in a column of several.
SMALL = 560
WIDE = 2  #: times its height: from there a picture has the whole width for itself
FEW = 12  #: kinds of object that are named one by one


def figure(
    say: Say,
    entry: Entry,
    found: Found,
    *,
    number: int = 0,
    live: bool = False,
    example: str | None = None,
) -> str:
    """The picture, its boxes and everything about them. ``live``: the page has the picture.
    ``example``: its name, where it is none of the visitor's own."""
    wide = " wide" if found.picture.width > WIDE * found.picture.height else ""
    told = {"first_of_many": "first_frame", "cut_short": "cut_short"}
    notes = "".join(
        page.note(say.plain(f"detection.answer.{word}"))
        for name, word in told.items()
        if found.picture.info.get(name)
    )
    if min(found.sent) < pictures.MIN_SIDE:
        width, height = found.sent
        notes = page.note(say.plain("detection.answer.tiny", width=width, height=height))
    elif not found.objects:
        notes = page.note(say.plain("detection.answer.nothing")) + notes
    about = f'<p class="quiet">{kinds(say, entry)}</p>'
    if entry.key == answers.RCNN:
        about = page.note(say.plain("detection.answer.rcnn"))
    buttons = "".join(
        f'<button type="button" class="plain" data-save="{kind}">'
        f"{say(f'detection.try.save_{kind}')}</button>"
        for kind in ("picture", "coco")
    )
    credit = say("detection.share.credit", model=say.model(entry), house=say.plain("house.name"))
    link, why = sharing.buttons(say, entry, example)
    return (
        f'<figure class="found{wide}" data-sheet="{number}" {_data(say, entry, found)}>'
        f"{plate(say, entry, found, answers.SIDE, live=live)}"
        f'<figcaption><h2 data-show="count" aria-live="polite">{counted(say, found)}</h2>'
        f"{page.quiet(line(say, entry, found))}{about}"
        f'<p class="note" data-show="none" hidden></p>{notes}'
        f"{classes(say, entry, found)}{table(say, entry, found)}"
        f'<div class="take share" data-credit="{credit}">{link}{buttons}{"" if live else why}</div>'
        "</figcaption></figure>"
    )


def small(say: Say, entry: Entry, found: Found) -> str:
    """The picture and its boxes among others' answers to the same picture."""
    return (
        f'<figure class="found small" {_data(say, entry, found)}>'
        f"{plate(say, entry, found, SMALL, alone=True)}"
        f'<figcaption><p class="quiet">{escape(line(say, entry, found, short=True))}</p>'
        f'<p data-show="count">{counted(say, found)}</p><p class="quiet">{kinds(say, entry)}</p>'
        f'<p class="note" data-show="none" hidden></p>'
        f'<p class="sr-only" role="status" data-show="alone"></p></figcaption></figure>'
    )


def kinds(say: Say, entry: Entry) -> str:
    """What a model looks for, as HTML: each kind where they are few, else how many."""
    known = answers.looked_for(entry)
    if len(known) > FEW:
        return say("detection.answer.kinds", n=len(known))
    said = say("detection.answer.only", kinds="{kinds}")
    named = (answers.label_in(say.lang, entry, label) for label in known)
    each = (f'<span lang="{tag}">{escape(name)}</span>' for name, tag in named)
    return said.replace("{kinds}", say.plain("house.comma").join(each))


def refused(say: Say, name: str, error: Refusal, number: int) -> str:
    """A file among several that is no picture to look at."""
    said = f"<b>{escape(name)}</b>{page.refusal(say, error)}"
    return f'<figure class="found refused" data-sheet="{number}">{said}</figure>'


def _data(say: Say, entry: Entry, found: Found) -> str:
    """What the page's script reads: ``seen`` and ``sent`` are widths and heights, ``mask`` the
    ``counts`` of COCO's run lengths over the picture as seen."""
    told = {
        "file": found.name or "picture",
        "model": found.key,
        "seen": found.picture.size,
        "sent": found.sent,
        "objects": [
            {
                "label": thing["label"],
                "name": answers.label_in(say.lang, entry, thing["label"])[0],
                "score": round(float(thing["score"]), 4),
                "box": [round(float(side), 2) for side in thing["box"]],
                "mask": thing["mask"]["counts"] if thing["mask"] else None,
                "colour": colour,
            }
            for thing, colour in zip(found.objects, colours(found.objects), strict=True)
        ],
    }
    return f'data-found="{escape(json.dumps(told, ensure_ascii=False), quote=True)}"'


def colours(objects: Sequence[Thing]) -> list[str]:
    """The colour of each object: that of its class, in the order in which classes are named."""
    order = {label: n for n, label in enumerate(dict.fromkeys(t["label"] for t in objects))}
    return [COLOURS[order[thing["label"]] % len(COLOURS)] for thing in objects]


def plate(
    say: Say,
    entry: Entry,
    found: Found,
    side: int,
    *,
    live: bool = False,
    alone: bool = False,
) -> str:
    """The picture under its masks, boxes and names. ``alone``: without a table beside it, so that
    its objects are walked through by keyboard on the plate."""
    width, height = found.picture.size
    boxes, tags = [], []
    for n, (thing, colour) in enumerate(zip(found.objects, colours(found.objects), strict=True)):
        x0, y0, x1, y1 = thing["box"]
        unseen = " hidden" if thing["score"] < USUAL else ""
        boxes.append(
            f'<rect data-n="{n}"{unseen} x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0, 0):.1f}" '
            f'height="{max(y1 - y0, 0):.1f}" stroke="{colour}"/>'
        )
        over = f"z-index:{len(found.objects) - n};"  # the surest name lies on top
        place = f"{over}top:max({y0 / height:.2%},20px);background:{colour};" + (
            f"right:{1 - x1 / width:.2%}" if x0 / width > NEAR_RIGHT else f"left:{x0 / width:.2%}"
        )
        label, tag = answers.label_in(say.lang, entry, thing["label"])
        tags.append(
            f'<span data-n="{n}"{unseen} lang="{tag}" style="{place}">{escape(label)} '
            f"{thing['score']:.0%}</span>"
        )
    alt = found.name or say.plain("detection.try.picture")
    if found.name and found.objects:
        alt = say.plain("detection.answer.alt", file=found.name)
    shown = f'<img alt="{escape(alt)}" width="{width}" height="{height}">'
    if not live:
        shown = pictures.img(pictures.fitted(found.picture, side), alt)
    keys = f' tabindex="0" role="group" aria-label="{escape(alt)}"' if alone else ""
    return (
        f'<div class="plate"{keys} style="--w:{width};--h:{height}">{shown}'
        f'<canvas aria-hidden="true"></canvas><svg viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none" aria-hidden="true">{"".join(boxes)}</svg>'
        f'<div class="tags" aria-hidden="true">{"".join(tags)}</div></div>'
    )


def counted(say: Say, found: Found) -> str:
    """How many objects are shown to begin with."""
    n = sum(thing["score"] >= USUAL for thing in found.objects)
    return say(f"detection.answer.{('none', 'one')[n] if n < 2 else 'many'}", n=n)


def line(say: Say, entry: Entry, found: Found, short: bool = False) -> str:
    """The model, its size and its time; plain text."""
    return say.plain(
        "detection.answer.short_line" if short else "detection.answer.line",
        model=say.model(entry),
        weights=models.size(say, entry.parameters),
        time=models.took(say, found.milliseconds / 1000),
    )


def classes(say: Say, entry: Entry, found: Found) -> str:
    """A switch for each class that was named, the commonest first. One alone is seen only where it
    was switched off, at another picture."""
    count = Counter(thing["label"] for thing in found.objects)
    if not count:
        return ""
    colour = dict(zip((t["label"] for t in found.objects), colours(found.objects), strict=True))
    buttons = []
    for label, n in count.most_common():
        name, tag = answers.label_in(say.lang, entry, label)
        buttons.append(
            f'<button type="button" aria-pressed="true" data-class="{escape(label)}" '
            f'style="--c:{colour[label]}"><span lang="{tag}">{escape(name)}</span> '
            f'<i data-show="of">{n}</i></button>'
        )
    heading = say("detection.try.classes")
    unseen = " hidden" if len(count) < 2 else ""
    return (
        f'<div class="classes" role="group" aria-label="{heading}"{unseen}>{"".join(buttons)}</div>'
    )


def table(say: Say, entry: Entry, found: Found) -> str:
    """A row for each object; who points at one sees it alone."""
    if not found.objects:
        return ""
    rows = []
    for n, (thing, colour) in enumerate(zip(found.objects, colours(found.objects), strict=True)):
        label, tag = answers.label_in(say.lang, entry, thing["label"])
        unseen = " hidden" if thing["score"] < USUAL else ""
        covers = page.percent(share(thing, found.picture.size))
        rows.append(
            f'<tr data-n="{n}"{unseen}><th scope="row"><button type="button" lang="{tag}" '
            f'aria-label="{escape(label)} {thing["score"]:.0%}" '
            f'style="--c:{colour}">{escape(label)}</button></th>'
            f'<td class="number">{thing["score"]:.0%}</td><td class="number">{covers}</td></tr>'
        )
    heads = "".join(
        f'<th scope="col"{" class=number" if name != "object" else ""}>'
        f"{say(f'detection.try.{name}')}</th>"
        for name in ("object", "score", "area")
    )
    return (
        f'<div class="things"><table class="sheet"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="quiet point">{say("detection.try.point")}</p>'
    )


def share(thing: Thing, size: Size) -> float:
    """The part of a picture that an object covers, 0..1: its mask, or its box if it has none."""
    width, height = size
    if thing["mask"]:
        from pretrained.detection import rle

        return rle.area(thing["mask"]) / (width * height)
    x0, y0, x1, y1 = thing["box"]
    return max(x1 - x0, 0) * max(y1 - y0, 0) / (width * height)


def file_name(payload: Mapping[str, Any]) -> str:
    """What a visitor calls the file that was sent."""
    return PurePath(str(payload.get("orig_name") or payload.get("path") or "")).name
