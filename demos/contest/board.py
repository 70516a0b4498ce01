"""How a game looks: the item, what came of it, both scores, the link."""

from __future__ import annotations

from html import escape

from demos import page
from demos.contest.play import Play
from demos.contest.rounds import Contest, mark, own
from demos.language import Say
from inference.errors import Refusal


def opening(say: Say, contest: Contest) -> str:
    """What is played, before it begins. A friend's score stands in the address: the script shows
    it."""
    how = own(say, contest.tab, "how", rounds=contest.rounds)
    told = f'<p class="note" data-friend="{friend(say, contest, "{score}")}" hidden></p>'
    return f'<p class="quiet">{how}</p>{told}{onward(say, contest, "begin")}'


def onward(say: Say, contest: Contest, key: str) -> str:
    """A button that asks for the next round, by what it says."""
    label = own(say, contest.tab, key, rounds=contest.rounds)
    return (
        f'<button type="button" class="btn" data-next '
        f'aria-describedby="{contest.tab}-verdict">{label}</button>'
    )


def failed(say: Say, contest: Contest, error: Refusal) -> str:
    """Why there is no next round, and the button to ask for it once more."""
    return page.refusal(say, error) + onward(say, contest, "next")


def board(say: Say, play: Play, instead: str = "") -> str:
    """The item, what came of it, the scores. ``instead``: what stands in the place of the button to
    the next round."""
    contest = play.contest
    if play.now is None:
        return instead or opening(say, contest)
    number = len(play.told) + play.asks
    head = own(say, contest.tab, "round", number=number, rounds=contest.rounds)
    if play.said is None:
        said, item = play.now.question(say), play.now.asked(say)
        below = f'<p class="quiet by-mouse">{own(say, contest.tab, "keys")}</p>'
    else:
        said, item = play.now.verdict(say, play.said), play.now.told(say, play.said)
        below = end(say, play)
        below += instead or onward(say, contest, "again" if play.over else "next")
        below += share(say, play) if play.over else ""
    kind = "play asks" if play.asks else "play"
    going_on = "" if play.over else f' data-under-way="{escape(play.under_way())}"'
    return (
        f'<div class="{kind}"{going_on}><div class="item"><p class="quiet">{head}</p>{item}</div>'
        f'<div class="said-of-it"><p class="verdict" id="{contest.tab}-verdict">{said}</p>'
        f"{challenged(say, play)}{tally(say, play)}{below}</div></div>"
    )


def challenged(say: Say, play: Play) -> str:
    """The score of the friend who sent the link."""
    if play.beat is None:
        return ""
    score = f"{play.beat:.2f}" if play.contest.shares else f"{play.beat:.0f}"
    return f'<p class="quiet">{friend(say, play.contest, score)}</p>'


def friend(say: Say, contest: Contest, score: str) -> str:
    """That a friend who has this score challenges."""
    if contest.shares:
        told = own(say, contest.tab, "mean", mean=score)
    else:
        told = own(say, contest.tab, "of", right=score, rounds=contest.rounds)
    return say("contest.friend", score="{}").replace("{}", told)


def tally(say: Say, play: Play) -> str:
    """Both scores, round by round."""
    if not play.told:
        return ""
    contest, rows = play.contest, []
    for who, points in zip(("you", "machine"), play.totals(), strict=True):
        cells = "".join(f"<td>{cell(say, contest, one)}</td>" for one in points)
        cells += "<td></td>" * (contest.rounds - len(points))
        rows.append(
            f'<tr><th scope="row">{own(say, contest.tab, who)}</th>{cells}'
            f'<td class="whole">{contest.whole(say, points)}</td></tr>'
        )
    return f'<table class="tally"><tbody>{"".join(rows)}</tbody></table>'


def cell(say: Say, contest: Contest, points: float) -> str:
    """One round of one player."""
    return f"{points:.2f}" if contest.shares else mark(say, points > 0.5)


def end(say: Say, play: Play) -> str:
    """What came of the whole game."""
    if not play.over:
        return ""
    contest, (you, machine) = play.contest, (sum(points) for points in play.totals())
    kind = "ahead" if you > machine else "behind" if you < machine else "even"
    text = own(say, contest.tab, f"end.{kind}", **_scores(play))
    if play.times:
        mine, its = (sum(one[n] for one in play.times) for n in (0, 1))
        total = say("contest.end.times", you=f"{mine / 1000:.0f}", machine=f"{its / 1000:.2f}")
        text = page.sentences(say.lang, text, total)
    return f'<p class="note">{page.sentences(say.lang, text, own(say, contest.tab, "end.few"))}</p>'


def _scores(play: Play) -> dict[str, str]:
    you, machine = (sum(points) for points in play.totals())
    if play.contest.shares:
        rounds = play.contest.rounds
        return {"you": f"{you / rounds:.2f}", "machine": f"{machine / rounds:.2f}"}
    return {"you": f"{you:.0f}", "machine": f"{machine:.0f}"}


def share(say: Say, play: Play) -> str:
    """The button that copies a link to the same items."""
    return (
        f'<button type="button" class="ghost" data-link="{escape(play.link())}" '
        f'data-done="{say("page.copied")}">{say("contest.challenge")}</button>'
    )
