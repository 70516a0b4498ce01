"""Pipelines of diffusers, from their files on the Hub to what the app serves.

A pipeline is put together from its parts (`pipeline`), so that many drawings advance together, each
at its own step of its own schedule.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrained import checkpoint, lora
from pretrained.catalog import Entry, Progress
from pretrained.classification import imagenet_names
from pretrained.errors import ViewUnsupported
from pretrained.images.errors import BadSteps, BadText
from pretrained.images.hub.entries import LONGEST, PIPELINES
from pretrained.images.hub.pipeline import Parts, read
from pretrained.images.point import Point
from pretrained.images.serve import shown
from pretrained.sources import hub


@dataclass
class Drawing:
    """One picture that is being drawn.

    ``noisy``: [C, H, W], as the network sees it. ``told``: what the network is told besides, each
    [1, ...]. ``taken``: steps so far. ``label``: the kind of thing, where the network knows kinds.
    """

    noisy: Tensor
    schedule: Any
    rng: torch.Generator
    told: dict[str, Tensor]
    steps: int
    taken: int = 0
    label: str | None = None

    @property
    def done(self) -> bool:
        """Whether all steps are taken."""
        return self.taken == self.steps


@dataclass
class Moved:
    """A drawing one step on: its schedule, where it stands, what it is taken to be."""

    schedule: Any
    noisy: Tensor
    guess: Tensor


class Painter:
    """The networks, as the engine holds them.

    ``steps``: usual, most. It does not look at what it draws: no filter comes with these pipelines.
    """

    def __init__(self, parts: Parts, key: str, steps: tuple[int, int], device: str) -> None:
        self.parts, self.key, self.steps = parts, key, steps
        self.networks = [one for one in (parts.unet, parts.vae, parts.reader) if one is not None]
        for network in self.networks:
            network.eval().requires_grad_(False)
        self.to(device)
        tensors = [t for n in self.networks for t in (*n.parameters(), *n.buffers())]
        self.bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        takes = inspect.signature(parts.schedule.step).parameters
        self.stochastic = "generator" in takes

    def to(self, device: str) -> None:
        """Move the weights, to another device or to host memory."""
        self.device = torch.device(device)
        for network in self.networks:
            network.to(self.device)

    def begin(
        self, point: Mapping[str, Any], *, text: str = "", steps: int | None = None
    ) -> Drawing:
        """A drawing before its first step: noise.

        Args:
            point: seeds; its moves mean nothing here. A network that knows kinds of things draws
                the kind that belongs to the heaviest seed.
            text: what to draw, for a pipeline that reads; the others leave it aside.

        Raises:
            BadPoint, BadSeed: it says no picture. BadSteps, BadText: out of bounds.
        """
        usual, most = self.steps
        steps = usual if steps is None else steps
        if not isinstance(steps, int) or not 1 <= steps <= most:
            raise BadSteps(sent=str(steps)[:40], most=most)
        if not isinstance(text, str) or len(text) > LONGEST:
            raise BadText(count=len(str(text)), most=LONGEST)
        mix = Point.of(point)
        seed = max(mix.mix, key=lambda pair: abs(pair[1]))[0]
        config, told, label = self.parts.unet.config, {}, None
        if self.parts.reader is not None:
            told = {"encoder_hidden_states": self.read(text)}
        elif config.num_class_embeds:
            number = seed % config.num_class_embeds
            told = {"class_labels": torch.tensor([number], device=self.device)}
            label = (
                imagenet_names.dataset_names()[number]
                if config.num_class_embeds == 1000
                else str(number)
            )
        schedule = deepcopy(self.parts.schedule)
        schedule.set_timesteps(steps, device=self.device)
        noise = mix.latent(config.in_channels, *self.parts.sides).to(self.device)
        rng = torch.Generator().manual_seed(seed)
        start = noise * schedule.init_noise_sigma
        return Drawing(start, schedule, rng, told, steps, label=label)

    @torch.no_grad()
    def read(self, text: str) -> Tensor:
        """What the text's network makes of it: [1, T, D]."""
        most = self.parts.reader.config.max_position_embeddings
        ids = self.parts.words(
            [text], padding="max_length", max_length=most, truncation=True, return_tensors="pt"
        ).input_ids
        return self.parts.reader(ids.to(self.device))[0]

    @torch.no_grad()
    def moved(self, states: Sequence[Drawing]) -> list[Moved]:
        """Every drawing one step on; the states stay as they are."""
        schedules = [deepcopy(state.schedule) for state in states]
        times = [s.timesteps[state.taken] for s, state in zip(schedules, states, strict=True)]
        seen = torch.cat(
            [
                schedule.scale_model_input(state.noisy[None], time)
                for schedule, state, time in zip(schedules, states, times, strict=True)
            ]
        )
        told = {name: torch.cat([state.told[name] for state in states]) for name in states[0].told}
        answers = self.parts.unet(seen, torch.stack(times).to(self.device), **told).sample
        found = []
        for state, schedule, time, answer in zip(states, schedules, times, answers, strict=True):
            noise = {"generator": state.rng} if self.stochastic else {}
            out = schedule.step(answer[None], time, state.noisy[None], **noise)
            guess = getattr(out, "pred_original_sample", None)
            noisy = out.prev_sample[0]
            found.append(Moved(schedule, noisy, noisy if guess is None else guess[0]))
        return found

    @torch.no_grad()
    def pictures(self, drawn: Sequence[Tensor]) -> list[np.ndarray]:
        """[C, H, W] each, as the network draws -> uint8 [H, W, 3] each."""
        rows = torch.stack(list(drawn))
        if self.parts.vae is not None:
            rows = self.parts.vae.decode(rows / self.parts.vae.config.scaling_factor).sample
        return shown(rows)

    def step(self, states: list[Drawing]) -> list[dict[str, Any]]:
        """One step of every drawing.

        Returns:
            For each: ``step`` from 1, ``steps``, ``done``, ``image``: what it is taken to be,
            ``noisy``: where it stands, both uint8 [H, W, 3]; ``label`` as in `predict`.
        """
        moves = self.moved(states)
        images = self.pictures([move.guess for move in moves])
        noisy = images
        if any(move.noisy is not move.guess for move in moves):
            noisy = self.pictures([move.noisy for move in moves])
        take(states, moves)
        return [
            {"step": s.taken, "steps": s.steps, "done": s.done, "image": image, "noisy": where}
            | named(s)
            for s, image, where in zip(states, images, noisy, strict=True)
        ]

    def predict(
        self,
        inputs: Sequence[Mapping[str, Any]],
        *,
        view: str = "answer",
        text: str = "",
        steps: int | None = None,
    ) -> list[dict[str, Any]]:
        """One drawing for each point: ``image`` uint8 [H, W, 3]; ``label``: the kind of thing, in
        English, where the network knows kinds.

        Args:
            text, steps: see `begin`.
            view: ``steps`` adds every step: ``frames`` [steps + 1, H, W, 3] from noise to picture,
                ``guesses`` [steps, H, W, 3].

        Raises:
            BadPoint, BadSeed, BadSteps, BadText: see `begin`. ViewUnsupported: no such view.
        """
        if view not in ("answer", "steps"):
            raise ViewUnsupported(model=self.key, view=view)
        states = [self.begin(one, text=text, steps=steps) for one in inputs]
        first = self.pictures([state.noisy for state in states]) if view == "steps" else []
        events = []
        while not states[0].done:
            if view == "steps":
                events.append(self.step(states))
            else:
                take(states, self.moved(states))
        images = self.pictures([state.noisy for state in states])
        answers: list[dict[str, Any]] = [
            {"image": image} | named(state) for image, state in zip(images, states, strict=True)
        ]
        for n, answer in enumerate(answers if first else ()):
            answer["frames"] = [first[n], *(row[n]["noisy"] for row in events)]
            answer["guesses"] = [row[n]["image"] for row in events]
        return answers


