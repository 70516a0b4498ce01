"""What the room asks of the server besides trainings: proposals for a picture, pictures to begin
with, and those that a training kept aside.

    POST /train/detection/suggest    a picture's bytes -> {"objects": [{label, name, score, box}]}
    GET  /train/detection/starter    -> {"labels": COCO's, "pictures": [{"name", "url": data:}]}
    GET  /train/detection/{job}/picture?file=...   -> the picture, for who has the training's link
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from demos import models, pictures, training, uploads
from demos.detection import answers
from demos.language import Say, Words
from demos.training.answering import owner
from demos.training.routes import within
from inference import Engine
from jobs import Job, Jobs, errors
from jobs.folder import DATA, SAMPLES

STARTER = "shapes-boxes"
Floats = NDArray[np.floating[Any]]
#: Score from which an object is proposed: what is wrong is taken away with one key, what is missing
#: has to be drawn.
LEAST = 0.3
MOST = 20
#: How likely something is there, and how many such places are proposed at most. In the 24 pictures
#: of `STARTER` these are 47 places, of which 35 are shapes, of 67 (overlap 0.6 or more): kinds that
#: the network was not taught.
SUSPECTED, MOST_SUSPECTED = 0.7, 6
COVERED = 0.5  # share of the smaller of two places from which they are one
SIDE = 960  # pixels: of a picture kept aside, as it is shown


def routes(engine: Engine, words: Words, jobs: Jobs | None) -> list[BaseRoute]:
    """All of them; none where nothing can be trained."""
    if jobs is None:
        return []
    told = training.answering(words)

    @told
    async def suggest(request: Request, say: Say) -> Any:
        owner(request)  # as every route that has something done
        return {"objects": await suggested(engine, say, await request.body())}

    @told
    async def starter(request: Request, say: Say) -> Any:
        return await asyncio.to_thread(begun)

    @told
    async def picture(request: Request, say: Say) -> Any:
        job = jobs.get(request.path_params["job"])
        content = await asyncio.to_thread(kept_aside, job, request.query_params.get("file", ""))
        lasting = {"Cache-Control": "private, max-age=3600"}
        return Response(content, media_type="image/jpeg", headers=lasting)

    return [
        Route("/train/detection/suggest", suggest, methods=["POST"]),
        Route("/train/detection/starter", starter, methods=["GET"]),
        Route("/train/detection/{job}/picture", picture, methods=["GET"]),
    ]


async def suggested(engine: Engine, say: Say, content: bytes) -> list[dict[str, Any]]:
    """What the bundled detector finds in a picture, highest score first: ``label`` in English, as
    the network was taught it, ``name`` in the visitor's language, ``score``, and ``box`` left, top,
    right, bottom as shares of the picture's sides. Where it knows nothing, the places where it
    suspects something, with "" as label: it was never taught the visitor's kinds.

    Raises:
        Refusal: the bytes are no picture, or everything is busy.
    """
    entry = answers.entry_of(engine, answers.usual(engine))
    models.check_here(entry)
    url = "data:image/jpeg;base64," + base64.b64encode(content).decode()
    picture = await uploads.opened(engine, {"url": url}, answers.SIDE, least=1)
    found = await answers.ask(engine, entry.key, picture)
    told = [
        (thing["label"], float(thing["score"]), thing["box"])
        for thing in found.objects[:MOST]
        if thing["score"] >= LEAST
    ]
    if not told and entry.key == answers.EVERYDAY:
        steps = await engine.predict(entry.key, np.array(picture), view="steps")
        told = [("", score, box) for score, box in places(**steps["proposals"])]
    sides = (*picture.size, *picture.size)
    return [
        {
            "label": label,
            "name": answers.label_in(say.lang, entry, label)[0] if label else "",
            "score": round(score, 3),
            "box": [round(float(at) / side, 5) for at, side in zip(box, sides, strict=True)],
        }
        for label, score, box in told
    ]


def places(boxes: Floats, scores: Floats, **_: Any) -> list[tuple[float, Floats]]:
    """The few likeliest of a network's proposals, boxes [P, 4] and scores [P], none of which covers
    another one: [(score, box [4])]."""
    left, top, right, bottom = boxes.T
    area = (right - left) * (bottom - top)
    kept: list[int] = []
    for n in np.argsort(-scores):
        if scores[n] < SUSPECTED or len(kept) == MOST_SUSPECTED:
            break
        wide = np.minimum(right[n], right[kept]) - np.maximum(left[n], left[kept])
        high = np.minimum(bottom[n], bottom[kept]) - np.maximum(top[n], top[kept])
        both = wide.clip(0) * high.clip(0)
        if not (both > COVERED * np.minimum(area[n], area[kept])).any():
            kept.append(int(n))
    return [(float(scores[n]), boxes[n]) for n in kept]


@lru_cache(maxsize=1)
def begun() -> dict[str, Any]:
    """Drawn shapes with their boxes, as `pretrained.starters` makes them."""
    from pretrained import starters

    with tempfile.TemporaryDirectory() as place:
        starters.make(STARTER, Path(place), 0)
        labels = json.loads((Path(place) / "annotations.json").read_text("utf-8"))
        pictures = [
            {
                "name": file.name,
                "url": "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode(),
            }
            for file in sorted(Path(place).glob("*.png"))
        ]
    return {"labels": labels, "pictures": pictures}


def kept_aside(job: Job, file: str) -> bytes:
    """A picture that a training kept aside, as JPEG, upright, at most `SIDE` pixels a side; of its
    data only those are shown that its samples name.

    Raises:
        UnknownJob: there is no such picture.
        BadPicture: it cannot be shown.
    """
    if file not in {
        name for sample in (job.out / SAMPLES).glob("*.json") for name in named(sample)
    }:
        raise errors.UnknownJob
    top = within(job.out.parent / DATA, "")
    path = (top / file).resolve()
    if not path.is_relative_to(top.resolve()) or not path.is_file():
        raise errors.UnknownJob
    shown, written = pictures.open_picture(path, max_side=SIDE, min_side=1), io.BytesIO()
    shown.save(written, "JPEG", quality=88)
    return written.getvalue()


def named(sample: Path) -> list[str]:
    """The pictures that a sample tells of (`pretrained.detection.show`)."""
    try:
        return [str(one["file"]) for one in json.loads(sample.read_text("utf-8"))["pictures"]]
    except (OSError, ValueError, KeyError, TypeError):  # being replaced just now
        return []
