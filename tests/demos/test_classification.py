"""The classification tab between widgets and engine: answers, refusals, tables, figures, words."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import pytest
from bad_pictures import REFUSED, encoded, photo
from fake_classifiers import FakeEngine, entry
from PIL import Image

from demos import models, page, streaming
from demos.classification import answers, examples, inside, learn, several
from demos.classification.tryout import answering, comparing, comparison
from demos.examples import thumbnail
from demos.language import DEMOS, Words
from demos.page import articles
from inference.errors import DeadlineExceeded, LoadFailed, OutOfMemory
from pretrained import catalog
from pretrained.errors import ViewUnsupported

WORDS = Words()
HERE = DEMOS / "classification"


@pytest.fixture
def engine(tmp_path):
    return FakeEngine(tmp_path)


def collect(steps) -> list:
    async def run():
        return [step async for step in steps]

    return asyncio.run(run())


def settled(steps: list[tuple]) -> list[str]:
    """What stands in each place after all steps: a skipped place keeps what it had."""
    places = zip(*steps, strict=True)
    return [[piece for piece in place if isinstance(piece, str)][-1] for place in places]


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


# The answer


def test_an_answer_names_the_thing_the_model_its_size_and_its_time(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    said, offered = collect(
        answering(engine, WORDS.speaker("en"), payload, "classification/imagenet")
    )[-1]
    assert "<h2" in said and ">lion</h2>" in said and "90.0%" in said and not offered
    assert re.search(r"ImageNet network, 2\.4 million weights, answered in 25\sms", said)


def test_in_chinese_labels_and_sentences_are_chinese(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    said, _ = collect(answering(engine, WORDS.speaker("zh"), payload, "classification/imagenet"))[
        -1
    ]
    assert "狮子" in said and "240 万个权重" in said and "lion" not in text(said)


def test_a_weak_best_guess_is_called_not_sure(tmp_path, sent):
    payload = sent(encoded(photo(), "PNG"))
    for lang, words in (("en", "Not sure. Perhaps lion?"), ("zh", "也许是狮子")):
        engine = FakeEngine(tmp_path, share=0.4)
        said, _ = collect(answering(engine, WORDS.speaker(lang), payload, "imagenet"))[-1]
        assert words in said


def test_a_label_cannot_carry_markup(engine, sent):
    engine.answer = lambda picture, top_k: {
        "label": "<img onerror=x>",
        "confidences": [{"label": "<img onerror=x>", "confidence": 1.0}],
        "sure": True,
    }
    said, _ = collect(
        answering(engine, WORDS.speaker("en"), sent(encoded(photo(), "PNG")), "imagenet")
    )[-1]
    assert "<img" not in said and "&lt;img" in said


@pytest.mark.parametrize(("lang", "told"), [("en", "The end of this file"), ("zh", "末尾缺失")])
def test_that_the_end_of_a_file_is_missing_is_told(engine, sent, lang, told):
    whole = encoded(photo(), "JPEG")
    for content, cut in ((whole, False), (whole[:-2], True)):
        steps = answering(engine, WORDS.speaker(lang), sent(content), "imagenet")
        assert (told in text(collect(steps)[-1][0])) is cut


def test_of_an_animation_the_page_says_that_it_saw_one_frame(engine, sent):
    frames = [photo(), Image.new("RGB", (64, 48))]
    gif = sent(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "moving.gif")
    assert (
        "only the first" in collect(answering(engine, WORDS.speaker("en"), gif, "imagenet"))[-1][0]
    )
    assert "只看第一帧" in collect(answering(engine, WORDS.speaker("zh"), gif, "imagenet"))[-1][0]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_picture_is_answered_with_its_sentence(engine, sent, name, lang):
    content, code = REFUSED[name]
    [(said, offered)] = collect(answering(engine, WORDS.speaker(lang), sent(content), "imagenet"))
    pattern = re.escape(WORDS.say(lang, f"error.{code}"))
    pattern = re.sub(r"\\{\w+\\}", r"[\\d,.]+", pattern)
    assert re.search(pattern, text(said)) and 'role="alert"' in said and not offered
    assert not engine.asked, "no model is asked about a picture that was refused"


@pytest.mark.parametrize("payload", [None, {}, {"path": None}])
def test_no_picture_is_answered_with_an_invitation(engine, payload):
    [(said, _)] = collect(answering(engine, WORDS.speaker("en"), payload, "imagenet"))
    assert "There is no picture yet" in said


@pytest.mark.parametrize("key", ["nothing", "detection/everyday", "", "../../etc"])
def test_a_model_that_is_no_classifier_is_refused(engine, sent, key):
    [(said, _)] = collect(
        answering(engine, WORDS.speaker("en"), sent(encoded(photo(), "PNG")), key)
    )
    assert "There is no model called" in said


# Waiting, and models that are not here yet


def test_while_a_model_loads_the_page_says_what_it_waits_for(engine, sent):
    async def run():
        engine.loading, engine.progress = asyncio.Event(), (0, 18_000_000)
        steps = answering(engine, WORDS.speaker("en"), sent(encoded(photo(), "PNG")), "imagenet")
        first, _ = await anext(steps)
        engine.loading.set()
        rest = [said async for said, _ in steps]
        return first, rest[-1]

    first, last = asyncio.run(run())
    assert "is loading" in first and "MB" not in first, "what is here is not downloaded"
    assert ">lion</h2>" in last


def test_what_is_downloaded_is_counted(monkeypatch):
    monkeypatch.setattr(models, "on_disk", lambda entry: False)
    said = models.waiting(
        WORDS.speaker("en"), catalog.find("classification/resnet50-a1"), (30_000_000, 102_000_000)
    )
    assert 'max="102000000" value="30000000"' in said and "30 of 102 MB" in said


def test_who_leaves_while_waiting_takes_the_request_along(engine, sent):
    async def run():
        engine.loading = asyncio.Event()
        steps = answering(engine, WORDS.speaker("en"), sent(encoded(photo(), "PNG")), "imagenet")
        await anext(steps)
        await steps.aclose()
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1 and not engine.asked


def test_a_download_is_offered_with_size_and_licence_before_anything_is_asked(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    [(said, offered)] = collect(answering(engine, WORDS.speaker("en"), payload, "now"))
    assert offered and "102 MB" in said and "apache-2.0" in said and not engine.loaded
    steps = answering(engine, WORDS.speaker("zh"), payload, "now", fetch=True)
    said, offered = collect(steps)[-1]
    assert engine.loaded == ["classification/now"] and not offered
    assert "lion" in said and "沿用训练数据中的原名" in said, "what has no Chinese name says so"


def test_a_download_that_failed_is_offered_again(engine, sent):
    engine.failing["classification/now"] = LoadFailed(model="Now-50", id="1")
    payload = sent(encoded(photo(), "PNG"))
    said, offered = collect(answering(engine, WORDS.speaker("en"), payload, "now", fetch=True))[-1]
    assert offered and 'role="alert"' in said


def test_several_pictures_offer_a_download_with_its_button_and_then_answer(engine, sent):
    files = [sent(encoded(photo(), "PNG"), "one.png"), sent(encoded(photo(), "WEBP"), "two.webp")]
    [said] = collect(several.table(engine, WORDS.speaker("en"), files, "now"))
    assert "102 MB" in said and "<button" in said and 'data-pick="fetch"' in said
    assert not engine.loaded
    said = collect(several.table(engine, WORDS.speaker("en"), files, "now", fetch=True))[-1]
    assert said.count("<tr>") == 3 and "two.webp" in said


def test_a_download_for_several_pictures_that_failed_is_offered_again(engine, sent):
    engine.failing["classification/now"] = LoadFailed(model="Now-50", id="1")
    files = [sent(encoded(photo(), "PNG"))]
    said = collect(several.table(engine, WORDS.speaker("zh"), files, "now", fetch=True))[-1]
    assert 'role="alert"' in said and 'data-pick="fetch"' in said and not engine.asked


def test_only_a_file_that_was_refused_is_taken_away(engine, sent):
    """A picture stays where the model failed; with none there is nothing to take away."""
    engine.failing["classification/imagenet"] = LoadFailed(model="ImageNet network", id="1")
    for payload, taken in (
        (sent(b"none"), True),
        (None, False),
        (sent(encoded(photo(), "PNG")), False),
    ):
        said, _ = collect(answering(engine, WORDS.speaker("en"), payload, "imagenet"))[-1]
        assert isinstance(said, answers.Unseen) is taken


def test_a_bad_picture_is_named_before_a_download_is_offered(engine, sent):
    [(said, offered)] = collect(answering(engine, WORDS.speaker("en"), sent(b"no picture"), "now"))
    assert not offered and "not a picture" in said and "102 MB" not in said


def test_then_and_now_stand_side_by_side_and_one_may_fail_alone(engine, sent):
    reason = LoadFailed(model="CIFAR-10", id="1")
    engine.failing["classification/cifar10"] = reason
    payload = sent(encoded(photo(), "PNG"))
    html = asyncio.run(comparison(engine, WORDS.speaker("en"), payload, "classification/imagenet"))
    assert html.count('<section class="answered">') == 3
    assert html.count(">lion<") == 2 and "could not be loaded" in html
    assert html.index("HOG + SVM") < html.index("CIFAR-10 network") < html.index("ImageNet network")


def test_comparing_offers_a_download_and_does_not_start_one(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    html = asyncio.run(comparison(engine, WORDS.speaker("en"), payload, "classification/now"))
    assert html.count('<section class="answered">') == 4 and "Now-50" in html
    assert "the download is 102 MB" in text(html) and "apache-2.0" in html
    assert "classification/now" not in [*engine.loaded, *(key for key, _, _ in engine.asked)]


def test_comparing_nothing_ends_in_a_sentence_and_leaves_no_bar(engine):
    first, last = collect(comparing(engine, WORDS.speaker("en"), None, "imagenet"))
    assert "<progress" in first and "<progress" not in last
    assert "There is no picture yet" in last


def test_what_breaks_off_takes_its_bar_along():
    async def steps():
        yield "<progress>"
        raise ZeroDivisionError

    async def run():
        seen = []
        with pytest.raises(ZeroDivisionError):
            async for step in streaming.or_broken(steps(), ""):
                seen.append(step)
        return seen

    assert asyncio.run(run()) == ["<progress>", ""]


def test_every_request_asks_alike_so_that_they_can_share_a_batch(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    collect(answering(engine, WORDS.speaker("en"), payload, "imagenet"))
    asyncio.run(comparison(engine, WORDS.speaker("en"), payload, "imagenet"))
    collect(several.table(engine, WORDS.speaker("en"), [payload], "imagenet"))
    assert len(engine.options) == 5 and all(o == engine.options[0] for o in engine.options)


def test_of_weights_from_the_hub_the_page_says_that_nobody_calibrated_them(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    said, _ = collect(answering(engine, WORDS.speaker("en"), payload, "now", fetch=True))[-1]
    assert "nobody has checked here how often it is right" in text(said)
    said, _ = collect(answering(engine, WORDS.speaker("en"), payload, "imagenet"))[-1]
    assert "nobody has checked" not in text(said)


# Several pictures


def rows_of(html: str) -> list[list[str]]:
    data = re.search(r"base64,([^\"]+)", html[html.index("download=") :])[1]
    return list(csv.reader(io.StringIO(base64.b64decode(data).decode("utf-8-sig"))))


def test_several_pictures_give_a_table_and_the_same_as_csv(engine, sent):
    good, bad = encoded(photo(), "PNG"), b"no picture"
    payloads = [sent(good, "a.png"), sent(bad, "=HYPERLINK(1).png"), sent(good, "<b>.png")]
    html = collect(several.table(engine, WORDS.speaker("zh"), payloads, "imagenet"))[-1]
    assert "狮子" in html and "不是能读取的图片" in html and "<b>.png" not in html
    header, first, second, third = rows_of(html)
    assert header == ["file", "answer", "confidence", "second", "sure", "group", "error"]
    assert first == ["a.png", "lion", "0.9000", "tabby", "yes", "", ""]
    assert second[0] == "'=HYPERLINK(1).png" and second[1] == "" and second[6]
    assert third[0] == "<b>.png"


def test_a_table_is_bounded_and_says_so(engine, sent):
    payloads = [sent(encoded(photo(), "PNG"))] * (several.MOST + 9)
    steps = collect(several.table(engine, WORDS.speaker("en"), payloads, "imagenet"))
    assert len(rows_of(steps[-1])) == several.MOST + 1
    assert f"Only the first {several.MOST}" in steps[-1]
    assert 'value="8"' in steps[1], "a bar with a count while it works"
    assert engine.most_open <= several.AT_ONCE


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_file_name_is_no_formula(name):
    assert several.safe_cell(name) == "'" + name


# Look inside


def test_look_inside_shows_every_step_on_the_same_picture(engine, sent):
    payload = sent(encoded(photo(200, 100), "PNG"))
    steps = collect(inside.opened(engine, WORDS.speaker("en"), payload, "classification/imagenet"))
    head, stages, maps, touch, where, filters, hog = settled(steps)
    assert "ImageNet network" in head and "<img" in head
    assert "48 &times; 32 &times; 32" in stages and "7,392 weights" in stages
    assert "tabby" in stages and "31%" in stages, "the answer as it forms, with its accuracy"
    assert stages.count("<button") == 2 and stages.count('aria-pressed="true"') == 1
    assert "First layer" in maps and "Grad-CAM" in where and "Occlusion" in where
    assert where.count("<img") == 2 and "48 filters" in filters and "<img" in hog
    assert "27 weights" in touch and 'role="radiogroup"' in touch
    for piece in (head, stages, maps, touch, where, filters, hog):
        assert all(re.search(r'alt="[^"]+"', tag) for tag in re.findall(r"<img[^>]*>", piece))
    assert {size for _, _, size in engine.asked} == {(200, 100)}
    assert len(steps) >= 6, "each step shows as soon as it is computed"


def test_a_step_that_stands_is_not_sent_again(engine, sent):
    """Else a stage that the visitor chose meanwhile would be put back to the first."""
    payload = sent(encoded(photo(), "PNG"))
    steps = collect(inside.opened(engine, WORDS.speaker("en"), payload, "classification/imagenet"))
    maps = [step[2] for step in steps]
    assert sum(isinstance(piece, str) and piece != "" for piece in maps) == 1


def test_look_inside_speaks_chinese(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    steps = collect(inside.opened(engine, WORDS.speaker("zh"), payload, "classification/imagenet"))
    pieces = settled(steps)
    words = re.sub(r"Grad-CAM|HOG|SVM|Dalal|Triggs|Shift|ImageNet", "", text(" ".join(pieces)))
    assert "虎斑猫" in words and not re.search(r"[A-Za-z]{4,}", words)


def test_a_network_that_is_not_here_is_not_downloaded_to_be_looked_into(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    steps = collect(inside.opened(engine, WORDS.speaker("en"), payload, "classification/now"))
    head, *rest, hog = settled(steps)
    assert "not on this machine yet" in head and not any(rest) and "<img" in hog
    assert {key for key, _, _ in engine.asked} == {"classification/hog-svm"}


def test_a_stage_of_a_network_that_is_not_here_starts_no_download(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    html = asyncio.run(inside.chosen(engine, WORDS.speaker("en"), payload, "now", "stage1"))
    assert "not on this machine yet" in html and not engine.loaded and not engine.asked
    html = asyncio.run(inside.chosen(engine, WORDS.speaker("en"), payload, "imagenet", "stage1"))
    assert "Stage 1" in html and "<img" in html


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("stages", 1),
        ("maps", 2),
        ("convolution", 3),
        ("gradcam", 4),
        ("occlusion", 4),
        ("filters", 5),
        ("hog", 6),
    ],
)
def test_a_step_that_is_refused_says_so_in_its_place_and_the_rest_stands(engine, sent, step, place):
    engine.refusing[step] = DeadlineExceeded(seconds=60)
    payload = sent(encoded(photo(), "PNG"))
    places = settled(collect(inside.opened(engine, WORDS.speaker("en"), payload, "imagenet")))
    told = ["No answer within 60 s" in piece for piece in places]
    assert told == [n == place for n in range(7)]
    assert "ImageNet network" in places[0] and "<progress" not in "".join(places)
    empty = [n for n, piece in enumerate(places) if not piece]
    assert empty == ([2] if step == "stages" else []), "no stages, no maps to choose"
    if step in ("gradcam", "occlusion"):
        assert places[4].count("<img") == 1, "the other way to ask stands beside it"


def test_a_network_that_cannot_be_loaded_says_so_once(engine, sent):
    engine.failing["classification/imagenet"] = OutOfMemory(model="ImageNet network")
    payload = sent(encoded(photo(), "PNG"))
    head, *rest, hog = settled(
        collect(inside.opened(engine, WORDS.speaker("en"), payload, "imagenet"))
    )
    assert head.count("does not fit into the memory") == 1 and "<progress" not in head
    assert not any(rest) and "<img" in hog


def test_what_is_said_of_a_network_fits_its_kind(engine, sent, tmp_path):
    """Ours began from patches and shrinks its maps; a transformer of timm's does neither."""
    payload = sent(encoded(photo(), "PNG"))
    serve = "pretrained.classification.serve:load"
    engine.entries["classification/ours"] = entry(tmp_path, "classification/ours", loader=serve)
    _, stages, _, _, _, filters, _ = settled(
        collect(inside.opened(engine, WORDS.speaker("en"), payload, "ours"))
    )
    assert "fewer places" in stages and "principal components" in filters
    seen = engine.stages(None)
    seen["stages"] = [stage | {"shape": [192, 16, 16]} for stage in seen["stages"]]
    engine.stages = lambda picture: seen
    _, stages, _, _, _, filters, _ = settled(
        collect(inside.opened(engine, WORDS.speaker("en"), payload, "imagenet"))
    )
    assert "fewer places" not in stages and "keeps that grid" in stages
    assert "principal components" not in filters and "examples shaped them" in filters


