"""Words to begin with: a text of a small grammar in English and in Chinese, and pairs of sentences
on numbers, colours and dates in English and French or Chinese. All words are our own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

TEXT, PAIRS = "text.txt", "pairs.tsv"
SENTENCES, PARAGRAPH, CHINESE_SENTENCES = 480, 6, 600
COUNTED, DATED, NUMBERED = 260, 100, 60  # pairs of each kind

# ---- texts -------------------------------------------------------------------------------------

WHO: tuple[str, ...] = (
    "the baker",
    "the old sailor",
    "a small fox",
    "the grey cat",
    "my sister",
    "the gardener",
)
WHO += ("a tired miller", "the young captain", "the owl", "a quiet child")
DOES = ("carries", "finds", "paints", "loses", "hides", "follows", "remembers", "mends")
WHAT: tuple[str, ...] = (
    "a lantern",
    "the blue door",
    "a basket of pears",
    "an empty boat",
    "the last letter",
)
WHAT += ("a silver bell", "the garden gate", "a loaf of bread", "the broken clock")
WHERE: tuple[str, ...] = (
    "by the river",
    "under the bridge",
    "behind the mill",
    "on the hill",
    "in the cellar",
)
WHERE += ("beside the harbour", "near the orchard wall")
WHEN: tuple[str, ...] = (
    "in the morning",
    "before the rain",
    "at noon",
    "when the bells ring",
    "after the harvest",
)
WHEN += ("in the cold winter", "late at night")
LINKS = ("and", "but", "so")

WHO_ZH = (
    "小猫",
    "老船夫",
    "面包师",
    "我的妹妹",
    "园丁",
    "小鹿",
    "年轻的船长",
    "猫头鹰",
    "那个孩子",
)
DOES_ZH = ("拾到了", "带来了", "画了", "藏起了", "想起了", "修好了", "看见了")
WHAT_ZH = (
    "一盏灯",
    "那扇蓝色的门",
    "一篮梨",
    "一条空船",
    "最后一封信",
    "一只银铃",
    "一块面包",
    "旧钟",
)
WHERE_ZH = ("在河边", "在桥下", "在山上", "在磨坊后面", "在果园里", "在渡口旁")
WHEN_ZH = ("早上", "下雨以前", "中午", "秋收以后", "冬天", "深夜", "钟声响起的时候")


def english(folder: Path, seed: int) -> None:
    """About 30,000 characters of short paragraphs."""
    rng = random.Random(seed)

    def clause() -> str:
        parts = [rng.choice(WHO), rng.choice(DOES), rng.choice(WHAT)]
        return " ".join(parts + [rng.choice(WHERE)] * rng.randint(0, 1))

    def sentence() -> str:
        text = clause()
        if rng.random() < 0.4:
            text = f"{rng.choice(WHEN)}, {text}"
        if rng.random() < 0.3:
            text = f"{text}, {rng.choice(LINKS)} {clause()}"
        return text[0].upper() + text[1:] + "."

    _written(folder, [sentence() for _ in range(SENTENCES)], " ")


def chinese(folder: Path, seed: int) -> None:
    """About 10,000 characters of short paragraphs."""
    rng = random.Random(seed)

    def clause() -> str:
        place = rng.choice(WHERE_ZH) if rng.random() < 0.6 else ""
        return rng.choice(WHO_ZH) + place + rng.choice(DOES_ZH) + rng.choice(WHAT_ZH)

    def sentence() -> str:
        first = rng.choice(WHEN_ZH) + "，" if rng.random() < 0.4 else ""
        second = "，" + clause() if rng.random() < 0.4 else ""
        return first + clause() + second + "。"

    _written(folder, [sentence() for _ in range(CHINESE_SENTENCES)], "")


def _written(folder: Path, sentences: Sequence[str], between: str) -> None:
    """Sentences as paragraphs of `PARAGRAPH` each."""
    starts = range(0, len(sentences), PARAGRAPH)
    text = "\n\n".join(between.join(sentences[n : n + PARAGRAPH]) for n in starts)
    (folder / TEXT).write_text(text + "\n", "utf-8")


# ---- pairs -------------------------------------------------------------------------------------

# fmt: off
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ONES_FR = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
    "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
)
TENS_FR = (
    "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt",
    "quatre-vingt",
)
# fmt: on
DIGITS_ZH = "零一二三四五六七八九"


def number(n: int) -> str:
    """0 to 99 in English words."""
    if n < 20:
        return ONES[n]
    ten, one = divmod(n, 10)
    return TENS[ten - 2] + (f"-{ONES[one]}" if one else "")


def number_fr(n: int, feminine: bool = False) -> str:
    """0 to 99 in French words: vingt et un, soixante-dix, quatre-vingts, quatre-vingt-un."""
    if n < 20:
        found = ONES_FR[n]
    else:
        ten = n // 10
        one = n % 10 + 10 * (ten in (7, 9))
        begin = TENS_FR[ten - 2]
        if one == 0:
            found = begin + ("s" if n == 80 else "")
        elif one in (1, 11) and n < 80:
            found = f"{begin} et {ONES_FR[one]}"
        else:
            found = f"{begin}-{ONES_FR[one]}"
    return found + "e" if feminine and n % 10 == 1 and n not in (11, 71, 91) else found


def number_zh(n: int) -> str:
    """0 to 99 in Chinese characters."""
    ten, one = divmod(n, 10)
    if ten == 0:
        return DIGITS_ZH[one]
    return ("" if ten == 1 else DIGITS_ZH[ten]) + "十" + (DIGITS_ZH[one] if one else "")


#: English: one, several; French: one, several, whether feminine; Chinese: measure word, noun.
THINGS: dict[str, tuple[str, tuple[str, str, bool], tuple[str, str]]] = {
    "apple": ("apples", ("pomme", "pommes", True), ("个", "苹果")),
    "car": ("cars", ("voiture", "voitures", True), ("辆", "汽车")),
    "cat": ("cats", ("chat", "chats", False), ("只", "猫")),
    "book": ("books", ("livre", "livres", False), ("本", "书")),
    "house": ("houses", ("maison", "maisons", True), ("座", "房子")),
    "flower": ("flowers", ("fleur", "fleurs", True), ("朵", "花")),
    "table": ("tables", ("table", "tables", True), ("张", "桌子")),
    "chair": ("chairs", ("chaise", "chaises", True), ("把", "椅子")),
    "bird": ("birds", ("oiseau", "oiseaux", False), ("只", "鸟")),
    "boat": ("boats", ("bateau", "bateaux", False), ("条", "船")),
    "hat": ("hats", ("chapeau", "chapeaux", False), ("顶", "帽子")),
    "pen": ("pens", ("stylo", "stylos", False), ("支", "笔")),
    "bag": ("bags", ("sac", "sacs", False), ("个", "包")),
    "door": ("doors", ("porte", "portes", True), ("扇", "门")),
}
#: French: masculine, feminine, several of each; Chinese.
HUES: dict[str, tuple[tuple[str, str, str, str], str]] = {
    "red": (("rouge", "rouge", "rouges", "rouges"), "红"),
    "green": (("vert", "verte", "verts", "vertes"), "绿"),
    "blue": (("bleu", "bleue", "bleus", "bleues"), "蓝"),
    "black": (("noir", "noire", "noirs", "noires"), "黑"),
    "white": (("blanc", "blanche", "blancs", "blanches"), "白"),
    "yellow": (("jaune", "jaune", "jaunes", "jaunes"), "黄"),
    "grey": (("gris", "grise", "gris", "grises"), "灰"),
    "brown": (("marron", "marron", "marron", "marron"), "棕"),
    "purple": (("violet", "violette", "violets", "violettes"), "紫"),
}
FRAMES = (
    ("I have {}.", "J'ai {}.", "我有{}。"),
    ("There are {} here.", "Il y a {} ici.", "这里有{}。"),
    ("I see {}.", "Je vois {}.", "我看见{}。"),
    ("She is buying {}.", "Elle achète {}.", "她在买{}。"),
    ("We want {}.", "Nous voulons {}.", "我们要{}。"),
)
MONTHS = (
    ("January", "janvier"), ("February", "février"), ("March", "mars"), ("April", "avril"),
    ("May", "mai"), ("June", "juin"), ("July", "juillet"), ("August", "août"),
    ("September", "septembre"), ("October", "octobre"), ("November", "novembre"),
    ("December", "décembre"),
)  # fmt: skip
DAYS = (
    ("Monday", "lundi", "一"), ("Tuesday", "mardi", "二"), ("Wednesday", "mercredi", "三"),
    ("Thursday", "jeudi", "四"), ("Friday", "vendredi", "五"), ("Saturday", "samedi", "六"),
    ("Sunday", "dimanche", "日"),
)  # fmt: skip


def counted(n: int, thing: str, hue: str) -> tuple[str, str, str]:
    """So many things of a colour, in English, French and Chinese."""
    several, (one_fr, several_fr, feminine), (measure, noun) = THINGS[thing]
    french, chinese_hue = HUES[hue]
    colour = french[2 * (n > 1) + feminine]
    return (
        f"{number(n)} {hue} {several if n > 1 else thing}",
        f"{number_fr(n, feminine)} {several_fr if n > 1 else one_fr} {colour}",
        f"{'两' if n == 2 else number_zh(n)}{measure}{chinese_hue}色的{noun}",
    )


def dated(day: int, month: int, weekday: int) -> tuple[str, str, str]:
    """A sentence that says what day it is, in English, French and Chinese."""
    english_month, french_month = MONTHS[month]
    english_day, french_day, chinese_day = DAYS[weekday]
    first = "1er" if day == 1 else str(day)
    return (
        f"Today is {english_day}, {english_month} {day}.",
        f"Nous sommes le {french_day} {first} {french_month}.",
        f"今天是{number_zh(month + 1)}月{number_zh(day)}日，星期{chinese_day}。",
    )


def sentences(seed: int) -> list[tuple[str, str, str]]:
    """All of them, in English, French and Chinese, shuffled; no English one twice."""
    rng = random.Random(seed)
    found: dict[str, tuple[str, str, str]] = {}

    def add(count: int, draw: Callable[[], tuple[str, str, str]]) -> None:
        most = len(found) + count
        while len(found) < most:
            row = draw()
            found.setdefault(row[0], row)

    def of_things() -> tuple[str, str, str]:
        frame = rng.choice(FRAMES)
        least = 2 if "are" in frame[0] else 1
        words = counted(rng.randint(least, 30), rng.choice([*THINGS]), rng.choice([*HUES]))
        english, french, chinese = (a.format(b) for a, b in zip(frame, words, strict=True))
        return english, french, chinese

    add(COUNTED, of_things)
    add(DATED, lambda: dated(rng.randint(1, 28), rng.randrange(12), rng.randrange(7)))
    numbers = rng.sample(range(100), NUMBERED)
    rows = [*found.values(), *((number(n), number_fr(n), number_zh(n)) for n in numbers)]
    rng.shuffle(rows)
    return rows


def french_pairs(folder: Path, seed: int) -> None:
    """English and French, a heading, a tab between."""
    _paired(folder, "fr", [(english, french) for english, french, _ in sentences(seed)])


def chinese_pairs(folder: Path, seed: int) -> None:
    """English and Chinese, likewise."""
    _paired(folder, "zh", [(english, chinese) for english, _, chinese in sentences(seed)])


def _paired(folder: Path, other: str, rows: Sequence[tuple[str, str]]) -> None:
    lines = [f"en\t{other}", *("\t".join(row) for row in rows)]
    (folder / PAIRS).write_text("\n".join(lines) + "\n", "utf-8")