def take(states: Sequence[Drawing], moves: Sequence[Moved]) -> None:
    """Put the drawings where they have been moved to."""
    for state, move in zip(states, moves, strict=True):
        state.schedule, state.noisy, state.taken = move.schedule, move.noisy, state.taken + 1


def named(state: Drawing) -> dict[str, str]:
    """The kind of thing, where there are kinds."""
    return {} if state.label is None else {"label": state.label}


def load(entry: Entry, device: str, progress: Progress) -> Painter:
    """The loader of the Hub entries.

    Raises:
        HubOffline and its kin: it has to be downloaded, and that failed.
        BadCheckpoint: its files are damaged, or it is no pipeline that is served.
    """
    assert entry.hub_id is not None
    folder = hub.fetch(entry.hub_id, entry.revision, entry.files, progress)
    return Painter(read(folder), entry.key, PIPELINES[entry.key].steps, device)


def load_tuned(entry: Entry, device: str, progress: Progress) -> Painter:
    """The loader of a folder that `train` wrote. Its base has to be on this machine.

    Raises:
        BadCheckpoint: it is damaged, or its base is missing.
    """
    folder = Path(str(entry.folder))
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    with lora.reading(folder):
        base, scale = PIPELINES[config["base"]["key"]], float(config["lora"]["scale"])
    progress(0, entry.bytes)
    parts = read(lora.base_of(folder, config["base"], base.files))
    lora.merge_saved(parts.unet, folder, scale)
    progress(entry.bytes, entry.bytes)
    return Painter(parts, entry.key, base.steps, device)
