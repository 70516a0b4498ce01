"""A recurrent language model over characters: the one definition that training and serving read.

It reads a text character by character, keeps what matters in its state, and says how likely each
character is to come next (Graves 2013, arXiv 1308.0850; Karpathy 2015). The cell may be the long
short-term memory (Hochreiter & Schmidhuber 1997), the gated recurrent unit (Cho et al. 2014) or the
plain recurrent network (Elman 1990), so that the three can be compared.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class CharNet(nn.Module):
    """Indices of characters in, logits of the next ones out.

    Args:
        characters: size V of the alphabet, the unknown character included.
        hidden: width H of every layer.
        layers: how many cells lie above each other.
        embedding: width E of a character's vector. If ``tied``, the same vectors, seen through one
            matrix, judge the output (Press & Wolf 2017), which keeps large alphabets small.
        cell: ``lstm``, ``gru`` or ``rnn``.
        dropout: share of the outputs that is hidden while training, between layers and at the end.
    """

    def __init__(
        self,
        characters: int,
        hidden: int = 512,
        layers: int = 1,
        embedding: int = 64,
        cell: str = "lstm",
        dropout: float = 0.0,
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(characters, embedding)
        between = dropout if layers > 1 else 0.0
        self.cells = CELLS[cell](embedding, hidden, layers, batch_first=True, dropout=between)
        self.drop = nn.Dropout(dropout)
        self.project = nn.Linear(hidden, embedding, bias=False) if tied else nn.Identity()
        self.out = nn.Linear(embedding if tied else hidden, characters)
        if tied:  # logits must start small
            nn.init.normal_(self.embed.weight, std=embedding**-0.5)
            self.out.weight = self.embed.weight
        if cell == "lstm":
            self.init_forget_bias()

    def init_forget_bias(self) -> None:
        """Forget gates start open, so that gradients reach far (Jozefowicz et al. 2015)."""
        hidden = self.cells.hidden_size
        for name, bias in self.cells.named_parameters():
            if name.startswith("bias_ih"):
                nn.init.ones_(bias.data[hidden : 2 * hidden])

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Indices [B, T] and the state after what came before -> logits [B, T, V], state."""
        h, state = self.cells(self.drop(self.embed(x)), state)
        return self.out(self.project(self.drop(h))), state
