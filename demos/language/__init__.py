"""Every word that a visitor reads, in English and Chinese, and the few lines that read them.

House words live in `en.toml` and `zh.toml` beside this file; a tab's own words in
`demos/<tab>/words.en.toml` and `words.zh.toml`, under the tab's name: ``[try] upload`` of the
classification tab is the key ``classification.try.upload``.

Static text travels as a `gradio` translation marker and is put into the visitor's language by the
browser; text made on the server is said at once with `Words.say`. A page is sent the words that it
is built of, in its visitor's language only (`Words.sent`); long texts are fetched when they come
into sight (`Words.apart`).
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from gradio.context import LocalContext
from gradio.i18n import I18n, I18nData

LANGUAGES = ("en", "zh")
LOCALES = {"en": "en", "zh": "zh-CN"}  # what navigator.language is set to (page/before.js)
DEMOS = Path(__file__).parent.parent


class Named(Protocol):
    """A model of the catalogue, as far as its name is asked for."""

    @property
    def key(self) -> str: ...

    @property
    def title(self) -> str: ...


class Say:
    """The words in one language: ``say(key)`` is escaped for HTML, ``say.plain(key)`` is not.

    Attributes: lang: "en" or "zh". words: both vocabularies."""

    def __init__(self, words: Words, lang: str) -> None:
        self.words, self.lang = words, lang

    def __call__(self, key: str, **fields: Any) -> str:
        return html.escape(self.plain(key, **fields))

    def plain(self, key: str, **fields: Any) -> str:
        """The text of ``key``, its ``{fields}`` filled in, as text and not as HTML."""
        return self.words.say(self.lang, key, **fields)

    def model(self, entry: Named) -> str:
        """A model's name, as text."""
        return self.words.model(self.lang, entry.key, entry.title)


class Words:
    """The two vocabularies. Raises KeyError, naming the key, for a word that is not there."""

    def __init__(self, default: str | None = None, root: Path = DEMOS) -> None:
        self.default = default if default in LANGUAGES else "en"
        self.tables = {lang: read(lang, root) for lang in LANGUAGES}
        self._markup = 0
        self._sent: set[str] = set()  # what the page is built of
        self._apart: set[str] = set()
        # I18n keeps these very dictionaries, so markup added later is found too.
        self.i18n = I18n(**{LOCALES[lang]: table for lang, table in self.tables.items()})

    def __call__(self, key: str) -> I18nData | str:
        """A static label: the browser puts it into the visitor's language. In a callback, whose
        words the page may never have been sent, the label itself."""
        for table in self.tables.values():
            table[key]
        request = LocalContext.request.get(None)
        if request is not None:
            return self.say(self.lang(request), key)
        self._sent.add(key)
        return self.i18n(key)

    def say(self, lang: str, key: str, **fields: Any) -> str:
        """The text of `key` in `lang` ("en" or "zh"), its ``{fields}`` filled in."""
        text = self.tables[lang][key]
        return text.format(**fields) if fields else text

    def table(self, lang: str, name: str) -> dict[str, str]:
        """The words of one table: ``{"key": text}`` without the table's name."""
        start = name + "."
        own = self.tables[lang].items()
        return {key.removeprefix(start): text for key, text in own if key.startswith(start)}

    def speaker(self, of: Any) -> Say:
        """`Say` in one language: "en" or "zh", or that of a visitor's request."""
        lang = of if isinstance(of, str) else self.lang(of)
        return Say(self, lang)

    def markup(self, render: Callable[[Say], str]) -> str:
        """A piece of page made once per language; gives the marker that stands for it."""
        key = self._render(render)
        self._sent.add(key)
        return str(self.i18n(key))

    def apart(self, render: Callable[[Say], str]) -> str:
        """A piece of page that is not sent with it, but on its own when asked for by the key that
        this gives (`apart_text`)."""
        key = self._render(render)
        self._apart.add(key)
        return key

    def apart_text(self, lang: str, key: str) -> str | None:
        """What `apart` made in one language; None where there is no such piece."""
        return self.tables[lang].get(key) if key in self._apart and lang in LANGUAGES else None

    def sent(self, lang: str) -> dict[str, str]:
        """The words that a page is built of, in one language."""
        table = self.tables[lang]
        return {key: table[key] for key in sorted(self._sent)}

    def _render(self, render: Callable[[Say], str]) -> str:
        self._markup += 1
        key = f"markup.{self._markup}"
        for lang in LANGUAGES:
            self.tables[lang][key] = render(self.speaker(lang))
        return key

    def model(self, lang: str, key: str, title: str) -> str:
        """A model's name: `model.<key with / and - as _>` where the house has one, else `title`."""
        name = "model." + key.replace("/", "_").replace("-", "_")
        return self.tables[lang].get(name, title)

    def lang(self, request: Any = None) -> str:
        """The visitor's language: ``?lang=``, else Accept-Language, else the default."""
        if request is None:
            return self.default
        asked = str((getattr(request, "query_params", None) or {}).get("lang", ""))[:2].lower()
        if asked in LANGUAGES:
            return asked
        headers = getattr(request, "headers", None) or {}
        for part in str(headers.get("accept-language", "")).split(","):
            tag = part.split(";")[0].strip()[:2].lower()
            if tag in LANGUAGES:
                return tag
        return self.default


def read(lang: str, root: Path = DEMOS) -> dict[str, str]:
    """All words of one language as ``{"table.key": text}``: the house's, then each tab's."""
    words = dict(flatten(tomllib.loads((root / "language" / f"{lang}.toml").read_text("utf-8"))))
    for file in sorted(root.glob(f"*/words.{lang}.toml")):
        table = {file.parent.name: tomllib.loads(file.read_text("utf-8"))}
        words.update(flatten(table))
    return words


def flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """``{"a": {"b": "text"}}`` as ``("a.b", "text")`` pairs."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)
