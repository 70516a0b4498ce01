// @ts-check
// Fool it: the picture that is on the page, changed on a canvas and asked about again while it changes,
// beside the answer to it as it was. Where the page shows the very file that it has an answer to, that is
// asked about too: so that what is not changed has the same answer here and there.

import { asked, bars, boxes, percent } from "./asking.js";
import { columns } from "./detection_masks.js";
import { filled, part, svg } from "./dom.js";
import { blurred, noisy, swapped } from "./fool_pixels.js";

const SIDE = 640; // pixels of the longer side of what is changed and asked about
const PAUSE = 200; // ms between two questions at least
const STEP = 2, LEAP = 10; // percent of the picture that an arrow key moves the patch; with Shift
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const UNSURE = .5; // probability below which an answer counts as not sure
const NAMES = 20, SHOWN = 3; // that are asked for, so that the first answer is among them; and shown
const GREY = "#808080";
/** Backgrounds that are painted: colours from top to bottom. */
const PAINTED = { white: ["#fff"], grey: [GREY], meadow: ["#8ec5f0", "#dceefa", "#7fae54", "#4d8434"], night: ["#05060f", "#1a2140"] };
const START = { x: 66, y: 72, size: 40, noise: 0, blur: 0, turn: 0, ground: "own" };

const sheet = (width, height) => {
	const canvas = Object.assign(document.createElement("canvas"), { width, height });
	return { canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
};
/** A picture over a whole canvas, its edges cut off where the shapes differ. */
const cover = (context, image) => {
	const { width, height } = context.canvas;
	const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
	const wide = image.naturalWidth * scale, high = image.naturalHeight * scale;
	context.drawImage(image, (width - wide) / 2, (height - high) / 2, wide, high);
};

/** Does `work` for the latest wish only: one at a time, with a pause after each, and of what is wished
 *  meanwhile the last. @param {() => Promise<void>} work */
export function latest(work) {
	let due = false, busy = false;
	return async () => {
		due = true;
		if (busy) return;
		busy = true;
		try {
			while (due) {
				due = false;
				await work();
				await new Promise((done) => setTimeout(done, PAUSE));
			}
		} finally { busy = false; } // what went wrong once does not stop what is wished next
	};
}

/** The fold in `element`; `open` asks for its controls, for the model that is chosen. */
export function mount(element, open, watch) {
	const room = element.closest(".room") ?? document;
	const find = (name) => element.querySelector(`[data-show=${name}]`);
	let told = null, model = "", state = null, stale = false;
	let image = null, address = "", base = null, first = null, outlines = null;
	let leaving = new AbortController(); // ends a question about what is no longer there
	const leave = () => {
		leaving.abort();
		leaving = new AbortController();
		first = null;
	};

	// ---- What is changed ----------------------------------------------------------------------

	const samples = () => [.../** @type {NodeListOf<HTMLImageElement>} */ (room.querySelectorAll("[data-pick] img"))];
	const sample = (name) => samples().find((one) => /** @type {any} */ (one.closest("[data-pick]")).dataset.pick === name);
	const printed = new Image();

	/** The picture on the page, if there is one that can be shown, on a canvas of its own. */
	const look = () => {
		image = room.querySelector(told.picture);
		const now = image?.naturalWidth ? image.src : "";
		if (now === address) return;
		address = now;
		leave();
		base = outlines = null;
		state.ground = "own";
		if (!now) return;
		const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
		base = { ...sheet(Math.max(1, Math.round(image.naturalWidth * scale)), Math.max(1, Math.round(image.naturalHeight * scale))), source: now };
		base.context.drawImage(image, 0, 0, base.canvas.width, base.canvas.height);
	};
	const changes = () => {
		const { x, y, size, patch, noise, blur, turn, ground } = state, { width, height } = base.canvas;
		const side = (size / 100) * Math.min(width, height);
		const off = Math.abs((x / 100 - .5) * width) >= (width + side) / 2 || Math.abs((y / 100 - .5) * height) >= (height + side) / 2;
		return Object.entries({ patch: patch !== "none" && !off, noise, blur, turn, ground: ground !== "own" })
			.filter(([, there]) => there).map(([name]) => name);
	};
	const ground = (name, { width, height }) => {
		const { context } = sheet(width, height), colours = PAINTED[name];
		if (colours) {
			const shade = context.createLinearGradient(0, 0, 0, height);
			colours.forEach((colour, n) => shade.addColorStop(colours.length > 1 ? n / (colours.length - 1) : 0, colour));
			context.fillStyle = shade;
			context.fillRect(0, 0, width, height);
		} else cover(context, sample(name));
		return context.getImageData(0, 0, width, height);
	};
	const patched = (context, { patch, x, y, size }) => {
		const { width, height } = context.canvas, side = (size / 100) * Math.min(width, height);
		const place = [(x / 100) * width - side / 2, (y / 100) * height - side / 2, side, side];
		const picture = patch === "printed" ? printed : sample(patch);
		context.fillStyle = GREY;
		if (picture) context.drawImage(picture, ...place);
		else if (patch !== "none") context.fillRect(...place);
	};
	/** Draws the picture as the settings have it: background, turn, patch, blur, noise, in this order. */
	const draw = () => {
		const canvas = find("changed"), { width, height } = base.canvas;
		if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
		const context = canvas.getContext("2d", { willReadFrequently: true });
		let scene = base;
		if (state.ground !== "own" && outlines) {
			scene = sheet(width, height);
			const pixels = base.context.getImageData(0, 0, width, height);
			swapped(pixels, ground(state.ground, base.canvas), outlines);
			scene.context.putImageData(pixels, 0, 0);
		}
		context.fillStyle = GREY;
		context.fillRect(0, 0, width, height);
		context.save();
		context.translate(width / 2, height / 2);
		context.rotate((state.turn * Math.PI) / 180);
		context.drawImage(scene.canvas, -width / 2, -height / 2);
		context.restore();
		patched(context, state);
		if (!state.blur && !state.noise) return;
		const pixels = context.getImageData(0, 0, width, height);
		blurred(pixels, state.blur);
		noisy(pixels, (state.noise / 100) * 255);
		context.putImageData(pixels, 0, 0);
	};

	// ---- What is asked, and what is said of it --------------------------------------------------

	const ask = async (picture, endpoint = told.endpoint) => {
		const { signal } = leaving, form = new FormData();
		const blob = picture instanceof Blob ? picture : await new Promise((done) => picture.toBlob(done, "image/jpeg", .92));
		form.append("image", blob, "picture.jpg");
		if (endpoint === told.endpoint) form.append("model", model);
		if (endpoint === "classify") form.append("top_k", String(NAMES));
		const read = await asked(endpoint, form, told.lost, signal);
		return read.objects ?? read.confidences.map(({ label, confidence }) => ({ label, score: confidence }));
	};
	const named = ({ label }) => told.names[label] ?? label;
	const rows = (answer, also) => {
		if (told.endpoint === "detect") return answer.map((one) => [named(one), one.score]);
		const kept = answer.filter((one, n) => n < SHOWN || one.label === also);
		return kept.map((one) => [named(one), one.score]);
	};
	const list = (answer) => answer.length
		? rows(answer).map(([name, score]) => filled(told.one, { name, share: percent(score) })).join(told.comma) : told.nothing;
	const sentence = (now) => {
		const made = changes(), say = (key, fields) => filled(told[key], { change: filled(told[made.length > 1 ? "many" : made[0]], state), ...fields });
		if (!made.length) return told.unchanged;
		if (told.endpoint === "detect") {
			const labels = (answer) => answer.map(({ label }) => label).sort().join();
			const kind = !now.length ? "lost_all" : labels(now) === labels(first) ? "same_found" : "found";
			return say(kind, { now: list(now), first: list(first) });
		}
		const [one] = now, [was] = first;
		const said = say(one.label === was.label ? "same" : "other", { now: named(one), share: percent(one.score), first: named(was), first_share: percent(was.score) });
		return one.score < UNSURE ? filled(told.unsure, { said }) : said;
	};
	const shown = (now) => {
		const drawing = find("boxes");
		const empty = () => part("p", told.nothing, { className: "quiet" });
		for (const [name, answer] of [["first", first], ["now", now]])
			find(name).replaceChildren(answer.length ? bars(rows(answer, first[0]?.label)) : empty());
		if (told.endpoint === "detect") {
			boxes(drawing, now, base.canvas);
			for (const one of now) {
				const [x0, y0] = one.box;
				svg("text", { x: x0 + 5, y: y0 + 20 }, drawing).textContent = `${named(one)} ${percent(one.score)}`;
			}
		}
		const said = sentence(now), verdict = find("verdict");
		if (verdict.textContent !== said) verdict.textContent = said;
	};
	const refuse = (text) => {
		const place = find("refused");
		place.textContent = text;
		place.hidden = !text;
		element.querySelector("[data-told]").classList.toggle("failed", Boolean(text));
	};
	const question = latest(async () => {
		if (!base) return;
		const mine = base, key = model;
		const others = () => mine !== base || key !== model; // asked about what is no longer there
		const verdict = find("verdict");
		if (!verdict.textContent) verdict.textContent = told.asking;
		try {
			if (!first) {
				const answer = await ask(told.endpoint === "classify" ? await (await fetch(mine.source)).blob() : mine.canvas);
				if (others()) return;
				first = answer;
			}
			if (state.ground !== "own" && !outlines) {
				const masks = (told.endpoint === "detect" ? first : await ask(mine.canvas, "detect")).filter(({ mask }) => mask);
				if (others()) return;
				if (masks.length) outlines = masks.map(({ mask }) => columns(mask.counts, [mine.canvas.width, mine.canvas.height]));
				else {
					state.ground = "own";
					find("ground").textContent = told.no_outlines;
				}
				paint();
			}
			const made = changes().length;
			const now = made ? await ask(find("changed")) : first;
			if (others()) return;
			refuse("");
			shown(now);
		} catch (error) {
			if (!others()) refuse(error instanceof TypeError ? told.lost : error.message);
		}
	});

	// ---- Controls ---------------------------------------------------------------------------------

	const paint = () => {
		find("none").hidden = Boolean(base);
		find("scene").hidden = !base;
		if (!base) return;
		for (const field of element.querySelectorAll("[data-set]")) {
			const { set, unit } = field.dataset;
			field.value = String(state[set]);
			if (!unit) continue;
			field.closest("label").querySelector("output").textContent = filled(unit, { n: state[set] });
			field.setAttribute("aria-valuetext", filled(unit, { n: state[set] }));
		}
		const handle = element.querySelector("[data-patch]"), { width, height } = base.canvas, side = (state.size * Math.min(width, height)) / 100;
		handle.hidden = state.patch === "none";
		Object.assign(handle.style, { left: `${state.x}%`, top: `${state.y}%`, width: `${(100 * side) / width}%`, height: `${(100 * side) / height}%` });
		handle.setAttribute("aria-valuenow", String(Math.round(state.x)));
		handle.setAttribute("aria-valuetext", filled(told.place, { x: Math.round(state.x), y: Math.round(state.y) }));
		find("printed").hidden = state.patch !== "printed";
		draw();
	};
	const change = (settings) => {
		Object.assign(state, settings);
		find("ground").textContent = "";
		paint();
		question();
	};
	const move = (x, y) => change({ x: Math.min(100, Math.max(0, x)), y: Math.min(100, Math.max(0, y)) });
	const options = () => {
		for (const select of element.querySelectorAll("select")) {
			if (select.querySelector("[data-sample]")) continue;
			for (const one of samples()) {
				const button = /** @type {any} */ (one.closest("[data-pick]"));
				select.append(part("option", button.title || button.dataset.pick, { value: button.dataset.pick }));
				select.lastElementChild.dataset.sample = "";
			}
		}
	};
	/** The controls stand there, new or again: `told` is what they say. */
	const read = () => {
		const face = element.querySelector("[data-told]");
		if (!face) return;
		stale = false;
		told = JSON.parse(face.dataset.told);
		state ??= { ...START, patch: told.start };
		if (model !== told.model) leave();
		model = told.model;
		options();
		if (!printed.src) printed.src = new URL("house/printed_patch.png", document.baseURI).href;
		printed.decode().then(refresh, () => refuse(told.lost));
	};
	const refresh = () => {
		if (!told || !element.querySelector("[data-told]")) return;
		look();
		if (!sample(state.patch) && !["printed", "grey", "none"].includes(state.patch)) state.patch = "printed";
		paint();
		question();
	};
	element.addEventListener("input", ({ target }) => {
		const { set } = target.dataset ?? {};
		if (set) change({ [set]: target.type === "range" ? +target.value : target.value });
	});
	element.addEventListener("click", (event) => {
		if (event.target.closest("[data-reset]")) change({ ...START, patch: told.start });
		else if (event.target === find("changed")) {
			const { left, top, width, height } = event.target.getBoundingClientRect();
			move((100 * (event.clientX - left)) / width, (100 * (event.clientY - top)) / height);
		}
	});
	let held = null;
	element.addEventListener("pointerdown", (event) => {
		const handle = event.target.closest("[data-patch]");
		if (!handle || event.button) return;
		event.preventDefault();
		handle.focus({ preventScroll: true });
		handle.setPointerCapture(event.pointerId);
		held = { x: state.x, y: state.y, fromX: event.clientX, fromY: event.clientY };
	});
	element.addEventListener("pointermove", (event) => {
		if (!held) return;
		const { width, height } = find("changed").getBoundingClientRect();
		move(held.x + (100 * (event.clientX - held.fromX)) / width, held.y + (100 * (event.clientY - held.fromY)) / height);
	});
	for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, () => (held = null));
	element.addEventListener("keydown", (event) => {
		const step = MOVES[event.key], far = event.shiftKey ? LEAP : STEP;
		if (!step || !event.target.closest("[data-patch]")) return;
		event.preventDefault();
		move(state.x + far * step[0], state.y + far * step[1]);
	});

	// ---- What happens around it: another picture, another model, the fold closed and opened --------

	const seen = () => element.checkVisibility?.() ?? Boolean(element.offsetParent);
	const again = () => {
		if (!seen()) stale = true;
		else if (stale || !told) open();
		else refresh();
	};
	addEventListener("house:model", () => {
		stale = true;
		again();
	});
	new MutationObserver((found) => {
		if (told && seen() && found.some(({ target }) => !element.contains(target))) {
			const picture = /** @type {any} */ (room.querySelector(told.picture));
			if (picture !== image || picture?.src !== address) picture && !picture.complete ? picture.addEventListener("load", refresh, { once: true }) : refresh();
		}
	}).observe(room, { subtree: true, childList: true, attributeFilter: ["src", "hidden"] });
	new IntersectionObserver((all) => {
		if (all.at(-1).isIntersecting) again();
	}, { rootMargin: "1000000px" }).observe(element);
	watch("value", read);
}
