"""Other ways to translate: the same network one word at a time, and a Transformer of as many
weights by transformers and by CTranslate2.

The Transformer is a Marian (Junczys-Dowmunt et al. 2018) that never learnt anything: what it writes
does not change how long it takes, as long as it writes as much. A batch of it is made to write, for
every sentence, the mean length of what the served translator writes for that batch. That is as many
tokens in all and never more steps, so it is spared the wait for the longest sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.sentences import Sentence
from pretrained.catalog import Entry
from pretrained.translation import networks
from pretrained.translation.beam import LONGER, MORE
from pretrained.translation.model import TranslationNet
from pretrained.translation.networks import writing
from pretrained.translation.vocabulary import Vocabulary

LAYERS, HEAD, WIDER = 2, 16, 4  # of the Marian: few, so that few calls are made; a head's width
STEP = 16  # the width between two layers is a multiple of this
PLACES = 256


def mean_length(sentences: Sequence[Sentence], beams: int) -> int:
    """Tokens a sentence, such that a batch has as many as the served translator writes."""
    return round(sum(one.written[beams] for one in sentences) / len(sentences))


class OneByOne:
    """The served network as it was trained, nn.LSTM and all: one sentence, the likeliest token,
    one token a call."""

    def __init__(
        self, network: TranslationNet, mark: int, end: int, never: Sequence[int], device: str
    ) -> None:
        """``mark``: the direction mark's number; ``never``: tokens that are not written."""
        self.network = network.eval().to(device)
        self.mark, self.end, self.never, self.device = mark, end, list(never), device

    @classmethod
    def of(cls, entry: Entry, pieces: Vocabulary, target: str, device: str) -> OneByOne:
        """The network of a checkpoint folder, to write the language ``target``."""
        network, _, _ = networks.load(Path(str(entry.folder)))
        return cls(writing(network, target), pieces.marks[target], pieces.end, pieces.never, device)

    @torch.no_grad()
    def write(self, sentence: Sentence) -> list[int]:
        """Token numbers, the end included unless it never came."""
        net = self.network
        seen, meaning = net.encode(torch.tensor([sentence.tokens], device=self.device))
        first, second = (state[None].contiguous() for state in net.begin(meaning))
        lower_state, upper_state = (first, first * 0), (second, second * 0)
        written = [self.mark]
        for _ in range(LONGER * len(sentence.tokens) + MORE):
            vector = net.vectors(torch.tensor([[written[-1]]], device=self.device))
            lower, lower_state = net.lower(vector, lower_state)
            context, _ = net.attend(lower, seen, meaning)
            upper, upper_state = net.upper(torch.cat([lower, context], 2), upper_state)
            logits = net.logits(torch.tanh(net.project(torch.cat([upper, context], 2))))[0, 0]
            logits[self.never if len(written) > 1 else [*self.never, self.end]] = float("-inf")
            written.append(int(logits.argmax()))
            if written[-1] == self.end:
                break
        return written[1:]

    def predict(self, sentences: Sequence[Sentence]) -> list[list[int]]:
        """One after the other."""
        return [self.write(one) for one in sentences]


class Marian:
    """transformers' ``generate`` on a Marian of random weights."""

    def __init__(self, parameters: int, tokens: int, end: int, device: str) -> None:
        """A Marian over ``tokens`` pieces whose learnt weights come nearest to ``parameters``."""
        from transformers import MarianConfig, MarianMTModel

        width, inner = shape(parameters, tokens + 1)
        self.pad, self.end, self.device = tokens, end, device
        config = MarianConfig(
            vocab_size=tokens + 1,  # its padding comes last, as in the Marians of the Hub
            d_model=width,
            encoder_layers=LAYERS,
            decoder_layers=LAYERS,
            encoder_attention_heads=width // HEAD,
            decoder_attention_heads=width // HEAD,
            encoder_ffn_dim=inner,
            decoder_ffn_dim=inner,
            activation_function="swish",
            max_position_embeddings=PLACES,
            scale_embedding=True,
            pad_token_id=self.pad,
            eos_token_id=end,
            decoder_start_token_id=self.pad,
            forced_eos_token_id=None,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network = MarianMTModel(config).eval().to(device)

    @property
    def parameters(self) -> int:
        """Learnt weights: the places' waves are none."""
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def generate(self, sentences: Sequence[Sentence], beams: int) -> torch.Tensor:
        """Token numbers [B, 1 + length], the start included."""
        from transformers import GenerationConfig

        length = mean_length(sentences, beams)
        longest = max(len(one.tokens) for one in sentences)
        rows = [[*s.tokens, *[self.pad] * (longest - len(s.tokens))] for s in sentences]
        read = torch.tensor(rows, device=self.device)
        told = GenerationConfig(
            num_beams=beams,
            do_sample=False,
            min_new_tokens=length,
            max_new_tokens=length,
            pad_token_id=self.pad,
            eos_token_id=self.end,
            decoder_start_token_id=self.pad,
        )
        return self.network.generate(read, attention_mask=read != self.pad, generation_config=told)


def shape(parameters: int, tokens: int) -> tuple[int, int]:
    """Width and inner width of the Marian whose learnt weights come nearest to ``parameters``:
    first with the makers' ratio of the two, then by the inner width alone."""

    def weights(width: int, inner: int) -> int:
        attention, norm = 4 * (width + 1) * width, 2 * width
        between = 2 * width * inner + width + inner
        return tokens * width + LAYERS * (3 * attention + 2 * between + 5 * norm)

    width = min(range(HEAD, 1024, HEAD), key=lambda w: abs(weights(w, WIDER * w) - parameters))
    inner = min(range(STEP, 8 * width, STEP), key=lambda i: abs(weights(width, i) - parameters))
    return width, inner


class Converted:
    """The same Marian by CTranslate2."""

    def __init__(self, folder: Path, end: int, device: str, kind: str) -> None:
        """``folder``: what `convert` wrote. ``kind``: CTranslate2's name of the numbers' type."""
        import ctranslate2

        self.end = end
        threads = torch.get_num_threads()
        self.translator = ctranslate2.Translator(
            str(folder), device=device, compute_type=kind, inter_threads=1, intra_threads=threads
        )

    def generate(self, sentences: Sequence[Sentence], beams: int) -> list[list[str]]:
        """The pieces of each, by their names."""
        length = mean_length(sentences, beams)
        read = [[END if n == self.end else str(n) for n in one.tokens] for one in sentences]
        found = self.translator.translate_batch(
            read, beam_size=beams, min_decoding_length=length, max_decoding_length=length
        )
        return [one.hypotheses[0] for one in found]


END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"


def convert(marian: Marian, folder: Path) -> Path:
    """Write a Marian for CTranslate2 with its own converter, the pieces named by their numbers."""
    from ctranslate2.converters import TransformersConverter

    names = [str(n) for n in range(marian.pad)]
    names[0], names[marian.end] = UNKNOWN, END

    class Pieces:
        """What the converter asks of a tokenizer."""

        eos_token, unk_token = END, UNKNOWN

        def get_vocab(self) -> dict[str, int]:
            return {name: n for n, name in enumerate([*names, PAD])}

    class WithPieces(TransformersConverter):  # type: ignore[misc]
        """The converter, with those in place of the files of a tokenizer."""

        def load_tokenizer(self, *args: Any, **kwargs: Any) -> Pieces:
            return Pieces()

    with TemporaryDirectory() as saved:
        marian.network.save_pretrained(saved)
        WithPieces(saved).convert(str(folder), force=True)
    return folder
