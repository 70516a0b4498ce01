"""Which of ImageNet's thousand kinds COCO has too, and which of them are no things but places."""

from __future__ import annotations

from functools import cache

from pretrained.classification.imagenet_names import kinds

#: Groups of kinds that are one class of COCO's.
_GROUPS = {"dogs": "dog", "cats": "cat", "birds": "bird"}
#: COCO's other classes, each with the English short names of the kinds that belong to it.
_KINDS = """
airplane: airliner, military aircraft | apple: green apple | backpack: backpack | banana: banana
bear: brown bear, American black bear, polar bear, sloth bear | bed: four-poster bed
bench: park bench | bicycle: mountain bike, tandem bicycle
boat: canoe, catamaran, fireboat, gondola, lifeboat, schooner, speedboat, trimaran, yawl
book: comic book, book jacket | bowl: mixing bowl, soup bowl | broccoli: broccoli
bottle: beer bottle, soda bottle, water bottle, whiskey jug, wine bottle, water jug
bus: minibus, school bus, trolleybus
car: station wagon, taxi, convertible, jeep, limousine, minivan, Ford Model T, racing car
car: sports car
cell phone: mobile phone | chair: barber chair, folding chair, rocking chair, throne
clock: analog clock, digital clock, wall clock | couch: sofa bed | cow: ox
cup: coffee mug, measuring cup, cup | dining table: dining table
elephant: tusker (elephant), Asian elephant, African elephant | hair drier: hair dryer
handbag: handbag, mail bag | horse: chestnut horse | hot dog: hot dog
keyboard: computer keyboard, typewriter keyboard | laptop: laptop, notebook computer
microwave: microwave oven | motorcycle: moped, motor scooter | mouse: computer mouse
orange: orange | oven: stove, rotisserie | pizza: pizza | potted plant: flowerpot
refrigerator: refrigerator | remote: remote control | sheep: ram, bighorn sheep
sink: washbasin | skis: ski | spoon: wooden spoon, ladle
sports ball: baseball, basketball, croquet ball, golf ball, ping-pong ball, rugby ball, soccer ball
sports ball: tennis ball, volleyball | suitcase: chest | teddy bear: teddy bear
tennis racket: racket | tie: bow tie, bolo tie, necktie | toaster: toaster | toilet: toilet seat
traffic light: traffic light | train: bullet train, electric locomotive, freight car
train: railway carriage, steam locomotive, tram
truck: fire engine, garbage truck, moving van, pickup truck, tow truck, semi-trailer truck
tv: television, screen, monitor | umbrella: umbrella | vase: vase | wine glass: goblet, beer glass
wine glass: red wine | zebra: zebra
"""
#: Kinds that are the ground or the sky of a picture: what the first R-CNN had "background" for.
_PLACES = frozenset(
    {
        "alpine mountain", "cliff", "coral reef", "geyser", "lakeside", "headland", "sandbar",
        "seashore", "valley", "volcano",
    }
)  # fmt: skip


@cache
def coco() -> dict[str, str]:
    """ImageNet's own name -> COCO's, of each kind that COCO has."""
    short = {
        name.strip(): label.strip()
        for part in _KINDS.replace("\n", "|").split("|")
        if part.strip()
        for label, _, names in [part.partition(":")]
        for name in names.split(",")
    }
    found = {kind.dataset: _GROUPS.get(kind.group) or short.get(kind.english) for kind in kinds()}
    return {name: label for name, label in found.items() if label}


@cache
def places() -> frozenset[str]:
    """ImageNet's own names of kinds that are no things."""
    return frozenset(kind.dataset for kind in kinds() if kind.english in _PLACES)


@cache
def groups() -> dict[str, str]:
    """ImageNet's own name -> what kinds are of one sort."""
    return {kind.dataset: kind.group for kind in kinds()}