def test_what_a_network_cannot_show_is_left_out_and_the_rest_stands(engine, sent):
    def refuse(*args, **options):
        raise ViewUnsupported(model="x", view="x")

    engine.stages = engine.filters = engine.convolution = refuse
    payload = sent(encoded(photo(), "PNG"))
    head, stages, maps, touch, where, filters, hog = settled(
        collect(inside.opened(engine, WORDS.speaker("en"), payload, "classification/imagenet"))
    )
    assert head and where.count("<img") == 2 and hog
    assert not (stages or maps or touch or filters)


def test_the_way_before_has_no_layers_and_says_so(engine, sent):
    payload = sent(encoded(photo(), "PNG"))
    head, *rest, hog = settled(
        collect(inside.opened(engine, WORDS.speaker("en"), payload, "hog-svm"))
    )
    assert "no layers" in head and not any(rest) and "<img" in hog


def test_look_inside_without_a_picture_is_one_sentence(engine):
    [(head, *rest)] = collect(inside.opened(engine, WORDS.speaker("en"), None, "imagenet"))
    assert "There is no picture yet" in head and not any(rest)


# Learn: figures come from the cards, words are complete


@pytest.fixture
def cards(tmp_path, monkeypatch):
    def write(name: str, top1: float, **more) -> None:
        folder = tmp_path / "cards" / "classification" / "checkpoints" / name
        folder.mkdir(parents=True)
        interval = {"value": top1, "low": top1 - 0.004, "high": top1 + 0.004}
        results = [{"split": "test", "n": 10_000, "metrics": {"top1": interval}, **more}]
        probes = [{"name": "stem", "top1": 0.2}, {"name": "stage1", "top1": 0.4}]
        (folder / "metrics.json").write_text(json.dumps({"results": results, "probes": probes}))

    monkeypatch.setattr(articles, "CHECKPOINTS", tmp_path / "cards")
    write("cifar10", 0.9583, per_class={"lion": {"recall": 0.97}, "tabby": {"recall": 0.91}})
    write("imagenet", 0.512)
    write("hog-svm", 0.5521)


