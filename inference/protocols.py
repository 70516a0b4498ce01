"""What a model must offer to be served, and what the engine must know of it beforehand.

Models speak lists: a single input is a batch of one. That is all a new model needs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

#: Called while a model loads or downloads, with bytes done and bytes in all (0 if unknown).
Progress = Callable[[int, int], None]


class Entry(Protocol):
    """The part of a catalogue entry (`pretrained.catalog.Entry`) that the engine reads.

    It may also have ``unfiltered = True``: it is then served only where the settings say so. With
    ``fleeting = True`` it is one of many that are asked one after the other, such as the moments of
    a training: of all of them only `eviction.FLEETING` stay in memory while nobody uses them, and
    they leave before any other model does.
    """

    @property
    def key(self) -> str: ...

    @property
    def loader(self) -> str:
        """``module:function``, imported when the model is first needed."""

    @property
    def bytes(self) -> int:
        """Expected size; room is made for it before loading. 0 if unknown."""

    @property
    def max_batch(self) -> int:
        """Most inputs that one ``predict``, or generations that one ``step``, may be given."""


class Model(Protocol):
    """A served model. All calls come one at a time, from one thread.

    It may also have ``bytes`` (weights in memory) and ``to(device)`` (so that it can be parked in
    host memory when the accelerator is needed for another). With ``one_by_one = True`` it says that
    it gains nothing from a batch: ``predict`` is then given one input at a time, so that nobody
    waits for the others in one.
    """

    def predict(self, inputs: list[Any], **options: Any) -> list[Any]:
        """One answer for each input. An `Exception` as an answer fails that input alone."""


class Generator(Protocol):
    """A model that answers piece by piece. It may offer ``predict`` as well."""

    def begin(self, prompt: Any, **options: Any) -> Any:
        """The state of a new generation; ``state.done`` tells when it is at its end. Quick: a long
        prompt is read in `step`, some of it at a time."""

    def step(self, states: list[Any]) -> list[Any]:
        """Advances every state by one, and gives one event for each.

        ``None`` is no news, an `Exception` ends that generation alone (`StopIteration` without
        complaint). A ``step`` that raises must leave its states as they were: they are then tried
        one by one.
        """


#: ``load(entry, device, progress)`` gives a `Model`, a `Generator`, or both in one.
Load = Callable[[Any, str, Progress], Any]


def load_entry(entry: Entry, device: str, progress: Progress) -> Any:
    """Imports and calls the entry's loader. This is where torch gets imported."""
    module, _, function = entry.loader.partition(":")
    return getattr(importlib.import_module(module), function)(entry, device, progress)


def measure(model: Any, entry: Entry) -> int:
    """Bytes that the model holds: as it says itself, as its tensors add up, or as catalogued."""
    stated = getattr(model, "bytes", None)
    if stated is not None:
        return int(stated)
    if hasattr(model, "parameters") and hasattr(model, "buffers"):
        tensors = [*model.parameters(), *model.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    return entry.bytes
