"""The game as the page shows it: two drawings, what came of the visitor's choice, the scores."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

from demos import page
from demos.images import faces
from demos.images.round import ROUNDS, Play
from demos.language import Say

SIDES = ("left", "right")


def waits_for(say: Say) -> str:
    """A bar, and what is waited for."""
    said = say("images.game.drawing")
    bar = f'<progress aria-label="{said}"></progress>'
    return f'<div class="waiting" role="status">{bar}<p class="quiet">{said}</p></div>'


def begin(say: Say) -> str:
    """The button that begins a game."""
    return onward(say, "begin")


def onward(say: Say, key: str) -> str:
    """A button that asks for the next round, by what it says."""
    return (
        f'<button type="button" class="btn" data-next aria-describedby="game-verdict">'
        f"{say(f'images.game.{key}')}</button>"
    )


def board(say: Say, play: Play, instead: str = "") -> str:
    """The two pictures, what came of it, the scores. ``instead``: what stands in the place of the
    button to the next round."""
    if play.now is None:
        return instead or begin(say)
    number = len(play.told) + play.asks
    head = say("images.game.round", number=number, rounds=ROUNDS)
    said = say("images.game.ask") if play.asks else verdict(say, play)
    below = hint(say) if play.asks else end(say, play) + (instead or further(say, play))
    return (
        f'<div class="play"><div><p class="quiet">{head}</p>'
        f'<div class="pair">{"".join(cells(say, play))}</div></div>'
        f'<div class="said-of-it"><p class="verdict" id="game-verdict">{said}</p>{tally(say, play)}'
        f"{below}</div></div>"
    )


def cells(say: Say, play: Play) -> Iterator[str]:
    """The pictures: to choose from, or with who drew them, who chose them, and what the
    discriminator thought."""
    assert play.now is not None
    shown = play.now
    for side, picture in enumerate(shown.pictures):
        name = say(f"images.game.{SIDES[side]}")
        image = faces.tag(picture, name)
        if play.asks:
            yield f'<button type="button" data-side="{side}">{image}<b>{name}</b></button>'
            continue
        kind = "gan" if side == shown.gan else "diffusion"
        score = say("images.game.score", score=f"{shown.scores[side]:+.2f}".replace("-", "−"))
        who = say(f"images.game.{kind}")
        chose, votes = play.chosen == side, play.now.vote == side
        told = [say("images.game.chosen")] if chose else []
        told += [say(f"images.game.vote{'' if chose else '_alone'}")] if votes else []
        said = page.sentences(say.lang, *told)
        yield (
            f'<div class="{kind}{" chosen" if chose else ""}">{image}<b>{who}</b>'
            f'<span class="quiet">{score}</span><span>{said}</span></div>'
        )


def hint(say: Say) -> str:
    """That there are keys."""
    return f'<p class="quiet">{say("images.game.keys")}</p>'


def verdict(say: Say, play: Play) -> str:
    """Who was right."""
    if play.now is None or not play.told:
        return ""
    you, network = play.told[-1]
    side = say(f"images.game.the_{SIDES[play.now.gan]}")
    found = say(f"images.game.verdict.{'right' if you else 'wrong'}", side=side)
    also = f"{'too' if you == network else 'alone'}_{'right' if network else 'wrong'}"
    return page.sentences(say.lang, found, say(f"images.game.verdict.{also}"))


def tally(say: Say, play: Play) -> str:
    """Both scores, round by round."""
    if not play.told:
        return ""
    rows = []
    for number, who in enumerate(("you", "network")):
        marks = [one[number] for one in play.told]
        cells = "".join(mark(say, right) for right in marks) + "<td></td>" * (ROUNDS - len(marks))
        whole = say("images.game.of", right=sum(marks), rounds=len(marks))
        rows.append(
            f'<tr><th scope="row">{say(f"images.game.{who}")}</th>{cells}'
            f'<td class="whole">{whole}</td></tr>'
        )
    return f'<table class="tally"><tbody>{"".join(rows)}</tbody></table>'


def mark(say: Say, right: bool) -> str:
    """One round of one player, told by a sign and by a word that is read aloud."""
    kind, sign, word = ("met", "✓", "hit") if right else ("missed", "✗", "miss")
    spoken = say(f"images.game.{word}")
    return (
        f'<td class="{kind}"><span aria-hidden="true">{sign}</span>'
        f'<span class="sr-only">{spoken}</span></td>'
    )


def further(say: Say, play: Play) -> str:
    """The button to the next round, or to another game."""
    return onward(say, "again" if play.over else "next")


def end(say: Say, play: Play) -> str:
    """What came of ten rounds."""
    if not play.over:
        return ""
    you, network = (sum(one[number] for one in play.told) for number in (0, 1))
    kind = "ahead" if you > network else "behind" if you < network else "even"
    few = unescape(say("images.game.end.few"))
    return (
        f'<p class="note">{say(f"images.game.end.{kind}", you=you, network=network, few=few)}</p>'
    )
