// @ts-check
// Which of a picture's objects are shown, their masks, and one of them alone: what the visitor's score
// and classes let through, without asking the server.

import { columns, path, scaled } from "./detection_masks.js";

const ROOM = ".tab-detection .room-try";
const SHARPEST = 960; // pixels of a canvas of masks
const VEIL = { light: "rgb(251 250 247 / .82)", dark: "rgb(21 21 20 / .82)" };
export const chosen = { least: 0.5, off: new Set() };

export const room = () => document.querySelector(ROOM);
const words = () => room().querySelector(".least").dataset;
const told = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => fields[name]);
export const percent = (share) => `${Math.round(share * 100)}%`;

/** What a figure knows of its objects, read once: Gradio may use an element again for another. */
export function read(figure) {
	const text = figure.dataset.found;
	if (figure.text !== text) Object.assign(figure, { text, known: JSON.parse(text), alone: undefined });
	return figure.known;
}

export const isShown = (object) => object.score >= chosen.least && !chosen.off.has(object.label);

/** Show what the score and the classes let through; `figure.alone`: the number of the one object
 *  that is pointed at. */
export function paint(figure) {
	const { objects, seen } = read(figure); // before what was pointed at, which it forgets
	const alone = objects[figure.alone] && isShown(objects[figure.alone]) ? figure.alone : undefined;
	for (const part of figure.querySelectorAll("[data-n]")) {
		const n = +part.dataset.n, row = part.tagName === "TR";
		part.toggleAttribute("hidden", !isShown(objects[n]) || (!row && alone !== undefined && n !== alone));
		part.classList.toggle("alone", n === alone);
	}
	const rows = objects.filter(isShown);
	for (const button of figure.querySelectorAll("[data-class]")) {
		const off = chosen.off.has(button.dataset.class);
		const mine = objects.filter((o) => o.label === button.dataset.class && o.score >= chosen.least);
		button.querySelector("[data-show=of]").textContent = mine.length;
		button.setAttribute("aria-pressed", !off);
		button.toggleAttribute("hidden", !mine.length && !off);
		if (off) button.parentElement.hidden = false; // a lone class, switched off at another picture
	}
	const off = objects.some((o) => o.score >= chosen.least && chosen.off.has(o.label));
	const say = words(), kind = [off ? "off" : "none", "one"][rows.length] ?? "many";
	const count = figure.querySelector("[data-show=count]"), text = told(say[kind], { n: rows.length });
	if (count && count.textContent !== text) count.textContent = text;
	const none = figure.querySelector("[data-show=none]");
	if (none) {
		const best = objects.find((o) => !chosen.off.has(o.label));
		none.hidden = !!rows.length || !best || best.score >= chosen.least;
		if (!none.hidden)
			none.textContent = told(say.below, {
				name: best.name, score: percent(best.score), least: percent(chosen.least),
			});
	}
	const link = figure.querySelector("[data-share]");
	if (link) link.dataset.share = JSON.stringify({ ...JSON.parse(link.dataset.share), confidence: Math.round(chosen.least * 100) });
	figure.querySelector(".things")?.toggleAttribute("hidden", !rows.length);
	draw(figure.querySelector("canvas"), figure, alone, seen);
}

/** An object's pixels on a canvas of a size: its mask, or its box where it has none. */
function shape(object, seen, size) {
	const kept = (object.paths ??= new Map()), key = size.join();
	if (!kept.has(key)) {
		if (object.mask) kept.set(key, path(scaled(columns(object.mask, seen), seen, size)));
		else {
			const box = new Path2D(), [x0, y0, x1, y1] = object.box;
			const across = size[0] / seen[0], down = size[1] / seen[1];
			box.rect(x0 * across, y0 * down, (x1 - x0) * across, (y1 - y0) * down);
			kept.set(key, box);
		}
	}
	return kept.get(key);
}

