"""Which one did the GAN draw? Two drawings, one by each network; the visitor says, and so does the
discriminator, which learnt to catch the GAN and nobody else. Ten rounds, the scores side by side.

The pair is drawn from secret seeds, shuffled here, and packed alike: the page holds nothing that
tells them apart before the visitor has chosen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from demos import page
from demos.images import answers, charts, faces
from demos.images.board import begin, board, onward, waits_for
from demos.images.round import Play, Round, pair
from demos.language import Words
from demos.models import ready, waiting
from demos.streaming import while_latest
from inference.errors import Refusal

GAME = """import(new URL('house/faces.js', document.baseURI)).then((faces) => faces.mountGame(
  element, (side) => trigger('choose', {side}), () => trigger('next'), watch));"""


def build(engine: Any, words: Words) -> None:
    """The game, as it stands before it begins."""
    page.markup(words, faces.heading("game"))
    page.markup(words, lambda say: charts.learnt(answers.DIFFUSION, say))
    table = gr.HTML(words.markup(begin), js_on_load=GAME, elem_id="face-game")
    state = gr.State(Play())

    async def drawn(play: Play, lang: str) -> AsyncIterator[str | None]:
        """Draws the next round into ``play.coming``, in the visitor's turn. Gives what the page
        says meanwhile, None where that is nothing new."""
        halt = play.take()
        try:
            async with aclosing(while_latest(halt, drawing(engine, words, lang))) as moments:
                async for moment in moments:
                    if isinstance(moment, Round):
                        play.coming = moment
                    else:
                        yield moment if isinstance(moment, str) else None
        finally:
            play.stop()

    @page.guard(words)
    async def on_next(play: Play, request: gr.Request) -> AsyncIterator[Any]:
        lang = words.lang(request)
        say = words.speaker(lang)
        if play.asks:
            yield gr.skip()
            return
        if play.coming is None and play.under_way:  # it is shown by who draws it
            play.wanted = True
            yield board(say, play, waits_for(say))
            return
        try:
            if play.coming is None:
                async with aclosing(drawn(play, lang)) as moments:
                    async for moment in moments:
                        yield gr.skip() if moment is None else board(say, play, moment)
            play.show()
            yield board(say, play)
        except Refusal as error:
            yield board(say, play, failed(words, lang, error))
        except Exception:
            yield board(say, play)
            raise

    @page.guard(words)
    async def on_choose(play: Play, event: gr.EventData, request: gr.Request) -> AsyncIterator[Any]:
        lang = words.lang(request)
        say = words.speaker(lang)
        if not play.choose(event.side):
            yield gr.skip()
            return
        yield board(say, play)
        if play.over:
            return
        try:
            async with aclosing(drawn(play, lang)) as moments:
                async for _ in moments:
                    yield gr.skip()
            if play.wanted:
                play.show()
                yield board(say, play)
        except Refusal as error:  # told when the visitor wants the next round
            yield board(say, play, failed(words, lang, error)) if play.wanted else gr.skip()
        except Exception:
            yield board(say, play)
            raise

    heavy: dict[str, Any] = {
        "concurrency_limit": answers.most_together(engine),
        "trigger_mode": "multiple",
        **page.PRIVATE,
    }
    table.next(on_next, state, table, **heavy)
    table.choose(on_choose, state, table, **heavy)


async def drawing(engine: Any, words: Words, lang: str) -> AsyncIterator[Round | str]:
    """What is waited for while a round is drawn, then the round. Raises what the engine refuses."""
    for key in (answers.GAN, answers.DIFFUSION):
        entry = answers.entry_of(engine, key)
        async with aclosing(ready(engine, entry)) as loading:
            async for progress in loading:
                yield waiting(words.speaker(lang), entry, progress)
    yield waits_for(words.speaker(lang))
    yield await pair(engine)


def failed(words: Words, lang: str, error: Refusal) -> str:
    """Why there is no next round, and the button to ask for it once more."""
    return page.refusal(words.speaker(lang), error) + onward(words.speaker(lang), "next")
