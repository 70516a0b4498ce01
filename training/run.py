"""What one run is asked for, whatever it trains: the options of ``python -m pretrained train``."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from training import loop
from training.data_parallel import rank
from training.errors import BadOption
from training.loop import Plan, Task
from training.resume import fingerprint
from training.watching import MOMENTS, START, Watch, learnt, room_for

#: Highest learning rate: far above any that learns, and far below what overflows.
HIGHEST = 1e6


@dataclass(frozen=True)
class Run:
    """The options, each of them the recipe's own choice where it is left out.

    Attributes:
        minutes: wall-clock budget. epochs: passes over the data, or rounds of a recipe.
        lr: highest learning rate.
        scratch: random weights, or the trained ones; for recipes that can do either.
        head_only: fine-tune the last layer and leave the rest as it is.
        resume: go on from the last epoch. smoke: two steps, to see that all is in place.
        watch: leave for whoever watches what `training.watching` tells.
        command: what was typed, for the card.

    Raises:
        BadOption: no time, no passes, no rate, or a seed that is none.
    """

    minutes: float | None = None
    epochs: int | None = None
    lr: float | None = None
    seed: int = 0
    scratch: bool | None = None
    head_only: bool = False
    resume: bool = False
    smoke: bool = False
    watch: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        for name in ("minutes", "epochs", "lr"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise BadOption(
                    f"--{name} {value} cannot be followed: give a number above 0, or leave "
                    f"--{name} out for the recipe's own."
                )
        if self.lr is not None and self.lr > HIGHEST:
            raise BadOption(f"--lr {self.lr} cannot be followed: give {HIGHEST:g} at most.")
        if not 0 <= self.seed < 2**31:
            raise BadOption(f"--seed {self.seed} is no seed: give a whole number from 0 to 2^31.")

    def starts_fresh(self, own: bool) -> bool:
        """Whether random weights are the start: for a recipe's own data, not for a visitor's
        (``own``), unless something else was asked for."""
        return self.scratch if self.scratch is not None else not own

    def identity(self, recipe: str, *data: Any, **apart: Iterable[Any]) -> dict[str, Any]:
        """What must be the same for ``resume``, besides the plan; for `loop.fit`.

        Args:
            recipe: the key. data: what is learnt from, as `resume.fingerprint` takes it.
            apart: what the network tells apart, in its order, by the word for it: ``classes=``,
                ``characters=``.
        """
        return {
            "recipe": recipe,
            "data": fingerprint(*data),
            "head_only": self.head_only,
            "scratch": self.scratch,
            **{word: list(each) for word, each in apart.items()},
        }

    def fit(
        self,
        task: Task,
        plan: Plan,
        out: Path,
        identity: Mapping[str, Any],
        *,
        begin: Callable[[Path], object] | None = None,
        **settings: Any,
    ) -> tuple[nn.Module, list[dict[str, Any]]]:
        """`loop.fit` as this run was asked for: gone on with, or two steps only.

        Args:
            identity: of this run, as `identity` gives it. settings: others of `loop.fit`.
            begin: writes into a folder the checkpoint that the run begins with. A watched run that
                keeps moments (see `watching.room_for`) leaves it beside them, so that they answer
                while it learns. Where it cannot, no run ends for it: it is said in the log.
        """
        settings["watch"] = Watch(out) if self.watch else None
        if begin and self.watch and not rank() and room_for(learnt(task.model, task.model))[0]:
            try:
                begin(out / MOMENTS / START)
            except Exception as error:
                told = f"no rewind yet: {type(error).__name__}: {error}"
                print(told, file=sys.stderr, flush=True)
        return loop.fit(
            task, plan, out, resume=self.resume, smoke=self.smoke, identity=identity, **settings
        )

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
