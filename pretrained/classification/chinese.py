# ruff: noqa: E501 (a Chinese character counts as two)
"""Chinese names of the classes that bundled models know, by the data set's English name."""

from __future__ import annotations

from collections.abc import Sequence

_CIFAR10 = """airplane 飞机|automobile 汽车|bird 鸟|cat 猫|deer 鹿|dog 狗|frog 青蛙|horse 马|ship 船|truck 卡车"""

_FLOWERS = """daisy 雏菊|dandelion 蒲公英|roses 玫瑰|sunflowers 向日葵|tulips 郁金香"""

_PHOTOS = """Egyptian cat 埃及猫|reel 卷线盘|volleyball 排球|rocking chair 摇椅|lemon 柠檬|bullfrog 牛蛙
basketball 篮球|cliff 悬崖|espresso 意式浓缩咖啡|plunger 皮搋子|parking meter 停车计时器|German shepherd 德国牧羊犬
dining table 餐桌|monarch 帝王蝶|brown bear 棕熊|school bus 校车|pizza 披萨|guinea pig 豚鼠|umbrella 雨伞
organ 管风琴|oboe 双簧管|maypole 五月柱|goldfish 金鱼|potpie 馅饼|hourglass 沙漏|seashore 海滨
computer keyboard 电脑键盘|Arabian camel 单峰骆驼|ice cream 冰淇淋|nail 钉子|space heater 取暖器|cardigan 开襟毛衣
baboon 狒狒|snail 蜗牛|coral reef 珊瑚礁|albatross 信天翁|spider web 蜘蛛网|sea cucumber 海参|backpack 双肩包
Labrador retriever 拉布拉多犬|pretzel 椒盐卷饼|king penguin 王企鹅|sulphur butterfly 粉蝶|tarantula 狼蛛
lesser panda 小熊猫|pop bottle 汽水瓶|banana 香蕉|sock 袜子|cockroach 蟑螂|projectile 炮弹|beer bottle 啤酒瓶
mantis 螳螂|freight car 货运车厢|guacamole 牛油果酱|remote control 遥控器|European fire salamander 火蝾螈
lakeside 湖畔|chimpanzee 黑猩猩|pay-phone 投币电话|fur coat 毛皮大衣|alp 高山|lampshade 灯罩|torch 火炬
abacus 算盘|moving van 搬家货车|barrel 木桶|tabby 虎斑猫|goose 鹅|koala 考拉|bullet train 高速列车|CD player 激光唱机
teapot 茶壶|birdhouse 鸟屋|gazelle 瞪羚|academic gown 学位袍|tractor 拖拉机|ladybug 瓢虫|miniskirt 迷你裙
golden retriever 金毛寻回犬|triumphal arch 凯旋门|cannon 大炮|neck brace 颈托|sombrero 墨西哥宽边帽|gasmask 防毒面具
candle 蜡烛|desk 书桌|frying pan 平底锅|bee 蜜蜂|dam 水坝|spiny lobster 棘刺龙虾|police van 警车|iPod 音乐播放器
punching bag 沙袋|beacon 灯塔|jellyfish 水母|wok 炒锅|potter's wheel 陶轮|sandal 凉鞋|pill bottle 药瓶
butcher shop 肉铺|slug 蛞蝓|hog 猪|cougar 美洲狮|crane 起重机|vestment 祭衣|dragonfly 蜻蜓|cash machine 自动取款机
mushroom 蘑菇|jinrikisha 人力车|water tower 水塔|chest 箱子|snorkel 潜水呼吸管|sunglasses 太阳镜|fly 苍蝇
limousine 豪华轿车|black stork 黑鹳|dugong 儒艮|sports car 跑车|water jug 水壶|suspension bridge 悬索桥|ox 牛
ice lolly 冰棍|turnstile 旋转栅门|Christmas stocking 圣诞袜|broom 扫帚|scorpion 蝎子|wooden spoon 木勺
picket fence 尖桩篱栅|rugby ball 橄榄球|sewing machine 缝纫机|steel arch bridge 钢拱桥|Persian cat 波斯猫
refrigerator 冰箱|barn 谷仓|apron 围裙|Yorkshire terrier 约克夏梗|swimming trunks 泳裤|stopwatch 秒表
lawn mower 割草机|thatch 茅草屋顶|fountain 喷泉|black widow 黑寡妇蜘蛛|bikini 比基尼|plate 盘装菜肴|teddy 泰迪熊
barbershop 理发店|confectionery 糖果店|beach wagon 旅行车|scoreboard 记分牌|orange 橙子|flagpole 旗杆
American lobster 美洲螯龙虾|trolleybus 无轨电车|drumstick 鼓槌|dumbbell 哑铃|brass 铜牌|bow tie 领结
convertible 敞篷车|bighorn 大角羊|orangutan 红毛猩猩|American alligator 美国短吻鳄|centipede 蜈蚣|syringe 注射器
go-kart 卡丁车|brain coral 脑珊瑚|sea slug 海蛞蝓|cliff dwelling 崖居|mashed potato 土豆泥|viaduct 高架桥
military uniform 军装|pomegranate 石榴|chain 链条|kimono 和服|comic book 漫画书|trilobite 三叶虫|bison 野牛
pole 杆|boa constrictor 红尾蚺|poncho 斗篷|bathtub 浴缸|grasshopper 蝗虫|walking stick 竹节虫|Chihuahua 吉娃娃
tailed frog 尾蟾|lion 狮子|altar 祭坛|obelisk 方尖碑|beaker 烧杯|bell pepper 甜椒|bannister 楼梯扶手|bucket 水桶
magnetic compass 指南针|meat loaf 肉糕|gondola 贡多拉|standard poodle 标准贵宾犬|acorn 橡子|lifeboat 救生艇
binoculars 双筒望远镜|cauliflower 花椰菜|African elephant 非洲象|gorilla 大猩猩|groom 新郎"""

NAMES: dict[str, str] = {
    english: chinese
    for english, _, chinese in (
        pair.rpartition(" ")
        for text in (_CIFAR10, _FLOWERS, _PHOTOS)
        for line in text.splitlines()
        for pair in line.split("|")
    )
}


def names(labels: Sequence[str]) -> list[str] | None:
    """Chinese names of all labels, or None if any is missing: never half a translation."""
    return [NAMES[label] for label in labels] if all(label in NAMES for label in labels) else None
