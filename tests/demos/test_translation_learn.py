"""The figures of Translate: every number from the cards, a dash where a card has nothing yet; and
the commands of Train."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from served import WORDS, laid_out

from demos.language import DEMOS, LANGUAGES
from demos.translation import learn, train

EN_FR, EN_ZH, PLAIN = "translation/en-fr", "translation/en-zh", "translation/en-fr-plain"


def figure(value: float, half: float = 0.5) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def result(direction: str, bleu: float, chrf: float, n: int = 1234) -> dict[str, Any]:
    pair = direction if direction.startswith("en") else "-".join(direction.split("-")[::-1])
    metrics = {"bleu": figure(bleu), "chrf": figure(chrf), "bleu_new": figure(bleu - 3)}
    return {"split": f"{pair}/test {direction}", "n": n, "metrics": metrics}


LENGTHS = {"1-3 words": 300, "4-5 words": 2200, "6+ words": 40}


def rung(name: str, bleu: float, falls: float) -> dict[str, Any]:
    return {
        "name": f"the {name}",
        "rung": name,
        **figure(bleu),
        "chrf": figure(bleu + 20),
        "curve": {
            length: {"bleu": bleu - n * falls, "chrf": 60.0, "n": count}
            for n, (length, count) in enumerate(LENGTHS.items())
        },
        "n": 2540,
        "parameters": 3_000_000 + int(bleu),
        "updates": 9000 + int(bleu),
        "seconds": 901.0,
    }


VARIANTS = [rung("transformer", 51, 2), rung("attention", 50, 4), rung("plain", 41, 12)]
CARDS = {
    EN_FR: {
        "results": [
            # What settings were chosen by, and another direction: neither is the first's claim.
            {**result("en-fr", 99, 99), "split": "en-fr/validation en-fr"},
            result("fr-en", 57.25, 71.5),
            result("en-fr", 52.5, 68.75, n=10_431),
        ],
        "ladder": VARIANTS,
    },
    EN_ZH: {"results": [result("en-zh", 24, 22)]},
    PLAIN: {"results": [result("en-fr", 33, 51)]},
}


@dataclass(frozen=True)
class Entry:
    key: str
    parameters: int = 3_580_528
    task: str = "translation"
    title: str = "A title"
    folder: str | None = None
    hub_id: str | None = None


@pytest.fixture
def cards(monkeypatch) -> dict[str, Any]:
    """The cards above; a test may take something out of its copy."""
    found = dict(CARDS)
    monkeypatch.setattr(learn.page, "read_metrics", lambda key: found.get(key, {}))
    return found


def engine_of(*entries: Entry) -> Any:
    return SimpleNamespace(entries={entry.key: entry for entry in entries})


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows_of(html: str) -> list[list[str]]:
    """The cells of a drawn table, its heads first."""
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in html.split("<tr>")[1:]]
    return [[text(cell) for cell in row] for row in cells]


# ---- the foot of Try -----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_direction_has_its_own_score_at_the_foot_of_try(cards, lang: str) -> None:
    found = learn.headline(engine_of(Entry(EN_FR), Entry(EN_ZH)))
    values = [fact[0] for fact in found]
    assert values == ["52.50 ± 0.50", "57.25 ± 0.50", "24.00 ± 0.50", "—", "7,161,056"]
    said = [WORDS.say(lang, fact[1], **dict(*fact[2:])) for fact in found]
    assert "68.75 ± 0.50" in said[0] and "10,431" in said[0]
    assert "71.50" in said[1] and "1,234" in said[1]
    assert "—" in said[3] and not any("{" in one for one in said)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_target_that_was_missed_is_said_so_under_the_scores(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    assert learn.targets(say) == ""
    cards[EN_FR] = {"results": [{**result("en-fr", 49, 60), "target": {"bleu": 50.0}}]}
    cards[EN_ZH] = {"results": [{**result("zh-en", 22, 60), "target": {"bleu": 22.0}}]}
    told = text(learn.targets(say))
    missed, met = say("results.missed"), say("results.met")
    names = say("translation.chart.en_fr"), say("translation.chart.zh_en")
    assert told.endswith(f"{names[0]} ≥ 50.00 {missed} · {names[1]} ≥ 22.00 {met}")


def test_a_network_that_is_not_here_claims_nothing(cards) -> None:
    found = learn.headline(engine_of(Entry(EN_ZH)))
    assert [fact[1].rpartition(".")[2] for fact in found] == ["en_zh", "zh_en", "weights"]
    assert learn.headline(engine_of()) == []


# ---- Learn ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_scores_stand_by_direction(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    heads, *rows = rows_of(learn.scores(say))
    assert [row[1:] for row in rows] == [
        ["52.50 ± 0.50", "68.75 ± 0.50", "49.50 ± 0.50", "10,431"],
        ["33.00 ± 0.50", "51.00 ± 0.50", "30.00 ± 0.50", "1,234"],
        ["57.25 ± 0.50", "71.50 ± 0.50", "54.25 ± 0.50", "1,234"],
        ["24.00 ± 0.50", "22.00 ± 0.50", "21.00 ± 0.50", "1,234"],
        ["—", "—", "—", "—"],
    ]
    names = ("en_fr", "plain", "fr_en", "en_zh", "zh_en")
    assert [row[0] for row in rows] == [say(f"translation.chart.{name}") for name in names]
    assert len(heads) == 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_ladder_goes_up(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    html = learn.ablation(say)
    _, *rows = rows_of(html)
    assert [row[0] for row in rows] == [
        say(f"translation.chart.network.{r}") for r in learn.VARIANTS
    ]
    assert [row[1:] for row in rows] == [
        ["41.00 ± 0.50", "61.00 ± 0.50", "3,000,041", "9,041"],
        ["50.00 ± 0.50", "70.00 ± 0.50", "3,000,050", "9,050"],
        ["51.00 ± 0.50", "71.00 ± 0.50", "3,000,051", "9,051"],
    ]
    assert "2,540" in text(html) and "15" in text(html)  # sentences, minutes


def shared(direction: str, bleu: float, ways: list[str]) -> dict:
    """A row of `experiments.translation_directions`."""
    row = {"directions": ways, "direction": direction, "n": 2540, "seconds": 600.0 * len(ways)}
    return {**row, **figure(bleu)}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_network_for_both_stands_beside_one_for_each(cards, lang: str) -> None:
    ways = ["en-fr", "fr-en"]
    cards[EN_FR] = {
        "ladder": [
            *VARIANTS,
            *(shared(way, bleu, ways) for way, bleu in zip(ways, (36, 39), strict=True)),
            *(shared(way, bleu, [way]) for way, bleu in zip(ways, (34, 40), strict=True)),
        ]
    }
    html = learn.networks(WORDS.speaker(lang))
    _, *rows = rows_of(html)
    assert [row[1:] for row in rows] == [
        ["36.00 ± 0.50", "34.00 ± 0.50", "2,540"],
        ["39.00 ± 0.50", "40.00 ± 0.50", "2,540"],
    ]
    assert "20" in text(html) and "10" in text(html)  # minutes


@pytest.mark.parametrize("lang", LANGUAGES)
def test_before_anything_is_measured_there_are_dashes(cards, lang: str) -> None:
    cards.clear()
    say = WORDS.speaker(lang)
    for drawn in (learn.scores(say), learn.ablation(say), learn.networks(say)):
        _, *rows = rows_of(drawn)
        assert rows and all(cell == "—" for row in rows for cell in row[1:])
    assert learn.curve(say) == f'<p class="quiet">{say("translation.chart.no_curve")}</p>'


def test_a_rung_that_is_missing_is_a_row_of_dashes_and_no_line(cards) -> None:
    cards[EN_FR] = {"ladder": VARIANTS[:2]}
    say = WORDS.speaker("en")
    assert rows_of(learn.ablation(say))[1][1:] == ["—"] * 4
    assert 'class="line plain"' not in learn.curve(say)
    assert 'class="line attention"' in learn.curve(say)


def points(html: str, name: str) -> list[tuple[float, float]]:
    """Where the line of a rung goes, from the drawing and not from its legend."""
    drawing = html[html.index('<svg class="curve"') :]
    found = re.search(rf'class="line {name}" d="M([^"]+)"', drawing)
    assert found
    return [tuple(map(float, one.split())) for one in found[1].split("L")]  # type: ignore[misc]


def test_the_curve_falls_with_the_scores(cards) -> None:
    """Values of 41, 29, 17 lie on one straight line, as far below each other as they are."""
    html = learn.curve(WORDS.speaker("en"))
    (x0, y0), (x1, y1), (x2, y2) = points(html, "plain")
    assert x0 < x1 < x2 and y0 < y1 < y2
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)
    other = points(html, "attention")
    assert [x for x, _ in other] == [x0, x1, x2]
    # 50 is nine above 41, and 12 are as many units as from the first point to the second.
    assert (y0 - other[0][1]) / (y1 - y0) == pytest.approx(9 / 12, abs=0.02)
    assert all(0 < y < learn.HEIGHT - learn.BOTTOM for _, y in [*other, (x2, y2)])


def test_the_axis_begins_at_nothing_and_ends_above_the_best(cards) -> None:
    html = learn.curve(WORDS.speaker("en"))
    assert re.findall(r'class="scale"[^>]*>(\d+)<', html) == ["0", "20", "40", "60"]
    ticks = re.findall(r'<text x="[\d.]+" y="[\d.]+">([^<]+)<', html)
    assert ticks[:3] == ["1–3", "4–5", "6+"]
    assert re.findall(r'class="few"[^>]*>([\d,]+)<', html) == ["300", "2,200", "40"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_curve_can_be_read_out(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    html = learn.curve(say)
    label = unescape(re.search(r'role="img" aria-label="([^"]+)"', html)[1])  # type: ignore[index]
    for name in learn.VARIANTS:
        assert say(f"translation.chart.network.{name}") in label
    assert "1–3: 41, 4–5: 29, 6+: 17" in label
    assert "\n" not in html  # Markdown passes a block through as long as no blank line breaks it


@pytest.mark.parametrize("lang", LANGUAGES)
def test_learn_shows_every_figure_and_no_other(cards, lang: str) -> None:
    article = (DEMOS / "translation" / f"learn.{lang}.md").read_text("utf-8")
    placed = re.findall(r"\{\{figure:(\w+)\}\}", article)
    assert sorted(placed) == sorted(learn.figures())
    assert "I am a student" in article and "Je suis étudiant" in article
    assert re.findall("^## ", article, re.M) == ["## "] * 6


def test_both_languages_name_the_same_sources() -> None:
    links = [
        set(re.findall(r"\]\((https?://[^)]+)\)", (DEMOS / f"translation/learn.{lang}.md")
            .read_text("utf-8")))
        for lang in LANGUAGES
    ]  # fmt: skip
    assert links[0] == links[1]


# ---- Train ---------------------------------------------------------------------------------------


def commands(html: str) -> list[str]:
    return [unescape(line) for line in re.findall(r'data-copy="([^"]+)"', html)]


def built(engine: Any, lang: str = "en") -> str:
    """The Train room as one piece of HTML."""
    return laid_out(lambda words: train.build(engine, words), lang)


def test_train_offers_only_what_the_command_line_takes() -> None:
    from typer.testing import CliRunner

    from pretrained.__main__ import app

    shown = commands(built(engine_of(Entry(EN_FR))))
    assert len(shown) == 4
    for line in shown:
        program, *rest = shlex.split(line)[2:] if "-m" in line else ("app", "")
        if program == "pretrained":
            command, *given = rest
            told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
            assert all(option in told for option in given if option.startswith("--"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_of_today_is_fine_tuned_on_the_same_file(lang: str, monkeypatch) -> None:
    now = Entry("translation/now", hub_id="somebody/<now>", title="Now & then")
    monkeypatch.setattr(
        train.answers, "known", lambda engine, direction: {EN_FR: Entry(EN_FR), now.key: now}
    )
    html = built(engine_of(Entry(EN_FR), now), lang)
    assert commands(html)[-1].startswith(
        f"python -m pretrained train {now.key} --data my_pairs.tsv"
    )
    assert "Now &amp; then" in html
    monkeypatch.setattr(train.answers, "known", lambda engine, direction: {EN_FR: Entry(EN_FR)})
    assert len(commands(built(engine_of(Entry(EN_FR)), lang))) == 4


def test_the_files_that_train_shows_can_be_trained_on(tmp_path) -> None:
    from pretrained.translation import data

    shown = {
        "pairs.tsv": (train.commands.TSV, ("en", "fr")),
        "pairs.jsonl": (train.commands.LINE, ("en", "zh")),
    }
    for name, (example, languages) in shown.items():
        file = tmp_path / name
        lines = example.splitlines()
        many = [line for line in lines for _ in range(2 * data.LEAST)]
        file.write_text("\n".join(many), "utf-8")
        scored, _ = data.to_score(file, "-".join(languages))
        assert len(scored) == len(lines) and all(one.references for one in scored)


@pytest.mark.parametrize("name", ["scores", "ablation", "curve", "networks"])
def test_the_bundled_cards_fill_every_figure(name: str) -> None:
    """A card written anew once lost the rows that an experiment had put there."""
    assert learn.DASH not in text(learn.figures()[name](WORDS.speaker("en")))
