"""Refusals on their way from a replica to the page.

An exception that crosses a process boundary by itself arrives wrapped, with the other side's
traceback in its message. So it is sent as a value, and raised where it arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inference.errors import explain
from pretrained.errors import Refusal


@dataclass(frozen=True)
class Refused:
    """A refusal without its traceback and causes."""

    kind: type[Refusal]
    args: tuple[Any, ...]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, error: Exception, model: str) -> Refused:
        """As a visitor is told of it: what is no `Refusal` is logged here, under an id."""
        refusal = explain(error, model)
        return cls(type(refusal), refusal.args, dict(vars(refusal)))

    def refusal(self) -> Refusal:
        """What was refused, ready to be raised."""
        refusal = self.kind.__new__(self.kind, *self.args)
        vars(refusal).update(self.attributes)
        return refusal


def opened(sent: Any) -> Any:
    """What was sent. Raises it where it is a refusal."""
    if isinstance(sent, Refused):
        raise sent.refusal()
    return sent
