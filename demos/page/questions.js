// @ts-check
// Five questions at the end of Learn. The first choice counts; nothing leaves the page. What was answered
// is answered in the other language too, when that is switched to.

import { carried } from "./carried.js";

const PATIENCE = 30_000; // ms that a place may take to be built
const STAY = 10_000; // ms in which what is still built above may not push it away
let look = new MutationObserver(() => {}), stay = new ResizeObserver(() => {});

/** Go to a place of the room that opens, once it is there. */
const arrive = (rooms, selector) => {
	const reach = () => {
		const place = [...rooms.querySelectorAll(selector)].find((one) => one.offsetParent);
		if (!place) return;
		look.disconnect();
		place.tabIndex = -1;
		place.classList.add("pointed-at");
		place.focus({ preventScroll: true });
		place.addEventListener("blur", () => place.classList.remove("pointed-at"), { once: true });
		hold(rooms, place);
	};
	look.disconnect();
	look = new MutationObserver(reach);
	look.observe(rooms, { childList: true, subtree: true, attributes: true, attributeFilter: ["style", "class"] });
	setTimeout((mine) => mine.disconnect(), PATIENCE, look);
	reach();
};

/** Keep a place in sight and its fold open while its room is built, until the visitor moves. */
const hold = (rooms, place) => {
	stay.disconnect();
	const mine = stay = new ResizeObserver(() => {
		/** @type {any} */ (place.querySelector(".label-wrap:not(.open)"))?.click(); // Gradio may close it again
		place.scrollIntoView({ block: "start" });
	});
	mine.observe(rooms);
	setTimeout(() => mine.disconnect(), STAY);
	for (const moved of ["wheel", "pointerdown", "keydown", "touchstart"])
		addEventListener(moved, () => mine.disconnect(), { once: true, passive: true });
};

/** Whatever stands in `element`, now or later, is answered by clicks. */
export const mount = (element) => {
	const all = () => [...element.querySelectorAll("[data-question]")];
	const options = (question) => [...question.querySelectorAll("[data-answer]")];
	const over = () => carried(all()[0].querySelector("[id]").id); // of this tab
	addEventListener("house:language", () => {
		const chosen = all().map((one) => options(one).findIndex((option) => option.ariaPressed === "true"));
		if (chosen.some((at) => at >= 0)) over().put(chosen);
	});
	const restore = () => {
		if (!all().length) return;
		again.disconnect();
		const chosen = over().take() ?? [];
		all().forEach((one, n) => options(one)[chosen[n]] && choose(element, options(one)[chosen[n]]));
	};
	const again = new MutationObserver(restore);
	again.observe(element, { childList: true, subtree: true });
	restore(); // what stands there already
	element.addEventListener("click", ({ target }) => press(element, target));
};

const press = (element, target) => {
	const see = target.closest("[data-see]");
	if (see) {
		const [tab, room] = see.dataset.see.split("/"), rooms = document.getElementById(`${tab}-rooms`);
		/** @type {any} */ (rooms?.querySelector(`:scope > .tab-wrapper [data-tab-id=${room}]`))?.click();
		rooms?.scrollIntoView({ block: "start" });
		if (rooms) arrive(rooms, see.dataset.at);
		return;
	}
	const button = target.closest("[data-answer]");
	if (button) choose(element, button);
};

const choose = (element, button) => {
	const question = button.closest("[data-question]");
	if (!question || "done" in question.dataset) return;
	const right = button.dataset.answer === "1";
	question.dataset.done = right ? "1" : "0";
	for (const one of question.querySelectorAll("[data-answer]")) {
		one.setAttribute("aria-disabled", "true");
		if (one.dataset.answer === "1") one.classList.add("right");
	}
	if (!right) button.classList.add("wrong");
	button.setAttribute("aria-pressed", "true");
	const why = question.querySelector(".questions-why"), said = why.querySelector("b");
	said.textContent = right ? said.dataset.right : said.dataset.wrong;
	why.hidden = false;
	const all = [...element.querySelectorAll("[data-question]")], done = all.filter((one) => "done" in one.dataset);
	const score = element.querySelector("[data-score]");
	if (done.length === all.length)
		score.textContent = score.dataset.score
			.replace("{right}", done.filter((one) => one.dataset.done === "1").length)
			.replace("{all}", all.length);
};
