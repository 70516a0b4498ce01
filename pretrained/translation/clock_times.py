"""Times of day as people say them: "half past seven", "sept heures et demie", 七点半.

The pairs tell times in figures or by the full hour; "It's ten past four." was read as ten o'clock.
So ``everyday.py`` draws them from here: one time, several ways to read it, one to write it.
"""

from __future__ import annotations

import random

from pretrained.translation.numerals import spelled

#: Minutes people round to.
MINUTES = (0, 0, 0, 5, 10, 15, 15, 20, 25, 30, 30, 30, 35, 40, 45, 45, 50, 55)
#: Share of noon and midnight among the times that are drawn.
NOON = 0.1

Ways = tuple[str, ...]


def said(hour: int, minute: int) -> dict[str, Ways]:
    """The ways to say a time in English, French and Chinese; the first one is written.

    Args:
        hour: 0 to 23, said on the face of twelve hours.
        minute: a multiple of five.
    """
    if minute == 0 and hour == 0:
        return {"en": ("midnight",), "fr": ("minuit",), "zh": ("午夜", "午夜十二点")}
    if minute == 0 and hour == 12:
        return {"en": ("noon", "midday"), "fr": ("midi",), "zh": ("中午十二点", "中午")}
    return {
        "en": english(hour, minute),
        "fr": french(hour, minute),
        "zh": chinese(hour, minute),
    }


def english(hour: int, minute: int) -> Ways:
    """Past the hour up to the half, to the next one from there."""
    this, following = (spelled((h - 1) % 12 + 1, "en") for h in (hour, hour + 1))
    if minute == 0:
        return f"{this} o'clock", this
    plain = f"{this} {spelled(minute, 'en')}" if minute > 5 else f"{this} oh five"
    if minute == 30:
        return f"half past {this}", plain
    parted, near = ("past", this) if minute < 30 else ("to", following)
    between = minute if minute < 30 else 60 - minute
    if between == 15:
        return f"a quarter {parted} {near}", f"quarter {parted} {near}", plain
    return f"{spelled(between, 'en')} {parted} {near}", plain


def french(hour: int, minute: int) -> Ways:
    """On the face of twelve hours: "dix heures et quart", "onze heures moins dix"."""
    count = f" {spelled(minute, 'fr')}" if minute else ""
    plain = heures(hour) + count
    if minute <= 30:
        half = "et demi" if hour % 12 == 0 else "et demie"
        parts = {15: "et quart", 30: half}
        return (f"{heures(hour)} {parts[minute]}", plain) if minute in parts else (plain,)
    left = "le quart" if minute == 45 else spelled(60 - minute, "fr")
    return f"{heures((hour + 1) % 24)} moins {left}", plain


def heures(hour: int) -> str:
    """The full hour, 0 to 23, on the face of twelve: midi, "une heure", "deux heures"."""
    if hour % 12 == 0:
        return "midi" if hour else "minuit"
    return "une heure" if hour % 12 == 1 else f"{spelled(hour % 12, 'fr')} heures"


def full_day(hour: int, minute: int) -> str:
    """An hour after noon as French timetables count it: "dix-huit heures trente"."""
    word = spelled(hour, "fr").replace("et un", "et une")
    return f"{word} heures" + (f" {spelled(minute, 'fr')}" if minute else "")


def chinese(hour: int, minute: int) -> Ways:
    """两点, 七点半, 八点一刻; after the half 差十分五点 is written, as English and French count."""
    this, following = (
        "两点" if h % 12 == 2 else spelled((h - 1) % 12 + 1, "zh") + "点" for h in (hour, hour + 1)
    )
    count = spelled(minute, "zh")
    if minute == 0:
        return this, f"{this}钟"
    if minute < 10:
        return f"{this}{count}分", f"{this}零{count}分"
    ways = (f"{this}{count}分", f"{this}{count}")
    if minute == 15:
        return f"{this}一刻", *ways
    if minute == 30:
        return f"{this}半", *ways
    left = "一刻" if minute == 45 else f"{spelled(60 - minute, 'zh')}分"
    return (f"差{left}{following}", *ways) if minute > 30 else ways


def part_of_day(hour: int) -> dict[str, str] | None:
    """What is said beside an hour to tell the morning from the evening; nothing about noon and
    midnight, which are not told apart so."""
    if hour in (0, 12, 23):
        return None
    if hour < 12:
        chinese = "凌晨" if hour < 5 else "早上" if hour < 9 else "上午"
        return {"en": "in the morning", "fr": "du matin", "zh": chinese}
    if hour < 18:
        return {"en": "in the afternoon", "fr": "de l'après-midi", "zh": "下午"}
    return {"en": "in the evening", "fr": "du soir", "zh": "晚上"}


def drawn(source: str, rng: random.Random, beside: float = 1 / 3) -> tuple[str, str, str]:
    """A time in English, French and Chinese: any way of it in the language ``source``, the first
    one in the others. A share ``beside`` says the part of the day, too: English may read it as
    a.m. and p.m. after figures, which stay figures, French as an hour above twelve. "Half past
    twelve" is after noon."""
    hour, minute = rng.randint(1, 23), rng.choice(MINUTES)
    if rng.random() < NOON:
        hour, minute = rng.choice((0, 12)), 0
    ways = {
        language: rng.choice(told) if language == source else told[0]
        for language, told in said(hour, minute).items()
    }
    part = part_of_day(hour)
    if part is None or rng.random() >= beside:
        return ways["en"], ways["fr"], ways["zh"]
    if source == "en" and rng.random() < 0.5:
        face = (hour - 1) % 12 + 1
        half = rng.choice(("a.m.", "am") if hour < 12 else ("p.m.", "pm"))
        heure = "1 heure" if face == 1 else f"{face} heures"
        return (
            f"{face}:{minute:02} {half}" if minute else f"{face} {half}",
            (f"{face} h {minute:02}" if minute else heure) + f" {part['fr']}",
            part["zh"] + (f"{face}点{minute:02}分" if minute else f"{face}点"),
        )
    if source == "fr" and hour > 12 and rng.random() < 0.5:
        french = full_day(hour, minute)
    else:
        french = f"{ways['fr']} {part['fr']}"
    return f"{ways['en']} {part['en']}", french, part["zh"] + ways["zh"]
