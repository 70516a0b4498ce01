// @ts-check
// Try of Generate images: picking a face, walking between faces, and what can be taken home. Pictures
// are the ones in the page; nothing of this asks the server for another.

import { copyLink, credited, linkTo, savePicture } from "./share.js";

const NEXT = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "row", ArrowUp: "-row" };

/** The grid: a click picks, arrow keys move. */
export function mountGrid(element, pick) {
	const faces = () => [...element.querySelectorAll("[data-at]")];
	element.addEventListener("click", (event) => {
		const face = event.target.closest("[data-at]"), save = event.target.closest("[data-save]");
		if (save) saveAll(faces().map((one) => one.querySelector("img")), columns(element), save.dataset.save);
		if (!face) return;
		for (const one of faces()) {
			one.setAttribute("aria-pressed", one === face);
			one.tabIndex = one === face ? 0 : -1;
		}
		pick(+face.dataset.at);
	});
	element.addEventListener("keydown", (event) => {
		const face = event.target.closest("[data-at]"), step = NEXT[event.key];
		if (!face || !step) return;
		event.preventDefault();
		const wide = columns(element), all = faces();
		const far = step === "row" ? wide : step === "-row" ? -wide : step;
		all[+face.dataset.at + far]?.focus();
	});
}

const columns = (element) => +(element.querySelector("[data-columns]")?.dataset.columns ?? 1);

/** The face that was picked: save it, copy a link to it and to all else that is shown. */
export function mountPicked(element) {
	element.addEventListener("click", (event) => {
		const save = event.target.closest("[data-save]"), link = event.target.closest("[data-link]");
		if (save) saveAll([element.querySelector("img")], 1, save.dataset.save);
		if (link) copy(link);
		const large = event.target.closest("[data-credit]");
		if (large) saveLarge(element.querySelector("img"), large.dataset);
	});
	// The page in the other language shows the same.
	addEventListener("house:language", ({ detail: { searchParams } }) => {
		if (searchParams.get("tab") !== "images" || !element_of("#face-picked [data-link]")) return;
		for (const name of ["model", "seed", "count", "near", "face", "walk"]) searchParams.delete(name);
		for (const [name, value] of new URLSearchParams(query())) searchParams.set(name, value);
	});
}

/** What the room shows, as an address says it. */
function query() {
	const stops = element_of("#face-walk [data-stops]")?.dataset.stops;
	return `${element_of("#face-picked [data-link]").dataset.link}${stops ? `&walk=${stops}` : ""}`;
}

const copy = (link) => copyLink(link, linkTo(Object.fromEntries(new URLSearchParams(`tab=images&${query()}`))));

const element_of = (selector) => document.querySelector(selector);

/** Pictures side by side as one PNG, in the pixels that were drawn. */
function saveAll(images, wide, name) {
	const side = images[0].naturalWidth;
	const canvas = document.createElement("canvas");
	canvas.width = side * Math.min(wide, images.length);
	canvas.height = side * Math.ceil(images.length / wide);
	const sheet = canvas.getContext("2d");
	images.forEach((image, n) => sheet.drawImage(image, (n % wide) * side, Math.floor(n / wide) * side));
	savePicture(canvas, name);
}

const LARGE = 512; // pixels of a face that is to be shown to others

function saveLarge(image, { credit, file }) {
	savePicture(credited(LARGE, LARGE, credit, (sheet) => {
		sheet.imageSmoothingQuality = "high";
		sheet.drawImage(image, 0, 0, LARGE, LARGE);
	}), file);
}

/** The walk: the slider switches pictures that are here already. Who takes a stop away by keys
 *  stays among the stops; who takes a face from the walk is shown it. */
export function mountWalk(element, take, drop, watch) {
	let gone = -1;
	watch("value", () => {
		const stops = [...element.querySelectorAll("[data-drop]")];
		if (gone >= 0) stops[Math.min(gone, stops.length - 1)]?.focus({ preventScroll: true });
		gone = -1;
	});
	const show = () => {
		const box = element.querySelector("[data-frames]"), slider = element.querySelector("input");
		if (!box || !slider) return;
		if (box.read !== box.dataset.frames) box.frames = JSON.parse((box.read = box.dataset.frames));
		const { leg, place, at: stands, names } = JSON.parse(box.dataset.said);
		const at = +slider.value, from = Math.min(Math.floor(at / leg), names.length - 2);
		const share = Math.round(((at - from * leg) / leg) * 100);
		const said = share % 100 === 0 ? stands.replace("{face}", names[from + share / 100])
			: place.replace("{share}", share).replace("{from}", names[from]).replace("{to}", names[from + 1]);
		box.src = box.frames[at];
		box.alt = said;
		slider.setAttribute("aria-valuetext", said);
		element.querySelector("[data-show=place]").textContent = said;
	};
	element.addEventListener("input", show);
	element.addEventListener("click", (event) => {
		const stop = event.target.closest("[data-drop]");
		if (stop) drop((gone = +stop.dataset.drop));
		else if (event.target.closest("[data-take]")) {
			take(+element.querySelector("input").value);
			bring(element_of("#face-picked"));
		}
	});
}

/** The models of today: a button draws, and so does Enter in the text; the page moves to what is
 *  drawn where that is out of sight. Who uses the keyboard stays where he was when the models are
 *  told anew, and what was typed stays. */
export function mountModels(element, draw, watch) {
	let held = "", text = "";
	element.addEventListener("input", (event) => (text = event.target.value));
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-draw]");
		if (!button) return;
		draw((held = button.dataset.draw), text);
		const sheet = element_of("#face-today");
		const come = new MutationObserver(() => {
			come.disconnect();
			bring(sheet);
		});
		come.observe(sheet, { childList: true, subtree: true });
	});
	element.addEventListener("keydown", (event) => {
		if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-text]")) return;
		event.target.closest("section").querySelector("[data-draw]").click();
	});
	watch("value", () => {
		const field = element.querySelector("[data-text]");
		if (field) field.value = text;
		if (document.activeElement === document.body && held)
			element.querySelector(`[data-draw="${held}"]`)?.focus({ preventScroll: true });
	});
}

function bring(part) {
	const { top, bottom } = part.getBoundingClientRect();
	const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
	if (top < 0 || bottom > innerHeight) part.scrollIntoView({ block: "center", behavior });
}
