"""The one training loop: precision, schedule, averaging, checkpoints, history. Knows no model.

A recipe brings its model, batches, loss and evaluation as a `Task`; the loop does the rest in the
order in which a reader would explain it. The learning rate follows *progress*, the larger of the
share of steps done and the share of the time budget used, so that ``--minutes`` ends a run with
its schedule complete on any machine.

The time that counts is the time in which the run learnt, evaluated and kept its state, and that
state holds how much of it is used. What only a break costs does not count: the break itself, what
was learnt after the last state and is lost, loading, and reading up to the batch where the epoch
broke off. With ``--minutes`` a run that was killed and goes on differs from one that was not only
as two runs differ that nobody killed, as no step takes exactly as long as another: the rate is a
little higher or lower at the same step, and the last step comes a little sooner or later. Two
things count in the one and not in the other: the writing of the state that it goes on from (well
below a second), and that its first steps are slower, while caches fill. Without ``--minutes`` both
are the same to the last bit.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from training import resume as resuming
from training.data_parallel import ProcessGroup, rank
from training.errors import Stopped
from training.hardware import choose_device, precision
from training.stopping import when_asked
from training.watching import Watch

INTERVAL = 60.0  # seconds after which the state is kept, though an epoch has not ended


class Task(Protocol):
    """What a recipe brings to the loop."""

    model: nn.Module
    steps_per_epoch: int

    def batches(self, epoch: int, progress: float) -> Iterator[Any]:
        """Training batches of one epoch; the order depends on the seed and ``epoch`` only."""

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """Scalar loss of one batch."""

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Held-out figures, such as ``{"valid_top1": 0.93}``."""

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups for the optimiser; ``lr_scale`` multiplies the learning rate."""

    # A task whose loss remembers something from batch to batch has two methods more, so that a run
    # goes on in the middle of an epoch: ``carried()`` gives it as tensors by name, and
    # ``carry(tensors)`` takes it back.
    #
    # A task whose batches change as the run goes on, within an epoch too, has ``reached``: the
    # progress (0 to 1) at which the next batch is asked for.
    #
    # A task that has something to show while it learns has ``sample(model)``, see `Watch.sample`,
    # and ``samples_kept`` where it is fewer than usual that stay.


@dataclass(frozen=True)
class Plan:
    """The settings of a run.

    Attributes:
        epochs: passes over the data, or rounds of a recipe, as the task counts its
            ``steps_per_epoch``; unless ``minutes`` ends the run first.
        minutes: wall-clock budget, or None.
        peak: highest learning rate, reached after ``warmup`` of the progress, then down to zero.
        ends: the first and the last rate as shares of the peak, in straight lines, or None: from
            zero, and back to it by half a cosine.
        optimiser: ``sgd`` (Nesterov momentum) or ``adamw``, the latter with ``betas``.
        average: steps over which weights are averaged (exponential, Polyak & Juditsky 1992).
        lookahead: after how many steps the weights move back onto their average, or None: never
            (Zhang et al. 2019, arXiv 1907.08610). They move all the less the further a run is.
        clip: largest norm of the gradient, or None.
    """

    epochs: int
    peak: float
    weight_decay: float
    minutes: float | None = None
    warmup: float = 0.15
    momentum: float = 0.9
    optimiser: str = "sgd"
    betas: tuple[float, float] = (0.9, 0.999)
    average: int = 100
    ends: tuple[float, float] | None = None
    lookahead: int | None = None
    clip: float | None = None
    seed: int = 0

    @classmethod
    def gentle(cls, epochs: int, peak: float, weight_decay: float = 0.0) -> Plan:
        """The settings under which a network of today learns a little more from a few examples."""
        return cls(epochs, peak, weight_decay, warmup=0.06, optimiser="adamw", average=20, clip=1.0)


def learning_rate(plan: Plan, progress: float) -> float:
    """Linear up over the warm-up, then a half cosine to zero, or as `Plan.ends` says.
    ``progress`` is 0..1."""
    first, last = plan.ends or (0.0, 0.0)
    if progress < plan.warmup:
        return plan.peak * (first + (1 - first) * progress / plan.warmup)
    if plan.ends:
        return plan.peak * (1 - (1 - last) * (progress - plan.warmup) / (1 - plan.warmup))
    return plan.peak * 0.5 * (1 + math.cos(math.pi * (progress - plan.warmup) / (1 - plan.warmup)))


def optimiser(plan: Plan, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The plan's optimiser over the task's parameter groups, its rates set at every step."""
    defaults = [{"lr_scale": 1.0, "weight_decay": plan.weight_decay, **g} for g in groups]
    if plan.optimiser == "adamw":
        return torch.optim.AdamW(defaults, lr=0.0, betas=plan.betas)
    return torch.optim.SGD(defaults, lr=0.0, momentum=plan.momentum, nesterov=True)


