"""Whole numbers in words: English, French, Chinese. Up to 9,999, as the templates need them."""

from __future__ import annotations

SMALL = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf",
}
TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "fr": "vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt",
}
DIGITS = "零一二三四五六七八九"
PLACES = ("", "十", "百", "千")


def spelled(number: int, language: str) -> str:
    """A number from 0 to 9,999 in words, ``language`` one of en, fr, zh."""
    if language == "zh":
        return chinese(number)
    return (english if language == "en" else french)(number)


def english(number: int) -> str:
    """As American English has it: "two hundred five"."""
    if number < 20:
        return SMALL["en"].split()[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS["en"].split()[tens - 2] + (f"-{english(ones)}" if ones else "")
    size, name = (1_000, "thousand") if number >= 1_000 else (100, "hundred")
    most, rest = divmod(number, size)
    return f"{english(most)} {name}" + (f" {english(rest)}" if rest else "")


def french(number: int) -> str:
    """With hyphens below a hundred and "et un": "soixante et onze"."""
    if number < 20:
        return SMALL["fr"].split()[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        word = TENS["fr"].split()[tens - 2]
        if tens in (7, 9):  # sixty-ten, eighty-ten
            ones += 10
        if ones == 0:
            return word + ("s" if tens == 8 else "")
        joint = " et " if ones in (1, 11) and tens < 8 else "-"
        return word + joint + french(ones)
    size, name = (1_000, "mille") if number >= 1_000 else (100, "cent")
    most, rest = divmod(number, size)
    plural = "s" if size == 100 and most > 1 and not rest else ""
    head = f"{name}" if most == 1 else f"{french(most)} {name}{plural}"
    return head + (f" {french(rest)}" if rest else "")


def chinese(number: int) -> str:
    """一百零五, 二十三; ten to nineteen without their 一."""
    if number == 0:
        return DIGITS[0]
    text, digits = "", [int(d) for d in str(number)]
    for place, digit in zip(reversed(range(len(digits))), digits, strict=True):
        if digit:
            text += DIGITS[digit] + PLACES[place]
        elif text and not text.endswith(DIGITS[0]):
            text += DIGITS[0]
    text = text.rstrip(DIGITS[0])
    return text.removeprefix("一") if 10 <= number < 20 else text
