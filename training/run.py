"""What one run is asked for, whatever it trains: the options of ``python -m pretrained train``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.loop import Plan


@dataclass(frozen=True)
class Run:
    """The options, each of them the recipe's own choice where it is left out.

    Attributes:
        minutes: wall-clock budget. epochs: passes over the data, or rounds of a recipe.
        lr: highest learning rate.
        scratch: random weights, or the trained ones; for recipes that can do either.
        head_only: fine-tune the last layer and leave the rest as it is.
        resume: go on from the last epoch. smoke: two steps, to see that all is in place.
        command: what was typed, for the card.
    """

    minutes: float | None = None
    epochs: int | None = None
    lr: float | None = None
    seed: int = 0
    scratch: bool | None = None
    head_only: bool = False
    resume: bool = False
    smoke: bool = False
    command: str = ""

    def starts_fresh(self, own: bool) -> bool:
        """Whether random weights are the start: for a recipe's own data, not for a visitor's
        (``own``), unless something else was asked for."""
        return self.scratch if self.scratch is not None else not own

    def plan(self, usual: Plan) -> Plan:
        """The recipe's settings, with what was asked for in their place."""
        return replace(
            usual,
            minutes=self.minutes,
            seed=self.seed,
            epochs=self.epochs or usual.epochs,
            peak=self.lr or usual.peak,
        )


#: The recipe as it stands.
USUAL = Run()
