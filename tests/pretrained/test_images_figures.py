"""How drawn faces are measured: features, distance, precision and recall, the copy meter.

No photograph of a person is here: the "faces" are discs on coloured grounds.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pretrained import __main__ as command
from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint, BadData
from pretrained.images import copies, data, evaluate, features, frechet, statistics, train
from pretrained.images.model import SIZE


def discs(count: int, seed: int) -> torch.Tensor:
    """uint8 [N, 3, 64, 64]: one disc each, of any size and colour, anywhere."""
    chance = torch.Generator().manual_seed(seed)
    row = torch.arange(SIZE).float()
    x, y, r = (
        low + (high - low) * torch.rand(count, 1, 1, generator=chance)
        for low, high in ((12, 52), (12, 52), (6, 24))
    )
    inside = (((row[None, None] - x) ** 2 + (row[None, :, None] - y) ** 2) < r**2)[:, None]
    one, other = torch.randint(0, 256, (2, count, 3, 1, 1), generator=chance, dtype=torch.uint8)
    return torch.where(inside, one, other)


def faces(count: int, seed: int) -> data.Faces:
    return data.Faces(discs(count, seed), "discs/train")


class Sixteen(torch.nn.Module):
    """A photo network of random weights that makes 16 numbers of a face."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = torch.nn.Conv2d(3, 8, 5, 4), torch.nn.Conv2d(8, 16, 5, 4)

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).relu()).relu().mean((2, 3))


@pytest.fixture(autouse=True)
def photo_network(monkeypatch):
    """That one in place of the wheel's."""
    monkeypatch.setattr(features.imagenet, "network", lambda: Sixteen().eval())


class Draws:
    """A served model whose drawing of a seed is that disc of 500."""

    def __init__(self, refuses: bool = False) -> None:
        self.discs = discs(500, seed=5).permute(0, 2, 3, 1).numpy()
        self.refuses, self.asked = refuses, []

    def predict(self, points, *, view="answer"):
        assert view == "answer"
        self.asked.append(len(points))
        seeds = [seed for point in points for seed, _ in point["mix"]]
        if self.refuses:
            return [ValueError("no") for _ in seeds]
        return [{"image": self.discs[seed]} for seed in seeds]


@pytest.fixture
def folder(tmp_path):
    """A face model's checkpoint but for its network."""
    place = tmp_path / "tiny"
    checkpoint.save_weights(place, {"nothing": torch.zeros(1)})
    config = {"key": "images/faces-gan", "loader": "pretrained.images.serve:load", "max_batch": 48}
    checkpoint.write_metadata(place, config, {}, {})
    return place


@pytest.fixture
def entry(folder, monkeypatch):
    model = Draws()
    monkeypatch.setattr(catalog.Entry, "load", lambda self, device: model)
    statistics.write([folder], faces(300, seed=1))
    return catalog.from_folder(folder, "images/faces-gan")


def saved(place: Path, count: int, seed: int) -> Path:
    """A new folder with discs in it."""
    place.mkdir()
    for number, disc in enumerate(discs(count, seed)):
        Image.fromarray(disc.permute(1, 2, 0).numpy()).save(place / f"{number:03d}.png")
    return place


@pytest.fixture
def photographs(tmp_path):
    """A folder of 100 pictures."""
    return saved(tmp_path / "photographs", 100, seed=2)


