"""Between text and tokens: how a prompt is put to a model, and how its answer becomes characters.

A token of these models is a run of bytes. A Chinese character or an emoji may take several, so a
piece of text is given out only when its last character is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pretrained.text.options import MOST_PROMPT

#: What half a character is decoded to.
HALF = "\ufffd"
#: Tokens of a prompt that are read: a CPU takes about a second for so many.
MOST_TOKENS = 1_024
Turn = tuple[str, str]  # of a conversation: who says it ("system", "user", "assistant"), and what


@dataclass(frozen=True)
class Span:
    """Whole characters and the tokens that they take: ``first`` to before ``end``."""

    text: str
    first: int
    end: int


class Tokens:
    """A model's tokeniser, and the tokens at which its writing stops.

    Args:
        tokenizer: a fast tokeniser of transformers.
        ends: ids that the model's configuration calls the end of a text.
        chat: whether a prompt is put as a question by the model's chat template, where it has one,
            or stands as a text to be continued.
    """

    def __init__(self, tokenizer: Any, ends: set[int], chat: bool = True) -> None:
        self.tokenizer = tokenizer
        self.special = frozenset(tokenizer.all_special_ids)
        # Any other mark of a conversation, such as the one that opens a turn, ends a turn too.
        self.stops = frozenset(ends) | self.special
        self.chat = chat and bool(tokenizer.chat_template)
        # A text opens after the mark that parted texts in training: no model of ours has another.
        opening = tokenizer.convert_tokens_to_ids("<|endoftext|>")
        known = (opening, tokenizer.bos_token_id, tokenizer.eos_token_id)
        self.opening: int = next((i for i in known if i is not None), 0)

    def prompt(self, text: str, so_far: str = "", before: Sequence[Turn] = ()) -> list[int]:
        """What the model reads before it writes: the end of a long text, the template around it.

        ``so_far`` is the beginning of the answer, to be continued. ``before``: earlier turns.
        """
        return self.prompt_and_messages(text, so_far, before)[0]

    def prompt_and_messages(
        self, text: str, so_far: str = "", before: Sequence[Turn] = ()
    ) -> tuple[list[int], int]:
        """(`prompt`, how many of the earlier turns there was no room for). The oldest leave first,
        what the system said last."""
        text, turns = text[-MOST_PROMPT:], list(before)
        while len(ids := self._put(text, so_far, turns)) > MOST_TOKENS and (
            text or so_far or turns
        ):
            if turns:
                oldest = next((n for n, (role, _) in enumerate(turns) if role != "system"), 0)
                turns.pop(oldest)
            elif text:
                text = text[len(text) // 8 + 1 :]
            else:
                so_far = so_far[len(so_far) // 8 + 1 :]
        return ids[-MOST_TOKENS:], len(before) - len(turns)

    def _put(self, text: str, so_far: str, before: Sequence[Turn]) -> list[int]:
        if not self.chat:
            said = [*(each for _, each in before), text + so_far]
            return [self.opening, *self.encode("\n".join(said))]
        turns = [*before, ("user", text)]
        turn = self.tokenizer.apply_chat_template(
            [{"role": role, "content": each} for role, each in turns],
            add_generation_prompt=True,
            tokenize=False,
        )
        ids: list[int] = self.tokenizer(turn + so_far, add_special_tokens=False).input_ids
        return ids

    def encode(self, text: str) -> list[int]:
        """Text as text: a mark of a conversation in it is read letter by letter."""
        ids: list[int] = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True
        ).input_ids
        return ids

    def spans(self, text: str) -> tuple[list[int], list[Span]]:
        """Ids, and what each token or group of tokens stands for; the spans add up to ``text``."""
        found = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True
        )
        ids, offsets = found.input_ids, found.offset_mapping
        spans: list[Span] = []
        start = 0
        for place, (_, end) in enumerate(offsets):
            if spans and end <= start:  # the rest of a character that began in the token before
                spans[-1] = Span(spans[-1].text, spans[-1].first, place + 1)
            else:
                spans.append(Span(text[start:end], place, place + 1))
                start = end
        if spans and start < len(text):
            spans[-1] = Span(spans[-1].text + text[start:], spans[-1].first, spans[-1].end)
        return ids, spans

    def text(self, token: int) -> str:
        """The characters of one token; "" for a mark of the format and for part of a character."""
        text: str = "" if token in self.special else self.decode([token])
        return "" if HALF in text else text

    def decode(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


@dataclass
class Growing:
    """A text that grows token by token.

    A token is decoded after the ones before it, since in some vocabularies a word's first token
    has its space only there.
    """

    tokens: Tokens
    ids: list[int] = field(default_factory=list)
    _before: int = 0  # where decoding starts, a little before what has been given out
    _given: int = 0  # tokens whose text has been given out

    def add(self, token: int) -> str:
        """The characters that this token makes whole; often one word, sometimes none."""
        self.ids.append(token)
        known = self.tokens.decode(self.ids[self._before : self._given])
        text = self.tokens.decode(self.ids[self._before :])
        if len(text) <= len(known) or text.endswith(HALF):
            return ""
        self._before, self._given = self._given, len(self.ids)
        return text[len(known) :]
