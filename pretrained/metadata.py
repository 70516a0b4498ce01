"""What every training writes of a model beside its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pretrained import checkpoint
from pretrained.cards import Card, cards


@dataclass(frozen=True)
class Metadata:
    """What is written of a model beside its weights, both when it begins and when it has learnt.

    Attributes:
        key, card: what it is called, and what is said of it in words.
        made: how, see `training.provenance.provenance`; empty where it only begins.
        held_out: figures before and after, see `training.provenance.compared`.
    """

    key: str
    card: Card
    made: Mapping[str, Any] = field(default_factory=dict)
    held_out: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, key: str, out: Path, own: bool, **told: str) -> Metadata:
        """Those of a recipe's model; or of a visitor's ``own``, which is called as its folder, is
        under no known licence, and of which the card says what is ``told``."""
        card = cards()[key]
        if not own:
            return cls(key, card)
        name = out.resolve().name
        mine: dict[str, Any] = {"title": name, "licence": "unknown", **told}
        return cls(f"{key.split('/')[0]}/{name}", replace(card, **mine))

    def write(
        self,
        folder: Path,
        config: Mapping[str, Any],
        calibration: Mapping[str, Any] | None = None,
        probes: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Write config.json, of which ``config`` is what serving needs besides, metrics.json and
        the model card, as `checkpoint.write_metadata` does."""
        config = {"key": self.key, **self.card.told(), **config}
        checkpoint.write_metadata(
            folder, config, self.made, calibration or {}, probes, self.held_out
        )
