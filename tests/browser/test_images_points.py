"""Two tiny networks really learn against each other, in the browser that a visitor would use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

#: Compares back-propagation with finite differences, for every weight of both networks.
GRADIENTS = """async () => {
    const { collect, Game } = await import(new URL("house/points_gan.js", document.baseURI));
    const game = new Game(collect("moons", 40, 3), 5), h = 1e-5;
    const batch = game.batch(), latents = game.latents(20);
    const noise = game.noisy(new Float64Array(40));
    const discriminator = () => game.discriminatorLoss(batch);
    const generator = () => game.generatorLoss(latents, noise), worst = {};
    for (const [name, loss] of Object.entries({ discriminator, generator })) {
        loss();
        const kept = game[name].layers.map(({ gradient }) => gradient.slice());
        worst[name] = { most: Math.max(...kept.flatMap((g) => [...g].map(Math.abs))), off: 0 };
        game[name].layers.forEach(({ weights }, l) => weights.forEach((weight, k) => {
            weights[k] = weight + h;
            const up = loss();
            weights[k] = weight - h;
            const down = loss();
            weights[k] = weight;
            const off = Math.abs((up - down) / (2 * h) - kept[l][k]);
            worst[name].off = Math.max(worst[name].off, off);
        }));
    }
    return worst;
}"""

#: The same for the lines that are drawn: which way the score of each point rises.
PUSHES = """async () => {
    const { collect, Game } = await import(new URL("house/points_gan.js", document.baseURI));
    const game = new Game(collect("ring", 40), 2), h = 1e-5;
    const cloud = game.cloud().slice(0, 20), pushes = game.pushes(cloud);
    const sure = (points) => game.probabilities(points).reduce((sum, p) => sum + Math.log(p), 0);
    let off = 0;
    cloud.forEach((_, k) => {
        const up = cloud.slice(), down = cloud.slice();
        up[k] += h;
        down[k] -= h;
        off = Math.max(off, Math.abs((sure(up) - sure(down)) / (2 * h) - pushes[k]));
    });
    return off;
}"""

#: Plays rounds at balances one after the other. Gives what is measured at the end of each, the mean
#: of four measurements, whether every loss was finite, and where the cloud ends.
PLAY = """async ([shape, plan, seed]) => {
    const { collect, Game, speeds } =
        await import(new URL("house/points_gan.js", document.baseURI));
    const game = new Game(collect(shape), seed), parts = [];
    let finite = true;
    for (const [balance, rounds] of plan) {
        const rates = speeds(balance), sum = { reached: 0, hit: 0 };
        for (let n = 1; n <= rounds; n++) {
            const losses = [
                game.discriminatorTurn(rates.discriminator), game.generatorTurn(rates.generator),
            ];
            finite &&= losses.every(Number.isFinite);
            if (n > rounds - 200 && n % 50 === 0) {
                const { reached, hit } = game.measure(game.cloud());
                sum.reached += reached / 4;
                sum.hit += hit / 4;
            }
        }
        parts.push(sum);
    }
    return { parts, finite, cloud: [...game.cloud()].slice(0, 6) };
}"""
USUAL, GENERATOR_AHEAD, DISCRIMINATOR_AHEAD = 4, -4, 8


@pytest.fixture(scope="module")
def house(shared_page: Page, app_url: str) -> Page:
    shared_page.goto(app_url)
    shared_page.wait_for_function("window.house")
    return shared_page


def learn(page: Page, app_url: str, lang: str = "en") -> Page:
    """Opens Learn of the tab."""
    page.goto(f"{app_url}/?tab=images&lang={lang}")
    page.locator("#images-rooms > .tab-wrapper [role=tab]").nth(3).click()
    expect(page.locator(".duel[data-mounted]")).to_be_visible()
    return page


# ---- the two networks ----------------------------------------------------------------------------


def test_back_propagation_is_the_gradient_of_both_losses(house: Page) -> None:
    found = house.evaluate(GRADIENTS)
    for name in ("discriminator", "generator"):
        assert found[name]["most"] > 1e-3, f"the {name} has slopes at all"
        assert found[name]["off"] < 1e-7, name


def test_the_lines_point_up_the_discriminators_probability(house: Page) -> None:
    assert house.evaluate(PUSHES) < 1e-6


@pytest.mark.parametrize("shape", ["ring", "moons", "blobs"])
def test_every_shape_is_reached_at_the_usual_balance(house: Page, shape: str) -> None:
    found = house.evaluate(PLAY, [shape, [[USUAL, 1000]], 1])
    assert found["finite"]
    assert found["parts"][0]["reached"] > 0.7 and found["parts"][0]["hit"] > 0.5


@pytest.mark.parametrize("shape", ["ring", "moons", "blobs"])
def test_a_generator_that_is_far_faster_collapses(house: Page, shape: str) -> None:
    """What the page says of the knob's left end, measured: no shape is half covered there."""
    found = house.evaluate(PLAY, [shape, [[GENERATOR_AHEAD, 1000]], 1])
    assert found["finite"]
    assert found["parts"][0]["reached"] < 0.35


def test_a_collapsed_generator_recovers_once_the_knob_is_pulled_back(house: Page) -> None:
    plan = [[GENERATOR_AHEAD, 1000], [USUAL, 1000]]
    collapsed, recovered = house.evaluate(PLAY, ["ring", plan, 1])["parts"]
    assert collapsed["reached"] < 0.35 and recovered["reached"] > 0.9


