"""Training a detector on many large photographs: what is held in memory, and that it still fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_detection
from PIL import Image, ImageDraw

from pretrained.detection import augment, data, rle, tasks
from pretrained.detection.data import Scene, Scenes, Thing
from pretrained.detection.tasks import LONGEST, DetectionTask
from pretrained.errors import BadData

SQUARE = (1000, 400, 2200, 1600)


def photograph(place: str = "here", width: int = 3000, height: int = 2000) -> Scene:
    """Grey with a red square, of which the mask is known."""
    picture = Image.new("RGB", (width, height), (90, 90, 90))
    left, top, right, bottom = SQUARE
    ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill=(250, 0, 0))
    patch = np.ones((bottom - top, right - left), bool)
    mask = rle.encode(patch, left, top, height, width)
    thing = Thing("square", tuple(map(float, SQUARE)), mask)
    content = tiny_detection.encoded(picture)
    return Scene(content, width, height, (thing,), "own", place)


def task(*scenes: Scene) -> DetectionTask:
    kept = Scenes(scenes, "own")
    return DetectionTask(tiny_detection.network(1), kept, kept, ["square"], "cpu")


def test_the_pictures_of_a_folder_stay_in_their_files(tmp_path: Path) -> None:
    scenes = data.read(tiny_detection.coco_folder(tmp_path / "own", 2)).scenes
    assert [scene.content for scene in scenes] == [Path(scene.place) for scene in scenes]
    Path(scenes[0].place).unlink()
    with pytest.raises(BadData, match="damaged"):
        scenes[0].pixels()
    assert scenes[1].pixels().shape == (64, 96, 3)


def test_a_large_picture_is_kept_small_and_a_small_one_as_it_is() -> None:
    large, (small, _) = photograph(), tiny_detection.shapes(0)
    kept = task(large).picture(large)
    assert kept.shape == (512, 768, 3) and max(kept.shape) == LONGEST
    scene = Scene(tiny_detection.encoded(small), *small.size, (), "own", "there")
    assert np.array_equal(task(large).picture(scene), np.asarray(small))


def test_what_there_is_no_room_for_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = [photograph(place) for place in "abc"]
    monkeypatch.setattr(tasks, "KEPT", 2 * 512 * 768 * 3)
    made = task(*scenes)
    seen = [made.picture(scene) for scene in scenes + scenes]
    assert set(made.pictures) == {"a", "b"}
    assert sum(pixels.nbytes for pixels in made.pictures.values()) <= tasks.KEPT
    assert all(np.array_equal(pixels, seen[0]) for pixels in seen)


def test_an_object_is_cut_out_of_a_shrunk_picture_along_its_shape() -> None:
    scene = photograph()
    picture = task(scene).picture(scene)
    thing = tasks.shrunk(scene.things[0], picture.shape[:2])
    assert thing.box == pytest.approx([side * 768 / 3000 for side in SQUARE])
    rng = np.random.default_rng(0)
    canvas = augment.Canvas(np.zeros((192, 256, 3), np.uint8), [], [], False)
    augment.paste(canvas, thing, picture, rng)
    (part,) = canvas.parts
    assert part.mask is not None and part.mask.sum() > 400
    inside = canvas.pixels[part.mask].astype(int)
    assert (inside[:, 0] > 180).all() and (inside[:, 1] < 60).all()
    assert not canvas.pixels[~part.mask].any()
    assert tasks.shrunk(thing, picture.shape[:2]) is thing


def test_a_training_picture_of_shrunk_ones_shows_its_objects_where_they_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "PASTED", 1.0)
    made = task(photograph())
    rng = np.random.default_rng(1)
    counts = []
    for _ in range(6):
        pixels, told = made.made(made.train.scenes[0], (256, 192), rng)
        counts.append(len(told["boxes"]))
        for mask in told["masks"].numpy().astype(bool):
            red = (pixels[..., 0] > 2 * pixels[..., 1]) & mask
            assert red.sum() > 0.9 * mask.sum()
    assert min(counts) >= 1 and max(counts) >= 2, "its own square, and others pasted"


def test_what_is_small_once_its_picture_is_shrunk_is_not_worth_pasting() -> None:
    scene = photograph()
    patch = np.ones((60, 60), bool)
    thing = Thing("square", (0.0, 0.0, 60.0, 60.0), rle.encode(patch, 0, 0, 2000, 3000))
    made = task(Scene(scene.content, 3000, 2000, (*scene.things, thing), "own", "here"))
    assert [one for _, one in made.cuts] == list(scene.things)
