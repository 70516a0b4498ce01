"""What there is to see inside: where it looked, what it searched, what it holds of a sentence.

All on one sentence: of what stands in the right pane of Try, or an example. Each step is one piece
of HTML; alignment, search and choice come from one answer (``view="inside"``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from demos import models, page
from demos.language import Say
from demos.models import on_disk, waiting
from demos.translation import answers, tokens
from demos.translation.answers import Translated
from demos.translation.examples import EXAMPLES
from demos.translation.inside import attention, beams, choice, embeddings, pointing
from inference import Engine
from inference.errors import Refusal
from pretrained.errors import ViewUnsupported

PLACES = ("head", "align", "choice", "beams", "ablation", "meaning")
LISTED = 70  # letters of a sentence in the list of sentences


@dataclass(frozen=True)
class Looked:
    """The sentence that is looked at: ``texts[number]`` of what was translated (``of``; None for an
    example), what its translation was made to begin with, and the answer. ``at``: the word that
    stands to choose, -1 for none."""

    key: str
    source: str
    target: str
    texts: tuple[str, ...]
    of: Translated | None = None
    number: int = 0
    prefix: str = ""
    sentence: Mapping[str, Any] | None = None
    at: int = -1


def from_try(now: Translated | None, lang: str) -> Looked:
    """The sentences that stand in Try, or an example where there is none."""
    if now is not None:
        texts = tuple(str(one["source"]) for one in now.result["sentences"])
        if texts:
            return Looked(now.key, now.source, now.target, texts, of=now)
    source, _, target = answers.FIRST[lang].partition("-")
    text = EXAMPLES[source][0]
    return Looked(answers.BUNDLED[answers.FIRST[lang]], source, target, (text,), of=now)


def stays(before: Looked | None, now: Translated | None) -> bool:
    """Whether what was looked at is still what there is to look at."""
    return before is not None and before.sentence is not None and before.of == now


class Look:
    """One sentence, one model, one language: what every step needs."""

    def __init__(
        self, engine: Engine, say: Say, looked: Looked, maps: embeddings.Maps | None = None
    ) -> None:
        self.engine, self.say, self.looked = engine, say, looked
        self.maps = maps or embeddings.Maps()
        self.entry = answers.entry_of(engine, looked.key)

    @property
    def text(self) -> str:
        return self.looked.texts[self.looked.number]

    async def ask(self, prefix: str = "", view: str = "inside") -> Any:
        """The first sentence of the answer. Raises a `Refusal`."""
        now = self.looked
        result = await answers.ask(
            self.engine,
            now.key,
            self.text,
            now.source,
            now.target,
            view=view,
            prefix=prefix,
        )
        return result["sentences"][0]

    async def read(self) -> Looked:
        """With the answer, which has no tree where the model tells none. Raises a `Refusal`."""
        try:
            sentence = await self.ask(self.looked.prefix)
        except ViewUnsupported:
            sentence = await self.ask(self.looked.prefix, "answer")
        self.looked = replace(self.looked, sentence=sentence, at=-1)
        return self.looked

    async def own(self, step: Awaitable[str]) -> str:
        """A step, or the sentence that refuses it in its place."""
        try:
            return await step
        except Refusal as error:
            return self.refused(error)

    def refused(self, error: Refusal) -> str:
        return answers.refusal(self.say, error)

    def head(self) -> str:
        """Whose sentence is looked at, by which model; a list where there are several."""
        name = self.say.model(self.entry)
        now = self.looked
        carried = now.of is not None and bool(now.of.result["sentences"])
        key = "carried" if carried else "example"
        told = f'<p class="carried">{self.say(f"translation.inside.{key}", model=name)}</p>'
        tag = answers.TAGS[now.source]
        if len(now.texts) == 1:
            return f'{told}<p class="spoken" lang="{tag}">{escape(self.text)}</p>'
        options = "".join(
            f"<option{' selected' * (n == now.number)}>{pointing.clipped(text, LISTED)}</option>"
            for n, text in enumerate(now.texts)
        )
        label = self.say("translation.inside.sentence")
        return (
            f'{told}<label class="sentence"><span>{label}</span>'
            f'<select lang="{tag}">{options}</select></label>'
        )

    def of_sentence(self) -> dict[str, str]:
        """The steps that are about this translation: they change when a word is forced."""
        now = self.looked
        assert now.sentence is not None
        if self.plain():
            aligned = pointing.closed(self.say, "align", "none")
        else:
            aligned = attention.drawn(self.say, now.sentence, now.source, now.target)
        return {
            "align": aligned,
            "choice": self.choice(),
            "beams": beams.drawn(self.say, now.sentence, now.target),
        }

    def plain(self) -> bool:
        """Whether the network has no attention to show."""
        return not models.config(self.entry).get("architecture", {}).get("attention", True)

    def choice(self, more: str = "") -> str:
        """The translation as words to click, and what stands below; nothing without a tree."""
        now = self.looked
        if now.sentence is None or not now.sentence.get("tree"):
            return ""
        return choice.drawn(self.say, now.sentence, now.target, now.prefix, more, now.at)

    async def options(self) -> str:
        """What else may stand in the place of the word that was clicked."""
        now = self.looked
        assert now.sentence is not None
        written = now.sentence["target_tokens"]
        found = await choice.options(self.ask, written, now.at)
        return choice.offered(self.say, found, now.target, tokens.words(written)[now.at].text)

    async def ablation(self) -> str:
        """The sentence with attention and without; nothing where the two networks are not here."""
        if not {attention.FULL, answers.PLAIN} <= self.engine.entries.keys():
            return ""
        now = self.looked
        text, own = attention.ablated(now.source, now.target, self.text)
        full, plain = [
            await Look(
                self.engine, self.say, Looked(key, attention.SOURCE, attention.TARGET, (text,))
            ).ask()
            for key in (attention.FULL, answers.PLAIN)
        ]
        return attention.ablation(self.say, text, own, full, plain)

    async def meaning(self) -> str:
        """The map, with this sentence on it; closed where the model tells no state."""
        now = self.looked
        assert now.sentence is not None
        pair = (now.source, now.target) if now.source == "en" else (now.target, now.source)
        known = answers.directions(self.entry)
        both_ways = f"{pair[0]}-{pair[1]}" in known and f"{pair[1]}-{pair[0]}" in known
        if not both_ways or "state" not in now.sentence:
            return pointing.closed(self.say, "meaning", "closed")

        # Both languages by the network that read this sentence: another one has another space.
        async def states(text: str, language: str) -> Sequence[Sequence[float]]:
            asked = text, language, now.target
            found = await answers.ask(self.engine, now.key, *asked, view="meaning")
            return [state for part in found["sentences"] for state in part]

        drawn = await self.maps.of(states, (now.key, now.target, self.entry.changed), pair)
        return embeddings.drawn(self.say, drawn, self.text, now.sentence["state"])


async def opened(look: Look) -> AsyncGenerator[tuple[Looked, dict[str, str]], None]:
    """(what is looked at, the pieces that are new): each piece as soon as it is computed."""
    looked, here = look.looked, on_disk(look.entry)
    wait = waiting(look.say, look.entry, None)
    told = wait if here else page.note(look.say.plain("translation.inside.not_here"))
    yield looked, dict.fromkeys(PLACES, "") | {"head": look.head() + told}
    if not here:
        return
    try:
        await look.engine.preload(look.entry.key)
        looked = await look.read()
    except Refusal as error:
        yield looked, {"head": look.head() + look.refused(error)}
        return
    yield looked, {"head": look.head()} | look.of_sentence()
    yield looked, {"meaning": await look.own(look.meaning())}
    yield looked, {"ablation": await look.own(look.ablation())}
