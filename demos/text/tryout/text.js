// @ts-check
// Generate text, Try: the sheet that follows the writing, the switch of the two exhibits, and which
// model a reload keeps.

import { carried } from "./carried.js";

const draft = carried("text");
// What a link asks for, if it is one: the model of another page does not take its place.
const linked = () => ["lang", "model", "text_seed"].map((name) => new URL(location.href).searchParams.get(name)).join();
let chosen = null;
addEventListener("pagehide", () => chosen && draft.put({ key: chosen, at: linked() }));

/** A model that the visitor chose. */
export const picked = (key) => { chosen = key; };

/** The inputs of the page's opening, of which the last becomes the model that was kept, if one was. */
export const opened = (...given) => {
	const kept = draft.take();
	if (kept?.at === linked()) {
		chosen = kept.key;
		window.house.stands(chosen);
		window.house.picked(chosen);
	}
	return [...given.slice(0, -1), chosen];
};

// Stop and Continue go when they are pressed: the focus then passes on to what is there.
const ROW = ["write-stop", "write-more", "write-go"];
const passOn = (column) => {
	let held = "";
	document.addEventListener("focusin", ({ target }) => { held = /** @type {any} */ (target).id; });
	document.addEventListener("pointerdown", () => { held = ""; }, true);
	const move = () => {
		if (document.activeElement !== document.body || !ROW.includes(held)) return;
		ROW.map((id) => document.getElementById(id)).find((one) => one?.offsetParent)?.focus({ preventScroll: true });
	};
	new MutationObserver(() => setTimeout(move, 50)).observe(column, { childList: true, subtree: true, attributeFilter: ["class"] });
};

/** Keeps the newest line in sight while it is written, and goes back to where that began at its end,
 *  unless the visitor has scrolled. */
export const follow = (element, watch) => {
	passOn(element.closest(".get"));
	element.closest(".page").addEventListener("focusout", ({ target }) => {
		if (!target.matches("#write-length input[type=number]") || Number.isInteger(+target.value)) return;
		target.value = String(Math.round(+target.value)); // characters are whole
		target.dispatchEvent(new Event("input", { bubbles: true }));
	});
	const NEAR = 24; // pixels
	let below = true, busy = false, begun = 0, top = 0, placed = 0; // `placed`: by this script
	element.addEventListener("scroll", ({ target: leaf }) => {
		if (!leaf.matches(".leaf")) return;
		top = leaf.scrollTop;
		if (top < placed - NEAR) below = false; // a visitor went up; what only grew is followed
		if (leaf.scrollHeight - top - leaf.clientHeight < NEAR) below = true;
	}, true);
	watch("value", () => {
		const leaf = element.querySelector(".leaf");
		if (!leaf) return;
		const now = leaf.getAttribute("aria-busy") === "true";
		if (now && !busy) {
			[below, placed] = [true, 0];
			const long = leaf.scrollHeight > leaf.clientHeight + 1;
			begun = long ? leaf.scrollHeight - leaf.clientHeight / 2 : 0;
		}
		if (now || busy) leaf.scrollTop = !below ? top : now ? leaf.scrollHeight : begun;
		if (now && below) placed = leaf.scrollTop;
		busy = now;
	});
};

/** Text or pen: one choice for all rooms, on the page's column and in the address. */
export const exhibits = (element) => {
	const page = element.closest(".page");
	const asked = new URL(location.href).searchParams.get("exhibit");
	const show = (name) => {
		page.dataset.exhibit = name;
		for (const button of page.querySelectorAll("[data-exhibit-of]"))
			button.setAttribute("aria-pressed", String(button.dataset.exhibitOf === name));
	};
	show(page.dataset.exhibit || (asked === "pen" ? "pen" : "text"));
	element.addEventListener("click", ({ target }) => {
		const button = target.closest("[data-exhibit-of]");
		if (!button) return;
		show(button.dataset.exhibitOf);
		const address = new URL(location.href);
		address.searchParams.set("exhibit", button.dataset.exhibitOf);
		history.replaceState(history.state, "", address);
	});
};
