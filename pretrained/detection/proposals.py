"""Rectangles in which something may be: selective search (Uijlings et al. 2013), shortened.

A picture is cut into regions of like colour (Felzenszwalb & Huttenlocher 2004, by scikit-image).
Then the two neighbours that are most alike become one, again and again, until one region is left:
every region that was ever there gives its bounding rectangle. Neighbours are compared by colour,
size and how well they fill their rectangle; the original also compares texture, and searches in
several colour spaces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: How coarse the first cut is, one search from each; the first one's regions are shown.
SCALES = (60, 200)
#: Pixels of the smallest region of a cut, and by which colours are blurred before it.
SMALLEST, BLUR = 30, 0.8
#: Shades of each colour that are told apart.
SHADES = 8
#: Least side in pixels, least share of the picture, most rectangles, overlap of two that count as
#: one.
LEAST_SIDE, LEAST_SHARE, MOST, SAME = 16, 0.01, 300, 0.9


@dataclass
class Region:
    """Pixels that belong together: how many, their colours as shares, and where they lie."""

    size: int
    colours: np.ndarray  # [3 SHADES], adds up to 1
    box: tuple[int, int, int, int]  # left, top, right, bottom

    def joined(self, other: Region) -> Region:
        """Both as one."""
        size = self.size + other.size
        colours = (self.colours * self.size + other.colours * other.size) / size
        return Region(size, colours, around(self.box, other.box))

    def likeness(self, other: Region, pixels: int) -> float:
        """From 0 to 3: like colours, both small, and together they fill their rectangle."""
        left, top, right, bottom = around(self.box, other.box)
        size = self.size + other.size
        gap = (right - left) * (bottom - top) - size
        return float(np.minimum(self.colours, other.colours).sum()) + 2 - (size + gap) / pixels


def around(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """The rectangle around two."""
    (a, b, c, d), (left, top, right, bottom) = one, other
    return min(a, left), min(b, top), max(c, right), max(d, bottom)


def propose(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A small picture, uint8 [h, w, 3], -> its first cut and the rectangles.

    Returns:
        The region of each pixel, uint16 [h, w], and at most 300 rectangles in pixels, float [n, 4],
        those that grew together last first.
    """
    cuts = [cut(picture, scale) for scale in SCALES]
    found = [grown(picture, regions) for regions in cuts]
    interleaved = [box for row in _in_turn(found) for box in row]
    return cuts[0].astype(np.uint16), distinct(np.array(interleaved, float), picture.shape[:2])


def cut(picture: np.ndarray, scale: float) -> np.ndarray:
    """Regions of like colour: int [h, w], numbered from 0."""
    from skimage.segmentation import felzenszwalb

    regions: np.ndarray = felzenszwalb(picture, scale=scale, sigma=BLUR, min_size=SMALLEST)
    return regions


def grown(picture: np.ndarray, regions: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The rectangles of all regions, first and joined ones, the last joined first."""
    every = first_regions(picture, regions)
    pixels = regions.size
    alike = {pair: every[pair[0]].likeness(every[pair[1]], pixels) for pair in neighbours(regions)}
    while alike:
        one, other = max(alike, key=alike.__getitem__)
        touched = [pair for pair in alike if one in pair or other in pair]
        beside = {number for pair in touched for number in pair} - {one, other}
        for pair in touched:
            del alike[pair]
        every.append(every[one].joined(every[other]))
        new = len(every) - 1
        for number in sorted(beside):
            alike[number, new] = every[number].likeness(every[new], pixels)
    return [region.box for region in reversed(every)]


def first_regions(picture: np.ndarray, regions: np.ndarray) -> list[Region]:
    """What the cut left, in its numbering."""
    count = int(regions.max()) + 1
    sizes = np.bincount(regions.ravel(), minlength=count)
    shades = picture.reshape(-1, 3).astype(int) * SHADES // 256 + np.arange(3) * SHADES
    cells = regions.reshape(-1, 1) * (3 * SHADES) + shades
    colours = np.bincount(cells.ravel(), minlength=count * 3 * SHADES).reshape(count, -1)
    rows, columns = np.indices(regions.shape)
    sides = []
    for places in (columns, rows):
        low, high = np.full(count, regions.size), np.zeros(count, int)
        np.minimum.at(low, regions, places)
        np.maximum.at(high, regions, places + 1)
        sides.append((low, high))
    (left, right), (top, bottom) = sides
    boxes = np.stack([left, top, right, bottom], 1).tolist()
    return [
        Region(int(size), row / (3 * size), tuple(box))
        for size, row, box in zip(sizes, colours, boxes, strict=True)
    ]


def neighbours(regions: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of regions that share a side of a pixel, the lower number first."""
    beside = np.stack([regions[:, :-1].ravel(), regions[:, 1:].ravel()])
    below = np.stack([regions[:-1].ravel(), regions[1:].ravel()])
    pairs = np.sort(np.concatenate([beside, below], 1), axis=0)
    pairs = np.unique(pairs[:, pairs[0] != pairs[1]], axis=1)
    return [(int(one), int(other)) for one, other in pairs.T]


def distinct(boxes: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Boxes [n, 4] that are large enough, and no two nearly the same: the first of them stays."""
    height, width = size
    sides = boxes[:, 2:] - boxes[:, :2]
    wide = sides.min(1) >= min(LEAST_SIDE, height, width)
    boxes = boxes[wide & (sides.prod(1) >= LEAST_SHARE * height * width)]
    kept: list[int] = []
    for number in range(len(boxes)):
        if len(kept) == MOST:
            break
        if not kept or overlaps(boxes[number], boxes[kept]).max() < SAME:
            kept.append(number)
    return boxes[kept]


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Shared area over joint area of one box and each of ``others`` [n, 4]: [n]."""
    shared = (
        (np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])).clip(0).prod(1)
    )
    areas = (others[:, 2:] - others[:, :2]).prod(1)
    whole: np.ndarray = shared / ((box[2:] - box[:2]).prod() + areas - shared)
    return whole


def _in_turn(lists: list[list[tuple[int, int, int, int]]]) -> list[list[tuple[int, int, int, int]]]:
    """The first of each list, then the second of each."""
    longest = max(map(len, lists))
    return [[row[n] for row in lists if n < len(row)] for n in range(longest)]
