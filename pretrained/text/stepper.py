"""One character for many texts at once: the network's step, as fast as its weights can be read.

Whoever writes beside it, a text gets the same bits: every product goes through
`BatchInvariantLinear`. The first layer needs no product for its input, which is one of few
characters: those are looked up.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn

from pretrained.batch_invariant import BatchInvariantLinear, fake_quantize, sigmoid
from pretrained.text.model import CharNet


class Stepper(nn.Module):
    """The step of a `CharNet` whose cells are LSTMs.

    The state of a text is ``h`` and ``c``, each [layers, H].
    """

    table: Tensor

    def __init__(self, network: CharNet) -> None:
        super().__init__()
        cells = network.cells
        if not isinstance(cells, nn.LSTM):
            raise TypeError(
                f"only LSTMs are served, not {type(cells).__name__}: choose --cell lstm"
            )
        weights = dict(cells.named_parameters())
        self.layers, self.hidden = cells.num_layers, cells.hidden_size
        bias = [weights[f"bias_ih_l{n}"] + weights[f"bias_hh_l{n}"] for n in range(self.layers)]
        with torch.no_grad():
            table = network.embed.weight @ weights["weight_ih_l0"].T + bias[0]
            self.register_buffer("table", table.float().contiguous())  # [V, 4H]
            self.cells = nn.ModuleList([BatchInvariantLinear(weights["weight_hh_l0"])])
            for n in range(1, self.layers):
                both = torch.cat([weights[f"weight_ih_l{n}"], weights[f"weight_hh_l{n}"]], 1)
                self.cells.append(BatchInvariantLinear(both, bias[n]))
            seen = network.out.weight
            if isinstance(network.project, nn.Linear):  # one matrix instead of two in a row
                seen = seen @ network.project.weight
            self.out = BatchInvariantLinear(seen, network.out.bias)
        self._captured: CudaGraphStep | None = None
        # A forked worker (`inference.zero`) would capture one for a single text.
        self.graphs = os.environ.get("BREAKTHROUGHS_CUDA_GRAPHS") != "0"

    @torch.no_grad()
    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Characters [B], states [layers, B, H] -> logits [B, V], the new states."""
        if self.graphs and x.device.type == "cuda" and len(x) <= CudaGraphStep.MOST:
            if self._captured is None:
                self._captured = CudaGraphStep(self)
            return self._captured(x, h, c)
        return self.compute(x, h, c)

    def compute(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same, operation by operation."""
        hs, cs = [], []
        below = h[0]
        for n, cell in enumerate(self.cells):
            gates = self.table[x] + cell(h[0]) if n == 0 else cell(torch.cat([below, h[n]], 1))
            i, f, g, o = gates.chunk(4, 1)
            cs.append(sigmoid(f) * c[n] + sigmoid(i) * torch.tanh(g))
            below = fake_quantize(sigmoid(o) * torch.tanh(cs[-1]))
            hs.append(below)
        return self.out(below), torch.stack(hs), torch.stack(cs)

    def _apply(self, fn: Any, recurse: bool = True) -> Stepper:
        """Called by `nn.Module.to`. A graph replays the weights where they were: it must go."""
        self._captured = None
        return super()._apply(fn, recurse)


class CudaGraphStep:
    """The step as one CUDA graph of fixed size: a launch instead of thirty."""

    MOST = 64  # texts; fewer are padded

    def __init__(self, stepper: Stepper) -> None:
        device, size = stepper.table.device, (stepper.layers, self.MOST, stepper.hidden)
        self.x = torch.zeros(self.MOST, dtype=torch.long, device=device)
        self.h, self.c = torch.zeros(size, device=device), torch.zeros(size, device=device)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # warms up what may not be captured
            for _ in range(3):
                stepper.compute(self.x, self.h, self.c)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        # Other models' threads may ask for memory meanwhile, which is no business of this graph.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.given = stepper.compute(self.x, self.h, self.c)

    def __call__(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `Stepper.compute`."""
        n = len(x)
        self.x[:n].copy_(x)
        self.h[:, :n].copy_(h)
        self.c[:, :n].copy_(c)
        self.graph.replay()
        logits, h, c = self.given
        return logits[:n].clone(), h[:, :n].clone(), c[:, :n].clone()
