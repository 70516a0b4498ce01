# ruff: noqa: E501 (a Chinese character counts as two)
"""Names of COCO's 80 classes (Lin et al. 2014, arXiv 1405.0312): in Chinese, and which of ImageNet's
thousand kinds each is; and which of those are no things but places."""

from __future__ import annotations

from functools import cache

from pretrained.classification.imagenet_names import kinds

_CHINESE = """person 人|bicycle 自行车|car 汽车|motorcycle 摩托车|airplane 飞机|bus 公共汽车|train 火车|truck 卡车|boat 船
traffic light 红绿灯|fire hydrant 消防栓|stop sign 停车标志|parking meter 停车计时器|bench 长椅
bird 鸟|cat 猫|dog 狗|horse 马|sheep 绵羊|cow 牛|elephant 大象|bear 熊|zebra 斑马|giraffe 长颈鹿
backpack 双肩包|umbrella 雨伞|handbag 手提包|tie 领带|suitcase 行李箱
frisbee 飞盘|skis 滑雪板（双板）|snowboard 滑雪板（单板）|sports ball 球|kite 风筝|baseball bat 棒球棒|baseball glove 棒球手套
skateboard 滑板|surfboard 冲浪板|tennis racket 网球拍
bottle 瓶子|wine glass 酒杯|cup 杯子|fork 叉子|knife 刀|spoon 勺子|bowl 碗
banana 香蕉|apple 苹果|sandwich 三明治|orange 橙子|broccoli 西兰花|carrot 胡萝卜|hot dog 热狗|pizza 披萨|donut 甜甜圈|cake 蛋糕
chair 椅子|couch 沙发|potted plant 盆栽|bed 床|dining table 餐桌|toilet 马桶
tv 电视|laptop 笔记本电脑|mouse 鼠标|remote 遥控器|keyboard 键盘|cell phone 手机
microwave 微波炉|oven 烤箱|toaster 烤面包机|sink 水槽|refrigerator 冰箱
book 书|clock 时钟|vase 花瓶|scissors 剪刀|teddy bear 泰迪熊|hair drier 吹风机|toothbrush 牙刷"""

#: English name -> Chinese name.
CHINESE = {
    english: chinese
    for pair in _CHINESE.replace("\n", "|").split("|")
    for english, _, chinese in [pair.rpartition(" ")]
}

#: Groups of kinds that are one class of COCO's.
_OF_GROUPS = {"dogs": "dog", "cats": "cat", "birds": "bird"}
#: COCO's other classes, each with the English short names of the kinds that belong to it.
_OF_KINDS = """
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
def of_imagenet() -> dict[str, str]:
    """ImageNet's own name -> COCO's, of each kind that COCO has."""
    short = {
        name.strip(): label.strip()
        for part in _OF_KINDS.replace("\n", "|").split("|")
        if part.strip()
        for label, _, names in [part.partition(":")]
        for name in names.split(",")
    }
    found = {
        kind.dataset: _OF_GROUPS.get(kind.group) or short.get(kind.english) for kind in kinds()
    }
    return {name: label for name, label in found.items() if label}


@cache
def places() -> frozenset[str]:
    """ImageNet's own names of kinds that are no things."""
    return frozenset(kind.dataset for kind in kinds() if kind.english in _PLACES)


@cache
def groups() -> dict[str, str]:
    """ImageNet's own name -> what kinds are of one sort."""
    return {kind.dataset: kind.group for kind in kinds()}
