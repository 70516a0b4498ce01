"""Measure again: which evaluations there are, whether their data are at hand, and what came out.

An evaluation is known by its model and by a number: the figures of a card that one command
measured. What a visitor sends names these two and nothing else.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from itertools import groupby, pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from demos import page
from demos.language import Say, reasons
from pretrained import catalog
from pretrained.catalog import Entry
from pretrained.metrics import Claim

#: Options of ``evaluate`` that a card's command may have besides its data.
CHOSEN = ("split", "direction")


@dataclass(frozen=True)
class Evaluation:
    """The claims of one command.

    Attributes:
        data: where its data lie in the folder of all data sets, such as ``cifar10/test.parquet``.
        options: ``split`` and ``direction``, as far as the command names them.
    """

    key: str
    number: int
    command: str
    claims: tuple[Claim, ...]
    data: str
    options: Mapping[str, str]

    def at_hand(self, folder: Path | None) -> Path | None:
        """The data in the host's folder, if they are there."""
        if folder is None or not self.data:
            return None
        found = folder.expanduser() / self.data
        return found if found.exists() else None


def evaluations(entry: Entry) -> list[Evaluation]:
    """Those of one model, numbered from 0. Figures that its authors published are in none."""
    measured = [claim for claim in entry.claims if claim.command]
    found = groupby(measured, key=lambda claim: claim.command)
    made = []
    for number, (command, claims) in enumerate(found):
        given = arguments(command)
        options = {name: value for name, value in given.items() if name in CHOSEN}
        data = relative(given.get("data", ""))
        made.append(Evaluation(entry.key, number, command, tuple(claims), data, options))
    return made


def named(key: str, number: int) -> Evaluation | None:
    """One of a bundled model, which is here without being fetched."""
    entry = catalog.entries().get(key)
    if entry is None or not entry.bundled:
        return None
    found = evaluations(entry)
    return found[number] if 0 <= number < len(found) else None


def arguments(command: str) -> dict[str, str]:
    """The options of a command that have a value."""
    words = shlex.split(command)
    pairs = pairwise(words)
    return {one[2:]: value for one, value in pairs if one[:2] == "--" and value[:2] != "--"}


def relative(data: str) -> str:
    """What follows the folder of all data sets, which is called ``data``; "" where it is none."""
    parts = PurePosixPath(data).parts
    if "data" not in parts:
        return ""
    return PurePosixPath(*parts[parts.index("data") + 1 :]).as_posix()


def compared(
    evaluation: Evaluation, result: Mapping[str, Any], say: Say, *, sent: bool, seconds: float
) -> dict[str, Any]:
    """Claimed and measured, side by side, as the page shows them.

    Args:
        result: what ``evaluate`` gave. sent: whether a visitor sent the data.

    Returns:
        ``rows``, each {"label", "card", "now", "verdict", "code"}, and ``on``: what they are on.
    """
    rows = [row(claim, result, say) for claim in evaluation.claims]
    split = reasons.held_out(result["split"], say.lang)
    fields = {"split": split, "n": f"{result['n']:,}", "seconds": f"{seconds:.0f}"}
    other = any(one["code"] == "other" for one in rows)
    on = "held" if not sent else "sent_other" if other else "sent"
    return {"rows": rows, "on": say.plain(f"results.again.{on}", **fields)}


def row(claim: Claim, result: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """One figure twice, and whether both agree."""
    label = say.words.tables[say.lang].get(f"metric.{claim.metric}", claim.metric)
    found = result["metrics"].get(claim.metric)
    told = {"label": unescape(label), "card": shown(claim, vars(claim), claim.n)}
    if found is None:
        return {**told, "now": "—", "code": "gone", "verdict": say.plain("results.again.gone")}
    n = found.get("n", result["n"])
    code = verdict(claim, found, n)
    fields = {"n": f"{n:,}", "claimed": f"{claim.n:,}" if claim.n else "?"}
    said = say.plain(f"results.again.{code}", **fields)
    return {**told, "now": shown(claim, found, n), "code": code, "verdict": said}


def shown(claim: Claim, figure: Mapping[str, Any], n: int | None) -> str:
    """A figure with its interval and n."""
    value = page.figure(claim.metric, figure, interval=figure.get("low") is not None)
    return f"{value}, n = {n:,}" if n else value


def verdict(claim: Claim, found: Mapping[str, float], n: int) -> str:
    """same (as it is printed), agrees (each within the other's interval), differs; or other, where
    as many were not measured: then it is another test set, and nothing follows."""
    if n != claim.n:
        return "other"
    if page.figure(claim.metric, vars(claim)) == page.figure(claim.metric, found):
        return "same"
    if claim.low is None or claim.high is None:
        return "differs"
    inside = claim.low <= found["value"] <= claim.high
    return "agrees" if inside and found["low"] <= claim.value <= found["high"] else "differs"
