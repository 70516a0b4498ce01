"""Several processes learn one network, each from batches of its own: data parallelism, with one
process a GPU. `accelerate launch` and `torchrun` start them and say in the environment which of how
many each is; without them there is one process, and nothing here does anything.

Every process holds the whole network. After each backward pass the gradients are averaged over the
processes, so that all of them take the same step (Li et al. 2020, arXiv 2006.15704, without their
overlap of the two). The first process decides what depends on a clock or a signal, watches,
evaluates and writes; the others only learn.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

#: How long the others wait for the first one, which evaluates alone.
PATIENCE = timedelta(hours=2)
#: Between the seeds of two processes.
APART = 7_919

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class ProcessGroup:
    """The process of number ``rank``, from 0, of ``world_size``."""

    rank: int
    world_size: int
    device: torch.device

    @classmethod
    def of(cls, device: torch.device) -> ProcessGroup:
        """That of this process, which joins the others."""
        if world_size() > 1 and not distributed.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)
            backend = "nccl" if device.type == "cuda" else "gloo"
            distributed.init_process_group(backend, timeout=PATIENCE)
        return cls(rank(), world_size(), device)

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that evaluates and writes."""
        return self.rank == 0

    def begin(self, model: nn.Module, seed: int) -> None:
        """The network as the first process has it, and random numbers of one's own."""
        if self.world_size == 1:
            return
        for tensor in model.state_dict().values():
            theirs = tensor.contiguous()
            distributed.broadcast(theirs, 0)
            tensor.copy_(theirs)
        torch.manual_seed(seed + APART * self.rank)

    def batches(self, own: Iterable[Batch]) -> Iterator[Batch]:
        """One's own batches, as long as every process has one."""
        left = iter(own)
        while True:
            batch = next(left, None)
            if not self.all_true(batch is not None) or batch is None:
                return
            yield batch

    def all_true(self, true: bool) -> bool:
        """Whether something is true of every process."""
        if self.world_size == 1:
            return true
        told = torch.tensor(float(true), device=self.device)
        distributed.all_reduce(told, distributed.ReduceOp.MIN)
        return bool(told)

    def broadcast(self, *values: float) -> list[float]:
        """These values as the first process has them."""
        if self.world_size == 1:
            return list(values)
        told = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        return told.tolist()

    def average_gradients(self, model: nn.Module) -> None:
        """The mean gradient of all processes; what one of them had no gradient of counts as 0."""
        if self.world_size == 1:
            return
        learnt = [weights for weights in model.parameters() if weights.requires_grad]
        gradients: list[Tensor] = [
            torch.zeros_like(w) if w.grad is None else w.grad for w in learnt
        ]
        flat = torch.cat([gradient.float().flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        parts = (flat / self.world_size).split([gradient.numel() for gradient in gradients])
        for weights, gradient, part in zip(learnt, gradients, parts, strict=True):
            weights.grad = gradient.copy_(part.view_as(gradient))

    def leave(self) -> None:
        """What comes after learning is the first process's alone: the others end here.

        Raises:
            SystemExit: this is another one than the first.
        """
        if self.world_size > 1:
            distributed.barrier()
            distributed.destroy_process_group()
        if not self.is_main:
            raise SystemExit(0)


def rank() -> int:
    """The number of this process, from 0, as whoever started it says."""
    return int(os.environ.get("RANK", 0))


def world_size() -> int:
    """Of how many it is one."""
    return int(os.environ.get("WORLD_SIZE", 1))