def test_a_generator_that_is_far_slower_stays_blurred(house: Page) -> None:
    slow = house.evaluate(PLAY, ["blobs", [[DISCRIMINATOR_AHEAD, 1000]], 1])
    usual = house.evaluate(PLAY, ["blobs", [[USUAL, 1000]], 1])
    assert slow["finite"] and slow["parts"][0]["reached"] > 0.7
    assert slow["parts"][0]["hit"] < usual["parts"][0]["hit"]


def test_the_same_seed_plays_the_same_game(house: Page) -> None:
    first, again, other = (
        house.evaluate(PLAY, ["moons", [[USUAL, 60]], seed])["cloud"] for seed in (1, 1, 2)
    )
    assert first == again != other


# ---- the page ------------------------------------------------------------------------------------


def shown(page: Page, name: str) -> str:
    return page.locator(f".duel [data-show={name}]").inner_text()


def test_it_runs_by_itself_and_can_be_paused_stepped_and_begun_again(
    page: Page, app_url: str
) -> None:
    learn(page, app_url)
    run = page.locator(".duel [data-do=run]")
    expect(run).to_have_text("Pause")
    page.wait_for_function(
        "Number(document.querySelector('.duel [data-show=rounds]').textContent) >= 5"
    )
    run.click()
    expect(run).to_have_text("Run")
    rounds = int(shown(page, "rounds"))
    said = page.locator(".duel [data-show=said]")
    expect(said).to_contain_text(f"after {rounds} rounds")
    step = page.locator(".duel [data-do=step]")
    step.click()
    expect(said).to_contain_text("discriminator")
    step.click()
    expect(said).to_contain_text("generator")
    assert int(shown(page, "rounds")) == rounds + 1
    page.locator(".duel [data-do=reset]").click()
    assert shown(page, "rounds") == "0"
    expect(run).to_have_text("Run")
    run.click()
    page.locator(".duel [data-do=reset]").click()
    expect(run).to_have_text("Pause")
    page.wait_for_function(
        "Number(document.querySelector('.duel [data-show=rounds]').textContent) >= 5"
    )


def test_less_motion_means_that_it_waits(new_page: Callable[..., Page], app_url: str) -> None:
    page = learn(new_page(reduced_motion="reduce"), app_url)
    expect(page.locator(".duel [data-do=run]")).to_have_text("Run")
    page.wait_for_timeout(300)
    assert shown(page, "rounds") == "0"
    page.locator(".duel [data-do=step]").click()
    assert shown(page, "rounds") == "1"


def test_the_knob_says_what_it_does(new_page: Callable[..., Page], app_url: str) -> None:
    page = learn(new_page(reduced_motion="reduce"), app_url, "zh")
    knob = page.get_by_label("谁学得快")
    expect(knob).to_have_attribute("name", "balance")
    expect(page.locator(".duel [data-show=balance]")).to_have_text("判别器是对方的 16 倍")
    knob.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".duel [data-show=balance]")).to_have_text("一样快")
    page.keyboard.press("Home")
    expect(knob).to_have_attribute("aria-valuetext", "生成器是对方的 16 倍")


def test_a_collapse_is_called_one_and_nothing_else_is(
    new_page: Callable[..., Page], app_url: str
) -> None:
    """The page's own clock is hurried along: rounds are played until the note may appear."""
    page = new_page()
    page.add_init_script("window.requestAnimationFrame = (go) => setTimeout(() => go(0), 0);")
    learn(page, app_url)
    page.wait_for_function(
        "Number(document.querySelector('.duel [data-show=rounds]').textContent) >= 420",
        timeout=120_000,
    )
    note = page.locator(".duel [data-show=collapse]")
    expect(note).to_be_hidden()
    page.locator(".duel [name=balance]").fill("-4")
    page.locator(".duel [name=shape]").select_option("blobs")
    expect(note).to_be_visible(timeout=120_000)


def test_nothing_has_stopped_before_anything_began(page: Page, app_url: str) -> None:
    learn(page, app_url)
    expect(page.locator(".duel [data-do=run]")).to_have_text("Pause")
    page.get_by_label("What is to be learnt").select_option("own")
    expect(page.locator(".duel [data-show=said]")).to_have_text("")
    expect(page.locator(".duel [data-show=reached]")).to_have_text("–")


def test_points_of_ones_own_are_drawn_by_hand_or_by_keyboard(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = learn(new_page(reduced_motion="reduce"), app_url)
    page.get_by_label("What is to be learnt").select_option("own")
    run = page.locator(".duel [data-do=run]")
    expect(run).to_be_disabled()
    expect(page.locator(".duel [data-show=said]")).to_have_text("")
    field = page.locator(".duel canvas.field")
    field.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(run).to_be_enabled()
    page.keyboard.press("Backspace")
    expect(run).to_be_disabled()
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 160, steps=8)
    page.mouse.up()
    expect(run).to_be_enabled()
    page.get_by_role("button", name="Clear my points").click()
    expect(run).to_be_disabled()


def test_the_game_fits_a_phone(new_page: Callable[..., Page], app_url: str) -> None:
    """No word stands in the field: test_house asks for the page's width in both languages."""
    page = new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    learn(page, app_url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".duel canvas.field").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
