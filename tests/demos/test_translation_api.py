"""The tab as a server: `/translate` for scripts."""

from __future__ import annotations

import asyncio
from html import unescape

import httpx
import pytest
from fake_translators import EN_FR, EN_ZH, NOW, PLAIN, FakeEngine, sentence, turned
from gradio_client import Client
from served import PATIENCE, WORDS, client, served, soon

from demos import translation
from demos.translation import api
from pretrained.translation import serve


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return FakeEngine(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def page(engine):
    with served(lambda: translation.build(engine, WORDS)) as page:
        yield page


@pytest.fixture(scope="module")
def english(page):
    return client(page)


def call(client, *arguments):
    return client.predict(*arguments, api_name="/translate")


def test_every_argument_but_the_first_has_a_default(english, engine):
    assert call(english, "Hello there.")["translation"] == turned("Hello there.")
    key, one, options = engine.asked[-1]
    assert (key, one["source"], one["target"]) == (EN_FR, "en", "fr")
    assert options["beams"] is None  # as many as the model usually keeps
    api = english.view_api(return_format="dict")
    [first, *rest] = api["named_endpoints"]["/translate"]["parameters"]
    assert first["parameter_name"] == "text" and not first["parameter_has_default"]
    assert [(p["parameter_name"], p["parameter_has_default"]) for p in rest] == [
        (name, True) for name in ("source", "target", "model", "beams")
    ]


def test_the_answer_has_the_five_parts_of_the_contract(english):
    got = call(english, "Hello there.")
    assert got["source_tokens"] == [" Hello", " there.", "</s>"]
    assert got["target_tokens"] == [" olleH", " .ereht"]
    assert [len(row) for row in got["attention"]] == [3, 3]
    assert got["alternatives"] == [turned("Hello there.") + "!" * n for n in range(1, 8)]
    assert set(got) == {
        "translation", "alternatives", "source_tokens", "target_tokens", "attention",
    }  # fmt: skip


def test_several_sentences_are_one_table_with_zeros_between_them(english):
    got = call(english, "One two.\nThree.")
    assert got["translation"] == "enO .owt\n.eerhT"
    assert len(got["source_tokens"]) == 5 and len(got["target_tokens"]) == 3
    assert got["attention"][0] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0])
    assert got["attention"][2] == pytest.approx([0, 0, 0, 1 / 2, 1 / 2])
    assert got["alternatives"][0] == "enO .owt!\n.eerhT!"


@pytest.mark.parametrize(
    ("source", "target", "key"),
    [("en", "fr", EN_FR), ("fr", "en", EN_FR), ("en", "zh", EN_ZH), ("zh", "en", EN_ZH),
     (" FR ", "EN", EN_FR), ("en-US", "zh-CN", EN_ZH), ("zh_Hans", "en-GB", EN_ZH),
     ("French", "英语", EN_FR)],
)  # fmt: skip
def test_each_direction_has_its_bundled_model(english, engine, source, target, key):
    call(english, "Hello.", source, target)
    assert engine.asked[-1][0] == key


@pytest.mark.parametrize(
    ("target", "translation"),
    [
        ("zh", "国门"),
        ("zh-CN", "国门"),
        ("zh-TW", "國門"),
        ("zh_Hant", "國門"),
        ("繁體中文", "國門"),
    ],
)
def test_chinese_comes_in_the_characters_that_were_asked_for(english, target, translation):
    found = call(english, "门国", "en", target)
    assert found["translation"] == translation
    assert "".join(found["target_tokens"]).strip() == translation


def test_a_model_may_be_asked_for_by_its_short_name(english, engine):
    call(english, "Hello.", "en", "fr", "en-fr-plain", 1)
    assert engine.asked[-1][0] == PLAIN and engine.asked[-1][2]["beams"] == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("arguments", "code", "fields"),
    [
        (("",), "translation_nothing", {}),
        (("a" * 50_000,), "translation_too_long", {"length": "50,000", "most": "5,000"}),
        (("Hi.", "en", "fr", "", 0), "translation_beams", {"sent": "0", "most": 8}),
        (("Hi.", "en", "fr", "", 9), "translation_beams", {"sent": "9", "most": 8}),
        (("Hi.", "en", "fr", "", 1.5), "translation_beams", {"sent": "1.5", "most": 8}),
        (("Hi.", "en", "fr", "", True), "translation_beams", {"sent": "True", "most": 8}),
        (("Hi.", "en", "fr", "", "many"), "translation_beams", {"sent": "many", "most": 8}),
        (("Hi.", "en", "fr", "", "1" * 5_000), "translation_beams", {"sent": "1" * 20, "most": 8}),
        (("Hi.", "en", "fr", "", [4]), "translation_beams", {"sent": "[4]", "most": 8}),
        ((["a"],), "not_text", {"sent": "['a']"}),
        (("Hi.", "en", "fr", "nobody"), "unknown_model", {"model": "nobody"}),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(page, lang, arguments, code, fields):
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    with pytest.raises(Exception) as refusal:
        call(client, *arguments)
    assert WORDS.say(lang, f"error.{code}", **fields) in unescape(str(refusal.value))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Hi.", "en", "en"), "Both sides are English"),
        (("Hi.", "fr"), "Both sides are French"),
        (("Hi.", "fr", "zh"), "from French to Chinese: it knows English → French"),
        (("Hi.", "de", "fr"), "from de to French"),
        (("Qwxz 12", "auto", "fr"), "Nothing in this text tells"),
        (("Hi.", "fr", "en", "en-fr-plain"), "it knows English → French."),
    ],
)
def test_languages_that_do_not_go_together_are_named(english, engine, arguments, told):
    before = len(engine.asked)
    with pytest.raises(Exception) as refusal:
        call(english, *arguments)
    assert told in unescape(str(refusal.value)) and len(engine.asked) == before