def test_figures_are_those_of_the_cards(cards, engine):
    facts = text(learn.facts(WORDS.speaker("en")))
    assert "95.8% ± 0.4" in facts and "55.2% ± 0.4" in facts and "94%" in facts
    chart = text(learn.cifar(WORDS.speaker("en")))
    order = ["Guessing", "HOG + SVM", "Coates", "human", "trained here", "ViT-H"]
    assert [chart.index(name) for name in order] == sorted(chart.index(name) for name in order)
    classes = text(learn.classes(engine, WORDS.speaker("zh")))
    assert classes.index("狮子") < classes.index("虎斑猫")
    assert "40.0%" in learn.probes(WORDS.speaker("en"))


def test_the_docs_tell_of_the_flowers_what_was_measured():
    told = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
    ladder = page.read_metrics(learn.IMAGENET)["ladder"]
    for row in (one for one in ladder if one.get("data") == "flowers"):
        value, low, high = (f"{100 * row[name]:.1f}" for name in ("value", "low", "high"))
        [line] = [one for one in told.splitlines() if one.startswith(f"| {row['each'] or 'all'} |")]
        assert f"| {row['pictures']:,} |" in line
        cell = line.split(" | ")[2 + learn.STARTS.index(row["start"])]
        assert f"{value}% ({low} to {high}), {row['minutes'] * 60:.0f} s" in cell