def normal(count: int, size: int, seed: int) -> torch.Tensor:
    """[N, F] with mean 0 and covariance 1, exactly."""
    x = torch.randn(count, size, generator=torch.Generator().manual_seed(seed)).double()
    x -= x.mean(0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T


# ---- distance ---------------------------------------------------------------------------------


def test_the_distance_of_two_normal_distributions_is_the_known_one():
    one = normal(50, 3, seed=0) @ torch.diag(torch.tensor([1.0, 2.0, 3.0]).double()) + 1
    other = normal(70, 3, seed=1) @ torch.diag(torch.tensor([4.0, 2.0, 1.0]).double()) - 1
    assert frechet.distance(one, other) == pytest.approx(3 * 2**2 + 3**2 + 0 + 2**2)


def test_the_distance_is_the_known_one_where_the_covariances_do_not_commute():
    from scipy.linalg import sqrtm

    chance = torch.Generator().manual_seed(3)
    a, b = (torch.randn(40, 5, generator=chance).double() for _ in range(2))
    root = sqrtm(a.T.cov().numpy() @ b.T.cov().numpy()).real
    known = (a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum()
    assert frechet.distance(a, b) == pytest.approx(float(known) - 2 * np.trace(root))


@pytest.mark.parametrize("count", [8, 200])
def test_a_set_is_at_no_distance_from_itself_however_it_is_ordered(count):
    one = torch.randn(count, 30, generator=torch.Generator().manual_seed(0))
    assert frechet.distance(one, one.flip(0)) == pytest.approx(0, abs=1e-9)


def test_with_fewer_pictures_than_features_the_distance_stays_exact():
    one = torch.cat([normal(12, 4, seed=0), torch.zeros(12, 30)], 1)
    other = torch.cat([2 * normal(9, 4, seed=1), torch.zeros(9, 30)], 1)
    assert frechet.distance(one, other) == pytest.approx(4)
    assert frechet.distance(other, one) == pytest.approx(4)


# ---- precision and recall ---------------------------------------------------------------------


def test_who_draws_one_face_well_is_precise_and_recalls_little():
    real = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    same = real[:1] + 1e-4 * torch.randn(200, 4, generator=torch.Generator().manual_seed(1))
    precision, recall = frechet.precision_recall(same, real)
    assert precision == 1 and recall == pytest.approx(1 / 200)


def test_who_draws_everything_and_more_recalls_all_and_is_imprecise():
    real = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    much = 10 * torch.randn(200, 2, generator=torch.Generator().manual_seed(1))
    precision, recall = frechet.precision_recall(much, real)
    assert precision < 0.3 < 0.9 < recall


def test_a_ball_reaches_as_far_as_the_third_neighbour():
    others = torch.tensor([[0.0], [1.0], [2.0], [3.0]])  # the outer ones reach 3, the inner ones 2
    assert frechet.within(torch.tensor([[6.0]]), others) == 1
    assert frechet.within(torch.tensor([[6.1]]), others) == 0
    assert frechet.within(torch.tensor([[6.1], [-3.0], [1.5], [9.0]]), others) == 0.5


# ---- features ---------------------------------------------------------------------------------


def test_features_are_the_last_block_of_the_photo_network_on_faces_made_large(monkeypatch):
    monkeypatch.undo()  # the real one
    pictures = discs(3, seed=0)
    large = [
        Image.fromarray(disc.permute(1, 2, 0).numpy()).resize((128, 128), Image.Resampling.BICUBIC)
        for disc in pictures
    ]
    pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in large]))
    network = features.imagenet.network()
    with torch.inference_mode():
        maps = network.stages(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1)[-1]
    known = maps.mean((2, 3))
    found = features.Features()(pictures)
    assert found.shape == (3, 320)
    assert (found - known).norm() < 0.05 * known.norm()  # Pillow rounds and cuts to 0..255


def test_features_are_the_same_in_batches_of_any_size(monkeypatch):
    made, pictures = features.Features(), discs(5, seed=0)
    whole = made(pictures)
    monkeypatch.setattr(features, "BATCH", 2)
    assert torch.allclose(made(pictures), whole, atol=1e-5) and made(pictures[:0]).shape[0] == 0


def test_a_mirror_image_has_the_same_mirrored_features():
    made, pictures = features.Features(), discs(5, seed=0)
    assert torch.allclose(made.mirrored(pictures), made.mirrored(pictures.flip(3)), atol=1e-6)
    assert not torch.allclose(made(pictures), made(pictures.flip(3)), atol=1e-3)


# ---- what is kept of the training faces -------------------------------------------------------


