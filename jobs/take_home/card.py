"""The model card of what is taken home: written from the run, in English and in Chinese.

Whatever the run did not keep is said to be unknown. Words are in ``card.<language>.toml``.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jobs.folder import DATA
from pretrained.metrics import metric_of, wilson

LANGUAGES = {"en": "English", "zh": "中文"}
MOST_CLASSES = 30  # that are named
LONGEST = 200  # characters of what may be the name of a machine or of a split
SHARES = ("top1", "top5")  # right ones of all: what a Wilson interval is of
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """What a card is written from, cleaned of places on the server.

    Attributes:
        config, metrics, history: of the checkpoint folder.
        base, base_licence: key and licence of the model that it was begun from, or "".
        command: that trains it again. files: names of all that is in the zip.
        left_out: names of what stayed behind as it tells of the training data.
        onnx: what `pretrained.onnx.exported` told, or ``{"none": why, ...}``.
        alone: whether ``use_it.py`` does without this package.
        comes_back: whether the app loads such a zip from its page.
    """

    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    history: Rows
    base: str
    base_licence: str
    command: str
    files: Sequence[str]
    left_out: Sequence[str]
    onnx: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False
    comes_back: bool = True


@cache
def words(lang: str) -> dict[str, Any]:
    """What a card says in one language."""
    return tomllib.loads(Path(__file__).with_name(f"card.{lang}.toml").read_text("utf-8"))


def card(run: Run) -> str:
    """README.md."""
    licence = str(run.config.get("licence", "unknown"))
    head = [
        "---",
        f"license: {licence.lower()}",
        f"pipeline_tag: {_line(run.config.get('pipeline_tag', 'other'))}",
        "tags: [breakthroughs]",
        "---",
        f"# {_line(run.config.get('title') or run.config['key'])}",
        "",
        "[English](#english) · [中文](#中文)",
    ]
    for lang, name in LANGUAGES.items():
        head += ["", f"## {name}", "", *_told(run, words(lang), licence)]
    return "\n".join(head) + "\n"


def _told(run: Run, say: Mapping[str, Any], licence: str) -> list[str]:
    lines = [say["made"].format(base=f"`{run.base}`" if run.base else say["unknown"])]
    if described := run.config.get("description"):
        lines += ["", _line(described)]
    lines += ["", f"### {say['use']}", ""]
    lines += [say["use_onnx" if run.alone else "use_package"], ""]
    lines += [say["use_app" if run.comes_back else "use_app_started"]]
    lines += ["", f"### {say['trained']}", "", *_facts(run, say)]
    lines += ["", f"### {say['curve']}", "", *_curve(run.history, say)]
    lines += ["", f"### {say['good']}", "", *_figures(run, say)]
    lines += ["", f"### {say['repeat']}", "", "```", run.command or say["unknown"], "```"]
    lines += ["", say["repeat_how"], "", f"### {say['onnx']}", "", *_onnx(run, say)]
    lines += ["", f"### {say['licence']}", ""]
    known = licence.lower() not in ("", "unknown")
    lines += [say["licence_is"].format(licence=licence) if known else say["licence_unknown"]]
    began = str((run.metrics.get("training") or {}).get("started_from", ""))
    if run.base and not began.startswith("random"):
        own = run.base_licence or say["unknown"]
        lines += ["", say["licence_base"].format(base=f"`{run.base}`", licence=own)]
    lines += ["", f"### {say['not_known']}", ""]
    lines += [f"- {say['not_known_data']}", f"- {say['not_known_seed']}"]
    if limits := run.config.get("limits"):
        lines += ["", f"### {say['limits']}", "", _line(limits)]
    if run.left_out:
        lines += ["", f"### {say['left_out']}", "", say["left_out_why"], ""]
        lines += [f"- `{name}`: {say['why'][name]}" for name in run.left_out]
    lines += ["", f"### {say['files']}", "", f"| {say['file']} | |", "|---|---|"]
    what = say["what"]
    return lines + [f"| `{name}` | {what.get(name, what['other'])} |" for name in run.files]


def _facts(run: Run, say: Mapping[str, Any]) -> list[str]:
    made = dict(run.metrics.get("training") or {})
    labels = run.config.get("labels") or run.config.get("taught") or ()
    told: dict[str, Any] = {"base": run.base or say["unknown"]}
    if labels:
        named = ", ".join(map(str, labels[:MOST_CLASSES]))
        more = len(labels) - MOST_CLASSES
        told["classes"] = f"{len(labels)}: {named}" + (f", … (+{more})" if more > 0 else "")
    if run.config.get("parameters"):
        told["parameters"] = f"{run.config['parameters']:,}"
    for needed in ("data", "seed", "hardware", "wall_seconds", "date"):
        told[needed] = say["unknown"]  # said, where the run does not tell
    made.setdefault("date", made.get("made"))
    told |= {name: made[name] for name in say["fact"] if made.get(name) not in (None, "")}
    order = [name for name in say["fact"] if name in told]
    shown = {
        name: (_named(told[name], say) if name in ("hardware", "data") else _line(told[name]))
        for name in order
    }
    return [f"- {say['fact'][name]}: {shown[name]}" for name in order]


def _curve(history: Rows, say: Mapping[str, Any]) -> list[str]:
    columns = [name for name in _numbers(history) if "loss" in name or name.startswith("held_out_")]
    if not history or not columns:
        return [say["no_curve"]]
    lines = [say["curve_of"].format(rows=len(history)), ""]
    lines += [f"| {say['figure']} | {say['first']} | {say['last']} | {say['best']} |"]
    lines += ["|---|---|---|---|"]
    for name in columns:
        values = [(row[name], place) for place, row in enumerate(history, 1) if _real(row, name)]
        best, place = (min if _lower(name) else max)(values, key=lambda pair: pair[0])
        first, last = values[0][0], values[-1][0]
        lines.append(f"| {name} | {first:.4g} | {last:.4g} | {best:.4g} ({place}) |")
    return lines


def _numbers(history: Rows) -> list[str]:
    """Names of the columns with at least one number, in the order in which they come."""
    return list(dict.fromkeys(name for row in history for name in row if _real(row, name)))


def _real(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _lower(name: str) -> bool:
    """Whether less of a column is better."""
    if "loss" in name or "nats" in name:
        return True
    return metric_of(name.removeprefix("held_out_")).lower_is_better


def _figures(run: Run, say: Mapping[str, Any]) -> list[str]:
    table = [
        f"| {say['metric']} | {say['value']} | {say['interval']} | {say['split']} | n |",
        "|---|---|---|---|---|",
    ]

    def row(name: str, m: Mapping[str, Any], split: str, n: Any) -> str:
        between = f"{m['low']:.4f}–{m['high']:.4f}"
        return f"| {name} | {m['value']:.4f} | {between} | {_named(split, say)} | {n} |"

    results = run.metrics.get("results") or []
    if results:
        rows = [
            row(name, m, result["split"], m.get("n", result["n"]))
            for result in results
            for name, m in result["metrics"].items()
        ]
        return [say["evaluated"], "", *table, *rows]
    return [say["not_evaluated"], *_held_out(run, say, table, row)]


def _held_out(run: Run, say: Mapping[str, Any], table: list[str], row: Any) -> list[str]:
    """What was measured on the part of the data that the recipe kept aside: with an interval where
    it is a share of a known number, else said to have none."""
    told = run.metrics.get("held_out") or {}
    before, after = told.get("before") or {}, told.get("after") or {}
    known = run.metrics.get("calibration") or {}
    if not after and run.history:
        last = run.history[-1]
        named = [name for name in _numbers(run.history) if name.startswith("held_out_")]
        after = {n.removeprefix("held_out_"): last[n] for n in named if _real(last, n)}
        told = known
    if not after:
        return []
    n, split = told.get("n"), told.get("split", say["unknown"])
    if not isinstance(n, int) or n < 1:
        return ["", say["held_out_bare"]]
    lines = ["", say["held_out"].format(n=n, split=_named(split, say)), "", *table]
    for name, value in after.items():
        if name in SHARES:
            lines.append(row(name, wilson(round(value * n), n), split, n))
        else:
            lines.append(
                f"| {name} | {value:.4f} | {say['unknown']} | {_named(split, say)} | {n} |"
            )
    if before:
        was = ", ".join(f"{name} {value:.4f}" for name, value in before.items())
        lines += ["", say["before"].format(began=_named(told.get("began", ""), say), was=was)]
    return lines


def _onnx(run: Run, say: Mapping[str, Any]) -> list[str]:
    told = run.onnx
    if "none" in told:
        return [say[f"onnx_none_{told['none']}"].format(**told)]
    lines = [say["onnx_is"].format(**told), ""]
    for arrow, names in (("→", told["inputs"]), ("←", told["outputs"])):
        lines += [f"- {arrow} `{name}` {sizes}" for name, sizes in names.items()]
    apart = told.get("difference")
    same = say["onnx_unchecked"]
    if apart is not None:
        same = say["onnx_same"].format(difference=f"{apart:.1e}")
    lines += ["", same]
    if "log_probabilities" in told["outputs"]:
        lines += ["", say["onnx_text"]]
    return lines


def _named(text: Any, say: Mapping[str, Any]) -> str:
    """What a recipe calls a machine, a part of the data or what it began with, in the language of
    ``say``, whose ``named`` has templates; as it is where none fits. One `_line`. The folder of a
    job's data is called what it is to whoever takes the model home."""
    line = _line(text)
    own = say["own_data"]
    if len(line) > LONGEST:  # no machine is called so, and a pattern may take its square in time
        return line
    for english, told in say["named"].items():
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(english))
        if found := re.fullmatch(pattern, line):
            fields = found.groupdict()
            return str(told).format(**{n: own if v == DATA else v for n, v in fields.items()})
    return own if line == DATA else line


def _line(text: Any) -> str:
    """One line of a table or of a front matter, whatever a visitor has called their classes."""
    return " ".join(str(text).replace("|", "\\|").replace("<", "&lt;").split())