def test_what_a_head_start_is_worth_is_a_table_of_the_cards_ladder(tmp_path, monkeypatch):
    folder = tmp_path / "cards" / "classification" / "checkpoints" / "imagenet"
    folder.mkdir(parents=True)
    rungs = [
        {"data": data, "each": each, "start": start, "n": 367, "split": "validation"}
        | dict.fromkeys(("value", "low", "high"), value)
        for data, each, start, value in (
            ("flowers", 5, "nothing", 0.4),
            ("flowers", 5, "whole", 0.75),
            ("cifar10", None, "whole", 0.965),
        )
    ]
    (folder / "metrics.json").write_text(json.dumps({"ladder": rungs}))
    monkeypatch.setattr(articles, "CHECKPOINTS", tmp_path / "cards")
    table = learn.head_start(WORDS.speaker("en"))
    told = text(table)
    assert "Five kinds of flowers, 5 pictures of each" in told and "CIFAR-10, all pictures" in told
    assert table.count("<td") == 4 and "40.0%" in told and "75.0%" in told and "96.5%" in told
    assert "367 pictures (validation)" in told
    assert "From nothing" in told and "network, a new last" not in told, "only what was measured"
    assert "五种花，每类 5 张" in text(learn.head_start(WORDS.speaker("zh")))