def test_what_is_kept_is_a_random_part_of_the_training_faces(folder, monkeypatch):
    monkeypatch.setattr(statistics, "SAMPLE", 40)
    made, known = features.Features(), faces(300, seed=1)
    statistics.write([folder], known)
    kept, all_of_them = features.kept(folder, made.sha256), made(known.images)
    assert torch.allclose(kept["mean"], all_of_them.mean(0), atol=1e-5)
    away = torch.cdist(kept["sample"], all_of_them).min(1)
    assert len(kept["sample"]) == 40 and away.values.max() < 1e-2
    assert len(set(away.indices.tolist())) == 40 and away.indices.max() > 150


def test_the_copy_meter_finds_a_face_that_was_learnt_from_and_its_mirror_image(folder):
    known = faces(300, seed=1)
    statistics.write([folder], known)
    meter = copies.Copies.load(folder)
    learnt, aside = data.held_apart(known, statistics.APART)
    near = meter.of(torch.cat([learnt.images[:20], learnt.images[:20].flip(3)]))
    far = meter.of(aside.images)
    assert near.max() < far.median() / 4
    assert torch.allclose(near[:20], near[20:], atol=1e-4)
    assert meter.real.shape == (101,)
    assert meter.real[0] == far.min() and meter.real[100] == far.max()


def test_the_faces_kept_aside_are_those_that_training_keeps_aside(folder):
    assert {recipe.held_out for recipe in train.RECIPES.values()} == {statistics.APART}
    statistics.write([folder], faces(300, seed=1))
    assert len(copies.Copies.load(folder).neighbours) == 294


def test_what_another_network_measured_is_refused(folder, monkeypatch):
    statistics.write([folder], faces(64, seed=1))
    assert len(copies.Copies.load(folder).real) == 101
    monkeypatch.setattr(features, "fingerprint", lambda: "of another file")
    with pytest.raises(BadCheckpoint, match="another classification/imagenet"):
        copies.Copies.load(folder)


def test_a_folder_without_statistics_names_the_command_that_makes_them(folder):
    with pytest.raises(BadCheckpoint, match=r"pretrained\.images\.statistics --data FACES"):
        copies.Copies.load(folder)


def test_a_model_without_a_copy_meter_keeps_what_it_is_scored_by_only(folder, entry, photographs):
    whole = (folder / features.FILE).stat().st_size
    statistics.write([folder], faces(300, seed=1), meter=False)
    assert (folder / features.FILE).stat().st_size < whole
    assert evaluate.evaluate(entry, photographs)["n"] == 100
    with pytest.raises(BadCheckpoint, match="lacks a part"):
        copies.Copies.load(folder)


def test_a_model_of_the_same_faces_is_scored_by_a_bundled_ones_statistics(
    folder, tmp_path, monkeypatch
):
    features.keep(folder, {"mean": torch.ones(16)}, "hash")
    mine = tmp_path / "mine"
    mine.mkdir()
    checkpoint.write_json(mine, checkpoint.CONFIG, {"statistics_of": "images/theirs"})
    monkeypatch.setattr(catalog, "folder_of", lambda key: folder)
    assert features.kept(mine, "hash")["mean"].sum() == 16
    with pytest.raises(BadCheckpoint, match="another"):
        features.kept(mine, "another hash")


def test_damaged_or_partial_statistics_are_refused(folder):
    sha256 = features.Features().sha256
    features.keep(folder, {"mean": torch.zeros(16)}, sha256)
    with pytest.raises(BadCheckpoint, match="lacks a part"):
        copies.Copies.load(folder)
    (folder / features.FILE).write_bytes(b"no")
    with pytest.raises(BadCheckpoint, match="damaged"):
        copies.Copies.load(folder)


# ---- scoring ----------------------------------------------------------------------------------


