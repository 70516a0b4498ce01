"""Fine-tuning a Hub detector by the command that trains everything, then serving and scoring it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rewound
import tiny_detection
import tiny_detr
import torch
from hub_standin import HubStandIn
from tiny_detr import DETR, HUB_ID, MASKS, SQUARED, YOLOS
from typer.testing import CliRunner

from pretrained import catalog, checkpoint
from pretrained.__main__ import app
from pretrained.catalog import Entry
from pretrained.detection import data, evaluate
from pretrained.detection.data import Scene, Scenes, Thing
from pretrained.detection.errors import NotTunable
from pretrained.detection.hub import serve, train
from pretrained.detection.hub.entries import DETECTORS
from pretrained.detection.hub.train import FineTuneTask
from pretrained.errors import BadCheckpoint, BadData, HubOffline
from training.run import Run

detr, yolos, squared, masks = tiny_detr.detr, tiny_detr.yolos, tiny_detr.squared, tiny_detr.masks
NAMES = tiny_detection.NAMES


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both splits, as the data come."""
    return tiny_detection.folder_of_shapes(tmp_path_factory.mktemp("shapes"), train=20)


@pytest.fixture
def base(hub: HubStandIn, detr: Path) -> str:
    """The commit of the model to start from."""
    return hub.add_folder(HUB_ID, detr)


def tuning(folder: Path, scenes: Scenes, names: list[str] = NAMES) -> FineTuneTask:
    network, preprocessing = train.begun(folder, names)
    return FineTuneTask(network, preprocessing, scenes, scenes, names)


