"""From nothing to a classifier of three things in the Train room of Classify: how long, how right.

What the page asks is asked here, without a browser: pictures of three drawn shapes are sent to
``/train/classify``, and it is waited for the state in which all have been learnt. The target of
the room is two minutes on two cores, a visitor's own time not counted.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from benchmarks.table import Table

WITHIN = 120.0  # seconds
KINDS = ("circle", "star", "triangle")
SEED = 0
EACH, ASKED = 16, 20  # pictures of each that are given, and that are asked about afterwards
OWNER = {"X-Owner": "b" * 32}


def measure(kind: str, quick: bool, say: Callable[[str], None]) -> Table:
    """One visit, from a cold engine."""
    from demos.classification import train
    from demos.language import Words
    from inference import Engine, Settings
    from jobs import Jobs, Limits
    from pretrained import catalog, starters

    each, asked = (4, 4) if quick else (EACH, ASKED)
    say("classroom: three shapes")
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        starters.make("shapes", top / "shapes", SEED)
        drawn = {name: sorted((top / "shapes" / name).iterdir()) for name in KINDS}
        jobs = Jobs(Limits(top / "jobs"))
        engine = Engine(catalog.entries(), Settings(device=kind))
        with TestClient(Starlette(routes=train.routes(engine, Words(), jobs))) as client:
            began = time.monotonic()
            state = client.post("/train/classify", json={}, headers=OWNER).json()
            where, ids = f"/train/classify/{state['upload']}", [c["id"] for c in state["classes"]]
            marks = []
            for give in (1, each - 1):  # one picture of each, then the others
                for id, files in zip(ids, drawn.values(), strict=True):
                    sent = files[:1] if give == 1 else files[1:each]
                    body = [("files", (one.name, one.read_bytes())) for one in sent]
                    client.post(f"{where}/pictures?class={id}", files=body, headers=OWNER)
                state = _learnt(client, where, 3 if give == 1 else 3 * each)
                marks.append(time.monotonic() - began)
            fitted = float(state["learnt"]["seconds"])
            right, seconds = 0, []
            for id, files in zip(ids, drawn.values(), strict=True):
                for one in files[each : each + asked]:
                    began = time.monotonic()
                    said = client.post(f"{where}/answer", content=one.read_bytes(), headers=OWNER)
                    seconds.append(time.monotonic() - began)
                    best = max(said.json()["answers"], key=lambda row: float(row["probability"]))
                    right += best["class"] == id
        jobs.close()
    n = len(seconds)
    return Table(
        "From nothing to a classifier of three drawn shapes, over HTTP, from a cold engine",
        ("what", "seconds", "target"),
        (
            ("one picture of each is learnt, the model's load included", marks[0], None),
            (f"{each} pictures of each are learnt", marks[1], WITHIN),
            (f"the last fit alone, with its estimate, of {3 * each} pictures", fitted, None),
            ("one answer", sum(seconds) / n, None),
        ),
        (f"right on {right} of {n} other shapes of seed {SEED}, none of which was given",),
    )


def _learnt(client: TestClient, where: str, count: int) -> dict[str, Any]:
    """The state in which so many pictures have been learnt."""
    version = ""
    while True:
        state: dict[str, Any] = client.get(f"{where}?after={version}", headers=OWNER).json()
        version = str(state["version"])
        if (state["learnt"] or {}).get("pictures") == count:
            return state
