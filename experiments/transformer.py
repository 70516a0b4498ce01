"""A small Transformer (Vaswani et al. 2017, arXiv 1706.03762), to stand beside the LSTMs.

Layers are normalised before each part (Xiong et al. 2020, arXiv 2002.04745), so that it learns
without a long warm-up. One matrix holds the vectors of every token, as in `TranslationNet`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Places that have a vector: longer than any sentence that is trained on.
PLACES = 256


class TransformerNet(nn.Module):
    """The same question and answer as `TranslationNet`, by attention alone.

    Args:
        tokens: size V of the vocabulary.
        embedding: width E of every vector.
        heads: of each attention. layers: of the encoder and of the decoder. inner: width of the
            layer between two attentions.
    """

    def __init__(
        self,
        tokens: int,
        embedding: int = 256,
        heads: int = 4,
        layers: int = 2,
        inner: int = 512,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, embedding)
        nn.init.normal_(self.embed.weight, std=embedding**-0.5)
        shape = {
            "d_model": embedding,
            "nhead": heads,
            "dim_feedforward": inner,
            "dropout": dropout,
            "batch_first": True,
            "norm_first": True,
        }
        # Nested tensors are a shortcut for padded sources: there are none here.
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(**shape),  # type: ignore[arg-type]
            layers,
            nn.LayerNorm(embedding),
            enable_nested_tensor=False,
        )
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(**shape),  # type: ignore[arg-type]
            layers,
            nn.LayerNorm(embedding),
        )
        self.bias = nn.Parameter(torch.zeros(tokens))
        self.drop = nn.Dropout(dropout)
        self.register_buffer("places", waves(PLACES, embedding), persistent=False)
        self.places: Tensor

    def placed(self, numbers: Tensor) -> Tensor:
        """Token numbers [B, T] -> vectors [B, T, E] that also know their place."""
        vectors = self.embed(numbers) * math.sqrt(self.embed.embedding_dim)
        return self.drop(vectors + self.places[: numbers.shape[1]])

    def forward(self, source: Tensor, given: Tensor) -> Tensor:
        """As `TranslationNet.forward`."""
        seen = self.encoder(self.placed(source))
        length = given.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=given.device).triu(1)
        return self.decoder(self.placed(given), seen, tgt_mask=later, tgt_is_causal=True)

    def logits(self, vectors: Tensor) -> Tensor:
        """Vectors [..., E] -> logits [..., V]."""
        return F.linear(vectors, self.embed.weight, self.bias)


def waves(places: int, width: int) -> Tensor:
    """A vector for each place: sines and cosines of many wavelengths [places, width]."""
    pace = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(places)[:, None] * pace
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)
