"""The endpoints of /v1, one entry each: from these come the routes, their description and the
tools of `demos.v1.tools`.

What an endpoint answers is what the named endpoint of the same work answers (`demos/*/api.py`),
pictures as base64 and handwriting as SVG beside the rest of the JSON.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from demos import models, page, uploads
from demos.classification import answers as classifying
from demos.classification import api as classification
from demos.detection import answers as finding
from demos.detection import api as detection
from demos.handwriting import api as handwriting
from demos.handwriting import request as pen
from demos.images import answers as drawing
from demos.images import api as images
from demos.images import points
from demos.text import answers as writing
from demos.text import api as text
from demos.text.tryout import answering
from demos.text.tryout import writing as texts
from demos.text.tryout.writing import Written
from demos.translation import answers as translating
from demos.translation import api as translation
from demos.translation.warnings import WARNINGS
from demos.v1 import bodies
from demos.v1.errors import InAddress, OtherTask, SentenceOf, UnknownArgument
from inference import Engine
from pretrained.text.options import BOUNDS

#: What is sent, as a JSON schema; its description stands in the words, under
#: ``v1.<endpoint>.<argument>``.
Schema = Mapping[str, Any]
Answer = Callable[[Engine, Mapping[str, Any]], Awaitable[dict[str, Any]]]
Steps = Callable[[Engine, Mapping[str, Any]], AsyncGenerator[dict[str, Any], None]]
PICTURE: Schema = {"type": "string", "contentEncoding": "base64"}


@dataclass(frozen=True)
class Endpoint:
    """``POST /v1/<name>``.

    Attributes:
        task: whose models answer.
        arguments: by name, the first of which has to be sent.
        answer: the whole answer to the arguments as they were sent. Raises a `Refusal`.
        steps: the answer as it grows, of an endpoint that streams; the last step is ``answer``'s.
        example: arguments of an example, ``image`` aside.
        returns: the answer's fields, as a JSON schema.
    """

    name: str
    task: str
    arguments: Mapping[str, Schema]
    answer: Answer
    example: Mapping[str, Any]
    returns: Mapping[str, Schema]
    steps: Steps | None = None
    sentence_of: SentenceOf = field(default=page.sentence_of)

    @property
    def picture(self) -> bool:
        """Whether it looks at one."""
        return "image" in self.arguments

    def check(self, engine: Engine, sent: Mapping[str, Any]) -> None:
        """Raises `UnknownArgument`: a name that would be passed over in silence. `OtherTask`."""
        for name in sent:
            if name not in self.arguments:
                raise UnknownArgument(name=str(name)[:40], known=", ".join(self.arguments))
        check_task(engine, self.task, sent.get("model"))

    def check_address(self, query: Iterable[str]) -> None:
        """Raises `InAddress`: an argument stands where none is read."""
        for name in query:
            if name in self.arguments:
                raise InAddress(name=name)


def check_task(engine: Engine, task: str, model: Any) -> None:
    """Raises `OtherTask`: the model that was sent is one of another endpoint."""
    entry = models.found(engine, str(model).strip())
    other = next((one.name for one in ENDPOINTS if entry and one.task == entry.task), None)
    if entry and other and entry.task != task:
        raise OtherTask(sent=entry.key, endpoint=other)


async def picture(sent: Mapping[str, Any]) -> bytes:
    """The picture of a request, as bytes."""
    image = sent.get("image")
    if isinstance(image, str) and len(image) > bodies.LARGE:
        return bytes(await uploads.DECODING.run(bodies.picture_bytes, image))
    return bodies.picture_bytes(image)


def others(sent: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """The arguments of a request but for some."""
    return {name: value for name, value in sent.items() if name not in without}


async def classify(engine: Engine, sent: Mapping[str, Any]) -> dict[str, Any]:
    return await classification.classified(engine, await picture(sent), **others(sent, "image"))


async def detect(engine: Engine, sent: Mapping[str, Any]) -> dict[str, Any]:
    return await detection.detected(engine, await picture(sent), **others(sent, "image"))


async def translate(engine: Engine, sent: Mapping[str, Any]) -> dict[str, Any]:
    return await translation.translated(engine, sent.get("text"), **others(sent, "text"))


async def write_steps(
    engine: Engine, sent: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    """What was written since the step before; at the end the whole text, whether it had to be
    stopped within a line, the seed that writes the same again, whether the beginning is a whole
    poem already, and what of it was not read: characters that the model does not know, and how many
    before the last `MOST_PROMPT`."""
    wish = text.asked(engine, **others(sent, "stream"))
    entry, prompt = writing.entry_of(engine, wish.key), str(sent.get("prompt") or "")
    await engine.preload(wish.key)
    now = Written(wish)
    async with aclosing(texts.written(engine, now, text.UNBOUNDED)) as grown:
        async for now in grown:
            if now.fresh:
                yield {"text": now.text[-now.fresh :]}
    yield {
        "text": now.text,
        "cut": now.broken,
        "seed": wish.options["seed"],
        "whole": answering.whole_poem(entry, wish.prompt),
        "left_out": writing.unknown_in(entry, prompt),
        "unread": wish.sent - len(wish.prompt),
        "done": True,
    }


async def write(engine: Engine, sent: Mapping[str, Any]) -> dict[str, Any]:
    async with aclosing(write_steps(engine, sent)) as steps:
        *_, last = [step async for step in steps]
    return others(last, "done")


async def handwrite(engine: Engine, sent: Mapping[str, Any]) -> dict[str, Any]:
    """SVG as text, and which characters the pen left out."""
    wish = pen.asked(engine, sent)
    samples = await handwriting.sampled(engine, wish)
    drawn = [await asyncio.to_thread(handwriting.picture, wish, one) for one in samples]
    return {"svgs": drawn, "left_out": list(wish.left_out)}


async def draw(engine: Engine, sent: Mapping[str, Any]) -> dict[str, Any]:
    """PNG files as base64, each with the seed that draws it again."""
    key, wanted = images.asked(engine, **sent)
    await engine.preload(key)
    drawn = await drawing.drawn(engine, key, wanted)

    def encoded() -> list[dict[str, Any]]:
        files = (images.png(key, image) for image in drawn.images)
        seeds = (point["mix"][0][0] for point in wanted)
        return [
            {"seed": seed, "png": base64.b64encode(file).decode()}
            for seed, file in zip(seeds, files, strict=True)
        ]

    return {"model": key, "images": await asyncio.to_thread(encoded)}


def number(least: float, most: float, usual: float | None, *, whole: bool = False) -> Schema:
    """A number with its bounds. ``usual``: None where nothing, that is null, may be sent."""
    one = "integer" if whole else "number"
    kind = one if usual is not None else [one, "null"]
    return {"type": kind, "minimum": least, "maximum": most, "default": usual}


def option(name: str) -> Schema:
    """One of the options of writing."""
    least, most, usual = BOUNDS[name]
    return number(least, most, usual, whole=name in ("length", "seed"))


def model(default: str) -> Schema:
    return {"type": "string", "default": default}


STRING: Schema = {"type": "string"}
ENDPOINTS = (
    Endpoint(
        "classify",
        classifying.TASK,
        {
            "image": PICTURE,
            "model": model(classifying.DEFAULT),
            "top_k": number(1, classifying.MAX_TOP_K, 5, whole=True),
        },
        classify,
        {"top_k": 3},
        {"label": STRING, "confidences": {"type": "array", "items": {"type": "object"}}},
    ),
    Endpoint(
        "detect",
        finding.TASK,
        {
            "image": PICTURE,
            "model": model(finding.EVERYDAY),
            "threshold": number(0, 1, finding.USUAL),
        },
        detect,
        {"threshold": 0.5},
        {"objects": {"type": "array", "items": {"type": "object"}}},
    ),
    Endpoint(
        "translate",
        translating.TASK,
        {
            "text": {"type": "string", "maxLength": translating.MOST_TEXT},
            "source": {"type": "string", "default": translation.SOURCE},
            "target": {"type": "string", "default": translation.TARGET},
            "model": model(""),
            # Without a number the model keeps as many as it usually does.
            "beams": number(1, translation.MOST_BEAMS, None, whole=True),
        },
        translate,
        {"text": "Where is the station?", "target": "fr"},
        {
            "translation": STRING,
            "alternatives": {"type": "array", "items": STRING},
            "source_tokens": {"type": "array", "items": STRING},
            "target_tokens": {"type": "array", "items": STRING},
            "attention": {"type": "array", "items": {"type": "array"}},
            "sentences": {"type": "array", "items": {"type": "object"}},
            "warnings": {"type": "array", "items": {"type": "string", "enum": [*WARNINGS]}},
        },
        sentence_of=translating.sentence_of,
    ),
    Endpoint(
        "write",
        writing.TASK,
        {
            "prompt": STRING,
            "model": model(writing.SHAKESPEARE),
            "length": option("length"),
            "temperature": option("temperature"),
            "seed": option("seed"),
            "stream": {"type": "boolean", "default": True},
        },
        write,
        {"prompt": "ROMEO:\n", "length": 200},
        {
            "text": STRING,
            "cut": {"type": "boolean"},
            "seed": {"type": "integer"},
            "whole": {"type": "boolean"},
            "left_out": {"type": "array", "items": STRING},
            "unread": {"type": "integer"},
        },
        steps=write_steps,
        sentence_of=writing.sentence_of,
    ),
    Endpoint(
        "handwrite",
        "handwriting",
        {
            "text": {"type": "string", "maxLength": pen.MOST_TEXT},
            "style": {"type": "integer", "minimum": 0, "default": 0},
            "bias": number(*pen.NUMBERS["bias"][:3]),
            "samples": number(*pen.NUMBERS["samples"][:3], whole=True),
            "seed": number(*pen.NUMBERS["seed"][:3], whole=True),
            "model": model(pen.PEN),
        },
        handwrite,
        {"text": "Dear reader,"},
        {
            "svgs": {"type": "array", "items": STRING},
            "left_out": {"type": "array", "items": STRING},
        },
        sentence_of=pen.sentence_of,
    ),
    Endpoint(
        "images",
        drawing.TASK,
        {
            "model": model(images.MODEL),
            "seed": number(0, points.MOST_SEED, images.SEED, whole=True),
            "count": number(1, images.MOST, images.COUNT, whole=True),
            "truncation": number(0, images.WHOLE, images.WHOLE),
        },
        draw,
        {"seed": 7, "count": 1},
        {"model": STRING, "images": {"type": "array", "items": {"type": "object"}}},
    ),
)
