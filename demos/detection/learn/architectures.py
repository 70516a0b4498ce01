"""The five architectures from R-CNN to DETR, drawn station by station: what each one brought,
and what it made needless. Dates and figures: the articles that each one names."""

from __future__ import annotations

from dataclasses import dataclass

from demos import page
from demos.language import Say

#: A frame, and in it a person and a dog: what every architecture begins with.
FRAME = '<rect x="4" y="3" width="64" height="50" rx="3"/>'
SCENE = (
    '<circle cx="24" cy="16" r="5"/><path d="M15 46c0-15 3-22 9-22s9 7 9 22z"/>'
    '<path d="M41 46V36q0-3 3-3h8l4-4 4 4-2 4v9h-4v-6h-9v6z"/>'
)
#: One network: layers that grow smaller.
LAYERS = '<path d="M12 8v40M26 14v28M40 19v18M54 23v10"/>'

#: What is drawn for each station, in a field of 72 x 56. ``hot``: in the accent.
DRAWN = {
    "picture": FRAME + SCENE,
    "program": FRAME
    + '<g class="dashed"><rect x="9" y="8" width="22" height="26"/><rect x="16" y="18" width="16"'
    ' height="30"/><rect x="36" y="8" width="26" height="18"/><rect x="38" y="28" width="23"'
    ' height="20"/><rect x="26" y="30" width="30" height="16"/></g>',
    "networks": '<g class="hot"><path d="M8 4v14M16 6v10M24 8v6M8 22v14M16 24v10M24 26v6M8 40v14'
    'M16 42v10M24 44v6"/></g><path d="M34 11h8M34 29h8M34 47h8"/><g class="dashed"><rect x="48"'
    ' y="4" width="14" height="14"/><rect x="48" y="22" width="14" height="14"/><rect x="48"'
    ' y="40" width="14" height="14"/></g>',
    "network": f'<g class="hot heavy">{LAYERS}</g>',
    "seen": LAYERS,
    "part": '<path d="M6 8h36v36H6zM6 17h36M6 26h36M6 35h36M15 8v36M24 8v36M33 8v36"/>'
    '<rect class="hot wash heavy" x="15" y="17" width="18" height="18"/>'
    '<path class="hot" d="M48 26h16m-5-5 5 5-5 5"/>',
    "proposals": FRAME
    + '<g class="hot"><rect x="12" y="8" width="24" height="40"/><rect x="16" y="10" width="17"'
    ' height="36"/><rect x="38" y="27" width="24" height="22"/><rect x="42" y="25" width="16"'
    ' height="20"/></g>',
    "doubles": FRAME
    + '<g class="dashed"><rect x="10" y="8" width="22" height="36"/><rect x="18" y="12" width="20"'
    ' height="36"/></g><rect class="hot heavy" x="14" y="9" width="20" height="38"/>',
    "queries": '<g class="hot"><circle cx="12" cy="8" r="3.5"/><circle cx="12" cy="22" r="3.5"/>'
    '<circle cx="12" cy="36" r="3.5"/><circle cx="12" cy="50" r="3.5"/>'
    '<path d="M17 9l23 4M17 35l23-2"/><rect x="42" y="5" width="16" height="18"/>'
    '<rect x="42" y="27" width="22" height="12"/></g><path d="M17 22h8M17 50h8"/>',
    "boxes": FRAME
    + SCENE
    + '<g class="hot heavy"><rect x="12" y="8" width="24" height="40"/><rect x="39" y="27"'
    ' width="23" height="21"/></g>',
    "masks": f'{FRAME}<g class="hot wash">{SCENE}</g>',
}


@dataclass(frozen=True)
class Architecture:
    """One of the five. ``name`` is the word key ``detection.chart.architecture.<name>``;
    ``stations`` are names of `DRAWN`, of which ``new`` are its own."""

    name: str
    title: str
    year: int
    stations: tuple[str, ...]
    new: frozenset[str]


ARCHITECTURES = (
    Architecture(
        "rcnn", "R-CNN", 2014,
        ("picture", "program", "networks", "doubles", "boxes"), frozenset({"program", "networks"}),
    ),
    Architecture(
        "fast", "Fast R-CNN", 2015,
        ("picture", "network", "program", "part", "doubles", "boxes"),
        frozenset({"network", "part"}),
    ),
    Architecture(
        "faster", "Faster R-CNN", 2015,
        ("picture", "seen", "proposals", "part", "doubles", "boxes"), frozenset({"proposals"}),
    ),
    Architecture(
        "mask", "Mask R-CNN", 2017,
        ("picture", "seen", "proposals", "part", "doubles", "masks"), frozenset({"masks"}),
    ),
    Architecture(
        "detr", "DETR", 2020,
        ("picture", "seen", "queries", "boxes"), frozenset({"queries"}),
    ),
)  # fmt: skip


def drawn(say: Say) -> str:
    """All five, one under the other; what each made needless stands beside its name."""
    rows = "".join(
        f'<li><p class="named"><b lang="en">{one.title}</b> <span>{one.year}</span> '
        f"<em>{say(f'detection.chart.architecture.{one.name}')}</em></p>"
        f'<ol class="stations">{"".join(station(one, name, say) for name in one.stations)}</ol>'
        "</li>"
        for one in ARCHITECTURES
    )
    caption = say("detection.chart.architectures")
    return page.drawn(f'<ul class="architectures">{rows}</ul>', caption)


def station(of: Architecture, name: str, say: Say) -> str:
    """One station: its drawing and, for everybody, its words."""
    kind = ' class="new"' if name in of.new else ""
    return (
        f'<li{kind}><svg viewBox="0 0 72 56" aria-hidden="true">{DRAWN[name]}</svg>'
        f"<span>{say(f'detection.chart.station.{name}')}</span></li>"
    )