def test_who_draws_as_the_training_faces_are_has_a_ratio_near_one(entry, photographs):
    result = evaluate.evaluate(entry, photographs)
    assert (result["key"], result["split"], result["n"]) == (entry.key, "photographs", 100)
    assert list(result["metrics"]) == ["fd", "fd_ratio", "precision", "recall"]
    for figure in result["metrics"].values():
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"]
        assert features.Features().sha256 in figure["features"]
    ratio = result["metrics"]["fd_ratio"]
    assert ratio["low"] < 1 < ratio["high"] < 3
    assert result["metrics"]["fd"]["value"] == pytest.approx(
        ratio["value"] * result["training_faces"]["fd"]
    )


def test_the_drawings_are_those_of_the_first_seeds_in_batches(entry):
    model = entry.load("cpu")
    assert torch.equal(evaluate.drawings(entry, 100, "cpu"), discs(500, seed=5)[:100])
    assert model.asked == [48, 48, 4]


def test_who_draws_the_same_face_always_is_found_out(entry, photographs):
    model = entry.load("cpu")
    model.discs[:] = model.discs[:1]
    found = evaluate.evaluate(entry, photographs)["metrics"]
    assert found["fd_ratio"]["value"] > 3 and found["recall"]["value"] == 0


def test_intervals_are_no_narrower_than_the_figures_vary_from_set_to_set():
    def sets(seed: int) -> tuple[torch.Tensor, ...]:
        x = torch.randn(3, 200, 6, generator=torch.Generator().manual_seed(seed))
        return 1.3 * x[0], x[1], x[2]

    varied = [evaluate.figures(*sets(seed)) for seed in range(40)]
    wide = [evaluate.intervals(*sets(seed)) for seed in range(40, 44)]
    for name in ("fd", "precision", "recall"):
        spread = 2.09 * np.std([figures[name] for figures in varied])
        half = np.mean([(w[name]["high"] - w[name]["low"]) / 2 for w in wide])
        assert 0.8 < half / spread < 3, name


def test_the_training_faces_themselves_are_no_photographs_to_compare_with(entry, tmp_path):
    with pytest.raises(BadData, match="the very faces"):
        evaluate.evaluate(entry, saved(tmp_path / "same", 300, seed=1))


def test_too_few_photographs_and_a_model_that_refuses_are_said(entry, photographs, monkeypatch):
    monkeypatch.setattr(catalog.Entry, "load", lambda self, device: Draws(refuses=True))
    with pytest.raises(BadCheckpoint, match="no"):
        evaluate.evaluate(entry, photographs)
    for file in list(photographs.iterdir())[:51]:
        file.unlink()
    with pytest.raises(BadData, match="49 pictures"):
        evaluate.evaluate(entry, photographs)


# ---- commands ---------------------------------------------------------------------------------


def test_the_commands_write_statistics_score_and_keep_the_figures(
    folder, entry, photographs, monkeypatch, capsys
):
    (folder / features.FILE).unlink()
    statistics.main(saved(photographs.parent / "learnt", 300, seed=1), folder=[folder])
    words = ["evaluate", "images/faces-gan", "--data", str(photographs)]
    words += ["--checkpoint", str(folder), "--json", "--keep"]
    monkeypatch.setattr(sys, "argv", ["pretrained", *words])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 0
    result = json.loads(capsys.readouterr().out)
    (row,) = checkpoint.read_json(folder, checkpoint.METRICS)["results"]
    assert row["target"] == {"fd_ratio": 2.5} and row["n"] == 100
    assert row["metrics"]["fd"] == result["metrics"]["fd"]
    assert math.isfinite(result["metrics"]["fd_ratio"]["high"])
    card = (folder / checkpoint.CARD).read_text("utf-8")
    assert "classification/imagenet, its last block at 128 px" in card and "| 100 |" in card
    claims = {claim.metric: claim for claim in catalog.from_folder(folder).claims}
    assert claims["fd_ratio"].met is not None and claims["recall"].met is None


def test_statistics_without_a_place_or_without_faces_are_refused(folder, photographs, capsys):
    with pytest.raises(statistics.typer.BadParameter, match="--key or a --folder"):
        statistics.main(photographs)
    with pytest.raises(SystemExit):
        statistics.main(photographs / "nothing", folder=[folder])
    assert "cannot be used" in capsys.readouterr().err