function draw(canvas, figure, alone, seen) {
	const scale = Math.min(1, SHARPEST / Math.max(...seen));
	const size = seen.map((side) => Math.max(1, Math.round(side * scale)));
	if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
	const sheet = canvas.getContext("2d");
	sheet.clearRect(0, 0, ...size);
	const { objects } = read(figure);
	if (alone === undefined) {
		tint(sheet, objects, seen, size);
		return;
	}
	sheet.fillStyle = window.house?.dark() ? VEIL.dark : VEIL.light;
	sheet.fillRect(0, 0, ...size);
	sheet.globalCompositeOperation = "destination-out";
	sheet.fillStyle = "#000";
	sheet.fill(shape(objects[alone], seen, size));
	sheet.globalCompositeOperation = "source-over";
}

/** All masks that are shown, in their classes' colours. */
export function tint(sheet, objects, seen, size) {
	sheet.globalAlpha = 0.42;
	for (const object of objects)
		if (object.mask && isShown(object)) {
			sheet.fillStyle = object.colour;
			sheet.fill(shape(object, seen, size));
		}
	sheet.globalAlpha = 1;
}

const figures = () => [...(room()?.querySelectorAll("[data-found]") ?? [])];
export const paintAll = () => figures().forEach(paint);

/** The object under a place of the plate: the smallest box that holds it. */
function under(figure, event) {
	const { objects, seen } = read(figure), place = figure.querySelector(".plate").getBoundingClientRect();
	const x = ((event.clientX - place.left) / place.width) * seen[0];
	const y = ((event.clientY - place.top) / place.height) * seen[1];
	let best, least = Infinity;
	objects.forEach((object, n) => {
		const [x0, y0, x1, y1] = object.box, area = (x1 - x0) * (y1 - y0);
		if (isShown(object) && x >= x0 && x <= x1 && y >= y0 && y <= y1 && area < least) [best, least] = [n, area];
	});
	return best;
}

/** Pointing at a box or its row shows it alone; a class is switched off and on. */
export function follow(element) {
	const isolate = (figure, n) => {
		if (!figure || figure.alone === n) return;
		figure.alone = n;
		paint(figure);
	};
	const rowOf = (event) => event.target.closest("tr[data-n]");
	const walk = (figure, step) => {
		const all = [...figure.querySelectorAll("rect[data-n]")].map((box) => +box.dataset.n);
		const { objects } = read(figure), shown = all.filter((n) => isShown(objects[n]));
		const now = shown.indexOf(figure.alone), to = shown[now < 0 && step < 0 ? shown.length - 1 : now + step];
		isolate(figure, to);
		const one = objects[to];
		figure.querySelector("[data-show=alone]").textContent = one ? `${one.name} ${percent(one.score)}` : "";
	};
	const at = (event) => {
		const figure = event.target.closest("[data-found]"), row = rowOf(event);
		if (row) isolate(figure, +row.dataset.n);
		else if (event.target.closest(".plate")) isolate(figure, under(figure, event));
		else if (figure && !figure.querySelector("tr :focus-visible")) isolate(figure, undefined);
	};
	element.addEventListener("pointermove", at);
	element.addEventListener("pointerdown", at);
	element.addEventListener("focusin", (event) => {
		const row = rowOf(event);
		isolate(event.target.closest("[data-found]"), row ? +row.dataset.n : undefined);
	});
	for (const gone of ["pointerleave", "focusout"])
		element.addEventListener(gone, (event) => {
			if (event.pointerType !== "touch" && !element.contains(event.relatedTarget))
				for (const figure of element.querySelectorAll("[data-found]")) isolate(figure, undefined);
		});
	element.addEventListener("keydown", (event) => {
		const row = rowOf(event), figure = event.target.closest("[data-found]");
		const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
		if (event.key === "Escape" && figure) isolate(figure, undefined);
		if (!step || !(row || event.target.matches(".plate"))) return;
		event.preventDefault();
		if (!row) return walk(figure, step);
		const rows = [...row.parentElement.querySelectorAll("tr:not([hidden])")];
		rows[rows.indexOf(row) + step]?.querySelector("button").focus();
	});
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-class]");
		if (!button) return;
		const name = button.dataset.class;
		chosen.off.has(name) ? chosen.off.delete(name) : chosen.off.add(name);
		paintAll();
	});
}
