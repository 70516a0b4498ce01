"""Every refusal of the engine. Read this file first.

Each class carries a ``code``: the page says ``error.<code>`` in the visitor's language with the
error's ``fields``. The English sentence kept here is what the command line and the API say, and
every sentence names the fix. Anything else that a model raises is a bug: it is logged with an id
and reaches the caller as `ModelFailed`, which names that id and nothing more.
"""

from __future__ import annotations

import logging
import secrets

from inference.device import is_out_of_memory
from pretrained.errors import Refusal as Refusal
from pretrained.errors import UnknownEntry

log = logging.getLogger(__name__)


class EngineError(Refusal):
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


class Interrupted(EngineError):
    """The process that computed ended, and so did the one that was asked next. Fields: model."""

    code = "interrupted"
    sentence = "{model} was interrupted, as the process that computed it ended: try again."


class BadInput(Refusal):
    """An input that no model can use. Its children, beside what reads it, say why."""

    code = "bad_input"
    sentence = "This input cannot be read: try another one."


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