def test_nothing_measured_shows_no_figure(tmp_path, monkeypatch, engine):
    monkeypatch.setattr(articles, "CHECKPOINTS", tmp_path / "none")
    say = WORDS.speaker("en")
    assert "±" not in learn.facts(say) and "94%" in learn.facts(say)
    assert learn.classes(engine, say) == learn.probes(say) == learn.head_start(say) == ""
    assert "trained here" not in learn.cifar(say)


def test_both_articles_have_the_same_figures_and_sources(engine):
    articles = {lang: (HERE / f"learn.{lang}.md").read_text("utf-8") for lang in ("en", "zh")}
    for pattern in (r"\{\{(.+?)\}\}", r"\]\((https?://[^)]+)\)", r"^## ", r"\d[\d,.]*%"):
        en, zh = (re.findall(pattern, articles[lang], re.MULTILINE) for lang in ("en", "zh"))
        assert sorted(en) == sorted(zh)
    asked = re.findall(r"\{\{figure:(.+?)\}\}", articles["en"])
    assert set(asked) == set(learn.figures(engine))
    for lang in ("en", "zh"):
        for name in asked:
            html = learn.figures(engine)[name](WORDS.speaker(lang))
            assert "\n\n" not in html, "a blank line would end the block in Markdown"


def test_article_figures_typed_by_hand_are_those_of_others_only():
    """Ours come by {{metric:...}}; a percentage in the text is Golle's, Google's, or a way of
    speaking."""
    article = (HERE / "learn.en.md").read_text("utf-8")
    assert set(re.findall(r"\d[\d.]*%", article)) == {"82.7%", "75.1%", "80%", "95%"}


def test_every_example_is_installed_and_has_a_name_in_both_languages():
    assert examples.available() == examples.EXAMPLES
    for example in examples.EXAMPLES:
        assert thumbnail(example).size == (144, 144)
        for lang in ("en", "zh"):
            assert WORDS.say(lang, f"classification.example.{example.name}")


@pytest.mark.parametrize(
    ("count", "en", "zh"),
    [
        (17_650, "17,650 weights", "17,650 个权重"),
        (2_936_000, "2.9 million weights", "294 万个权重"),
        (134_515_008, "134.5 million weights", "1.35 亿个权重"),
    ],
)
def test_numbers_of_weights_are_said_as_one_says_them(count, en, zh):
    assert models.size(WORDS.speaker("en"), count) == en
    assert models.size(WORDS.speaker("zh"), count) == zh
