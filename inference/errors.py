"""Every refusal of the engine, and of what is handed to it. Read this file first.

Each class carries a ``code``: the page says ``error.<code>`` in the visitor's language with the
error's ``fields``. The English sentence kept here is what the command line and the API say, and
every sentence names the fix. Anything else that a model raises is a bug: it is logged with an id
and reaches the caller as `ModelFailed`, which names that id and nothing more.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from inference.device import is_out_of_memory
from pretrained.errors import Refusal, UnknownEntry

log = logging.getLogger(__name__)

__all__ = [
    "INPUT_SENTENCES",
    "BadInput",
    "BreakthroughsError",
    "Busy",
    "Closed",
    "DeadlineExceeded",
    "EngineError",
    "LoadFailed",
    "ModelFailed",
    "OutOfMemory",
    "Refusal",
    "Unfiltered",
    "UnknownModel",
    "explain",
]


class BreakthroughsError(Refusal):
    """Whatever the app refuses while it serves."""


class EngineError(BreakthroughsError):
    """The engine could not compute an answer. Its children say why."""

    code = "engine"
    sentence = "No answer could be computed: try again."


class UnknownModel(EngineError):
    """The catalogue's own refusal, from the engine. Fields: model."""

    code = UnknownEntry.code
    sentence = UnknownEntry.sentence


class Unfiltered(EngineError):
    """Whoever runs the server has not allowed a model without a safety filter. Fields: model."""

    code = "unfiltered"
    sentence = (
        "{model} is not offered here, as it draws whatever a text says and has no safety filter: "
        "whoever runs the server can turn it on with --allow-unfiltered."
    )


class Busy(EngineError):
    """The bounded queue is full. Fields: waiting (requests already in it)."""

    code = "busy"
    sentence = "{waiting} requests are already waiting: try again in a moment."


class Closed(EngineError):
    """The engine is shutting down, or has."""

    code = "closed"
    sentence = "The app is shutting down: try again once it has restarted."


class DeadlineExceeded(EngineError):
    """No answer within the time given. Fields: seconds."""

    code = "deadline"
    sentence = "No answer within {seconds:g} s: try again, or choose a smaller model."


class OutOfMemory(EngineError):
    """Still out of memory after every idle model had left. Fields: model."""

    code = "out_of_memory"
    sentence = (
        "{model} does not fit into the memory that is left: "
        "send a smaller input or choose a smaller model."
    )


class ModelFailed(EngineError):
    """A model raised something unexpected; the log holds it under this id. Fields: model, id."""

    code = "model_failed"
    sentence = (
        "{model} could not answer this input: try another one, "
        "and report the number {id} if it happens again."
    )


class LoadFailed(EngineError):
    """A model could not be loaded. Fields: model, id (in the log)."""

    code = "load_failed"
    sentence = (
        "{model} could not be loaded: try again or choose another model; the log has it under {id}."
    )


#: What can be wrong with an input, by code. Fields stand in braces.
INPUT_SENTENCES: Mapping[str, str] = {
    "bad_input": "This input cannot be read: try another one.",
    "picture_missing": "There is no picture yet: upload one, paste one, or choose an example.",
    "picture_address": "No address is fetched from here: save the picture and send the file.",
    "picture_empty": "The file is empty: choose another picture.",
    "picture_gone": "The picture was deleted after an hour: send it again.",
    "top_k": "top_k is not a number of names: give a whole number from 1 to {most}.",
    "picture_unreadable": "This file is not a picture that can be read: send a JPEG, PNG or WebP.",
    "picture_truncated": "The picture breaks off in the middle: save it again and send it again.",
    "picture_too_small": "The picture is {width} x {height} pixels, too small to tell "
    "anything: send one of at least "
    "{limit} pixels a side.",
    "picture_too_large": "The picture has {width} x {height} pixels, too many to open: "
    "make it smaller than {limit} megapixels and send it again.",
    "picture_vector": "Vector drawings (SVG) cannot be read: export it as PNG and send that.",
    "picture_heic": "This HEIC photo cannot be read here: send it as JPEG.",
    "picture_comments": "The picture carries comments of more than {limit} kB: save it again "
    "without them and send that.",
    "picture_costly": "The picture is built so that reading it would hold up everybody: "
    "save it again as JPEG or PNG and send that.",
    "picture_slow": "The picture could not be opened within {seconds} s: try again in a moment, "
    "or send a smaller one.",
    "file_too_large": "The file is {size} MB: send one of at most {limit} MB.",
}


class _Fields(dict[str, Any]):
    """Keeps a sentence readable when the caller left one of its fields out."""

    def __missing__(self, name: str) -> str:
        return "?"


class BadInput(BreakthroughsError):
    """An input that no model can use. ``code`` is a key of `INPUT_SENTENCES`.

    >>> str(BadInput("file_too_large", size=60, limit=50))
    'The file is 60 MB: send one of at most 50 MB.'
    """

    code = "bad_input"
    sentence = INPUT_SENTENCES["bad_input"]

    def __init__(self, code: str = "bad_input", **fields: Any) -> None:
        super().__init__()
        vars(self)["code"] = code
        self.fields = fields
        sentence = INPUT_SENTENCES.get(code, self.sentence)
        self.args = (sentence.format_map(_Fields(fields)),)


def explain(error: BaseException, model: str, *, loading: bool = False) -> Refusal:
    """The refusal that a caller gets for whatever a model raised.

    A `Refusal` is passed on. Anything else is unexpected: the log gets it with an id, the caller
    gets the id, and the traceback is let go of, since it holds on to every tensor in it.
    """
    if isinstance(error, Refusal):
        if loading:  # a visitor is not told which file, and cannot mend it
            log.warning("%s could not be loaded: %s", model, error)
        return error
    if is_out_of_memory(error):
        log.warning("%s: out of memory: %s", model, str(error))
        refusal: Refusal = OutOfMemory(model=model)
    else:
        id = secrets.token_hex(4)
        log.error("%s failed, id %s", model, id, exc_info=error)
        refusal = (LoadFailed if loading else ModelFailed)(model=model, id=id)
    error.__traceback__ = None
    return refusal
