"""The served translator: texts in, translations out, with everything that a page wants to show.

A text is cut into sentences, every sentence of every visitor is searched together, and the text is
put together again with its blanks and line breaks. Loads with torch and tokenizers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import torch

from pretrained import catalog
from pretrained.catalog import Entry, Progress
from pretrained.errors import ViewUnsupported
from pretrained.translation import (
    answers,
    clauses,
    copies,
    data,
    everyday,
    figures,
    joining,
    networks,
    readings,
    scripts,
    sentences,
)
from pretrained.translation.answers import Task, Words
from pretrained.translation.beam import Found, Hypothesis, Search, ordered, penalty
from pretrained.translation.errors import (
    BadBeams,
    BadPrefix,
    NothingToTranslate,
    SameLanguage,
    TooLong,
    UnknownDirection,
)
from pretrained.translation.networks import Network, writing
from pretrained.translation.readings import Reading
from pretrained.translation.reranking import Channel
from pretrained.translation.sentences import Part
from pretrained.translation.stepper import Stepper
from pretrained.translation.vocabulary import Vocabulary

#: Characters of one request, and beams.
MOST_TEXT, MOST_BEAMS = 5_000, 8
#: Tokens of one piece that is translated in one go; a longer sentence is cut at a comma or a blank.
MOST_TOKENS = 90
#: Tokens that may be forced.
MOST_FORCED = 90
#: Sentences that are searched together.
TOGETHER = 64
VIEWS = ("answer", "inside", "meaning")


@dataclass(frozen=True)
class Request:
    """One visitor's text, checked. ``clauses``: what other parts may stand for a sentence."""

    parts: tuple[Part, ...]
    source: str
    target: str
    prefix: str
    clauses: Mapping[Part, tuple[Part, ...]] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, str]:
        return self.source, self.target

    @property
    def every(self) -> list[Part]:
        """The parts, and all that may stand for them, each once."""
        return list(dict.fromkeys([*self.parts, *chain(*self.clauses.values())]))


#: What became of the parts of a request: the pieces of each, and their translations.
Results = Mapping[Part, list[tuple[Task, Found]]]


class Searching(Protocol):
    """A search for translations, ours or another's: see `Search`."""

    def __call__(
        self,
        sources: Sequence[Sequence[int]],
        languages: Sequence[str],
        *,
        beams: int,
        prefixes: Sequence[Sequence[int]] | None = None,
        tree: bool = False,
    ) -> list[Found]: ...


