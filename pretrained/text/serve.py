"""The served `CharNet`: it writes on from a prompt, for many at once, and can be looked into.

`begin` and `step` write; `predict` answers one *view* of a text. Loads with torch alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrained import checkpoint
from pretrained.catalog import Entry, Progress
from pretrained.errors import ViewUnsupported
from pretrained.rollback import rollback_on_error
from pretrained.text import copies, memory
from pretrained.text.alphabet import LINE_ENDS, UNKNOWN, Alphabet
from pretrained.text.ending import Ending
from pretrained.text.model import CharNet
from pretrained.text.options import MOST_PROMPT
from pretrained.text.piece import Piece
from pretrained.text.sampling import SamplingParams, draw, likeliest
from pretrained.text.stepper import Stepper

#: Characters that a view looks at.
SEEN = 2_000
#: Characters that one `step` writes: as many for all texts together, but some for each. Fewer
#: events for those few who write, and a newcomer still waits milliseconds only.
STRIDE, LEAST = 16, 4
#: Characters of prompts that one `step` reads, about as long as it takes to write as many as that.
READ = 256


@dataclass
class Writing:
    """One text that is being written. ``h`` and ``c``: [layers, H].

    ``unread``: indices still to be read. While there is more than one, it is the prompt's.
    """

    h: Tensor
    c: Tensor
    unread: tuple[int, ...]
    ending: Ending
    sampling: SamplingParams
    rng: np.random.Generator
    poem: bool
    starts: tuple[str, ...]
    at_start: bool
    begun: bool = False
    done: bool = False


class Writer:
    """A network with its alphabet, as the engine holds it."""

    #: Views are computed text by text: see `inference.protocols.Model`.
    one_by_one = True

    def __init__(
        self,
        network: CharNet,
        config: dict[str, Any],
        device: str,
        fingerprint: copies.Fingerprint | None = None,
    ) -> None:
        self.config, self.network, self.fingerprint = config, network.eval(), fingerprint
        self.alphabet = Alphabet(config["characters"], config["begin"])
        self.kind = config.get("kind", "prose")
        self.stepper = Stepper(network).eval()
        self.to(device)
        tensors = [*self.network.state_dict().values(), *self.stepper.state_dict().values()]
        self.bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        self.network.to(self.device)
        self.stepper.to(self.device)

    # ---- writing ------------------------------------------------------------------------------

    def begin(
        self,
        prompt: str,
        *,
        length: int = 400,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
        acrostic: str = "",
    ) -> Writing:
        """A new text. `step` reads the prompt, some characters at a time, and then writes.

        Args:
            length: characters to write, and what is left of the line then (`ending`); a poem ends
                by itself before that.
            temperature, top_k, top_p: see `sampling.SamplingParams`.
            seed: the same one gives the same text.
            acrostic: the first characters of the lines of a poem, in their order.
        """
        text = self.alphabet.known(prompt)[-MOST_PROMPT:]
        empty = torch.zeros(self.stepper.layers, self.stepper.hidden, device=self.device)
        starts = tuple(acrostic) if self.kind == "quatrains" else ()
        line = text.rpartition("\n")[2]
        begun = sum(line.count(sign) for sign in LINE_ENDS)
        return Writing(
            h=empty,
            c=empty,
            # Every text begins after the sign that parts texts.
            unread=tuple(self._indices(text)),
            ending=Ending(
                int(length),
                line=re.split(f"[{LINE_ENDS}]", line)[-1] if self.kind == "quatrains" else line,
                line_ends=LINE_ENDS if self.kind == "quatrains" else "",
                names=self.kind == "verse",
            ),
            sampling=SamplingParams(float(temperature), int(top_k), float(top_p)),
            rng=np.random.default_rng(int(seed)),
            poem=self.kind == "quatrains",
            starts=starts[begun:],
            at_start=not text or text[-1] in LINE_ENDS + "\n",
        )

    def _indices(self, text: str) -> list[int]:
        return [self.alphabet.index(self.alphabet.begin), *self.alphabet.encode(text)]

    def step(self, states: list[Writing]) -> list[Piece | None]:
        """More characters for every text whose prompt has been read; some more of
        the prompts. If it raises, nothing has happened."""
        with rollback_on_error(states):
            self._read([state for state in states if len(state.unread) > 1])
            return self._write(states)

    @torch.no_grad()
    def _read(self, states: list[Writing]) -> None:
        """Goes on in the prompts of which least is left, so that few wait for the long ones.

        Each is read alone, and cut at the same places whoever else is there, so that nobody changes
        it. (Read together by the step that writes, one after the other, they take twice as long: a
        whole part passes through a layer in one product.)
        """
        left = READ
        for state in sorted(states, key=lambda state: len(state.unread)):
            part = state.unread[: min(READ, len(state.unread) - 1)]
            if len(part) > left:
                break
            left -= len(part)
            x = self.network.embed(torch.tensor([part], device=self.device))
            _, (h, c) = self.network.cells(x, (state.h[:, None], state.c[:, None]))
            state.h, state.c = h[:, 0], c[:, 0]
            state.unread = state.unread[len(part) :]

    def _write(self, states: list[Writing]) -> list[Piece | None]:
        written: list[tuple[list[str], list[float]]] = [([], []) for _ in states]
        live = [n for n, state in enumerate(states) if len(state.unread) == 1]
        if not live:
            return [None for _ in states]
        h, c = (torch.stack([getattr(states[n], name) for n in live], 1) for name in "hc")
        hurry = not all(states[n].begun for n in live)  # the first characters are waited for
        for _ in range(LEAST if hurry else max(LEAST, STRIDE // len(live))):
            x = torch.tensor([states[n].unread[0] for n in live], device=self.device)
            logits, h, c = self.stepper(x, h, c)
            rows = logits.cpu().numpy()
            for row, n in zip(rows, live, strict=True):
                if drawn := self._choose(states[n], row):
                    written[n][0].append(drawn[0])
                    written[n][1].append(drawn[1])
            for place, n in enumerate(live):
                states[n].h, states[n].c = h[:, place], c[:, place]
            staying = [place for place, n in enumerate(live) if not states[n].done]
            if len(staying) < len(live):
                live = [live[place] for place in staying]
                h, c = h[:, staying], c[:, staying]
            if not live:
                break
        cut = [state.ending.cut for state in states]
        return [
            Piece("".join(text), tuple(nats), ends) if text or ends else None
            for (text, nats), ends in zip(written, cut, strict=True)
        ]

    def _choose(self, state: Writing, logits: np.ndarray) -> tuple[str, float] | None:
        """The next character of one text and its negative log-likelihood in nats; None where the
        text is at its end."""
        if state.poem and state.at_start and state.starts:
            character, state.starts = state.starts[0], state.starts[1:]
            index = self.alphabet.index(self.alphabet.clean(character))
            shifted = logits.astype(np.float64) - logits.max()
            nats = float(np.log(np.exp(shifted).sum()) - shifted[index])
        else:
            index, nats = draw(logits, state.sampling, state.rng, never=UNKNOWN)
            character = self.alphabet.character(index)
        if state.poem and character == self.alphabet.begin:
            state.done = True
            return None
        state.unread, state.begun = (index,), True
        state.at_start = character in LINE_ENDS
        state.ending = state.ending.then(character)
        state.done = state.ending.done
        return (character, nats) if state.ending.written else None

    # ---- looking inside -----------------------------------------------------------------------

    def predict(
        self, inputs: list[str], *, view: str = "probabilities", **options: Any
    ) -> list[Any]:
        """One answer for each text; ``view`` is nll, probabilities, memory, gates or copies.

        Raises:
            ViewUnsupported: there is no such view.
        """
        looks = {
            "nll": self.nll,
            "probabilities": self.probabilities,
            "memory": self.cells,
            "gates": self.gates,
            "copies": self.copied,
        }
        if view not in looks or (view == "copies" and self.fingerprint is None):
            raise ViewUnsupported(model=self.config["key"], view=view)
        return [looks[view](text, **options) for text in inputs]

    @torch.no_grad()
    def _read_over(self, text: str) -> tuple[list[int], np.ndarray]:
        """Indices [T] of a text, and the logits [T + 1, V] before each and after the last. What the
        model does not know is read over: after it, it expects what it expected before."""
        indices = self.alphabet.encode(text)
        read = self._indices(self.alphabet.known(text))
        logits, _ = self.network(torch.tensor([read], device=self.device))
        rows = np.cumsum([0, *(index != UNKNOWN for index in indices)])
        return indices, logits[0].float().cpu().numpy()[rows]

    def _named(self, best: list[tuple[int, float]]) -> list[tuple[str, float]]:
        """Characters instead of indices; "" stands for any character that it does not know."""
        return [(self.alphabet.character(i) if i else "", p) for i, p in best]

    def _unknown(self, indices: list[int]) -> list[int]:
        return [place for place, index in enumerate(indices) if index == UNKNOWN]

    def nll(self, text: str) -> dict[str, Any]:
        """The negative log-likelihood of each character in nats, and what was expected there."""
        text = text[:SEEN]
        indices, logits = self._read_over(text)
        rows = logits[:-1] - logits[:-1].max(1, keepdims=True)
        total = np.log(np.exp(rows.astype(np.float64)).sum(1))
        nats = total - rows[np.arange(len(indices)), indices]
        return {
            "characters": list(self.alphabet.clean(text)),
            "nats": [float(n) for n in nats],
            "probabilities": [self._named(likeliest(row, 5)) for row in logits[:-1]],
            "unknown": self._unknown(indices),
        }

    def probabilities(self, text: str, top_k: int = 12) -> dict[str, Any]:
        """What may come after the text, likeliest first; the rest; the entropy in nats."""
        indices, logits = self._read_over(text[-MOST_PROMPT:])
        row = logits[-1].astype(np.float64)
        probabilities = np.exp(row - row.max())
        probabilities /= probabilities.sum()
        best = self._named(likeliest(row, int(top_k)))
        return {
            "probabilities": best,
            "rest": max(0.0, 1 - sum(p for _, p in best)),
            "entropy": float(-(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum()),
            "unknown": self._unknown(indices),
        }

    def _traced(self, text: str) -> tuple[str, list[memory.Trace]]:
        text = self.alphabet.known(text[: SEEN // 2]) or self.alphabet.begin
        x = torch.tensor([self.alphabet.encode(text)], device=self.device)
        return text, memory.trace(self.network, x)

    def cells(self, text: str) -> dict[str, Any]:
        """Every cell along the text, squashed to -1..1, and the ones known to track something."""
        text, layers = self._traced(text)
        return {
            "characters": list(text),
            "layers": [{"cells": layer.cell[0].tanh().cpu().numpy()} for layer in layers],
            "tracking": self.config.get("tracking", []),
        }

    def gates(self, text: str, layer: int = 0, cell: int = 0) -> dict[str, Any]:
        """One cell along the text: its gates in 0..1, the candidate in -1..1, what it holds.

        A layer or cell that is not there is taken to be the nearest that is.
        """
        text, layers = self._traced(text)
        layer = min(max(int(layer), 0), self.stepper.layers - 1)
        cell = min(max(int(cell), 0), self.stepper.hidden - 1)
        parts = vars(layers[layer]).items()
        rows = {name: values[0, :, cell].cpu().tolist() for name, values in parts}
        return {"characters": list(text), "layer": layer, "cell_index": cell, **rows}

    def copied(self, text: str) -> dict[str, Any]:
        """The longest run that stands in the training text: see `copies`."""
        assert self.fingerprint is not None
        return self.fingerprint.report(self.alphabet.clean(text))


def load(entry: Entry, device: str, progress: Progress) -> Writer:
    """Read a checkpoint folder.

    Raises:
        BadCheckpoint: something in it is missing, damaged, or does not fit together.
    """
    folder = Path(str(entry.folder))

    def build(config: dict[str, Any]) -> CharNet:
        return CharNet(
            len(Alphabet(config["characters"], config["begin"])), **config["architecture"]
        )

    network, config = checkpoint.load_network(folder, build)
    writer = Writer(network, config, device, copies.load(folder))
    progress(entry.bytes, entry.bytes)
    return writer
