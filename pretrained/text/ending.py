"""Where a text ends: with the line that it is in the middle of when its length is reached.

A text is never cut within a word. One whose lines are paragraphs is not waited for for ever: after
`LINE` characters more the end of a sentence will do, then the end of a word, and that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

#: Characters past its length that a text is given to end its line; then, as many again, to end a
#: sentence; then, to end a word. (Shakespeare's longest line has 85 characters.)
LINE, SENTENCE, WORD = 200, 200, 60
#: The most characters that a text has beyond its length.
MOST_OVER = LINE + SENTENCE + WORD
#: A line that only names who speaks next.
NAME = re.compile(r"[A-Z][A-Za-z ]*:")
SENTENCE_ENDS, CLOSERS = ".!?。！？…", "\"'”’)]』」）"
WORD_ENDS = SENTENCE_ENDS + CLOSERS + ",;:，；：、—"
#: From here on a character is a word of its own: Chinese, Japanese, full-width signs.
IDEOGRAPHS = "\u2e80"
HANGUL = re.compile("[\uac00-\ud7a3]")


@dataclass(frozen=True)
class Ending:
    """How far a text is from its end. Never changed: `then` gives the one that follows.

    Attributes:
        left: characters until it may end; negative when it is over its length.
        line: what stands in its line, the visitor's part of it too; its last characters.
        line_ends: characters, besides a new line, that end a line: of poems.
        names: a line that names a speaker is not the last: of plays.
        sentences: the end of a sentence will do at once, as where a line is a paragraph.
        done, cut: whether it is at its end, and whether that is within a line or sentence.
        written: whether the character that was offered last belongs to it.
    """

    left: int
    line: str = ""
    line_ends: str = ""
    names: bool = False
    sentences: bool = False
    done: bool = False
    cut: bool = False
    written: bool = True

    def then(self, character: str) -> Ending:
        """After one more character was offered, which may be left out: see ``written``."""
        over = -self.left
        between = character.isspace() or (character >= IDEOGRAPHS and not HANGUL.match(character))
        if over >= 0 and self.line and character != "\n":
            if between and over >= (0 if self.sentences else LINE) and self._ended_sentence():
                return replace(self, done=True, written=False)
            if over >= LINE + SENTENCE and (between or self.line[-1] in WORD_ENDS):
                return replace(self, done=True, cut=True, written=False)
        left = self.left - 1
        if character == "\n" or character in self.line_ends:
            named = self.names and NAME.fullmatch(self.line) is not None
            return replace(self, left=left, line="", done=left <= 0 and not named)
        most = left <= -MOST_OVER
        return replace(self, left=left, line=(self.line + character)[-100:], done=most, cut=most)

    def _ended_sentence(self) -> bool:
        closed = self.line.rstrip(CLOSERS)
        return bool(closed) and closed[-1] in SENTENCE_ENDS

    def broken_off(self) -> Ending:
        """At the end of a model's memory, wherever that is."""
        return replace(self, done=True, cut=bool(self.line) and not self._ended_sentence())