class Translator:
    """A network with its vocabulary, as the engine holds it.

    Attributes:
        directions: such as ``("en-fr", "fr-en")``.
        spell: token numbers of a text in a language, without an end.
    """

    #: Whether a sentence is read in several ways: networks of this size need it.
    rereads = True
    #: Beams where nobody says how many: the more candidates there are, the more reading them back
    #: is worth.
    usual_beams = 8
    #: The way back, by the language that it writes, where its weights know both directions.
    channels: Mapping[str, Channel] = {}
    #: By the language that is written; one search may serve several.
    searches: Mapping[str, Searching]
    vocabulary: Words
    spell: Callable[[str, str], list[int]]

    def __init__(
        self,
        network: Network,
        vocabulary: Vocabulary,
        config: dict[str, Any],
        device: str,
        seen: copies.Seen | None = None,
    ) -> None:
        self.config, self.vocabulary = config, vocabulary
        self.spell = lambda text, language: vocabulary.encode(text)
        self.seen = seen or copies.Seen({})
        self.directions = tuple(config["directions"])
        written = [direction.partition("-")[2] for direction in self.directions]
        nets = {language: writing(network.eval(), language) for language in written}
        # A network that writes several languages is there once.
        served = {net: Stepper(net, vocabulary.never).eval() for net in set(nets.values())}
        searches = {net: Search(stepper, vocabulary) for net, stepper in served.items()}
        self.steppers = {language: served[net] for language, net in nets.items()}
        self.searches = {language: searches[net] for language, net in nets.items()}
        if len(self.directions) == 2:
            self.channels = {to: Channel(one, vocabulary) for to, one in self.steppers.items()}
        self.to(device)
        tensors = [t for one in served.values() for t in one.state_dict().values()]
        self.bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to(self, device: str) -> None:
        """Move the weights, for instance to the host while nobody asks."""
        self.device = torch.device(device)
        for stepper in self.steppers.values():
            stepper.to(self.device)

    def predict(
        self,
        inputs: list[Any],
        *,
        view: str = "answer",
        source: str | None = None,
        target: str | None = None,
        beams: int | None = None,
        prefix: str = "",
    ) -> list[dict[str, Any]]:
        """Translate texts.

        Args:
            inputs: texts, or objects with ``text`` and, in place of the options, ``source``,
                ``target`` and ``prefix``.
            view: ``answer``: the translation, and for each sentence its alternatives, tokens,
                their probabilities (0..1) and the attention, and ``clause`` where a sentence is
                read in several parts; ``inside``: also the tree of the
                search and the encoder's state; ``meaning``: only that state of each sentence, as
                the network has it that writes ``target``, which may be the text's own language.
            source, target: languages; by default the model's first direction.
            beams: 1 to `MOST_BEAMS` hypotheses are kept, and as many alternatives given at most;
                None: `usual_beams`.
            prefix: what the translation of a single sentence must begin with.

        Raises:
            NothingToTranslate, TooLong, UnknownDirection, SameLanguage, BadBeams, BadPrefix,
            ViewUnsupported.
        """
        if view not in VIEWS:
            raise ViewUnsupported(model=self.config["key"], view=view)
        beams = self.usual_beams if beams is None else beams
        if isinstance(beams, bool) or beams not in range(1, MOST_BEAMS + 1):
            raise BadBeams(sent=str(beams)[:20], most=MOST_BEAMS)
        reads = view == "meaning"
        requests = [self._request(one, source, target, prefix, reads) for one in inputs]
        trees = view == "inside"
        if view == "answer":
            requests = [replace(one, clauses=self._clauses(one)) for one in requests]
        pieces = [{part: self._tasks(one, part) for part in one.every} for one in requests]
        tasks = [task for parts in pieces for part in parts.values() for task in part]
        found = iter(self.states(tasks) if reads else self._likeliest(tasks, int(beams), trees))
        results: list[Any] = [
            {part: [next(found) for _ in some] for part, some in parts.items()} for parts in pieces
        ]
        if reads:
            return [
                {"sentences": [result[part] for part in request.parts]}
                for request, result in zip(requests, results, strict=True)
            ]
        return [
            self._answer(request, result, view)
            for request, result in zip(self._cut(requests, results), results, strict=True)
        ]

    # ---- from text to tokens ------------------------------------------------------------------

    def _request(
        self, one: Any, source: str | None, target: str | None, prefix: str, reads: bool
    ) -> Request:
        """``reads``: nothing is written, so that the text may be in either language."""
        given = {"text": one} if isinstance(one, str) else dict(one)
        text = str(given.get("text", ""))
        first, _, second = self.directions[0].partition("-")
        source = given.get("source") or source
        target = given.get("target") or target
        if not source and not target:
            source, target = first, second
        elif not source or not target:
            known = source or target
            other = second if known == first else first
            source, target = source or other, target or other
        own = reads and source == target and target in self.steppers
        if source == target and not own:
            raise SameLanguage(language=source)
        if f"{source}-{target}" not in self.directions and not own:
            known = ", ".join(self.directions)
            raise UnknownDirection(source=str(source)[:20], target=str(target)[:20], known=known)
        if len(text) > MOST_TEXT:
            raise TooLong(length=f"{len(text):,}", most=f"{MOST_TEXT:,}")
        if self.rereads and source == "zh":
            text = scripts.simplified(text)
        whole = not self.channels or given.get("prefix") or prefix
        read = sentences.split if whole else sentences.spoken
        parts = tuple(read(text))
        if (
            self.rereads
            and {source, target} == {"en", "zh"}
            and not (given.get("prefix") or prefix)
        ):
            parts = tuple(one for part in parts for one in sentences.counted(part, str(source)))
        if not text.strip():
            raise NothingToTranslate
        prefix = str(given.get("prefix") or prefix)
        if prefix and len([part for part in parts if part.text]) > 1:
            raise BadPrefix(most=MOST_FORCED)
        return Request(parts, str(source), str(target), prefix)

    def _clauses(self, request: Request) -> dict[Part, tuple[Part, ...]]:
        """What may stand for the sentences that have several."""
        if not self.channels or request.prefix:
            return {}
        return {
            part: several
            for part in request.parts
            if not part.listed and (request.source, part.text) not in self.seen
            if len(several := clauses.cut(part, request.source)) > 1
        }

    def _tasks(self, request: Request, part: Part) -> list[Task]:
        """What has to be searched for one sentence: nothing where there is no letter, several
        pieces where it is very long."""
        if not any(c.isalpha() for c in part.text):
            return []
        prefix: tuple[int, ...] = ()
        if forced := data.tidy(request.prefix, request.target):
            prefix = tuple(self.spell(forced, request.target))
        text = data.tidy(part.text, request.source)
        if part.following:
            text = everyday.capital(text)
        if part.followed:
            text += "。" if request.source == "zh" else "."
        pieces = self._pieces(text, request.source)
        if len(prefix) > MOST_FORCED or (prefix and len(pieces) > 1):
            raise BadPrefix(most=MOST_FORCED)
        tasks = [Task((*tokens, self.vocabulary.end), request.target, prefix) for tokens in pieces]
        if self.rereads and len(tasks) == 1:
            others = [
                Task(
                    (*self.spell(one.text, request.source), self.vocabulary.end),
                    request.target,
                    prefix,
                    one,
                )
                for one in readings.readings(text, request.source, request.target)
                if one.text != text
            ]
            plain = Reading(text, part.listed, typed=True, begins=readings.is_whole(text))
            tasks = [replace(tasks[0], reading=plain, others=tuple(others))]
        if part.followed or part.following:
            tasks = [self._of_clause(task, part) for task in tasks]
        return tasks

    def _of_clause(self, task: Task, part: Part) -> Task:
        reading = task.reading or Reading(part.text, typed=True)
        reading = replace(reading, followed=part.followed, following=part.following)
        others = tuple(self._of_clause(one, part) for one in task.others)
        return replace(task, reading=reading, others=others)

    def _pieces(self, text: str, language: str) -> list[list[int]]:
        """Token numbers of a sentence, in pieces of at most `MOST_TOKENS`."""
        tokens = self.spell(text, language)
        if len(tokens) <= MOST_TOKENS or len(text) < 2:
            return [tokens] if tokens else []
        middle = len(text) // 2
        for signs in (",;:，；：、", " "):
            places = [n + 1 for n, c in enumerate(text[:-1]) if c in signs]
            near = [n for n in places if len(text) // 4 <= n <= 3 * len(text) // 4]
            if near:
                middle = min(near, key=lambda n: abs(n - len(text) // 2))
                break
        halves = text[:middle].strip(), text[middle:].strip()
        return [piece for half in halves for piece in self._pieces(half, language)]

    # ---- from tokens to an answer -------------------------------------------------------------

    def _likeliest(self, tasks: Sequence[Task], beams: int, tree: bool) -> list[tuple[Task, Found]]:
        """Of each sentence the reading whose translation is likeliest; one that has something to
        put back comes first, and only where that has a place. Compared by the search's own score:
        of our hundred phrases 95 were acceptable so, 93 by the mean over tokens (with four beams,
        nothing read back)."""
        every = [(n, one) for n, task in enumerate(tasks) for one in (task, *task.others)]
        results = self._search([one for _, one in every], beams, tree)
        best: list[tuple[tuple[bool, float], Task, Found]] = []
        for (n, task), found in zip(every, results, strict=True):
            kept = task.reading.kept if task.reading else ()
            if kept:
                found.hypotheses = [h for h in found.hypotheses if self._survives(task, h)]
            if not found.hypotheses:
                continue
            rank = bool(kept), found.hypotheses[0].score
            if n == len(best):
                best.append((rank, task, found))
            elif rank > best[n][0]:
                best[n] = rank, task, found
        chosen = [(task, found) for _, task, found in best]
        self._rerank(chosen)
        return chosen

    def _rerank(self, chosen: Sequence[tuple[Task, Found]]) -> None:
        """Read the candidates of each sentence back, and put first the one that leads there."""
        if not self.channels:
            return
        several = [(task, found) for task, found in chosen if len(found.hypotheses) > 1]
        for direction in self.directions:
            source, target = direction.split("-")
            own = [(task, found) for task, found in several if task.target == target]
            pairs = [(task, one) for task, found in own for one in found.hypotheses]
            backs = self.channels[source](
                [one.tokens for _, one in pairs], [task.tokens for task, _ in pairs], source
            )
            for (task, one), back in zip(pairs, backs, strict=True):
                one.back = back / penalty(len(task.tokens))
        for task, found in several:
            wanted = figures.numbers(self.vocabulary.decode(task.tokens))
            found.hypotheses = ordered(found.hypotheses, self.vocabulary.decode, wanted)
            found.hypotheses = self._signed(task, found.hypotheses)

    def _signed(self, task: Task, hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        """First one that ends with a sign as its source does, where it differs from the best in
        nothing else: "Hello." is "Bonjour.", as a word of a list it is "bonjour"."""
        signs = tuple(everyday.SIGNS)
        texts = [self.vocabulary.decode(one.tokens) for one in hypotheses]
        if self.vocabulary.decode(task.tokens).endswith(signs):
            for n, text in enumerate(texts):
                if text.endswith(signs) and data.plain(text) == data.plain(texts[0]):
                    return [hypotheses[n], *hypotheses[:n], *hypotheses[n + 1 :]]
        return hypotheses

    def _cut(self, requests: Sequence[Request], results: Sequence[Results]) -> list[Request]:
        """Each with the parts in which its sentences are read best: see `clauses`."""
        every = [
            (n, clauses.Way(part, parts, self._written(parts, request, result), *request.languages))
            for n, (request, result) in enumerate(zip(requests, results, strict=True))
            for part, several in request.clauses.items()
            for parts in ((part,), several)
        ]
        ranks = clauses.ranks([way for _, way in every], self.channels, self._ended)
        best: dict[tuple[int, Part], tuple[Part, ...]] = {}
        for _, (n, way) in sorted(zip(ranks, every, strict=True), key=lambda row: row[0]):
            best[n, way.part] = way.parts  # the best one comes last
        return [
            replace(one, parts=tuple(each for p in one.parts for each in best.get((n, p), (p,))))
            for n, one in enumerate(requests)
        ]

    def _ended(self, text: str, language: str) -> list[int]:
        return [*self.spell(data.tidy(text, language), language), self.vocabulary.end]

    def _survives(self, task: Task, one: Hypothesis) -> bool:
        text = self.vocabulary.decode(one.tokens)
        return task.reading is not None and readings.survives(task.reading, text)

    def _search(self, tasks: Sequence[Task], beams: int, tree: bool) -> list[Found]:
        """Every sentence, those of like length together."""
        found: dict[int, Found] = {}
        every = sorted(range(len(tasks)), key=lambda n: len(tasks[n].tokens))
        for search in dict.fromkeys(self.searches.values()):
            order = [n for n in every if self.searches[tasks[n].target] is search]
            for first in range(0, len(order), TOGETHER):
                chosen = order[first : first + TOGETHER]
                results = search(
                    [tasks[n].tokens for n in chosen],
                    [tasks[n].target for n in chosen],
                    beams=beams,
                    prefixes=[tasks[n].prefix for n in chosen],
                    tree=tree,
                )
                found |= dict(zip(chosen, results, strict=True))
        return [found[n] for n in range(len(tasks))]

    def states(self, tasks: Sequence[Task]) -> list[list[float]]:
        """The encoder's last state [H] of each sentence, -1..1."""
        rows: dict[int, list[float]] = {}
        for stepper in dict.fromkeys(self.steppers.values()):
            own = [n for n, task in enumerate(tasks) if self.steppers[task.target] is stepper]
            for first in range(0, len(own), TOGETHER):
                some = own[first : first + TOGETHER]
                read = stepper.read([tasks[n].tokens for n in some])
                rows |= dict(zip(some, read.meaning.cpu().tolist(), strict=True))
        return [rows[n] for n in range(len(tasks))]

    def _answer(self, request: Request, result: Results, view: str) -> dict[str, Any]:
        told = []
        for part in request.parts:
            known = (request.source, part.text) in self.seen
            shown = [self._sentence(request, task, found, view) for task, found in result[part]]
            more = {"in_training": known} | ({"clause": True} if part.clause else {})
            told += [one | more for one in shown]
        return {
            "translation": self._written(request.parts, request, result),
            "source": request.source,
            "target": request.target,
            "sentences": told,
        }

    def _written(self, parts: Sequence[Part], request: Request, result: Results) -> str:
        """The translation of some parts, with what stands around them."""
        texts = [[answers.translated(self.vocabulary, *one) for one in result[p]] for p in parts]
        return joining.joined(parts, texts, *request.languages)

    def _sentence(self, request: Request, task: Task, found: Found, view: str) -> dict[str, Any]:
        return answers.sentence(self.vocabulary, task, found, view)


def load(entry: Entry, device: str, progress: Progress) -> Translator:
    """Read a checkpoint folder.

    Raises:
        BadCheckpoint: something in it is missing, damaged, or does not fit together.
    """
    folder = Path(str(entry.folder))
    network, config, vocabulary = networks.load(folder)
    marks = catalog.folder_of(config["marks_of"]) if "marks_of" in config else folder
    seen = copies.load(marks) if (marks / copies.FILE).exists() else None
    translator = Translator(network, vocabulary, config, device, seen)
    progress(entry.bytes, entry.bytes)
    return translator
