"""How a detector is measured, drawn: the overlap of two boxes, the list that is walked down, the
area under the curve; and how ours grew while it learnt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from demos import page
from demos.detection.answers import EVERYDAY
from demos.language import Say
from pretrained import catalog

#: The overlaps that are drawn: too little, what is just enough, good.
OVERLAPS = (0.2, 0.5, 0.8)
ENOUGH = 0.5
SIDE = 60  # of a drawn box
#: An example: which of eight boxes, the surest first, lie on one of the five objects.
RIGHT = (True, True, False, True, False, True, False, False)
OBJECTS = 5
#: Rows of the history that are drawn, and the class of each line.
WATCHED = {
    "held_out_person_box_ap50": "person_box",
    "held_out_person_mask_ap50": "person_mask",
    "held_out_box_ap50": "every",
}
LEAST = 3  # fewer rounds are no curve
# Measures of a drawing, in the units of its viewBox: it is about as wide on a phone.
WIDTH, HEIGHT = 400, 250
LEFT, RIGHTMOST, TOP, BOTTOM = 46, 14, 12, 44

Point = tuple[float, float]


def overlap(say: Say) -> str:
    """Three pairs of equal boxes, each with what both share over what they cover."""
    cells = "".join(compared(share, say) for share in OVERLAPS)
    return page.drawn(f'<div class="overlaps">{cells}</div>', say("detection.chart.overlap.about"))


def compared(share: float, say: Say) -> str:
    """One pair of boxes, and whether so much counts as found."""
    said = say(f"detection.chart.overlap.{'enough' if share >= ENOUGH else 'too_little'}")
    label = say("detection.chart.overlap.alt", share=f"{share:.0%}")
    return (
        f'<div><svg viewBox="0 0 112 72" role="img" aria-label="{label}">{pair(share)}</svg>'
        f"<p><b>{share:.0%}</b> {said}</p></div>"
    )


def pair(share: float) -> str:
    """Two boxes of which ``share`` of what they cover is shared: one moved aside by so much."""
    shift = SIDE * (1 - share) / (1 + share)
    left, wide = (112 - SIDE - shift) / 2, SIDE - shift
    return (
        f'<rect class="shared" x="{left + shift:.1f}" y="6" width="{wide:.1f}" height="{SIDE}"/>'
        f'<rect class="true" x="{left:.1f}" y="6" width="{SIDE}" height="{SIDE}"/>'
        f'<rect class="guess" x="{left + shift:.1f}" y="6" width="{SIDE}" height="{SIDE}"/>'
    )


def walked(right: Sequence[bool], objects: int) -> list[Point]:
    """(recall, precision) after each box of a list, the surest first."""
    hits = [sum(right[: n + 1]) for n in range(len(right))]
    return [(hit / objects, hit / (n + 1)) for n, hit in enumerate(hits)]


def envelope(points: Sequence[Point]) -> list[Point]:
    """Steps: for each recall the best precision that is had there or farther right."""
    best = [max(p for r, p in points if r >= recall) for recall, _ in points]
    return [(recall, high) for (recall, _), high in zip(points, best, strict=True)]


def area(points: Sequence[Point]) -> float:
    """What lies under the steps: the average precision."""
    total, before = 0.0, 0.0
    for recall, precision in envelope(points):
        total += (recall - before) * precision
        before = recall
    return total


def precision(say: Say) -> str:
    """The example's list and its curve of precision by recall, the area under it shaded."""
    points = walked(RIGHT, OBJECTS)
    value = f"{area(points):.0%}"
    steps = [(0.0, 1.0)]
    for recall, high in envelope(points):
        steps += [(steps[-1][0], high), (recall, high)]
    steps.append((steps[-1][0], 0.0))
    line = path(steps)
    listed = "".join(ranked(one, say) for one in RIGHT)
    marks = "".join(
        f'<circle class="at" cx="{across(recall):.1f}" cy="{down(high):.1f}" r="4"/>'
        for recall, high in points
    )
    told = say("detection.chart.precision_alt", area=value)
    drawing = (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">'
        f'<path class="under" d="{line}L{across(0):.1f} {down(0):.1f}Z"/>{grid()}'
        f'<path class="line every" d="{line}"/>{marks}'
        + "".join(
            f'<text class="{kind}" x="{across(share):.1f}" y="{HEIGHT - BOTTOM + 17}">'
            f"{share:.0%}</text>"
            for share, kind in ((0, ""), (0.2, ""), (0.4, ""), (0.6, ""), (0.8, ""), (1, "last"))
        )
        + f'<text x="{across(0.5):.1f}" y="{HEIGHT - 6}">{say("detection.chart.recall")}</text>'
        f'<text class="area" x="{across(0.38):.1f}" y="{down(0.32):.1f}">'
        f"{say('detection.chart.area', area=value)}</text></svg>"
    )
    return page.drawn(
        f'<ol class="ranked">{listed}</ol><p class="axis">{say("detection.chart.precision")}</p>'
        f"{drawing}",
        say("detection.chart.precision_about"),
    )


