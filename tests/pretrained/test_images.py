"""Faces: points, the two networks and their game, noise and its removal, what is served."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import tiny_faces
import torch
from PIL import Image
from torch.nn import functional

from pretrained import __main__ as command_line
from pretrained import catalog, checkpoint
from pretrained.errors import BadData, UnknownEntry, ViewUnsupported
from pretrained.images import augment, data, replay, serve, train
from pretrained.images import tasks as denoising
from pretrained.images import tasks as game_module
from pretrained.images.diffusion import DEGREES, Denoiser
from pretrained.images.errors import BadPoint, BadSeed, BadSteps
from pretrained.images.model import Discriminator, Gan
from pretrained.images.perceptual import PerceptualDistance
from pretrained.images.point import FAR, MOST, SEEDS, Point
from pretrained.images.refining import Lesson, Refined, RefiningTask
from pretrained.images.tasks import EVERY, ROUND, DenoisingTask, GanTask, slope
from training.run import Run

SEVEN = {"mix": [[7, 1.0]]}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tiny_faces.gan(tmp_path_factory.mktemp("gan"))
    return catalog.from_folder(folder, "images/faces-gan").load("cpu")


@pytest.fixture(scope="module")
def finder(tmp_path_factory):
    folder = tiny_faces.denoiser(tmp_path_factory.mktemp("denoiser"))
    return catalog.from_folder(folder, "images/faces-diffusion").load("cpu")


# ---- points -----------------------------------------------------------------------------------


def test_a_seed_is_the_same_latent_always_and_another_seed_another():
    one, same, other = (Point(((seed, 1.0),)).latent(128) for seed in (7, 7, 8))
    assert torch.equal(one, same) and not torch.allclose(one, other)


def test_a_mix_is_as_normal_as_one_seed_whatever_its_weights():
    for mix in (((1, 0.3), (2, 0.4)), ((1, 5.0),), tuple((n, 1.0) for n in range(MOST))):
        drawn = Point(mix).latent(20_000)
        assert drawn.mean().abs() < 0.05 and drawn.std() == pytest.approx(1, abs=0.03)


def test_the_scale_of_weights_does_not_matter():
    a, b = (Point(((1, k), (2, 2 * k))).latent(16) for k in (1.0, 9.0))
    assert torch.allclose(a, b)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"mix": []},
        {"mix": [[1, 0.0]]},
        {"mix": [[1, float("nan")]]},
        {"mix": [[1, float("inf")]]},
        {"mix": [[1]]},
        {"mix": 3},
        {"mix": [[1, "x"]]},
        {"mix": [[n, 1.0] for n in range(MOST + 1)]},
        {"mix": [[1, 1.0]], "moves": [FAR + 0.1]},
        {"mix": [[1, 1.0]], "moves": [float("nan")]},
        {"mix": [[1, 1.0]], "moves": [0.0] * 9},
        {"mix": [[1, 1.0]], "truncation": 1.1},
        {"mix": [[1, 1.0]], "truncation": -0.1},
        {"mix": [[1, 1.0]], "truncation": float("nan")},
        {"mix": [[1, 1.0]], "truncation": None},
        "face",
        None,
    ],
)
def test_what_says_no_face_is_refused(given):
    with pytest.raises(BadPoint):
        Point.of(given)


@pytest.mark.parametrize("seed", [-1, SEEDS, 1.5, "7", True, None])
def test_a_seed_out_of_bounds_is_refused(seed):
    with pytest.raises(BadSeed):
        Point.of({"mix": [[seed, 1.0]]})


# ---- pictures ---------------------------------------------------------------------------------


def test_pictures_are_read_from_a_folder_of_splits_a_file_and_a_folder_of_pictures(tmp_path):
    folder = tiny_faces.folder_of_faces(tmp_path / "faces", train=5, validation=3)
    assert data.read(folder).split == "faces/train" and len(data.read(folder)) == 5
    one = data.read(next(folder.glob("validation*")))
    assert len(one) == 3 and one.images.shape == (3, 3, 64, 64)
    own = tmp_path / "own"
    (own / "inner").mkdir(parents=True)
    tiny_faces.oval(1).resize((200, 100)).save(own / "a.jpg")
    tiny_faces.oval(2).save(own / "inner" / "b.png")
    (own / "notes.txt").write_text("no picture")
    (own / "._a.jpg").write_bytes(b"\0\5\x16\7")
    found = data.read(own)
    assert len(found) == 2 and found.split == "own"
    assert found.told == (f"{own}: left out, no picture that is read here: 1 (notes.txt)",)


def test_a_damaged_picture_is_left_out_counted_and_named(tmp_path, capsys):
    for seed in range(3):
        tiny_faces.oval(seed).save(tmp_path / f"{seed}.png")
    for name in "ab":
        (tmp_path / f"{name}.jpg").write_bytes(b"no picture")
    found = data.read(tmp_path)
    assert len(found) == 3 and len(found.told) == 1
    told = found.say()["told"]
    assert f"2 of 5 pictures of {tmp_path.name} are left out" in told
    assert "a.jpg" in told and "b.jpg" in told
    assert capsys.readouterr().err == told + "\n"
    with pytest.raises(BadData, match=r"holds 3 pictures: 4 or more.*2 of 5 .* left out"):
        data.read(tmp_path, least=4)


@pytest.mark.parametrize("within", ["", "faces-v1/"])
def test_folders_of_splits_are_not_merged(tmp_path, within):
    for part, count in (("train", 3), ("test", 2)):
        (tmp_path / within / part).mkdir(parents=True)
        for seed in range(count):
            tiny_faces.oval(seed).save(tmp_path / within / part / f"{seed}.png")
    train, test = data.read(tmp_path), data.read(tmp_path, "test")
    assert (len(train), len(test)) == (3, 2)
    assert train.split.endswith("/train") and "train is taken, not test" in train.told[0]
    with pytest.raises(BadData, match="no validation"):
        data.read(tmp_path, "validation")


def tiny_archive(path):
    path.write_bytes(b"PK\3\4")
    return path


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(BadData, match=r"damaged.*broken\.png"):
        data.read(tmp_path)
    with pytest.raises(BadData, match="check the path"):
        data.read(tmp_path / "nowhere")
    with pytest.raises(BadData, match="it is an archive: unpack it"):
        data.read(tiny_archive(tmp_path / "faces.zip"))
    (tmp_path / "faces.zip").unlink()
    (tmp_path / "broken.png").unlink()
    with pytest.raises(BadData, match="0 pictures"):
        data.read(tmp_path)


def test_pixels_and_signed_numbers_turn_back_into_each_other():
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(data.pixels(data.signed(every)), every)


def test_the_same_chance_changes_pictures_alike_and_slopes_pass_through():
    pictures = data.signed(tiny_faces.ovals(3)).requires_grad_()
    one, same = (augment.changed(pictures, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, same) and one.shape == pictures.shape
    assert not torch.equal(one, pictures)
    one.sum().backward()
    assert pictures.grad.abs().sum() > 0


def test_no_colour_is_changed_and_a_quarter_of_the_pictures_is_left_as_it_is():
    shades = torch.rand(400, 3, 1, 1, generator=torch.Generator().manual_seed(5)) * 2 - 1
    pictures = shades.expand(400, 3, 16, 16)
    seen = augment.changed(pictures, torch.Generator().manual_seed(6))
    between = seen - seen.mean(1, keepdim=True)
    assert torch.allclose(between, pictures - pictures.mean(1, keepdim=True), atol=1e-6)
    faces = data.signed(tiny_faces.ovals(400))
    seen = augment.changed(faces, torch.Generator().manual_seed(7))
    same = (seen == faces).all(3).all(2).all(1).float().mean()
    assert 0.15 < same < 0.35, "each change is made by half a chance, or drawings copy it"


# ---- the game ---------------------------------------------------------------------------------


def game(**options):
    torch.manual_seed(0)
    return GanTask(
        Gan(**tiny_faces.GAN), tiny_faces.ovals(12), tiny_faces.ovals(4, 50), "cpu", **options
    )


def test_layers_grow_from_four_pixels_to_a_picture():
    layers = Gan(**tiny_faces.GAN).generator.layers(torch.randn(2, 8))
    assert [tuple(maps.shape) for maps in layers] == [
        (2, 32, 4, 4),
        (2, 16, 8, 8),
        (2, 8, 16, 16),
        (2, 4, 32, 32),
        (2, 3, 64, 64),
    ]
    assert layers[-1].abs().max() <= 1


def test_one_sum_moves_each_player_down_its_own_slope_only():
    task = game(batch=4)
    task.model.eval()  # so that drawing twice draws the same
    turn = next(t for n, t in enumerate(task.batches(0, 0.0)) if n == 1)
    assert not turn.penalise
    state = turn.generator.get_state()
    task.loss(task.model, turn).backward()
    both = {name: p.grad.clone() for name, p in task.model.named_parameters()}
    turn.generator.set_state(state)
    task.model.zero_grad()
    generator, judge = task.model.generator, task.model.discriminator
    drawn = generator(turn.latent)
    real, changed = (augment.changed(x, turn.generator) for x in (turn.real, drawn))
    functional.softplus(judge(changed.detach()) - judge(real)).mean().backward()
    judged = {f"discriminator.{n}": p.grad.clone() for n, p in judge.named_parameters()}
    functional.softplus(judge(real).detach() - judge(changed)).mean().backward()
    fooled = {f"generator.{n}": p.grad for n, p in generator.named_parameters()}
    for name, gradient in (judged | fooled).items():
        assert torch.allclose(both[name], gradient, atol=1e-6), name


def test_the_penalty_is_the_square_of_the_slope():
    class Plane(torch.nn.Module):
        def forward(self, x):
            return 3 * x[:, 0, 0, 0] + 4 * x[:, 1, 2, 2]

    real, drawn = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    assert slope(Plane(), real, drawn).item() == pytest.approx(2 * 25)


def test_every_eighth_turn_is_penalised_and_a_round_is_always_the_same():
    one, two = game(batch=2), game(batch=2)
    turns = list(one.batches(3, 0.1))
    assert [t.penalise for t in turns] == [n % EVERY == 0 for n in range(ROUND)]
    for mine, same in zip(turns, two.batches(3, 0.9), strict=True):
        assert torch.equal(mine.real, same.real) and torch.equal(mine.latent, same.latent)


def test_a_round_tells_how_often_pairs_were_told_apart():
    task = game(batch=2)
    turns = task.batches(0, 0.0)
    for _ in range(3):
        task.loss(task.model, next(turns)).backward()
    told = task.evaluate(task.model.eval())
    assert 0 <= told["told_apart"] <= 1 and told["discriminator_loss"] > 0
    assert 0 <= told["held_out_told_apart"] <= 1


# ---- the replay -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 5, 40, 41, 170, 2_000])
def test_moments_are_chosen_in_order_with_the_first_and_the_last(count):
    found = replay.chosen(count)
    assert len(found) == min(count, replay.MOST) == len(set(found))
    assert found == sorted(found) and found[0] == 0 and found[-1] == count - 1


def test_a_grid_puts_the_first_four_in_the_first_row():
    pictures = torch.zeros(16, 3, 2, 2, dtype=torch.uint8)
    pictures[3] = 255
    sheet = replay.grid(pictures)
    assert sheet.shape == (8, 8, 3) and sheet[:2, 6:].min() == 255 and sheet.sum() == 255 * 12


def film(out, count: int, first: int) -> list:
    """``count`` moments in ``out``, each of one grey, and the history that goes with them."""
    (out / "replay").mkdir(parents=True)
    for number in range(count):
        grey = Image.new("RGB", (256, 256), (first + number,) * 3)
        grey.save(out / "replay" / f"{number:05d}.png")
    return [
        {"epoch": n, "step": 100 * n, "seconds": 60.0 * n, "told_apart": 0.5}
        for n in range(1, count)
    ]


def test_a_training_that_goes_on_shows_what_it_began_with_first(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    replay.strip(ours, film(ours, 61, first=0))
    history = film(theirs, 3, first=200)
    replay.Replay(theirs, 8).goes_on(ours)
    replay.strip(theirs, history)
    told = json.loads((theirs / replay.MOMENTS).read_text())
    assert [told[n]["step"] for n in (0, 19, 20, 21)] == [0, 6_000, 6_100, 6_200]
    assert [row["seconds"] for row in told[-3:]] == [3_600, 3_660, 3_720]
    assert told[0]["told_apart"] is None and all(row["told_apart"] for row in told[1:])
    with Image.open(theirs / replay.STRIP) as strip:
        assert strip.size == (256, 256 * 22)
        greys = [strip.getpixel((9, 256 * n + 9))[0] for n in (0, 19, 20, 21)]
    assert greys == pytest.approx([0, 60, 201, 202], abs=3)
    replay.Replay(tmp_path / "more", 8).goes_on(tmp_path)  # that keeps no film
    assert not list((tmp_path / "more" / "replay").iterdir())


# ---- noise ------------------------------------------------------------------------------------


def test_a_drawing_is_that_of_diffusers_solver():
    from diffusers import DPMSolverMultistepScheduler

    torch.manual_seed(0)
    net = Denoiser(**tiny_faces.DENOISER).eval()
    degrees = net.degrees(12)
    solver = DPMSolverMultistepScheduler(
        num_train_timesteps=DEGREES,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        thresholding=True,  # with 1.0 as the highest value: each guess is cut to -1..1
        sample_max_value=1.0,
        final_sigmas_type="zero",
        algorithm_type="sde-dpmsolver++",
    )
    solver.set_timesteps(timesteps=degrees[:-1])
    theirs = mine = torch.randn(1, 3, 64, 64)
    before, last = torch.tensor(degrees[:1]), torch.zeros_like(mine)
    with torch.no_grad():
        for at, (now, then) in enumerate(pairwise(degrees)):
            start = torch.tensor([now])
            fresh = torch.randn_like(mine) if at else mine
            mine, last = net.step(mine, start, torch.tensor([then]), before, last, fresh)
            theirs = solver.step(net(theirs, start), now, theirs, variance_noise=fresh).prev_sample
            before = start
            if not at:  # theirs takes a 4,096th of a picture for seen in what is noise alone
                assert torch.allclose(mine, theirs, rtol=0.02, atol=5e-3)
                theirs = mine
            assert torch.allclose(mine, theirs, atol=5e-3), at
    assert (mine - last).abs().max() == 0


def test_rows_of_a_step_do_not_mind_each_other():
    torch.manual_seed(0)
    net = Denoiser(**tiny_faces.DENOISER).eval()
    degrees = net.degrees(5)
    noisy, last, fresh = torch.randn(3, 2, 3, 64, 64)
    now, then, before = torch.tensor([degrees[:2] + degrees[:1], degrees[2:4] + degrees[1:2]]).T
    with torch.no_grad():
        both, _ = net.step(noisy, now, then, before, last, fresh)
        for row in (slice(0, 1), slice(1, 2)):
            given = (one[row] for one in (noisy, now, then, before, last, fresh))
            alone, _ = net.step(*given)
            assert torch.allclose(both[row], alone, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 5, 20, 100])
def test_steps_go_from_nothing_but_noise_to_none(steps):
    degrees = Denoiser(**tiny_faces.DENOISER).degrees(steps)
    assert len(degrees) == steps + 1 and degrees[0] == DEGREES - 1 and degrees[-1] == -1
    assert degrees == sorted(set(degrees), reverse=True)


def test_the_last_degree_is_nothing_but_noise_and_below_the_first_there_is_none():
    net = Denoiser(**tiny_faces.DENOISER)
    picture, noise = net.shares(torch.tensor([DEGREES - 1, 0, -1]))
    assert picture.flatten().tolist() == pytest.approx([0, 1, 1], abs=1e-2)
    assert picture[2] == 1 and noise[2] == 0
    assert torch.allclose(picture**2 + noise**2, torch.ones(3, 1, 1, 1))


def test_a_network_that_knows_the_picture_has_no_loss():
    picture = data.signed(tiny_faces.ovals(1))

    class Knowing(Denoiser):
        def forward(self, noisy, degrees):
            kept, lost = self.shares(degrees)
            noise = (noisy - kept * picture) / lost
            return kept * noise - lost * picture

    task = DenoisingTask(
        Knowing(**tiny_faces.DENOISER), tiny_faces.ovals(1), tiny_faces.ovals(1), "cpu"
    )
    batch = task.placed(picture, torch.randn(1, 3, 64, 64), torch.tensor([500]))
    assert task.loss(task.model, batch).item() < 1e-8


def test_a_finish_begins_by_adding_nothing_and_may_be_gained_later():
    torch.manual_seed(0)
    plain = Denoiser(**tiny_faces.DENOISER).eval()
    torch.manual_seed(1)
    grown = Denoiser(**tiny_faces.DENOISER, finish=4).eval()
    grown.load_state_dict(grown.state_dict() | plain.state_dict())
    noisy, degrees = torch.randn(2, 3, 64, 64), torch.tensor([10, 900])
    with torch.no_grad():
        assert torch.equal(plain(noisy, degrees), grown(noisy, degrees))
    grown(noisy, degrees).square().sum().backward()
    assert grown.finish[-1].weight.grad.abs().sum() > 0


def test_a_picture_is_near_itself_and_a_guess_learns_from_how_far_it_is():
    distance = PerceptualDistance()
    pictures = data.signed(tiny_faces.ovals(4))
    assert distance(pictures, pictures).abs().max() < 1e-5
    padded = functional.pad(pictures, (3, 3, 3, 3), mode="replicate")
    blurred = functional.avg_pool2d(padded, 7, 1).requires_grad_()
    apart = distance(blurred, pictures)
    assert apart.shape == (4,) and (apart > 0.1).all()
    apart.sum().backward()
    assert blurred.grad is not None and blurred.grad.abs().sum() > 0


def test_how_a_guess_looks_counts_beside_its_pixels():
    pictures = tiny_faces.ovals(2)
    tasks = [
        DenoisingTask(Denoiser(**tiny_faces.DENOISER), pictures, pictures, "cpu", perceptual=share)
        for share in (0.0, 0.02)
    ]
    tasks[1].model.load_state_dict(tasks[0].model.state_dict())
    without, with_it = (task.loss(task.model, tasks[0].watched).item() for task in tasks)
    assert with_it > without > 0


@pytest.mark.parametrize("first", [16, 18, 19])
def test_photographs_come_to_the_last_step_with_its_noise(first):
    photos = tiny_faces.ovals(8)

    class Knowing(Denoiser):
        def forward(self, noisy, degrees):
            kept, lost = self.shares(degrees)
            return (kept * noisy - data.signed(photos)) / lost

    both = Refined(Knowing(**tiny_faces.DENOISER), Discriminator(4))
    task = RefiningTask(both, photos, photos, "cpu")
    usual = task.watched
    task.rng.manual_seed(0)
    lesson = Lesson(usual, data.signed(photos), first, True)
    kept, lost = both.denoiser.shares(torch.tensor([task.ladder[-1]]))
    noise = (task.brought(both.denoiser, lesson) - kept * lesson.real) / lost
    assert noise.std().item() == pytest.approx(1, abs=0.1)
    assert noise.mean().item() == pytest.approx(0, abs=0.1)


def test_photographs_get_the_noise_of_one_of_the_last_four_steps():
    photos = tiny_faces.ovals(4)
    both = Refined(Denoiser(**tiny_faces.DENOISER), Discriminator(4))
    lessons = list(RefiningTask(both, photos, photos, "cpu").batches(0, 0.0))
    assert {lesson.first for lesson in lessons} == {16, 17, 18, 19}


# ---- served -----------------------------------------------------------------------------------


def test_a_face_is_the_same_alone_and_in_a_batch(faces):
    points = [{"mix": [[seed, 1.0]]} for seed in range(4)]
    together = faces.predict(points)
    for point, answer in zip(points, together, strict=True):
        [alone] = faces.predict([point])
        assert alone["image"].shape == (64, 64, 3) and alone["image"].dtype == np.uint8
        assert np.abs(alone["image"].astype(int) - answer["image"]).max() <= 1
    assert not np.array_equal(together[0]["image"], together[1]["image"])


def test_moves_go_along_directions_at_right_angles(faces):
    directions = faces.directions
    assert torch.allclose(directions @ directions.T, torch.eye(len(directions)), atol=1e-5)
    still, moved = (faces.latent(Point.of({**SEVEN, "moves": m})) for m in ([], [0.0, 2.0]))
    assert torch.allclose(moved - still, 2 * directions[1], atol=1e-5)


def test_layers_are_shown_small_to_large(faces):
    [answer] = faces.predict([SEVEN], view="layers")
    assert [layer["size"] for layer in answer["layers"]] == [4, 8, 16, 32]
    assert [len(layer["maps"]) for layer in answer["layers"]] == [16, 16, 8, 4]
    assert all(layer["maps"].dtype == np.uint8 for layer in answer["layers"])
    assert len(answer["latent"]) == 8


def test_truncation_brings_every_seed_to_the_mean_and_leaves_moves_alone(faces):
    point = Point.of({"mix": [[7, 1.0]], "moves": [1.5], "truncation": 0.4})
    whole = Point.of({"mix": [[7, 1.0]]})
    move = 1.5 * faces.directions[0]
    assert torch.allclose(faces.latent(point), 0.4 * faces.latent(whole) + move, atol=1e-6)
    one, other = faces.predict([{"mix": [[n, 1.0]], "truncation": 0} for n in (7, 8)])
    assert np.array_equal(one["image"], other["image"])


def test_what_says_nothing_of_truncation_is_drawn_without(faces):
    plain, same = faces.predict([SEVEN, SEVEN | {"truncation": 1}])
    assert np.array_equal(plain["image"], same["image"])


def test_a_picture_is_scored_with_its_rank_and_where_it_matters(faces):
    picture = np.asarray(tiny_faces.oval(3).resize((90, 70)))
    [own, drawn] = faces.predict([{"picture": picture}, SEVEN], view="occlusion")
    for answer in (own, drawn):
        assert 0 <= answer["above_photos"] <= 1 and 0 <= answer["above_drawn"] <= 1
        assert np.shape(answer["heat"]) == (14, 14)
    assert own["image"].shape == (64, 64, 3)


def test_a_score_alone_is_the_one_that_comes_with_its_spots(faces):
    inputs = [{"picture": np.asarray(tiny_faces.oval(3))}, SEVEN]
    scored, judged = (faces.predict(inputs, view=view) for view in ("score", "occlusion"))
    for quick, whole in zip(scored, judged, strict=True):
        assert set(whole) - set(quick) == {"heat"}
        assert np.array_equal(quick["image"], whole["image"])
        for name in ("score", "above_photos", "above_drawn"):
            assert quick[name] == pytest.approx(whole[name], abs=1e-4)


def test_a_cover_hides_one_square_and_nothing_else():
    picture = torch.randn(3, 64, 64)
    covered = serve.occluded(picture)
    assert covered.shape == (14 * 14, 3, 64, 64)
    changed = (covered[15] != picture).any(0).nonzero()
    assert changed.min(0).values.tolist() == [4, 4] and changed.max(0).values.tolist() == [15, 15]


def test_older_configs_and_weights_still_load():
    network = Gan(**tiny_faces.GAN)
    old = {name.replace("score.", "judge."): value for name, value in network.state_dict().items()}
    assert old.keys() != network.state_dict().keys()
    again = Gan.of({"latent": 8, "width": 4, "judge_width": 4})
    again.load_state_dict(old)
    pictures = torch.randn(2, 3, 64, 64)
    assert torch.equal(network.discriminator(pictures), again.discriminator(pictures))


def test_a_rank_is_the_share_below():
    grades = np.linspace(-1, 1, 101).tolist()
    assert serve.share_below(0.0, grades) == pytest.approx(0.5)
    assert serve.share_below(-9, grades) == 0 and serve.share_below(9, grades) == 1


def test_a_view_that_is_none_is_refused(faces, finder):
    for model in (faces, finder):
        with pytest.raises(ViewUnsupported):
            model.predict([SEVEN], view="mood")


def test_a_drawing_in_steps_is_the_drawing_at_once(finder):
    [whole] = finder.predict([SEVEN], steps=4, view="steps")
    assert len(whole["frames"]) == 5 and len(whole["guesses"]) == 4
    assert np.array_equal(whole["frames"][-1], whole["image"])
    state, late = finder.begin(SEVEN, steps=4), finder.begin({"mix": [[8, 1.0]]}, steps=3)
    events = [finder.step([state])[0]]
    while not state.done:  # another one joins at its own degree and changes nothing
        events.append(finder.step([state, late] if not late.done else [state])[0])
    assert [event["step"] for event in events] == [1, 2, 3, 4]
    assert np.abs(events[-1]["noisy"].astype(int) - whole["image"]).max() <= 8  # bfloat16


@pytest.mark.parametrize("steps", [0, -1, 101, 2.5, "20"])
def test_steps_out_of_bounds_are_refused(finder, steps):
    with pytest.raises(BadSteps):
        finder.begin(SEVEN, steps=steps)


# ---- training ---------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    from dataclasses import replace

    for key, architecture in (
        ("images/faces-gan", tiny_faces.GAN),
        ("images/faces-diffusion", tiny_faces.DENOISER),
    ):
        recipe = replace(train.RECIPES[key], architecture=architecture, batch=2, held_out=0.1)
        monkeypatch.setitem(train.RECIPES, key, recipe)
    for module in (game_module, denoising):
        monkeypatch.setattr(module, "ROUND", 5)


@pytest.mark.parametrize("key", ["images/faces-gan", "images/faces-diffusion"])
def test_a_recipe_trains_goes_on_and_serves(key, tmp_path, small):
    folder, out = tiny_faces.folder_of_faces(tmp_path / "faces"), tmp_path / key.split("/")[1]
    train.train(key, folder, out, Run(epochs=1))
    train.train(key, folder, out, Run(epochs=2, resume=True))
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in history] == [5, 10]
    [answer] = catalog.from_folder(out, key).load("cpu").predict([SEVEN])
    assert answer["image"].shape == (64, 64, 3)
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["pictures"] == 72 and made["started_from"] == "random weights"
    shared = checkpoint.read_json(out, "config.json").get("statistics_of")
    assert (out / "statistics.safetensors").is_file() == (shared is None)
    assert shared == (None if key == train.GAN else train.GAN)
    if key == train.GAN:
        told = json.loads((out / replay.MOMENTS).read_text())
        assert [row["step"] for row in told] == [0, 5, 10]
        with Image.open(out / replay.STRIP) as strip:
            assert strip.size == (256, 256 * 3)


def test_ours_goes_on_beside_a_discriminator_and_is_kept_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(denoising, "ROUND", 2)
    key, out = "images/faces-diffusion", tmp_path / "faces-diffusion"
    folder = tiny_faces.folder_of_faces(tmp_path / "faces")
    train.train(key, folder, out, Run(epochs=1, scratch=False))
    train.train(key, folder, out, Run(epochs=2, scratch=False, resume=True))
    was, now = (checkpoint.load_weights(one) for one in (catalog.folder_of(key), out))
    assert set(was) == set(now)
    assert any(not torch.equal(was[name], now[name]) for name in was)
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in history] == [2, 4]
    assert checkpoint.read_json(out, "metrics.json")["training"]["started_from"] == key


def test_no_such_recipe_and_too_few_pictures(tmp_path, small):
    with pytest.raises(UnknownEntry):
        train.train("images/cats", tmp_path, tmp_path / "out")
    tiny_faces.oval(1).save(tmp_path / "a.png")
    with pytest.raises(BadData, match="50 or more"):
        train.train("images/faces-gan", tmp_path, tmp_path / "out")


def test_the_command_line_finds_the_room():
    assert command_line.recipe_module("images/faces-gan", "train") is train