def test_learns_shapes_and_is_served_from_its_folder(
    hub: HubStandIn, base: str, tmp_path: Path, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random weights know nothing yet, so they learn faster than trained ones should.
    monkeypatch.setattr(train, "PEAK", 2e-3)
    monkeypatch.setattr(train, "CLIP", 5.0)
    out = train.train(DETR, shapes, tmp_path / "mine", Run(epochs=15, seed=1))
    hub.stop()  # from here on the folder must be enough

    entry = catalog.from_folder(out)
    assert entry.key == "detection/mine" and entry.licence == DETR.licence and entry.bundled
    assert catalog.labels(entry)["en"] == NAMES
    seen: list[tuple[int, int]] = []
    tuned = entry.load("cpu", lambda *p: seen.append(p))
    assert seen[-1] == (entry.bytes, entry.bytes)

    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["held_out_loss"] < made["held_out_loss_before"] - 0.5
    assert made["started_from"] == f"{HUB_ID} at {base}" and made["pictures"] == 17
    assert "held_out_loss" in (out / "README.md").read_text("utf-8")
    assert (out / "history.jsonl").exists()
    (answer,) = tuned.predict([tiny_detr.picture(64, 96)])
    assert {one["label"] for one in answer["objects"]} <= set(NAMES)
    result = evaluate.evaluate(entry, shapes)
    assert result["n"] == 6 and 0 <= result["metrics"]["box_ap50"]["value"] <= 1


@pytest.mark.parametrize("name", ["yolos", "squared"])
def test_the_others_of_the_family_learn_too(
    hub: HubStandIn,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    shapes: Path,
    name: str,
) -> None:
    entry = {"yolos": YOLOS, "squared": SQUARED}[name]
    hub.add_folder(HUB_ID, request.getfixturevalue(name))
    out = train.train(entry, shapes, tmp_path / name, Run(epochs=2, lr=1e-3))
    rows = [json.loads(row) for row in (out / "history.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < rows[1]["loss"]  # the first row is of the weights as they came
    tuned = catalog.from_folder(out).load("cpu")
    assert tuned.labels == NAMES
    tuned.predict([tiny_detr.picture(64, 96)])


@pytest.mark.parametrize("head_only", [True, False])
def test_a_training_that_is_watched_can_be_rewound(
    base: str, tmp_path: Path, shapes: Path, head_only: bool
) -> None:
    run = Run(epochs=1, lr=1e-2, head_only=head_only, watch=True)
    out = train.train(DETR, shapes, tmp_path / "mine", run)
    begun, learnt = rewound.ends(out)
    assert begun.labels == learnt.labels == NAMES
    original = DETR.load("cpu").network.state_dict()
    for name, value in begun.network.state_dict().items():
        if not train.OF_CLASSES.search(name):
            assert torch.equal(value, original[name].half().float()), name


def test_what_is_served_is_what_was_learnt(
    hub: HubStandIn, base: str, tmp_path: Path, shapes: Path
) -> None:
    out = train.train(DETR, shapes, tmp_path / "mine", Run(epochs=1))
    state = torch.load(out / "state.pt", weights_only=True)["averaged"]
    served = catalog.from_folder(out).load("cpu").network.state_dict()
    for name, weight in state.items():
        torch.testing.assert_close(weight.half().float(), served[name], atol=0, rtol=0)


def test_only_the_heads_learn(hub: HubStandIn, base: str, tmp_path: Path, shapes: Path) -> None:
    out = train.train(DETR, shapes, tmp_path / "heads", Run(epochs=1, head_only=True, lr=1e-2))
    tuned = catalog.from_folder(out).load("cpu").network.state_dict()
    original = DETR.load("cpu").network.state_dict()
    moved = {
        name
        for name, weight in original.items()
        if weight.shape != tuned[name].shape or not torch.equal(weight.half().float(), tuned[name])
    }
    assert moved and all("bbox_predictor" in n or "class_labels" in n for n in moved)


def test_smoke_is_two_steps_and_a_broken_run_goes_on(
    base: str, tmp_path: Path, shapes: Path
) -> None:
    out = train.train(DETR, shapes, tmp_path / "smoke", Run(smoke=True))
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 2
    catalog.from_folder(out).load("cpu")
    train.train(DETR, shapes, out, Run(smoke=True, resume=True))
    assert (out / "history.jsonl").read_text().count("\n") == len(rows)  # it was done already
    first = train.train(DETR, shapes, tmp_path / "on", Run(epochs=1))
    train.train(DETR, shapes, first, Run(epochs=2, resume=True))
    rows = [json.loads(line) for line in (first / "history.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1, 2]


def test_the_commands_train_and_score_it(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels as COCO's tools write them."""
    monkeypatch.setattr(catalog, "entries", lambda: {DETR.key: DETR})
    own = tiny_detection.coco_folder(tmp_path / "own", count=12)
    out = tmp_path / "out"
    typed = ["train", DETR.key, "--data", str(own), "--out", str(out), "--smoke"]
    trained = CliRunner().invoke(app, typed)
    assert trained.exit_code == 0, trained.output
    for more in ([], ["--checkpoint", str(out)]):
        typed = ["evaluate", DETR.key, "--data", str(own), "--json", *more]
        scored = CliRunner().invoke(app, typed)
        assert scored.exit_code == 0, scored.output
        result = json.loads(scored.stdout.splitlines()[-1])
        assert result["n"] == 12 and "box_ap50" in result["metrics"]


# ---- what is learnt from -----------------------------------------------------------------------


def test_boxes_are_shares_of_the_picture_and_are_mirrored_with_it(detr: Path) -> None:
    picture, _ = tiny_detection.shapes(0, width=100, height=50)
    things = (
        Thing("square", (10.0, 20.0, 30.0, 40.0)),
        Thing("disc", (0.0, 0.0, 100.0, 50.0), crowd=True),
        Thing("nobody knows", (0.0, 0.0, 5.0, 5.0)),
    )
    scene = Scene(tiny_detection.encoded(picture), 100, 50, things, "own", "here")
    task = tuning(detr, Scenes((scene,), "own"))
    plain, told = task.shown(scene, (64, 128))
    assert plain.shape == (3, 64, 128)
    assert told["class_labels"].tolist() == [NAMES.index("square")]
    torch.testing.assert_close(told["boxes"], torch.tensor([[0.2, 0.6, 0.2, 0.4]]))
    turned, told = task.shown(scene, (64, 128), mirrored=True)
    torch.testing.assert_close(told["boxes"], torch.tensor([[0.8, 0.6, 0.2, 0.4]]))
    torch.testing.assert_close(turned.flip(2), plain)


@pytest.mark.parametrize("name", ["detr", "yolos", "squared"])
def test_a_picture_with_nothing_in_it_teaches_too(
    request: pytest.FixtureRequest, name: str
) -> None:
    picture, _ = tiny_detection.shapes(0)
    content = tiny_detection.encoded(picture)
    empty = Scene(content, picture.width, picture.height, (), "own", "here")
    full = replace(empty, things=(Thing("disc", (1.0, 1.0, 30.0, 30.0)),))
    for scenes in ((empty,), (empty, full)):
        task = tuning(request.getfixturevalue(name), Scenes(scenes, "own"))
        task.model.train()
        (batch,) = task.batches(0, 0.0)
        loss = task.loss(task.model, batch)
        assert torch.isfinite(loss) and loss > 0


def test_every_picture_once_in_an_order_of_its_own(detr: Path, shapes: Path) -> None:
    scenes = data.read(shapes, "train")
    task = tuning(detr, scenes)

    def told(epoch: int) -> list[list[float]]:
        return [t["boxes"].flatten().tolist() for b in task.batches(epoch, 0.0) for t in b[1]]

    assert told(3) == told(3) and len(told(3)) == len(scenes) and told(3) != told(4)


@pytest.mark.parametrize("name", ["detr", "yolos", "squared"])
@pytest.mark.parametrize(
    "own", [("cat", "sofa", "disc"), ("cat", "couch", "N/A", "person")], ids=len
)
def test_what_is_known_of_a_class_is_kept(
    request: pytest.FixtureRequest, name: str, own: tuple[str, ...]
) -> None:
    """By its name, also where there are as many classes as the published network has."""
    folder = request.getfixturevalue(name)
    network, _ = train.begun(folder, own)
    published, _ = serve.build(folder)
    numbers = {"person": 1, "couch": 2, "sofa": 2, "cat": 3}
    old, new = published.state_dict(), network.state_dict()
    of_classes = [weight for weight in old if train.OF_CLASSES.search(weight)]
    assert len(of_classes) == {"detr": 2, "yolos": 2, "squared": 11}[name]
    for weight in old.keys() - of_classes:
        assert torch.equal(new[weight], old[weight])
    for weight in of_classes:
        nothing = len(old[weight]) - 4
        assert len(new[weight]) == len(own) + nothing
        for here, label in enumerate(own):
            if label in numbers:
                assert torch.equal(new[weight][here], old[weight][numbers[label]])
            elif old[weight].dim() == 2:
                assert not any(torch.equal(new[weight][here], row) for row in old[weight])
        if nothing:
            assert torch.equal(new[weight][-1], old[weight][-1])


@pytest.mark.parametrize("entry", [DETR, YOLOS, SQUARED], ids=lambda entry: entry.key)
def test_every_weight_with_a_row_for_each_class_is_named(entry: Entry) -> None:
    """In the published architectures, counted with seven classes and with nine."""
    import transformers

    one = DETECTORS[entry.key]

    def sizes(classes: int) -> dict[str, torch.Size]:
        told = {**dict(one.network), "num_labels": classes, "model_type": one.kind}
        with torch.device("meta"):
            config = serve.settings(transformers, told)
            network = getattr(transformers, serve.KINDS[one.kind])(config)
        return {name: weight.shape for name, weight in network.state_dict().items()}

    few, many = sizes(7), sizes(9)
    changed = {name for name, size in few.items() if size != many[name]}
    assert changed == {name for name in few if train.OF_CLASSES.search(name)} and changed


def test_classes_are_called_as_they_were_labelled(
    hub: HubStandIn, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COCO's words, and that some classes have no name, are matters of the published networks."""
    rows = [(*tiny_detection.shapes(n), "drawn") for n in range(10)]
    for _, things, _ in rows:
        for thing in things:
            thing["category"] = {"disc": "N/A", "square": "sofa"}[thing["category"]]
    file = tiny_detection.table(rows, tmp_path / "train.parquet")
    seen: list[list[str | None]] = []
    scores = train.Scores

    def kept(scenes: object, found: list[list[dict[str, object]]]) -> object:
        seen.append([str(one["label"]) for objects in found for one in objects])
        return scores(scenes, found)

    monkeypatch.setattr(train, "Scores", kept)
    out = train.train(DETR, file, tmp_path / "mine", Run(smoke=True))
    tuned = catalog.from_folder(out).load("cpu")
    assert tuned.labels == ["N/A", "sofa"]
    (answer,) = tuned.predict([tiny_detr.picture(64, 96)])
    assert {one["label"] for one in answer["objects"]} <= {"N/A", "sofa"}
    assert seen[0] and {label for one in seen for label in one} <= {"N/A", "sofa"}


def test_nothing_kept_aside_is_nothing_to_be_told(detr: Path) -> None:
    network, preprocessing = train.begun(detr, NAMES)
    scene = Scene(b"", 100, 50, (), "own", "here")
    task = FineTuneTask(network, preprocessing, Scenes((scene,), "own"), Scenes((), "none"), NAMES)
    assert task.evaluate(network) == {}


def test_pictures_that_are_labelled_in_part_are_left_aside(tmp_path: Path) -> None:
    rows = [(*tiny_detection.shapes(n), "drawn") for n in range(9)]
    rows += [(*tiny_detection.shapes(n), "clothing-co-parsing") for n in range(9)]
    file = tiny_detection.table(rows, tmp_path / "train.parquet")
    kept = train.whole(data.read(file), file)
    assert len(kept) == 9 and {scene.source for scene in kept.scenes} == {"drawn"}
    with pytest.raises(BadData, match="every object is labelled"):
        train.whole(Scenes(kept.scenes[:7], "few"), file)
    bare = tuple(replace(scene, things=()) for scene in kept.scenes)
    with pytest.raises(BadData):
        train.whole(Scenes(bare, "bare"), file)


# ---- refusals ----------------------------------------------------------------------------------


def test_boxes_cannot_teach_masks(tmp_path: Path, shapes: Path) -> None:
    with pytest.raises(NotTunable, match="detection/detr-r50"):
        train.train(MASKS, shapes, tmp_path / "out", Run(smoke=True))


def test_a_model_that_is_not_here_and_cannot_be_had(
    hub: HubStandIn, tmp_path: Path, shapes: Path
) -> None:
    hub.stop()
    with pytest.raises(HubOffline):
        train.train(DETR, shapes, tmp_path / "out", Run(smoke=True))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_whole(
    hub: HubStandIn, base: str, tmp_path: Path, shapes: Path
) -> None:
    out = train.train(DETR, shapes, tmp_path / "mine", Run(smoke=True))
    taken = shutil.copytree(out, tmp_path / "home", ignore=shutil.ignore_patterns("state.pt"))
    assert {f.suffix for f in taken.iterdir()} <= {".json", ".jsonl", ".safetensors", ".md"}
    catalog.from_folder(taken).load("cpu")
    config = checkpoint.read_json(taken, "config.json")
    for change in (
        {"network": None},
        {"preprocessing": None},
        {"preprocessing": {}},
        {"network": {"model_type": "bert"}},
        {"network": {**config["network"], "d_model": 32}},
    ):
        checkpoint.write_json(taken, "config.json", {**config, **change})
        with pytest.raises(BadCheckpoint):
            catalog.from_folder(taken).load("cpu")


def test_a_smaller_picture_costs_less(detr: Path, shapes: Path) -> None:
    """No picture is seen larger in training than the network sees it when it is asked."""
    task = tuning(detr, data.read(shapes, "train"))
    sizes = {tuple(pixels.shape[-2:]) for pixels, _ in task.batches(0, 0.0)}
    assert sizes == {(80, 107)}
    assert np.prod((80, 107)) <= np.prod(task.preprocessing.size(64, 96))
