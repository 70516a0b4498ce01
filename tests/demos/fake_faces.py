"""An engine that draws at once: ovals for faces, always the same for the same point, in the shapes
of real answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import fake_engine
import numpy as np
from fake_engine import FakeEngine

from pretrained import catalog

GAN, DIFFUSION = "images/faces-gan", "images/faces-diffusion"
SIZE, LATENT = 64, 12
SPOTS = 14  # of the discriminator's heat map, each way
LAYERS = ((4, 320), (8, 160), (16, 80), (32, 40))  # sizes and channels


def entry(root: Path, key: str) -> catalog.Entry:
    """A painter without weights, whose loader tells of which kind it is."""
    room = "serve" if "gan" in key else "serve_diffusion"
    return fake_engine.entry(root, key, loader=f"pretrained.images.{room}:load", max_batch=16)


def latent(point: Mapping[str, Any]) -> np.ndarray:
    """[12] normal numbers, as a point stands for them, truncated; moves go along the first ones."""
    drawn = sum(w * np.random.default_rng(s).standard_normal(LATENT) for s, w in point["mix"])
    found = point.get("truncation", 1) * drawn / math.hypot(*(w for _, w in point["mix"]))
    for number, move in enumerate(point.get("moves") or ()):
        found[number] += move
    return np.asarray(found)


def oval(y: np.ndarray, x: np.ndarray, cy: float, cx: float, ry: float, rx: float) -> np.ndarray:
    """How much each place lies within an oval, 0..1 with a soft edge."""
    distance = np.sqrt(((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2)
    return np.clip((1.05 - distance) * 6, 0, 1)[..., None]


def face(point: Mapping[str, Any], seed: int = 0) -> np.ndarray:
    """uint8 [64, 64, 3]: what the fake draws of a point. ``seed``: another one who draws."""
    z = latent(point)
    z = np.roll(z, seed)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(float)
    tone = 1 / (1 + np.exp(-z[0]))
    ground = np.array([120, 120, 120]) + 40 * np.tanh(z[1:4])
    skin = np.array([235, 190, 160]) * (0.45 + 0.5 * tone)
    hair = np.array([70, 50, 40]) * (0.5 + 1.2 / (1 + np.exp(-z[4])))
    picture = np.broadcast_to(ground, (SIZE, SIZE, 3)).astype(float)
    middle = 32 + 2 * np.tanh(z[5])
    parts = (
        (hair, (26, middle, 24, 21 + 2 * np.tanh(z[6]))),
        (skin, (36, middle, 24, 17 + 2 * np.tanh(z[7]))),
        (hair, (31, middle - 7, 2.2, 3.4)),
        (hair, (31, middle + 7, 2.2, 3.4)),
        (skin * 0.8, (39, middle, 5, 2.4)),
        (np.array([150, 80, 80]), (48 + np.tanh(z[8]), middle, 1.6 + abs(np.tanh(z[9])), 6.5)),
    )
    for colour, (cy, cx, ry, rx) in parts:
        inside = oval(y, x, float(cy), float(cx), float(ry), float(rx))
        picture = picture * (1 - inside) + colour * inside
    return picture.clip(0, 255).round().astype(np.uint8)


def noise(point: Mapping[str, Any]) -> np.ndarray:
    """uint8 [64, 64, 3]: where the other network begins."""
    rng = np.random.default_rng(point["mix"][0][0])
    return (rng.standard_normal((SIZE, SIZE, 3)) * 50 + 128).clip(0, 255).astype(np.uint8)


def emerging(point: Mapping[str, Any], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """(frames uint8 [steps + 1, 64, 64, 3], guesses uint8 [steps, 64, 64, 3])."""
    start, end = noise(point).astype(float), face(point, 3).astype(float)
    shares = np.linspace(0, 1, steps + 1)
    frames = np.stack([start * (1 - s) + end * s for s in shares]).astype(np.uint8)
    soft = end.mean((0, 1))
    guesses = np.stack([soft * (1 - s) + end * s for s in shares[1:]]).astype(np.uint8)
    return frames, guesses


def scored(picture: np.ndarray) -> dict[str, Any]:
    """A picture's score: the brighter, the likelier a photograph."""
    small = np.asarray(picture)[:: max(1, len(picture) // SIZE)]
    score = float(np.asarray(picture).mean()) / 64 - 2
    spots = np.linspace(-1, 1, SPOTS)
    heat = score * np.exp(-2 * (spots[:, None] ** 2 + spots[None] ** 2)) - 0.1
    share = 1 / (1 + math.exp(-score))
    return {
        "image": small[:SIZE, :: max(1, small.shape[1] // SIZE)][:, :SIZE],
        "score": score,
        "above_photos": share * 0.6,
        "above_drawn": share,
        "heat": heat.tolist(),
    }


def answer(
    key: str, one: Mapping[str, Any], view: str = "answer", steps: int = 20, text: str = ""
) -> dict:
    """One input as the served networks answer it."""
    if view in ("score", "occlusion"):
        seen = scored(one["picture"] if "picture" in one else face(one))
        return seen if view == "occlusion" else {k: v for k, v in seen.items() if k != "heat"}
    drawn = face(one, 3 if key == DIFFUSION else 0)
    if view == "layers":
        layers = [
            {
                "size": size,
                "channels": channels,
                "maps": np.random.default_rng(size).integers(0, 256, (16, size, size), np.uint8),
            }
            for size, channels in LAYERS
        ]
        return {"image": drawn, "layers": layers, "latent": latent(one).tolist()}
    if view == "copy":
        real = np.linspace(4.0, 12.0, 101).tolist()
        return {"image": drawn, "distance": 6.0 + abs(float(latent(one)[0])), "real": real}
    if view == "steps":
        frames, guesses = emerging(one, steps)
        return {"image": guesses[-1], "frames": frames, "guesses": guesses}
    return {"image": drawn}


class FakeFaces(FakeEngine):
    """``pause``: seconds that an answer or a step takes."""

    def __init__(self, root: Path, *keys: str, pause: float = 0) -> None:
        found = {key: entry(root, key) for key in keys or (GAN, DIFFUSION)}
        super().__init__(found, max_upload_mb=1)
        self.withheld: dict[str, catalog.Entry] = {}
        self.pause = pause
        self.asked: list[tuple[str, Any, dict[str, Any]]] = []

    async def predict(self, key: str, one: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        self.known(key)
        self.asked.append((key, one, options))
        with self.answering():
            await self.turn()
            return answer(key, one, **options)

    async def stream(
        self, key: str, point: Mapping[str, Any], steps: int = 20, **told: str
    ) -> AsyncIterator[dict[str, Any]]:
        self.known(key)
        self.asked.append((key, point, {"steps": steps} | told))
        frames, guesses = emerging(point, steps)
        with self.answering():
            for number in range(1, steps + 1):
                await self.turn()
                event = {"step": number, "steps": steps, "image": guesses[number - 1]}
                last = {"done": True} if number == steps else {}
                yield event | {"noisy": frames[number]} | last

    def known(self, key: str) -> None:
        super().known(key)
        if key in self.failing:
            raise self.failing[key]

    async def turn(self) -> None:
        await asyncio.sleep(self.pause)
        await super().turn()
