"""The frame on the page: a folded part of Try, whose events deal rounds and take answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.contest.board import board, failed, opening
from demos.contest.play import Play, parsed
from demos.contest.rounds import Contest, Round, own
from demos.language import Say, Words
from demos.streaming import HEARTBEAT
from inference.errors import Refusal

LOOK = 0.05  # seconds between two looks at whether a round is dealt
#: What is needed to play is fetched when the game comes into sight; a press before that is kept.
MOUNT = """let pressed = false;
const early = ({target}) => (pressed ||= !!target.closest('[data-next]'));
element.addEventListener('click', early);
const look = new IntersectionObserver((seen) => {
  if (!seen.at(-1).isIntersecting) return;
  look.disconnect();
  import(new URL('house/contest.js', document.baseURI)).then((it) => {
    it.mount(element, '%s', (game) => trigger('next', game),
      (answer, ms) => trigger('choose', {answer, ms}), watch);
    element.removeEventListener('click', early);
    if (pressed) element.querySelector('[data-next]')?.click();
  });
}, {rootMargin: '1000000px'});
look.observe(element);"""


def build(words: Words, contest: Contest, *, folded: bool = True) -> gr.HTML:
    """The game of a tab, as it stands before it begins. ``folded``: under its title, to be opened;
    a link that challenges opens it (`page/history.js`)."""
    if not folded:
        return _table(words, contest)
    with gr.Accordion(
        words("contest.title"),
        open=False,
        elem_id=f"{contest.tab}-game",
        elem_classes="room-fold",
    ):
        return _table(words, contest)


def _table(words: Words, contest: Contest) -> gr.HTML:
    table = gr.HTML(
        "<span></span>",
        js_on_load=MOUNT % contest.tab,
        elem_id=f"{contest.tab}-play",
        elem_classes="contest",
    )
    page.later(words, lambda say: opening(say, contest), table)
    state = gr.State(Play(contest))

    @streaming.event(words, nothing=gr.skip())
    def on_next(play: Play, event: gr.EventData, request: gr.Request) -> AsyncIterator[Any] | None:
        if play.asks:
            return None
        say = words.speaker(request)
        if play.over or play.seed < 0:
            told, times = (getattr(event, name, None) for name in ("told", "times"))
            play.begin(parsed(contest, getattr(event, "game", None)), told, times)
        return advancing(say, play)

    @streaming.event(words, nothing=gr.skip())
    def on_choose(
        play: Play, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Any] | None:
        took = getattr(event, "ms", 0)
        if not play.choose(getattr(event, "answer", None), took):
            return None
        return told(words.speaker(request), play)

    heavy: dict[str, Any] = {
        "concurrency_limit": contest.together,
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }
    table.next(on_next, state, table, **heavy)
    table.choose(on_choose, state, table, **heavy)
    return table


def waiting(say: Say, contest: Contest) -> str:
    """A bar while a round is dealt."""
    return page.waiting(own(say, contest.tab, "drawing"))


async def advancing(say: Say, play: Play) -> AsyncGenerator[Any, None]:
    """The next round, and what is waited for until it is dealt: here, or since the last answer.
    Nobody else shows it, or what was waited for could come to the page after it."""
    if play.wanted:  # pressed twice
        yield HEARTBEAT
        return
    play.wanted = True
    try:
        if play.coming is None and play.place.under_way:
            yield board(say, play, waiting(say, play.contest))
        while play.coming is None and play.place.under_way:
            await asyncio.sleep(LOOK)
            yield HEARTBEAT
        if play.coming is None:
            async with aclosing(dealt(say, play)) as moments:
                async for moment in moments:
                    yield moment if moment is HEARTBEAT else board(say, play, moment)
        play.show()
        yield board(say, play)
    except Refusal as error:
        yield board(say, play, failed(say, play.contest, error))
    except Exception:
        yield board(say, play)
        raise
    finally:
        play.wanted = False


async def told(say: Say, play: Play) -> AsyncGenerator[Any, None]:
    """What came of an answer; then the next round is dealt, before it is wanted."""
    yield board(say, play)
    if play.over:
        return
    try:
        async with aclosing(dealt(say, play)) as moments:
            async for _ in moments:
                yield HEARTBEAT
    except Refusal:
        pass  # it is dealt again, and told, when the visitor wants it
    except Exception:
        yield board(say, play)
        raise
    yield HEARTBEAT  # Gradio sends the last step once more: not the board, another may stand there


async def dealt(say: Say, play: Play) -> AsyncGenerator[Any, None]:
    """Deals the next round into ``play.coming``, in its place. Gives what the page says meanwhile,
    `HEARTBEAT` where that is nothing new."""
    deal = play.contest.deal(say, play.seed, len(play.told))
    async with aclosing(streaming.in_place(play.place, deal)) as moments:
        async for moment in moments:
            if isinstance(moment, Round):
                play.coming = moment
            else:
                yield moment
