"""The served denoiser: it draws in steps, for many at once, each at its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.errors import ViewUnsupported
from pretrained.images.diffusion import Denoiser
from pretrained.images.errors import BadSteps
from pretrained.images.model import SIZE
from pretrained.images.point import Point
from pretrained.images.serve import shown
from training.hardware import precision

#: Steps of a drawing: usual, most.
STEPS, MOST = 20, 100


@dataclass
class Drawing:
    """One picture that is being drawn.

    ``noisy``: [3, 64, 64]. ``degrees``: those still to come, the last one -1. ``before``, ``guess``
    [3, 64, 64]: the degree of the step before, and what it was taken to be there.
    """

    point: Point
    noisy: Tensor
    degrees: list[int]
    steps: int
    before: int
    guess: Tensor

    @property
    def taken(self) -> int:
        """Steps that were taken."""
        return self.steps + 1 - len(self.degrees)

    @property
    def done(self) -> bool:
        """Whether it stands at its last degree."""
        return len(self.degrees) == 1


class Finder:
    """The network, as the engine holds it."""

    def __init__(self, network: Denoiser, config: dict[str, Any], device: str) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self.config, self.device = config, torch.device(device)
        #: As it was trained: bfloat16 moves a picture by a grey level and saves a third.
        self.precision = precision(self.device)

    def begin(self, prompt: Mapping[str, Any], *, steps: int = STEPS) -> Drawing:
        """A drawing before its first step: noise.

        Args:
            prompt: a point; its moves and its truncation mean nothing here.

        Raises:
            BadPoint, BadSeed: it says no face. BadSteps: out of bounds.
        """
        if type(steps) is not int or not 1 <= steps <= MOST:
            raise BadSteps(sent=str(steps)[:40], most=MOST)
        point = Point.of(prompt)
        noise = point.latent(3, SIZE, SIZE).to(self.device)
        degrees = self.network.degrees(steps)
        return Drawing(point, noise, degrees, steps, degrees[0], torch.zeros_like(noise))

    @torch.no_grad()
    def step(self, states: list[Drawing]) -> list[dict[str, Any]]:
        """One step of every drawing, whatever its degree.

        Returns:
            For each: ``step`` from 1, ``steps``, ``image``: what it is taken to be, ``noisy``:
            where it stands, both uint8 [64, 64, 3].
        """
        noisy = torch.stack([state.noisy for state in states])
        last = torch.stack([state.guess for state in states])
        fresh = [state.point.latent(3, SIZE, SIZE, step=state.taken) for state in states]
        now, then, before = torch.tensor(
            [[*state.degrees[:2], state.before] for state in states], device=self.device
        ).T
        half = self.precision is not torch.float32
        with torch.autocast(self.device.type, self.precision, enabled=half):
            noisy, guess = self.network.step(
                noisy, now, then, before, last, torch.stack(fresh).to(self.device)
            )
        events = []
        for n, (where, what) in enumerate(zip(shown(noisy), shown(guess), strict=True)):
            state = states[n]
            state.before, *state.degrees = state.degrees
            state.noisy, state.guess = noisy[n], guess[n]
            events.append(
                {"step": state.taken, "steps": state.steps, "image": what, "noisy": where}
            )
        return events

    def predict(
        self, inputs: Sequence[Mapping[str, Any]], *, view: str = "answer", steps: int = STEPS
    ) -> list[dict[str, Any]]:
        """One drawing for each point.

        Args:
            view: ``steps`` adds every step: ``frames`` uint8 [steps + 1, 64, 64, 3] from noise to
                picture, ``guesses`` [steps, 64, 64, 3].

        Raises:
            BadPoint, BadSeed, BadSteps: see `begin`. ViewUnsupported: there is no such view.
        """
        if view not in ("answer", "steps"):
            raise ViewUnsupported(model=self.config["key"], view=view)
        states = [self.begin(one, steps=steps) for one in inputs]
        frames = [shown(torch.stack([state.noisy for state in states]))]
        guesses = []
        for _ in range(steps):
            events = self.step(states)
            frames.append([event["noisy"] for event in events])
            guesses.append([event["image"] for event in events])
        answers: list[dict[str, Any]] = [{"image": image} for image in frames[-1]]
        if view == "steps":
            for n, answer in enumerate(answers):
                answer["frames"] = [row[n] for row in frames]
                answer["guesses"] = [row[n] for row in guesses]
        return answers


def load(entry: Entry, device: str, progress: Progress = lambda done, total: None) -> Finder:
    """The served model of a checkpoint folder.

    Raises:
        BadCheckpoint: the folder is damaged.
    """
    folder = Path(str(entry.folder))
    network, config = checkpoint.load_network(folder, lambda c: Denoiser(**c["architecture"]))
    progress(1, 1)
    return Finder(network, config, device)