def average_into(averaged: nn.Module, model: nn.Module, step: int, span: int) -> None:
    """One step of the exponential average; early on it forgets faster, so it never lags a start."""
    _blend(averaged, model, min(1 - 1 / span, (1 + step) / (10 + step)))


def look_ahead(averaged: nn.Module, model: nn.Module, progress: float) -> None:
    """Average as much as the run is far (Jordan 2024, arXiv 2404.00498: 0.95 a step, over five
    steps of 1,024 pictures, times the cube of the progress), and go on from there."""
    _blend(averaged, model, 0.95**5 * progress**3)
    model.load_state_dict(averaged.state_dict())


@torch.no_grad()
def _blend(averaged: nn.Module, model: nn.Module, keep: float) -> None:
    theirs = model.state_dict()
    for name, mine in averaged.state_dict().items():
        if mine.is_floating_point():
            mine.lerp_(theirs[name], 1 - keep)
        else:
            mine.copy_(theirs[name])


def fit(
    task: Task,
    plan: Plan,
    out: Path,
    *,
    device: torch.device | None = None,
    resume: bool = False,
    smoke: bool = False,
    identity: Mapping[str, Any] | None = None,
    single: bool = False,
    watch: Watch | None = None,
    before: bool | Mapping[str, Any] = False,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[nn.Module, list[dict[str, Any]]]:
    """Train ``task.model`` and give back its averaged weights and the history.

    Of several processes (`data_parallel`) each goes through the data in orders of its own; steps
    and epochs are those of all of them added, so that the schedule is the same.

    Writes ``history.jsonl`` (one line an epoch) and ``state.pt`` (everything that ``resume``
    needs to go on along the same curve) into ``out``: after every epoch, every `INTERVAL` seconds
    within one, and when SIGTERM asks the run to end. ``smoke`` is two steps.

    Args:
        identity: what else must be the same for ``resume``, besides the plan, such as
            ``{"recipe": key, "classes": [...], "data": resume.fingerprint(images, labels)}``.
        single: stay in single precision, for networks that gain nothing from half: a CPU learns
            depthwise convolutions 1.6 times as slowly in bfloat16 (EfficientNet-Lite0, 112 px).
        watch: who is told of every step, or None.
        before: the history begins with a row of epoch 0, the figures of the weights as they came;
            these ones, where they are known already.

    Raises:
        CannotResume: the run in ``out`` is another one, or a file of it is missing or damaged.
        CannotKeep: there is no room for the state; the last one is as it was.
        FloatingPointError: the loss is no longer a number; the last state is from before that.
        Stopped: the run was asked to end, and its state is kept.
    """
    from copy import deepcopy

    device = device or choose_device()
    dtype = torch.float32 if single else precision(device)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    model = task.model.to(device).to(memory_format=torch.channels_last)
    processes = ProcessGroup.of(device)
    processes.begin(model, plan.seed)
    averaged = deepcopy(model).eval().requires_grad_(False)
    optimizer = optimiser(plan, task.groups())
    scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
    total = 2 if smoke else plan.epochs * task.steps_per_epoch
    step, epoch, spent = 0, 0, 0.0
    history: list[dict[str, Any]] = []
    within: dict[str, Any] | None = None  # how far the epoch was when it was kept, if in one
    identity = {**(identity or {}), "processes": processes.world_size}
    same = resuming.identity_of(plan, smoke, identity)
    found = resuming.read(out, same, device) if resume else None
    watch = watch if processes.is_main else None
    if resume and not found and not watch and processes.is_main:  # a job asks it at every start
        print(f"{out} holds no run to go on with: it begins anew", file=sys.stderr, flush=True)
    if found:
        state, history = found
        parts = {"model": model, "averaged": averaged, "optimizer": optimizer, "scaler": scaler}
        resuming.restore(out, state, **parts)
        step, epoch, spent = state["step"], state["epoch"], state["seconds"]
        within = state.get("within")
        if within is None and processes.is_main:
            resuming.restore_random_state(state.get("random", {}), device)
    if processes.is_main:
        (out / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n")

    started = clock() - spent  # where it would have begun, had it never stopped
    budget = plan.minutes * 60 if plan.minutes else math.inf
    kept = clock()  # when the state was
    shown = getattr(task, "sample", None) if watch else None
    most = getattr(task, "samples_kept", None)

    def progress() -> float:
        return min(1.0, max(step / total, (clock() - started) / budget))

    def keep(within: Mapping[str, Any] | None = None) -> None:
        if not all(bool(torch.isfinite(weights).all()) for weights in model.parameters()):
            raise FloatingPointError(
                f"a weight became no number in epoch {epoch + bool(within)}: lower the learning "
                "rate with --lr"
            )
        if not processes.is_main:
            return
        state = {
            "model": model.state_dict(),
            "averaged": averaged.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scaler": scaler.state_dict(),
            "random": resuming.random_state(device),
            "step": step,
            "epoch": epoch,
            "seconds": clock() - started,
            "within": within,
            "identity": same,
        }
        resuming.write(out, state, history)

    def told(**begin: Any) -> dict[str, Any]:
        row = {
            "epoch": epoch,
            "step": step,
            "progress": round(progress(), 4),
            "seconds": round(clock() - started, 1),
            **begin,
        }
        if not processes.is_main:
            return row
        row |= {k: round(v, 4) for k, v in task.evaluate(averaged).items()}
        print(f"\r{json.dumps(row)}", file=sys.stderr, flush=True)
        return row

    def mean(running: Tensor, seen: int) -> float:
        value = running.item() / max(seen, 1)
        if not math.isfinite(value):
            raise FloatingPointError(
                f"the loss became {value} in epoch {epoch + 1}: lower the learning rate with --lr"
            )
        return value

    if found and progress() >= 1 and not within and not watch:
        print(
            f"{out} has nothing left to learn: raise --epochs or --minutes to go on",
            file=sys.stderr,
            flush=True,
        )
    if before and not step and not history:
        known = {"epoch": 0, "step": 0, "progress": 0.0, "seconds": 0.0}
        history.append({**known, **before} if isinstance(before, Mapping) else told())
    if watch:
        watch.begin(step)
        far = max(step / total, spent / budget)  # what came before the first step does not count
        watch.moment(averaged, model, far, step=step, epoch=epoch)
        if shown and not step:
            watch.sample(shown, averaged, step, most=most)
    started = clock() - spent
    with when_asked() as asked_to_end:
        while (far := processes.broadcast(progress())[0]) < 1 or within:
            model.train()
            running, seen, began = torch.zeros((), device=device), 0, far
            if within:
                began = within["began"]
            batches = task.batches(epoch + processes.rank, began)
            if hasattr(task, "reached"):
                task.reached = far
            if within:
                seen, running = within["seen"], running + within["running"]
                for _ in islice(batches, seen):
                    pass  # learnt from already
                if hasattr(task, "carry"):
                    task.carry(within["carried"])
                if processes.is_main:
                    resuming.restore_random_state(state["random"], device)
                within, started = None, clock() - spent
            for batch in processes.batches(batches):
                rate = learning_rate(plan, far)
                for group in optimizer.param_groups:
                    group["lr"] = rate * group["lr_scale"]
                with torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
                    loss = task.loss(model, batch)
                optimizer.zero_grad(set_to_none=True)
                scaler.scale(loss).backward()
                processes.average_gradients(model)
                if plan.clip:
                    scaler.unscale_(optimizer)
                    nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
                scaler.step(optimizer)
                scaler.update()
                if plan.lookahead is None:
                    average_into(averaged, model, step, plan.average)
                elif step // processes.world_size % plan.lookahead == plan.lookahead - 1:
                    look_ahead(averaged, model, far)
                running += loss.detach().float()
                seen += 1
                step += processes.world_size
                far, due, asked = processes.broadcast(
                    progress(), clock() - kept > INTERVAL, asked_to_end()
                )
                if hasattr(task, "reached"):
                    task.reached = far
                _bar(step, total, far, seen, running, clock() - started)
                if watch:
                    place = {"step": step, "epoch": epoch, "progress": round(far, 4)}
                    watch.step(loss.detach(), clock() - started, **place)
                    watch.moment(averaged, model, far, step=step, epoch=epoch)
                if far >= 1:
                    break
                if watch and shown:
                    watch.sample(shown, averaged, step, most=most)
                if asked or due:
                    mean(running, seen)  # says so if it is no number
                    keep(
                        {
                            "began": began,
                            "seen": seen,
                            "running": running.item(),
                            "carried": task.carried() if hasattr(task, "carried") else {},
                        }
                    )
                    kept = clock()
                if asked:
                    raise Stopped(out)
            row_loss = mean(running, seen)
            epoch += processes.world_size
            history.append(told(loss=round(row_loss, 4)))
            if watch and shown:
                watch.sample(shown, averaged, step, most=most, last=progress() >= 1)
            keep()
            kept = clock()
            if processes.broadcast(asked_to_end())[0]:
                raise Stopped(out)
    processes.leave()
    return averaged, history


def _bar(step: int, total: int, done: float, seen: int, running: Tensor, seconds: float) -> None:
    """A progress bar on a terminal; silent in a log."""
    if not sys.stderr.isatty() or rank() or (seen % 10 and step != total):
        return
    left = seconds / max(done, 1e-6) * (1 - done)
    filled = "=" * int(30 * done)
    print(
        f"\r[{filled:<30}] {done:4.0%} step {step} loss {running.item() / seen:.3f} "
        f"{left / 60:.1f} min left ",
        end="",
        file=sys.stderr,
        flush=True,
    )
