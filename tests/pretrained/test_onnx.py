"""ONNX files answer as torch does, through onnxruntime, at sizes they were not traced with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tiny_faces
import tiny_writers
import torch

from pretrained import catalog, checkpoint, onnx
from pretrained.classification.model import ResidualNet
from pretrained.handwriting.reader import ReaderNet

WITHIN = 1e-4  # of the largest output; single precision, in another order


def classifier(folder: Path) -> Path:
    torch.manual_seed(0)
    architecture = {"widths": [8, 12], "stem_width": 6}
    network = ResidualNet(3, widths=(8, 12), stem_width=6)
    checkpoint.save_weights(folder, network.state_dict())
    config = {
        "key": "classification/tiny",
        "loader": "pretrained.classification.serve:load",
        "labels": ["a", "b", "c"],
        "classes": 3,
        "size": 16,
        "temperature": 0.01,
        **architecture,
    }
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


def reader(folder: Path) -> Path:
    torch.manual_seed(0)
    checkpoint.save_weights(folder, ReaderNet("ab", 8, 12).state_dict())
    config = {"key": "handwriting/tiny", "loader": "pretrained.handwriting.serve:load_reader"}
    config |= {"characters": "ab", "width": 8, "units": 12}
    checkpoint.write_metadata(folder, config, {}, {})
    return folder


def ask(folder: Path, **given: np.ndarray) -> list[np.ndarray]:
    told = onnx.exported(folder, folder / "model.onnx")
    assert told["difference"] < WITHIN
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    assert [value.name for value in session.get_inputs()] == list(told["inputs"])
    found = session.run(None, given)
    for (name, sizes), value in zip(told["outputs"].items(), found, strict=True):
        fixed = [(a, b) for a, b in zip(sizes, value.shape, strict=True) if isinstance(a, int)]
        assert all(a == b for a, b in fixed), name
    return found


def close(found: np.ndarray, wanted: torch.Tensor) -> bool:
    assert found.shape == tuple(wanted.shape)
    return float(np.abs(found - wanted.numpy()).max()) <= WITHIN * float(wanted.abs().max())


def served(folder: Path):
    return catalog.from_folder(folder).load("cpu")


def test_a_classifier_gives_the_probabilities_of_the_app(tmp_path: Path) -> None:
    folder = classifier(tmp_path / "tiny")
    pixels = np.random.default_rng(0).random((5, 3, 16, 16)).astype(np.float32)
    (found,) = ask(folder, pixels=pixels)
    wanted = served(folder)._scores(torch.from_numpy(pixels), None)
    assert close(found, torch.from_numpy(np.stack(wanted)))
    assert np.ptp(found) > 0.1, "the temperature has its part in it"


def test_characters_are_read_one_by_one_or_all_at_once(tmp_path: Path) -> None:
    folder = tiny_writers.tiny(tmp_path / "tiny")
    read = np.array([[1, 5, 3, 2], [4, 4, 1, 7], [2, 1, 1, 3]])
    empty = np.zeros((2, 3, 32), np.float32)
    whole = ask(folder, characters=read, h=empty, c=empty)
    with torch.no_grad():
        logits, (h, c) = served(folder).network(torch.from_numpy(read))
    for found, wanted in zip(whole, (logits[:, -1].log_softmax(1), h, c), strict=True):
        assert close(found, wanted)
    session, h, c = onnxruntime.InferenceSession(folder / "model.onnx"), empty, empty
    for place in range(4):
        last, h, c = session.run(None, {"characters": read[:, place : place + 1], "h": h, "c": c})
    assert np.allclose(last, whole[0], atol=1e-5)


def test_the_reader_reads_writings_of_other_lengths(tmp_path: Path) -> None:
    folder = reader(tmp_path / "tiny")
    points = np.random.default_rng(0).standard_normal((1, 31, 3)).astype(np.float32)
    (found,) = ask(folder, points=points)
    with torch.no_grad():
        wanted, _ = served(folder).network(torch.from_numpy(points), torch.tensor([31]))
    assert close(found, wanted)


def test_the_generator_draws_the_same_faces(tmp_path: Path) -> None:
    folder = tiny_faces.gan(tmp_path / "tiny")
    latents = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    (found,) = ask(folder, latents=latents)
    assert close(found, served(folder).network.generator(torch.from_numpy(latents)))


def test_the_denoiser_takes_each_picture_at_its_own_degree(tmp_path: Path) -> None:
    folder = tiny_faces.denoiser(tmp_path / "tiny")
    noisy = np.random.default_rng(0).standard_normal((3, 3, 64, 64)).astype(np.float32)
    degrees = np.array([0, 400, 999])
    (found,) = ask(folder, noisy=noisy, degrees=degrees)
    with torch.no_grad():
        wanted = served(folder).network(torch.from_numpy(noisy), torch.from_numpy(degrees))
    assert close(found, wanted)


def test_no_file_tells_where_it_was_made(tmp_path: Path) -> None:
    folder = classifier(tmp_path / "tiny")
    onnx.exported(folder, folder / "model.onnx")
    content = (folder / "model.onnx").read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content
    assert str(tmp_path).encode() not in content


def test_what_cannot_be_exported_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = catalog.folder_of("translation/en-fr")
    assert onnx.main([str(folder), str(tmp_path / "model.onnx")]) == 0
    assert capsys.readouterr().out == '{"none": "kind"}\n'
    assert onnx.main([str(tmp_path), str(tmp_path / "model.onnx")]) == 0
    assert capsys.readouterr().out == '{"none": "damaged"}\n'
