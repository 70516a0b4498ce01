"""Names of the 1,000 ImageNet-1k kinds as people say them, in two languages, and their groups.

``imagenet_names.tsv`` beside this file has a row a kind, in the order of the network's outputs:
the data set's own name (the first lemmas of its synset, as timm ships them; these stay in the
API), the English article, the English and the Chinese name, and the group. The short names were
written for this project. Imports no torch and no timm.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("imagenet_names.tsv")


class Kind(NamedTuple):
    """One row: ``article`` is "a", "an", or "" before a plural and before what is not counted."""

    dataset: str
    article: str
    english: str
    chinese: str
    group: str


class Group(NamedTuple):
    """A group of kinds: its name as a heading, and one of its members as one would say it."""

    english: str
    one_english: str
    chinese: str
    one_chinese: str


#: In the order in which a list of all kinds shows them.
GROUPS = {
    "dogs": Group("Dogs", "a dog", "狗", "一种狗"),
    "cats": Group("Cats", "a cat", "猫", "一种猫"),
    "wild-cats": Group("Wild cats", "a wild cat", "野生猫科动物", "一种野生猫科动物"),
    "primates": Group(
        "Monkeys, apes and lemurs", "a monkey, ape or lemur", "猴、猿和狐猴", "一种灵长类动物"
    ),
    "mammals": Group("Other mammals", "a mammal", "其他哺乳动物", "一种哺乳动物"),
    "birds": Group("Birds", "a bird", "鸟", "一种鸟"),
    "fish": Group("Fish", "a fish", "鱼", "一种鱼"),
    "snakes": Group("Snakes", "a snake", "蛇", "一种蛇"),
    "reptiles": Group(
        "Other reptiles, and amphibians",
        "a reptile or amphibian",
        "其他爬行动物和两栖动物",
        "一种爬行动物或两栖动物",
    ),
    "insects": Group(
        "Insects, spiders, snails, worms and the like",
        "an insect, spider, snail, worm or the like",
        "昆虫、蜘蛛、蜗牛、蠕虫等",
        "一种昆虫、蜘蛛、蜗牛、蠕虫或类似的小动物",
    ),
    "sea-life": Group(
        "Crabs, shells, jellyfish and the like",
        "a crab, shell, jellyfish or the like",
        "虾蟹、贝类、水母等",
        "一种水生小动物",
    ),
    "plants": Group("Plants and fungi", "a plant or fungus", "植物和菌类", "一种植物或菌类"),
    "food": Group("Food and drink", "something to eat or drink", "食物和饮品", "一种食物或饮品"),
    "kitchen": Group(
        "Kitchen", "something for the kitchen or table", "厨房和餐桌", "一种厨房或餐桌用品"
    ),
    "home": Group(
        "Furniture and household", "something for the home", "家具和家居用品", "一种家具或家居用品"
    ),
    "clothing": Group(
        "Clothing and bags", "something to wear or carry", "衣物和箱包", "一种穿戴或随身物品"
    ),
    "electronics": Group(
        "Electronics", "an electronic device or accessory", "电子设备", "一种电子设备或配件"
    ),
    "writing": Group(
        "Reading and writing", "something to read or write with", "读物和文具", "一种读物或文具"
    ),
    "music": Group("Musical instruments", "a musical instrument", "乐器", "一种乐器"),
    "sport": Group(
        "Sports and play", "something for sport or play", "运动和游戏", "一种运动或游戏用品"
    ),
    "tools": Group(
        "Tools, machines, weapons",
        "a tool, machine or weapon",
        "工具、机械和武器",
        "一种工具或器械",
    ),
    "vehicles": Group(
        "Vehicles and their parts", "a vehicle or a part of one", "车辆及部件", "一种车辆或部件"
    ),
    "ships": Group(
        "Ships, aircraft, rockets",
        "a ship, aircraft or rocket",
        "船、飞行器和火箭",
        "一种船、飞行器或火箭",
    ),
    "places": Group("Buildings and places", "a building or place", "建筑和地点", "一种建筑或地点"),
    "people": Group("People", "a person", "人物", "一个人"),
}


@cache
def kinds() -> tuple[Kind, ...]:
    """All rows, in the order of the network's outputs."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Kind(*row) for row in rows)


def dataset_names() -> tuple[str, ...]:
    """The data set's own names: the labels of the API."""
    return tuple(kind.dataset for kind in kinds())


def english() -> tuple[str, ...]:
    """Short English names, without article: "Egyptian cat"."""
    return tuple(kind.english for kind in kinds())


def chinese() -> tuple[str, ...]:
    """Short Chinese names: 埃及猫."""
    return tuple(kind.chinese for kind in kinds())


def groups() -> tuple[str, ...]:
    """The key in `GROUPS` of every kind."""
    return tuple(kind.group for kind in kinds())


@cache
def numbers() -> Mapping[str, int]:
    """The number of the kind that a name means: the data set's own name, each of its lemmas and the
    short English name, but those that two kinds share."""
    known = [{kind.dataset, *kind.dataset.split(", "), kind.english} for kind in kinds()]
    shared = Counter(name for names in known for name in names)
    return {name: n for n, names in enumerate(known) for name in names if shared[name] == 1}
