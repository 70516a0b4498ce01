"""Translators of today that the app offers for download: four of Marian, one for many languages.

Plain data, so that the catalogue imports neither torch nor transformers. Weights in single
precision: bytes are four for each number, positions and biases included; the file's header adds a
few thousand, the vocabularies 3 to 6 MB, and the Hub tells the exact size before a download.

The main branches of these repositories hold their weights as pickles, which are never loaded:
`sources.hub` asks for the pull request that Hugging Face's own converter has opened, and keeps
its commit. Anybody may open a pull request and change it later, so none is named here.
"""

from __future__ import annotations

from dataclasses import dataclass

from pretrained.sources.entry import HubEntry

#: The weights last: whoever finds them finds the rest. The pattern is for sentencepiece's files,
#: which end in .spm or .model.
FILES = ("config.json", "vocab.json", "*.[sm][po]*", "model.safetensors")
#: What a Marian model's ``config.json`` says of its size, but for the vocabulary.
MARIAN = (
    ("d_model", 512),
    ("encoder_layers", 6),
    ("decoder_layers", 6),
    ("encoder_attention_heads", 8),
    ("decoder_attention_heads", 8),
    ("encoder_ffn_dim", 2048),
    ("decoder_ffn_dim", 2048),
    ("max_position_embeddings", 512),
)


@dataclass(frozen=True, kw_only=True)
class MarianEntry(HubEntry):
    """One translator. Published values go from 0 to 100.

    Attributes:
        directions: such as ``("en-fr",)``, the usual one first.
        kind: transformers' ``model_type``.
    """

    task = "translation"

    directions: tuple[str, ...]
    kind: str
    max_batch: int = 32
    files: tuple[str, ...] = FILES

    def __post_init__(self) -> None:
        """Its languages: each once, in the order of the directions."""
        languages = dict.fromkeys(one for pair in self.directions for one in pair.split("-"))
        object.__setattr__(self, "languages", tuple(languages))


MARIAN_ENTRIES = (
    MarianEntry(
        name="marian-en-fr",
        title="Marian, English to French",
        hub_id="Helsinki-NLP/opus-mt-en-fr",
        revision=None,
        licence="apache-2.0",
        directions=("en-fr",),
        kind="marian",
        network=(*MARIAN, ("vocab_size", 59_514)),
        parameters=74_609_664,
        bytes=300_773_864,
        published=(("bleu", 50.5), ("chrf", 67.2)),
        split="Tatoeba.en.fr",
    ),
    MarianEntry(
        name="marian-fr-en",
        title="Marian, French to English",
        hub_id="Helsinki-NLP/opus-mt-fr-en",
        revision=None,
        licence="apache-2.0",
        directions=("fr-en",),
        kind="marian",
        network=(*MARIAN, ("vocab_size", 59_514)),
        parameters=74_609_664,
        bytes=300_773_864,
        published=(("bleu", 57.5), ("chrf", 72.0)),
        split="Tatoeba.fr.en",
    ),
    MarianEntry(
        name="marian-en-zh",
        title="Marian, English to Chinese",
        hub_id="Helsinki-NLP/opus-mt-en-zh",
        revision=None,
        licence="apache-2.0",
        directions=("en-zh",),
        kind="marian",
        network=(*MARIAN, ("vocab_size", 65_001)),
        parameters=77_419_008,
        bytes=312_033_188,
        published=(("bleu", 31.4), ("chrf", 26.8)),
        split="Tatoeba-test.eng.zho",
    ),
    MarianEntry(
        name="marian-zh-en",
        title="Marian, Chinese to English",
        hub_id="Helsinki-NLP/opus-mt-zh-en",
        revision=None,
        licence="cc-by-4.0",
        directions=("zh-en",),
        kind="marian",
        network=(*MARIAN, ("vocab_size", 65_001)),
        parameters=77_419_008,
        bytes=312_033_188,
        published=(("bleu", 36.1), ("chrf", 54.8)),
        split="Tatoeba-test.zho.eng",
    ),
    MarianEntry(
        name="m2m100",
        title="M2M-100, a hundred languages",
        hub_id="facebook/m2m100_418M",
        revision=None,
        licence="mit",
        directions=("en-fr", "fr-en", "en-zh", "zh-en", "fr-zh", "zh-fr"),
        kind="m2m_100",
        network=(
            ("d_model", 1024),
            ("encoder_layers", 12),
            ("decoder_layers", 12),
            ("encoder_attention_heads", 16),
            ("decoder_attention_heads", 16),
            ("encoder_ffn_dim", 4096),
            ("decoder_ffn_dim", 4096),
            ("vocab_size", 128_112),
        ),
        parameters=483_905_536,
        bytes=1_935_622_144,
        max_batch=8,
    ),
)

#: The directions of each key.
DIRECTIONS = {entry.key: entry.directions for entry in MARIAN_ENTRIES}
