"""Home's network really learns, in the browser that a visitor would use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

#: Trains a network of network.js and gives its losses and accuracy on held-out points.
TRAIN = """async ([shape, hidden, activation, rate, passes]) => {
    const { collect, compare, pass } = await import(new URL("house/home.js", document.baseURI));
    const { Network, random } = await import(new URL("house/network.js", document.baseURI));
    const data = collect(shape, 240, 0.06), shuffle = random(3);
    const network = new Network([2, ...hidden, 1], random(7), activation);
    const before = compare(network, data.seen).loss;
    for (let i = 0; i < passes; i++) pass(network, data.seen, rate, shuffle);
    const after = compare(network, data.seen);
    return { before, after: after.loss, heldOut: compare(network, data.heldOut).right,
             sizes: [data.seen.length, data.heldOut.length], parameters: network.parameters };
}"""

#: Compares back-propagation with finite differences, for every weight of a small network.
GRADIENTS = """async (activation) => {
    const { adjust, collect, compare } = await import(new URL("house/home.js", document.baseURI));
    const { Network, random } = await import(new URL("house/network.js", document.baseURI));
    const { seen } = collect("spirals", 30, 0.1);
    const make = () => new Network([2, 4, 3, 1], random(11), activation);
    const moved = make(), rate = 1e-3, h = 1e-5;
    adjust(moved, seen, rate);
    let worst = 0;
    make().layers.forEach(({ weights }, l) => weights.forEach((weight, k) => {
        const up = make(), down = make();
        up.layers[l].weights[k] += h;
        down.layers[l].weights[k] -= h;
        const slope = (compare(up, seen).loss - compare(down, seen).loss) / (2 * h);
        const step = (weight - moved.layers[l].weights[k]) / rate;
        worst = Math.max(worst, Math.abs(slope - step));
    }));
    return worst;
}"""


@pytest.fixture
def home(page: Page, app_url: str) -> Page:
    page.goto(app_url)
    expect(page.locator(".lab[data-mounted]")).to_be_visible()
    page.locator(".field").scroll_into_view_if_needed()
    return page


@pytest.fixture(scope="module")
def scripts(shared_page: Page, app_url: str) -> Page:
    """A page whose scripts reckon; what stands on it is not touched."""
    shared_page.goto(app_url)
    expect(shared_page.locator(".lab[data-mounted]")).to_be_visible()
    return shared_page


def train(page: Page, shape: str, hidden: list[int], activation: str = "tanh") -> dict[str, Any]:
    return page.evaluate(TRAIN, [shape, hidden, activation, 0.1, 400])


def test_a_deep_network_learns_every_shape(scripts: Page) -> None:
    for shape in ("clouds", "rings", "checkers", "spirals"):
        result = train(scripts, shape, [6, 6])
        assert result["after"] < 0.1 < result["before"]
        assert result["heldOut"] > 0.95
        assert result["sizes"] == [160, 80]
        assert result["parameters"] == 2 * 6 + 6 + 6 * 6 + 6 + 6 + 1


def test_a_linear_network_cannot_solve_rings(scripts: Page) -> None:
    for hidden in ([], [6, 6]):
        result = train(scripts, "rings", hidden, "linear")
        assert result["after"] > 0.6 and result["heldOut"] < 0.7
    assert train(scripts, "clouds", [], "linear")["heldOut"] > 0.95


def test_back_propagation_is_the_gradient(scripts: Page) -> None:
    for activation in ("tanh", "relu", "linear"):
        assert scripts.evaluate(GRADIENTS, activation) < 1e-6, activation


def reading(page: Page, name: str) -> float:
    return float(page.locator(f"[data-show={name}]").inner_text().rstrip("%"))


def wait_passes(page: Page, passes: int) -> None:
    page.wait_for_function(
        "(n) => Number(document.querySelector('[data-show=passes]').textContent) >= n", arg=passes
    )


def test_it_begins_when_it_comes_into_view(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto(app_url)
    expect(page.locator(".lab[data-mounted]")).to_be_visible()
    page.wait_for_timeout(700)
    assert reading(page, "passes") == 0
    page.locator(".field").scroll_into_view_if_needed()
    wait_passes(page, 3)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(300)
    rested = reading(page, "passes")
    page.wait_for_timeout(700)
    assert reading(page, "passes") == rested


def stroke(page: Page, *places: tuple[float, float]) -> None:
    """Press at the first place of the field (shares of it, from the left and the top), drag on."""
    box = page.locator(".field").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for one in at[1:]:
        page.mouse.move(*one, steps=8)
    page.mouse.up()


def test_a_visitor_paints_points_and_it_learns_them(home: Page) -> None:
    few, points = home.locator("[data-show=few]"), home.locator("[data-show=points]")
    expect(few).to_be_hidden()
    expect(home.get_by_role("button", name="Remove mine")).to_be_hidden()
    home.get_by_label("Shape").select_option("own")
    expect(few).to_be_visible()
    expect(home.locator("[data-show=passes]")).to_have_text("–")
    home.locator(".field").scroll_into_view_if_needed()
    stroke(home, (0.1, 0.2), (0.9, 0.2))
    expect(few).to_be_visible()  # of one colour
    home.get_by_label("diamond").check()
    stroke(home, (0.1, 0.8), (0.9, 0.8))
    expect(points).to_contain_text("are yours; every third of a colour is held out.")
    expect(few).to_be_hidden()
    wait_passes(home, 100)
    assert reading(home, "right") == 100
    home.get_by_role("button", name="Remove mine").click()
    expect(few).to_be_visible()
    expect(points).to_have_text("")


def test_a_visitor_paints_by_keyboard(home: Page) -> None:
    points = home.locator("[data-show=points]")
    home.locator(".field").focus()
    for key in ("ArrowUp", "Shift+ArrowRight"):
        home.keyboard.press(key)
    expect(home.locator("[data-show=at]")).to_have_text("0.20, 0.05")
    for _ in range(3):
        home.keyboard.press("Space")
    expect(points).to_contain_text("3 are yours")
    home.get_by_label("Shape").select_option("clouds")
    expect(points).to_have_text("")  # they were painted on another shape


def test_a_tap_paints_where_a_finger_scrolls(new_page: Callable[..., Page], app_url: str) -> None:
    page = new_page(has_touch=True, viewport={"width": 390, "height": 844})
    page.goto(app_url)
    field, points = page.locator(".field"), page.locator("[data-show=points]")
    expect(page.locator(".lab[data-mounted]")).to_be_visible()
    field.tap(position={"x": 60, "y": 60})
    expect(points).to_contain_text("1 are yours")
    touched = '{ pointerType: "touch", bubbles: true, pointerId: 9 }'
    field.evaluate(f"(field) => field.dispatchEvent(new PointerEvent('pointerdown', {touched}))")
    expect(points).to_contain_text("1 are yours")  # the page is scrolled
    page.get_by_label("diamond").check(force=True)
    field.tap(position={"x": 90, "y": 90})
    expect(points).to_contain_text("2 are yours")


#: How points of a visitor are parted.
JOINED = """async (labels) => {
    const { enough, joined } = await import(new URL("house/home.js", document.baseURI));
    const data = joined({ seen: [], heldOut: [] }, labels.map((label, x) => ({ x, y: 0, label })));
    return [data.seen.map(({ x }) => x), data.heldOut.map(({ x }) => x), enough(data)];
}"""


def test_every_third_point_of_either_colour_is_held_out(scripts: Page) -> None:
    assert scripts.evaluate(JOINED, [0, 0, 0, 1, 1]) == [[0, 1, 3, 4], [2], False]
    assert scripts.evaluate(JOINED, [0, 1, 0, 1, 0, 1, 1]) == [[0, 1, 2, 3, 6], [4, 5], True]
    assert scripts.evaluate(JOINED, []) == [[], [], False]


def test_it_learns_by_itself_when_the_page_opens(home: Page) -> None:
    wait_passes(home, 150)
    assert reading(home, "seen") < 0.1 and reading(home, "right") > 90
    painted = home.evaluate(
        """() => { const c = document.querySelector("canvas.field");
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            const at = (x, y) => [...d.slice(4 * (y * c.width + x), 4 * (y * c.width + x) + 3)];
            return [at(6, 6), at(c.width >> 1, c.height >> 1)]; }"""
    )
    assert painted[0] != painted[1]  # the middle of the rings and their corner


def test_pause_step_and_start_over(home: Page) -> None:
    wait_passes(home, 5)
    run = home.locator("[data-do=run]")
    run.click()
    expect(run).to_have_text("Run")
    stopped = reading(home, "passes")
    home.locator("[data-do=step]").click()
    expect(home.locator("[data-show=passes]")).to_have_text(str(int(stopped) + 1))
    expect(home.locator("[data-stage=adjust]")).to_have_attribute("aria-current", "step")
    home.locator("[data-do=reset]").click()
    expect(home.locator("[data-show=passes]")).to_have_text("0")
    expect(home.locator("[data-stage=collect]")).to_have_class("stage on")
    run.click()
    wait_passes(home, 3)
    expect(run).to_have_text("Pause")


def test_the_stages_light_up_as_it_runs(home: Page) -> None:
    for stage in ("compare", "adjust", "compare"):
        expect(home.locator(f"[data-stage={stage}]")).to_have_attribute("aria-current", "step")


def test_data_and_architecture_are_the_visitors_choice(home: Page) -> None:
    home.get_by_label("Shape").select_option("spirals")
    home.get_by_label("Hidden layers").fill("3")
    home.get_by_label("Neurons in each").fill("8")
    expect(home.locator("[data-show=weights]")).to_have_text("177 weights")
    home.get_by_label("Activation").select_option("linear")
    wait_passes(home, 60)
    assert reading(home, "right") < 95  # no straight line parts two spirals


def test_too_large_steps_are_explained(home: Page) -> None:
    home.get_by_label("Activation").select_option("linear")
    home.get_by_label("Hidden layers").fill("4")
    home.get_by_label("Neurons in each").fill("8")
    home.get_by_label("Learning rate").select_option("3")
    expect(home.locator("[data-show=stuck]")).to_be_visible()
    expect(home.locator("[data-do=run]")).to_have_text("Run")


def test_less_motion_shows_it_already_learnt(new_page: Callable[..., Page], app_url: str) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto(app_url)
    expect(page.locator("[data-show=passes]")).to_have_text("300")
    expect(page.locator("[data-do=run]")).to_have_text("Run")
    assert reading(page, "right") > 95


def test_six_living_pictures_are_doors(home: Page) -> None:
    tiles = home.locator(".tiles li")
    expect(tiles).to_have_count(6)
    expect(home.locator("[data-living=pen] path").first).to_be_visible()
    for tile in tiles.all():  # above the fold
        assert tile.bounding_box()["y"] + tile.bounding_box()["height"] <= 900
    home.locator("[data-living=pen]").click()
    expect(home.locator(".page.tab-text")).to_have_attribute("data-exhibit", "pen")


def test_they_stand_still_where_less_motion_is_asked_for(
    new_page: Callable[..., Page], app_url: str
) -> None:
    page = new_page(reduced_motion="reduce", viewport={"width": 390, "height": 844})
    page.goto(f"{app_url}/?lang=zh")
    told = page.locator("[data-living=write] p")
    expect(told).to_contain_text("。")
    expect(page.locator("[data-living=translate] p").last).to_contain_text("孩子")
    text = told.inner_text()
    page.wait_for_timeout(600)
    assert told.inner_text() == text
    last = page.locator(".tiles li").last.bounding_box()
    assert last["y"] + last["height"] <= 844
