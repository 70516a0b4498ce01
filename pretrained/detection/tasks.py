"""Pictures with boxes and masks, and a network that finds them, as the training loop wants them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pretrained.detection import augment, rle, show, suppression
from pretrained.detection.data import Scene, Scenes, Thing
from pretrained.detection.heads import Target
from pretrained.detection.model import CELL, Detector
from pretrained.detection.scoring import Scores
from pretrained.detection.transform import detect, objects

#: Updates of one round: one row of the history. Of few pictures fewer, `PASSES` of them, but some.
ROUND, SHORT_ROUND, PASSES = 300, 30, 8
#: Shorter sides in pixels that the pictures of a batch are laid out at, as progress passes each
#: share: small ones first are cheap and teach the coarse things.
SIDES = ((0.3, (160, 192)), (0.7, (192, 224)), (1.01, (224, 256, 288)))
#: Longer side in pixels that a picture is kept at: twice what is ever laid out of it.
LONGEST = 2 * round(max(SIDES[-1][1]) * 4 / 3)
#: Bytes of decoded pictures that are kept; the others are decoded each time.
KEPT = 1 << 30
#: Share of the pictures that others' objects are pasted into, and the most of them.
PASTED, MOST_PASTED = 0.5, 2
#: Objects smaller than so many pixels are not worth pasting.
WORTH = 24
#: Share of the pictures below which a class is rare, and how much more often a picture with a rare
#: one is shown at most (as Gupta et al. 2019, arXiv 1908.03195, but bounded).
RARE, MOST_REPEATED = 0.02, 2.0
#: How often a picture is shown of which only the main person is labelled, by the others.
PARTIALS = 0.5

Batch = tuple[Tensor, list[Target]]


class DetectionTask:
    """Scenes and a detector.

    Args:
        train: what is learnt from. held_out: what the training is watched by.
        names: of the classes, in the network's order.
        updates: of one round, `ROUND` if left out.
        top: the folder that the pictures are in, for `show`.
    """

    samples_kept = 16  #: what so many evaluations found, the first and the last among them

    def __init__(
        self,
        model: Detector,
        train: Scenes,
        held_out: Scenes,
        names: Sequence[str],
        device: Any,
        *,
        batch: int = 4,
        seed: int = 0,
        body_rate: float = 0.3,
        updates: int | None = None,
        top: Path | str = "",
    ) -> None:
        self.model: nn.Module = model
        self.detector, self.device = model, device
        self.train, self.held_out, self.names = train, held_out, tuple(names)
        self.numbers = {name: number for number, name in enumerate(names, 1)}
        self.alike = suppression.groups(names).to(device)
        self.batch, self.seed, self.body_rate = batch, seed, body_rate
        self.steps_per_epoch, self.top = updates or ROUND, Path(top)
        self.found: list[Any] | None = None  # in the pictures kept aside, if not yet shown
        self.pictures: dict[str, np.ndarray] = {}
        self.room = KEPT
        self.sums: Counter[str] = Counter()
        self.cuts, self.cut_probabilities = self._cuts()
        self.probabilities = self._probabilities()

    def _probabilities(self) -> np.ndarray:
        """How often each picture is shown: those of rare sources or classes and with many objects
        more."""
        scenes = self.train.scenes
        sources = Counter(scene.source for scene in scenes)
        shown = Counter(label for scene in scenes for label in {t.label for t in scene.things})
        repeated = {
            label: min(MOST_REPEATED, max(1.0, math.sqrt(RARE * len(scenes) / count)))
            for label, count in shown.items()
        }
        probabilities = [
            math.sqrt((1 + len(scene.things)) / sources[scene.source])
            * max((repeated[thing.label] for thing in scene.things), default=1.0)
            * (PARTIALS if scene.partial else 1.0)
            for scene in scenes
        ]
        return np.array(probabilities) / sum(probabilities)

    def _cuts(self) -> tuple[list[tuple[Scene, Thing]], np.ndarray]:
        """Every object that can be cut out, and its probability, rare classes favoured."""
        cuts = [
            (scene, thing)
            for scene in self.train.scenes
            for thing in scene.things
            if thing.mask is not None
            and not thing.crowd
            and min(thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]) * kept_at(scene)
            >= WORTH
        ]
        counts = Counter(thing.label for _, thing in cuts)
        probabilities = np.array([counts[thing.label] ** -0.5 for _, thing in cuts])
        return cuts, probabilities / probabilities.sum() if len(probabilities) else probabilities

    def groups(self) -> list[dict[str, Any]]:
        """What is new at full rate, the body slower, its first layers not at all."""
        self.detector.freeze()
        body = [p for p in self.detector.body.parameters() if p.requires_grad]
        mine = {id(p) for p in self.detector.body.parameters()}
        rest = [p for p in self.detector.parameters() if p.requires_grad and id(p) not in mine]
        return [{"params": rest}, {"params": body, "lr_scale": self.body_rate}]

    def picture(self, scene: Scene) -> np.ndarray:
        """uint8 [H, W, 3], no side longer than `LONGEST`; kept while there is room."""
        if scene.place in self.pictures:
            return self.pictures[scene.place]
        pixels, zoom = scene.pixels(), kept_at(scene)
        if zoom < 1:
            size = (max(1, round(scene.width * zoom)), max(1, round(scene.height * zoom)))
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
        if pixels.nbytes <= self.room:
            self.pictures[scene.place] = pixels
            self.room -= pixels.nbytes
        return pixels

    def made(
        self, scene: Scene, size: tuple[int, int], rng: np.random.Generator
    ) -> tuple[np.ndarray, Target]:
        """One training picture of ``size`` (width, height): float [H, W, 3], and what is in it."""
        canvas = augment.laid(scene, self.picture(scene), size, rng)
        if self.cuts and rng.random() < PASTED:
            for _ in range(int(rng.integers(1, MOST_PASTED + 1))):
                other, thing = self.cuts[rng.choice(len(self.cuts), p=self.cut_probabilities)]
                picture = self.picture(other)
                augment.paste(canvas, shrunk(thing, picture.shape[:2]), picture, rng)
        return augment.relit(canvas.pixels, rng), augment.target(canvas, self.numbers)

    def batches(self, epoch: int, progress: float) -> Iterator[Batch]:
        """One round. The pictures of a batch are all wide or all high, at one of a few sizes."""
        rng = np.random.default_rng((self.seed, epoch))
        sides = next(sides for share, sides in SIDES if progress < share)
        torch.manual_seed(self.seed * 1_000_003 + epoch)  # which boxes are learnt from
        waiting: dict[bool, list[Scene]] = {True: [], False: []}
        done = 0
        while done < self.steps_per_epoch:
            scene = self.train.scenes[rng.choice(len(self.train), p=self.probabilities)]
            alike = waiting[scene.width >= scene.height]
            alike.append(scene)
            if len(alike) < self.batch:
                continue
            short = int(rng.choice(sides))
            long = round(short * 4 / 3 / CELL) * CELL
            size = (long, short) if scene.width >= scene.height else (short, long)
            made = [self.made(one, size, rng) for one in alike]
            pictures = torch.from_numpy(np.stack([pixels for pixels, _ in made]))
            targets: list[Target] = [
                {k: v.to(self.device) if isinstance(v, Tensor) else v for k, v in t.items()}
                for _, t in made
            ]
            yield pictures.permute(0, 3, 1, 2).to(self.device), targets
            alike.clear()
            done += 1

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The five losses of Mask R-CNN and that of the fit, added."""
        assert isinstance(model, Detector)
        found = model.losses(*batch)
        self.sums.update({name: float(value.detach()) for name, value in found.items()})
        self.sums["count"] += 1
        return torch.stack(list(found.values())).sum()

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The round's mean losses, and the averaged network's figures on pictures kept aside."""
        assert isinstance(model, Detector)
        model.eval()
        count = max(self.sums.pop("count", 0), 1)
        means = {name: value / count for name, value in self.sums.items()}
        self.sums.clear()
        found = []
        for scene in self.held_out.scenes:
            [detections], transforms = detect(model, [scene.pixels()], None, self.alike)
            found.append(objects(detections, transforms[0], self.names))
        self.found = found
        scores = Scores(self.held_out.scenes, found)
        people = {
            f"held_out_person_{kind}_ap50": scores.ap50(kind, ["person"])
            for kind in ("box", "mask")
        }
        counts = self.held_out.counts()
        some = [name for name, n in counts.items() if n >= 3] or list(counts)
        people["held_out_box_ap50"] = scores.ap50("box", some)
        return means | {k: v for k, v in people.items() if math.isfinite(v)}

    def sample(self, model: nn.Module) -> dict[str, str]:
        """What the last evaluation found, see `show.found_in`; nothing where that was shown."""
        found, self.found = self.found, None
        return {} if found is None else show.found_in(self.held_out.scenes, found, self.top)


def kept_at(scene: Scene) -> float:
    """What a picture's sides are multiplied by before it is kept."""
    return min(1.0, LONGEST / max(scene.width, scene.height))


def shrunk(thing: Thing, size: tuple[int, ...]) -> Thing:
    """An object with a mask as it is where its picture is of ``size`` (height, width)."""
    assert thing.mask is not None
    high, wide = thing.mask["size"]
    height, width = size
    if (high, wide) == (height, width):
        return thing
    left, top, right, bottom = thing.box
    across, down = width / wide, height / high
    mask = Image.fromarray(rle.decode(thing.mask)).resize((width, height), 0)
    return replace(
        thing,
        box=(left * across, top * down, right * across, bottom * down),
        mask=rle.encode(np.asarray(mask).astype(bool), 0, 0, height, width),
    )
