"""The figures of Learn: numbers at the foot of Try, scores by direction, the ablation of networks
and how each variant fares as sentences grow longer. All from the cards; a dash where one has
nothing yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from demos import page, results
from demos.language import Say
from demos.page.html import Fact
from demos.translation.answers import BUNDLED, PLAIN, translators
from inference import Engine

DASH = "—"
CARD = "translation/en-fr"
#: The variants of `experiments.translation_ablation`, the poorest first.
VARIANTS = ("plain", "attention", "transformer")
#: The split that is reported: nothing was chosen by it.
SPLIT = "test"
# Measures of the drawing, in the units of its viewBox: it is about as wide on a phone.
WIDTH, HEIGHT = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 34, 14, 12, 54
LINES = 20  # BLEU between two lines across
LEAST = 2  # fewer lengths are no curve

Row = Mapping[str, Any]


def reached(key: str, direction: str) -> Row:
    """What a bundled model's card says of a direction on the test split; {} where it says nothing.

    The row of `pretrained.__main__.keep_result`, whose split is named ``en-fr/test en-fr``."""
    end = f"/{SPLIT} {direction}"
    results = page.read_metrics(key).get("results", ())
    return next((row for row in results if row["split"].endswith(end)), {})


def score(row: Row, metric: str) -> str:
    """A score with its interval, or a dash."""
    found = row.get("metrics", {}).get(metric)
    return page.figure(metric, found) if found else DASH


def headline(engine: Engine) -> list[Fact]:
    """The numbers at the foot of Try: BLEU of each direction, with chrF, and the weights."""
    known = translators(engine)
    rows: list[Fact] = []
    for direction, key in BUNDLED.items():
        if key in known:
            row = reached(key, direction)
            told = {"chrf": score(row, "chrf"), "n": f"{row['n']:,}" if row else DASH}
            name = direction.replace("-", "_")
            rows.append((score(row, "bleu"), f"translation.fact.{name}", told))
    sizes = {k: known[k].parameters for k in BUNDLED.values() if k in known}
    if sizes:
        rows.append((f"{sum(sizes.values()):,}", "translation.fact.weights"))
    return rows


def targets(say: Say) -> str:
    """The BLEU that was to be reached in each direction, and whether it was; nothing where no card
    has a target."""
    parts = []
    for direction, key in BUNDLED.items():
        row = reached(key, direction)
        if row.get("target", {}).get("bleu") is not None:
            claim = {**row["metrics"]["bleu"], "metric": "bleu", "target": row["target"]["bleu"]}
            name = say(f"translation.chart.{direction.replace('-', '_')}")
            parts.append(f"{name} {results.target(claim, say)}")
    told = say("translation.fact.targets")
    return f'<p class="quiet targets">{told} {" · ".join(parts)}</p>' if parts else ""


def figures() -> dict[str, Callable[[Say], str]]:
    """What learn.*.md may place with ``{{figure:NAME}}``."""
    return {"scores": scores, "ablation": ablation, "curve": curve, "networks": networks}


def scores(say: Say) -> str:
    """BLEU and chrF of every direction, and BLEU where the source was not in the training data."""
    asked = [(direction, key, direction.replace("-", "_")) for direction, key in BUNDLED.items()]
    asked.insert(1, ("en-fr", PLAIN, "plain"))
    rows = []
    for direction, key, name in asked:
        row = reached(key, direction)
        cells = (score(row, metric) for metric in ("bleu", "chrf", "bleu_new"))
        rows.append((say(f"translation.chart.{name}"), *cells, f"{row['n']:,}" if row else DASH))
    heads = ("direction", "bleu", "chrf", "new", "n")
    caption = say("translation.chart.scores")
    return page.table([say(f"translation.chart.{head}") for head in heads], rows, caption)


def variants() -> dict[str, Row]:
    """The rows of the ablation by variant, the poorest first; those that the card has."""
    found = {row.get("rung"): row for row in page.read_metrics(CARD).get("ladder", ())}
    return {variant: found[variant] for variant in VARIANTS if variant in found}


def ablation(say: Say) -> str:
    """No attention, attention, a Transformer: scores with intervals, weights and updates."""
    found, rows = variants(), []
    for variant in VARIANTS:
        row = found.get(variant, {})
        rows.append(
            (
                say(f"translation.chart.network.{variant}"),
                page.figure("bleu", row) if row else DASH,
                page.figure("chrf", row["chrf"]) if row else DASH,
                f"{row['parameters']:,}" if row else DASH,
                f"{row['updates']:,}" if row else DASH,
            )
        )
    one = next(iter(found.values()), {})
    minutes = f"{one['seconds'] / 60:.0f}" if one else DASH
    n = f"{one['n']:,}" if one else DASH
    heads = ("variant", "bleu", "chrf", "weights", "updates")
    caption = say("translation.chart.ablation", n=n, minutes=minutes)
    return page.table([say(f"translation.chart.{head}") for head in heads], rows, caption)


def networks(say: Say) -> str:
    """Each direction by one network that learns both, and by one of its own: rows of
    `experiments.translation_directions`."""
    found = {
        (row["direction"], len(row["directions"])): row
        for row in page.read_metrics(CARD).get("ladder", ())
        if "directions" in row
    }
    directions = [direction for direction, key in BUNDLED.items() if key == CARD]
    rows = []
    for direction in directions:
        both = [found.get((direction, ways), {}) for ways in (len(directions), 1)]
        cells = [page.figure("bleu", row) if row else DASH for row in both]
        n = f"{both[0]['n']:,}" if both[0] else DASH
        rows.append((say(f"translation.chart.{direction.replace('-', '_')}"), *cells, n))
    times = [
        f"{row['seconds'] / 60:.0f}" if row else DASH
        for row in (found.get((directions[0], ways), {}) for ways in (len(directions), 1))
    ]
    caption = say("translation.chart.networks", shared=times[0], own=times[1])
    heads = ("direction", "shared", "own", "n")
    return page.table([say(f"translation.chart.{head}") for head in heads], rows, caption)


def curve(say: Say) -> str:
    """BLEU against the length of the source, a line for each variant that the card has; a sentence
    in its place where it has none."""
    lines = {
        variant: row["curve"] for variant, row in variants().items() if len(row["curve"]) >= LEAST
    }
    if not lines:
        return f'<p class="quiet">{say("translation.chart.no_curve")}</p>'
    # Every variant translated the same sentences, so that all have the same lengths.
    lengths = {name: bucket["n"] for name, bucket in next(iter(lines.values())).items()}
    values = {
        variant: [one["bleu"] for one in buckets.values()] for variant, buckets in lines.items()
    }
    names = {variant: say(f"translation.chart.network.{variant}") for variant in lines}
    told = "; ".join(
        say(
            "translation.chart.told",
            name=names[variant],
            values=", ".join(
                f"{length(name)}: {v:.0f}" for name, v in zip(lengths, row, strict=True)
            ),
        )
        for variant, row in values.items()
    )
    keys = "".join(
        f'<li><svg viewBox="0 0 34 12" aria-hidden="true"><path class="line {kind}" d="M1 6H33"/>'
        f"{sign(kind, 17, 6)}</svg>{names[kind]}</li>"
        for kind in lines
    )
    drawing = (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{say("translation.chart.curve_label")} {told}">'
        f"{grid(values.values())}{ticks(say, lengths)}"
        + "".join(line(variant, places(row, values.values())) for variant, row in values.items())
        + "</svg>"
    )
    return page.drawn(f'<ul class="keys">{keys}</ul>{drawing}', say("translation.chart.curve"))


def length(name: str) -> str:
    """``"4-5 words"`` as it stands under the axis: 4–5."""
    return escape(name.partition(" ")[0].replace("-", "–"))


def across(number: int, count: int) -> float:
    """Where a length stands, from left to right."""
    return LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / count


def down(value: float, most: float) -> float:
    """Where a score stands; ``most`` is at the top, 0 at the bottom."""
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)


def highest(values: Any) -> int:
    """The line across above every value."""
    return LINES * max(1, -int(-max(max(row) for row in values) // LINES))


def places(row: Sequence[float], values: Any) -> list[tuple[float, float]]:
    """The points of one variant."""
    most = highest(values)
    return [(across(n, len(row)), down(value, most)) for n, value in enumerate(row)]


def grid(values: Any) -> str:
    """Lines across, each with its score."""
    most = highest(values)
    return "".join(
        f'<path class="rule" d="M{LEFT} {down(value, most):.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="scale" x="{LEFT - 8}" y="{down(value, most) + 4.5:.1f}">{value}</text>'
        for value in range(0, most + 1, LINES)
    )


def ticks(say: Say, lengths: Mapping[str, int]) -> str:
    """Under the axis each length, with the number of sentences that have it."""
    base = HEIGHT - BOTTOM
    marks = "".join(
        f'<text x="{across(n, len(lengths)):.1f}" y="{base + 17}">{length(name)}</text>'
        f'<text class="few" x="{across(n, len(lengths)):.1f}" y="{base + 32}">{count:,}</text>'
        for n, (name, count) in enumerate(lengths.items())
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'{marks}<text x="{middle}" y="{HEIGHT - 6}">{say("translation.chart.length")}</text>'


def line(kind: str, points: Sequence[tuple[float, float]]) -> str:
    """One variant: a line of its own ``kind``, and its sign at every length."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="line {kind}" d="M{path}"/>' + "".join(sign(kind, *at) for at in points)


def sign(kind: str, x: float, y: float) -> str:
    """A variant's sign, so that colour alone tells nothing: ring, dot or square."""
    if kind == "transformer":
        return (
            f'<rect class="sign {kind}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
        )
    return f'<circle class="sign {kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