def ranked(right: bool, say: Say) -> str:
    """One box of the list: a tick or a cross, in words for who cannot see it."""
    kind, sign = ("right", "✓") if right else ("wrong", "×")
    return (
        f'<li class="{kind}"><span class="visually">{say(f"detection.chart.{kind}")}</span>'
        f'<i aria-hidden="true">{sign}</i></li>'
    )


def learning(say: Say) -> str:
    """How AP50 of pictures kept aside grew, round by round; a sentence where no history is kept."""
    rows = history()
    lines = {
        name: [(row["step"], row[metric]) for row in rows if metric in row]
        for metric, name in WATCHED.items()
    }
    lines = {name: points for name, points in lines.items() if len(points) >= LEAST}
    if not lines:
        return f'<p class="quiet">{say("detection.chart.no_learning")}</p>'
    last = max(points[-1][0] for points in lines.values())
    names = {name: say(f"detection.chart.line.{name}") for name in lines}
    keys = "".join(
        f'<li><svg viewBox="0 0 34 12" aria-hidden="true"><path class="line {name}" d="M1 6H33"/>'
        f"</svg>{names[name]}</li>"
        for name in lines
    )
    told = "; ".join(
        say(
            "detection.chart.told", name=names[name], first=f"{p[0][1]:.0%}", last=f"{p[-1][1]:.0%}"
        )
        for name, p in lines.items()
    )
    drawn = "".join(
        f'<path class="line {name}" d="{path([(step / last, value) for step, value in points])}"/>'
        for name, points in lines.items()
    )
    ends = "".join(
        f'<text class="{kind}" x="{across(share):.1f}" y="{HEIGHT - BOTTOM + 17}">'
        f"{round(last * share):,}</text>"
        for share, kind in ((0, "head"), (0.5, ""), (1, "last"))
    )
    about = say("detection.chart.learning", updates=f"{last:,}")
    label = f'role="img" aria-label="{told}"'
    return page.drawn(
        f'<div class="learnt"><ul class="keys">{keys}</ul>'
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" {label}>'
        f'{grid()}{drawn}{ends}<text x="{across(0.5):.1f}" y="{HEIGHT - 6}">'
        f"{say('detection.chart.updates')}</text></svg></div>",
        about,
    )


def history() -> list[Mapping[str, Any]]:
    """The rounds of the shipped network's training; none where it left no history."""
    file = catalog.folder_of(EVERYDAY) / "history.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else ()
    return [json.loads(line) for line in lines]


def across(share: float) -> float:
    """Where a share from 0 to 1 stands, from left to right."""
    return LEFT + (WIDTH - LEFT - RIGHTMOST) * share


def down(share: float) -> float:
    """Where a share stands; 1 is at the top."""
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def path(points: Sequence[Point]) -> str:
    """A line through shares."""
    return "M" + "L".join(f"{across(x):.1f} {down(y):.1f}" for x, y in points)


def grid() -> str:
    """Lines across at every quarter, each with its share."""
    return "".join(
        f'<path class="rule" d="M{LEFT} {down(share):.1f}H{WIDTH - RIGHTMOST}"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{down(share) + 4.5:.1f}">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
