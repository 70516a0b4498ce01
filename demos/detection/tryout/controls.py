"""What is given under Try, and what stands around the answer: buttons, slider, examples, facts."""

from __future__ import annotations

from demos import examples, page
from demos.detection.answers import EVERYDAY, EXAMPLES, LEAST_SHOWN, MOST_SHOWN, USUAL
from demos.detection.tryout.answering import MOST
from demos.language import Say, Words
from demos.limits import MB

#: (metric of the card, word key ``detection.fact.<name>``), the most telling first.
TOLD = (
    ("person_box_ap50", "person_box"),
    ("person_mask_ap50", "person_mask"),
    ("catdog_box_ap50", "catdog"),
    ("box_ap50", "box"),
)


def giving(say: Say, limit: int) -> str:
    """How a picture is given: chosen, dropped, pasted, or seen by the camera. ``limit``: MB of a
    file."""
    told = {
        "limit": limit * MB,
        "most": MOST,
        "empty": say("error.picture_empty"),
        "heavy": say("error.file_too_large", size="{size}", limit=limit),
        "other": say("error.picture_unreadable"),
        "lost": say("detection.try.lost"),
        "no-camera": say("detection.try.no_camera"),
        "denied": say("detection.try.denied"),
        "stop": say("detection.try.stop"),
    }
    data = " ".join(f'data-{name}="{text}"' for name, text in told.items())
    return (
        f'<div class="give" {data}><input type="file" accept="image/*" multiple hidden>'
        f'<button type="button" class="btn" data-choose>{say("detection.try.choose")}</button>'
        f'<button type="button" class="ghost" data-camera>{say("detection.try.camera")}</button>'
        '<p class="refusal" role="alert" hidden></p></div>'
    )


def slider(say: Say) -> str:
    """The score from which an object is shown; the page's script also reads its words here."""
    told = {n: say(f"detection.answer.{n}", n="{n}") for n in ("none", "off", "one", "many")}
    told["below"] = say("detection.answer.below", name="{name}", score="{score}", least="{least}")
    data = " ".join(f'data-{name}="{text}"' for name, text in told.items())
    return (
        f'<div class="least" {data}><label for="detect-sure">{say("detection.try.least")}</label>'
        f'<output for="detect-sure">{USUAL:.0%}</output><input type="range" id="detect-sure" '
        f'min="{LEAST_SHOWN}" max="{MOST_SHOWN}" step="1" value="{USUAL * 100:.0f}" '
        f'aria-valuetext="{USUAL:.0%}"></div>'
    )


def examples_html(say: Say) -> str:
    """Pictures to try. Those that fool the network stand apart, and it says so."""
    right, wrong = (
        [example for example in EXAMPLES if example.path and example.fools is fools]
        for fools in (False, True)
    )
    heading, fools = "detection.try.examples", "detection.try.fools"
    how = f'<span class="by-mouse">{say("detection.try.how")}</span>'
    return (
        f'<p class="quiet">{page.sentences(say.lang, how, say(heading))}</p>'
        f"{examples.strip(say, 'detection', right, heading)}"
        f'<div class="fools"><p class="quiet">{say(fools)}</p>'
        f"{examples.strip(say, 'detection', wrong, fools)}</div>"
    )


def headline(words: Words) -> None:
    """The large numbers at the foot, from the network's card; nothing where nothing is measured."""
    if rows := measured():
        page.facts(words, rows)


def measured() -> list[tuple[str, str]]:
    """(figure with its interval, word key) of each measure of the card."""
    found: dict[str, dict[str, float]] = {}
    for result in page.read_metrics(EVERYDAY).get("results", ()):
        found = dict(result["metrics"]) | found
    return [
        (page.figure("box_ap50", found[metric]), f"detection.fact.{name}")
        for metric, name in TOLD
        if metric in found
    ]
