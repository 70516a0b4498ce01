"""What the cards say in words, and what each model is to reach: ``<task>/cards.toml``.

Apart from the recipes, whose settings they are no part of. A model ships with the app by having a
section there. Imports no torch.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: Those that have a tab, in the order in which their models are listed.
TASKS = ("classification", "text", "handwriting", "translation", "images", "detection")


@dataclass(frozen=True)
class Card:
    """One model's.

    Attributes:
        title, licence, description, limits: for the model card.
        reference: where the data that it is scored on come from.
        targets: the floor of each metric; of a translator, those of each direction.
    """

    title: str = ""
    licence: str = "unknown"
    description: str = ""
    limits: str = ""
    reference: str = ""
    targets: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, str]:
        """What of it goes into config.json."""
        names = ("title", "licence", "description", "limits")
        return {name: getattr(self, name) for name in names}

    def aims(self, direction: str | None = None) -> Mapping[str, float]:
        """The targets of one result of ``evaluate``."""
        found: Mapping[str, float] = self.targets.get(direction, {}) if direction else self.targets
        return found


@cache
def cards() -> Mapping[str, Card]:
    """Every bundled model's by key."""
    return {
        key: Card(**told)
        for task in TASKS
        for key, told in tomllib.loads((HERE / task / "cards.toml").read_text("utf-8")).items()
    }
