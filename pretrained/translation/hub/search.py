"""Beam search for the models of transformers, by its ``generate``, told as `beam.Search` tells it.

What each token was given, and what was looked at for it, comes from reading the finished
translations once more: to keep the probabilities of every step would take gigabytes. So would every
layer's looks: the last one's are kept alone, and few sentences are read at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrained.translation.beam import LONGER, MORE, MOST, Found, Hypothesis
from pretrained.translation.hub.tokens import PieceWords

#: Sentences whose translations are read once more at a time.
TOGETHER = 4


class Bounds:
    """A logits processor: no padding, no mark and no unknown sign; at least one token, and an end
    at each sentence's own limit, so that it does not matter whose company it is in.

    Args:
        limits: new tokens of each sentence, the end included.
        before: tokens that the decoder is given. beams: rows of a sentence.
    """

    def __init__(self, limits: Sequence[int], before: int, beams: int, words: PieceWords) -> None:
        self.limits = torch.tensor(limits).repeat_interleave(beams)
        self.before, self.end = before, words.end
        self.never = sorted(words.special | {words.unknown})

    def __call__(self, ids: Tensor, scores: Tensor) -> Tensor:
        """Tokens so far [B, T] and what the next ones score [B, V] -> the scores, masked."""
        new = ids.shape[1] - self.before
        ended = scores[:, self.end].clone()
        over = (self.limits <= new + 1).to(scores.device)
        scores = scores.masked_fill(over[:, None], float("-inf"))
        scores[:, self.never] = float("-inf")
        scores[:, self.end] = ended if new else float("-inf")
        return scores


class MarianSearch:
    """Translations of sentences, best first. A score is the mean of a translation's nats."""

    def __init__(self, network: Any, words: PieceWords) -> None:
        self.network, self.words = network, words

    @torch.inference_mode()
    def __call__(
        self,
        sources: Sequence[Sequence[int]],
        languages: Sequence[str],
        *,
        beams: int,
        prefixes: Sequence[Sequence[int]] | None = None,
        tree: bool = False,
    ) -> list[Found]:
        """As `beam.Search`; there is no tree, and no state of the encoder."""
        alike: dict[int, list[int]] = defaultdict(list)
        forced = [tuple(prefix) for prefix in prefixes] if prefixes else [()] * len(sources)
        for n, prefix in enumerate(forced):
            alike[len(prefix)].append(n)  # of one length, as `generate` wants them
        found: dict[int, Found] = {}
        for rows in alike.values():
            begun = [(*self.words.begin(languages[n]), *forced[n]) for n in rows]
            results = self._search([sources[n] for n in rows], begun, beams, len(forced[rows[0]]))
            found |= dict(zip(rows, results, strict=True))
        return [found[n] for n in range(len(sources))]

    def _search(
        self, sources: list[Sequence[int]], begun: list[tuple[int, ...]], beams: int, forced: int
    ) -> list[Found]:
        """``forced``: how many of the tokens of ``begun`` belong to the translation."""
        device = self.network.device
        ids, real = padded(sources, self.words.pad, device)
        before = torch.tensor(begun, device=device)
        limits = [min(LONGER * len(source) + MORE, MOST) for source in sources]
        encoded = self.network.get_encoder()(input_ids=ids, attention_mask=real)
        memory = encoded.last_hidden_state  # kept, as `generate` changes what ``encoded`` holds
        written = self.network.generate(
            encoder_outputs=encoded,
            attention_mask=real,
            decoder_input_ids=before,
            num_beams=beams,
            num_return_sequences=beams,
            do_sample=False,
            max_new_tokens=max(limits),
            length_penalty=1.0,
            early_stopping=False,
            logits_processor=[Bounds(limits, before.shape[1], beams, self.words)],
        )
        lead = before.shape[1] - forced
        rows = [self._ended(row[lead:]) for row in written.tolist()]
        given = [[*begun[n // beams][:lead], *row] for n, row in enumerate(rows)]
        read = self._read(given, memory, real, beams)
        found = []
        for n, source in enumerate(sources):
            hypotheses: dict[tuple[int, ...], Hypothesis] = {}
            for row in range(n * beams, (n + 1) * beams):
                states, looked = next(read)
                tokens, finished = rows[row], len(rows[row]) - forced + 1 < limits[n]
                steps = slice(lead - 1, lead + len(tokens) - (not finished))
                wanted = [*tokens, self.words.end] if finished else tokens
                log_probs = self._log_probs(states[steps], wanted)
                if tokens:
                    hypotheses[tuple(tokens)] = Hypothesis(
                        tokens,
                        log_probs,
                        looked[steps, : len(source)].double().cpu().numpy(),
                        sum(log_probs) / len(log_probs),
                        finished,
                    )
            ordered = sorted(hypotheses.values(), key=lambda one: -one.score)
            found.append(Found(ordered, np.zeros(0)))
        return found

    def _ended(self, row: list[int]) -> list[int]:
        """Tokens up to the end, which stands before any padding."""
        return row[: row.index(self.words.end)] if self.words.end in row else row

    def _read(
        self, rows: list[list[int]], memory: Tensor, real: Tensor, beams: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """What the decoder makes of each whole translation: its states [T, D], and where its last
        layer looked [T, S], the mean over the heads.

        Args:
            rows: ``beams`` for each sentence. memory, real: of the sentences, [N, S, D] and [N, S].
        """
        last = self.network.model.decoder.layers[-1].encoder_attn
        for first in range(0, len(memory), TOGETHER):
            few = slice(first, first + TOGETHER)
            ids, _ = padded(rows[first * beams : few.stop * beams], self.words.pad, memory.device)
            looks: list[Tensor] = []
            hook = last.register_forward_hook(_keeper(looks))
            try:
                out = self.network.model(
                    encoder_outputs=(memory[few].repeat_interleave(beams, 0),),
                    attention_mask=real[few].repeat_interleave(beams, 0),
                    decoder_input_ids=ids,
                    use_cache=False,
                    return_dict=True,
                )
            finally:
                hook.remove()
            yield from zip(out.last_hidden_state, looks[0], strict=True)

    def _log_probs(self, states: Tensor, wanted: list[int]) -> list[float]:
        """Nats of the tokens ``wanted`` after states [T, D]."""
        log_probabilities = logits(self.network, states).float().log_softmax(1)
        places = torch.tensor(wanted, device=log_probabilities.device)[:, None]
        found: list[float] = log_probabilities.gather(1, places)[:, 0].double().tolist()
        return found


def _keeper(looks: list[Tensor]) -> Callable[..., None]:
    """A hook for an attention layer, which gives (what it found, its weights [N, heads, T, S])."""

    def keep(layer: Any, given: Any, found: tuple[Tensor, Tensor]) -> None:
        looks.append(found[1].float().mean(1))

    return keep


def logits(network: Any, states: Tensor) -> Tensor:
    """The decoder's states [..., D] -> [..., V]; a Marian adds a bias for each token."""
    found: Tensor = network.lm_head(states)
    return found + getattr(network, "final_logits_bias", torch.zeros((), device=found.device))


def padded(rows: Sequence[Sequence[int]], pad: int, device: Any) -> tuple[Tensor, Tensor]:
    """Token numbers as one table [N, T], and where they are real: ones and zeros."""
    length = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (length - len(row))] for row in rows], device=device)
    real = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows], device=device)
    return ids, real
