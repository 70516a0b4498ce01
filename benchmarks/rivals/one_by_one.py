"""Two ways in which one writes such a program first: nn.LSTM character by character, and the
`generate` of transformers on a GPT-2 of as many weights.

Neither is compared with a text: the first draws with torch's generator, and the second has
never learnt anything, since what it writes does not change how long it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.streams import TEMPERATURE, First, Wish

LAYERS, HEAD = 4, 16  # of the GPT-2: nanoGPT's smallest has as many layers; width of one head


def lstm(model: Any, wish: Wish) -> Callable[[First], int]:
    """The served network itself, called with one character and its state, one text at a time."""
    network, alphabet = model.network, model.alphabet
    read = [alphabet.index(alphabet.begin), *alphabet.encode(wish.prompt)]

    @torch.no_grad()
    def write(first: First) -> int:
        logits, state = network(torch.tensor([read], device=model.device))
        for _ in range(wish.length):
            probabilities = torch.softmax(logits[0, -1] / TEMPERATURE, 0)
            drawn = int(torch.multinomial(probabilities, 1))
            first()
            logits, state = network(torch.tensor([[drawn]], device=model.device), state)
        return wish.length

    return write


def gpt2(parameters: int, characters: int, length: int, device: str) -> Any:
    """A GPT-2 over as many characters, whose width brings it nearest to so many parameters."""
    from transformers import GPT2Config, GPT2LMHeadModel

    def weights(width: int) -> int:
        block = 12 * width**2 + 13 * width
        return LAYERS * block + (characters + length + 2) * width

    width = min(range(HEAD, 2048, HEAD), key=lambda w: abs(weights(w) - parameters))
    config = GPT2Config(
        vocab_size=characters,
        n_positions=length,
        n_embd=width,
        n_layer=LAYERS,
        n_head=width // HEAD,
        bos_token_id=None,
        eos_token_id=None,
    )
    return GPT2LMHeadModel(config).eval().to(device)


def generate(model: Any, prompt: int, length: int, texts: int) -> Callable[[First], int]:
    """``texts`` of one batch, each ``length`` characters after a prompt of ``prompt``."""
    from transformers import GenerationConfig

    told = GenerationConfig(
        do_sample=True,
        temperature=TEMPERATURE,
        top_k=0,
        max_new_tokens=length,
        min_new_tokens=length,
        pad_token_id=0,
    )
    read = torch.ones((texts, prompt), dtype=torch.long, device=model.device)

    def write(first: First) -> int:
        def called(ids: torch.Tensor, scores: torch.Tensor, **rest: Any) -> torch.Tensor:
            first()  # after each character
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)

        given = model.generate(
            read,
            attention_mask=torch.ones_like(read),
            generation_config=told,
            stopping_criteria=[called],
        )
        return texts * (given.shape[1] - prompt)

    return write