@pytest.mark.parametrize(
    ("text", "target", "direction"),
    [
        ("Je ne sais pas.", "en", ("fr", "en")),
        ("I do not know.", "zh-CN", ("en", "zh")),
        ("bonjour", "auto", ("fr", "en")),
        ("我不知道。", "auto", ("zh", "en")),
    ],
)
def test_auto_is_the_language_that_the_text_tells(english, engine, text, target, direction):
    call(english, text, "auto", target)
    _, one, _ = engine.asked[-1]
    assert (one["source"], one["target"]) == direction


def test_no_alternative_is_listed_twice():
    one = sentence("Hi.")
    one["alternatives"] = [{"translation": text} for text in ("a", "b", "c")]
    two = sentence("Ho.") | {"translation": "d", "alternatives": [{"translation": "d"}]}
    one["translation"] = "a"
    got = api.alternatives({"sentences": [one, two], "translation": "a d"})
    assert got == ["b d", "c d"]
    one["alternatives"][2]["translation"] = "b"
    assert api.alternatives({"sentences": [one, two], "translation": "a d"}) == ["b d"]


def test_markup_stays_where_it_is_and_comes_back_as_text(english):
    said = call(english, "<b>Hi</b> you")["translation"]
    assert said == f"<b>{turned('Hi')}</b> {turned('you')}"


def test_translate_is_the_only_door(english):
    api = english.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/translate"] and not api["unnamed_endpoints"]


def test_a_caller_who_hangs_up_frees_the_engines_place(page, engine):
    """Before there is an answer, where Gradio has nothing to hand on and looks at nothing."""
    engine.gate = asyncio.Event()
    try:
        with httpx.Client(base_url=f"{page.local_url}gradio_api", timeout=PATIENCE) as caller:
            sent = {"data": ["Hello there.", "en", "fr", "", 4]}
            event = caller.post("/call/translate", json=sent).json()["event_id"]
            with caller.stream("GET", f"/call/translate/{event}"):
                assert soon(lambda: engine.open == 1)
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate = None


def test_who_waits_is_handed_the_answer_alone(english, engine):
    engine.gate = asyncio.Event()
    try:
        job = english.submit("Hello there.", api_name="/translate")
        assert soon(lambda: len(job.outputs()) > 0) and set(job.outputs()) == {None}
    finally:
        engine.gate.set()
        engine.gate = None
    assert job.result()["translation"] == turned("Hello there.")


def test_beams_are_bounded_as_the_translators_bound_them():
    assert api.MOST_BEAMS == serve.MOST_BEAMS


@pytest.mark.parametrize(("lang", "told"), [("en", "not on this machine"), ("zh", "本机还没有")])
def test_a_model_that_is_not_here_is_not_downloaded_unasked(page, engine, lang, told):
    client = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    loaded, asked = list(engine.loaded), len(engine.asked)
    with pytest.raises(Exception) as refusal:
        call(client, "Hi.", "en", "fr", NOW)
    said = unescape(str(refusal.value))
    assert told in said and "301 MB" in said and "apache-2.0" in said
    assert engine.loaded == loaded and len(engine.asked) == asked


def test_a_table_too_large_to_send_is_left_out():
    def table(targets):
        one = {
            "source_tokens": ["a"] * 500, "target_tokens": ["b"] * targets, "translation": "b",
            "attention": [[0.0] * 500] * targets, "alternatives": [],
        }  # fmt: skip
        return api.told({"translation": "b", "sentences": [one]})["attention"]

    assert len(table(500)) == 500 and api.MOST_CELLS == 500 * 500
    assert table(501) == []


def test_attention_that_a_model_does_not_give_is_left_out():
    one = {
        "source_tokens": ["a"], "target_tokens": ["b"], "attention": [], "alternatives": [],
        "translation": "b",
    }  # fmt: skip
    assert api.told({"translation": "b", "sentences": [one]})["attention"] == []
