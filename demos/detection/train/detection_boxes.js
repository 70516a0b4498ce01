// @ts-check
// Draws boxes on pictures: one large picture, its boxes, their labels. Mouse, finger, pen and keys.
// What stands there is a document that is never changed but replaced, so that undo is a list of them:
// {pictures: [{id, name, path, width, height, boxes}], labels, names, at, label}. A box is {box: [left, top,
// right, bottom] in the picture's pixels, label, outline?, crowd?, score?}; with a score it is a
// proposal that nobody has accepted yet.

import { moved } from "./detection_formats.js";
import { HANDLES, area, overlap, painter } from "./detection_paint.js";
import { filled } from "./dom.js";

const REACH = { mouse: 8, pen: 12, touch: 22 }; // screen pixels around a handle that are still it
const SAME = 0.6; // overlap from which a proposal is a box that is there already
const DRAWN = 6; // screen pixels from which a drag is a box and not a click
const KEPT = 200; // steps that can be undone
const EMPTY = { pictures: [], labels: [], names: {}, at: 0, label: 0 };

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const within = ([x0, y0, x1, y1], x, y) => x >= x0 && x <= x1 && y >= y0 && y <= y1;

/** The editor in `place`. `image(id)`: a picture's address. `changed(doc)`: called after every change. */
export function editor(place, { words, image, changed }) {
	const part = (name) => place.querySelector(name);
	const button = (name) => part(`[data-boxes=${name}]`);
	const stage = part(".boxes-stage"), list = part(".boxes-list"), labels = part(".boxes-labels"), said = part(".boxes-told");
	const typed = part("[name=label]");
	let doc = EMPTY, chosen = -1, drag = null, renaming = -1;
	const before = [], after = [];

	const now = () => doc.pictures[doc.at];
	const boxes = () => now()?.boxes ?? [];
	const tell = (text) => (said.textContent = text);

	/** Replace the document; `step`: it can be undone. */
	const set = (next, { step = true } = {}) => {
		if (step) {
			before.push(doc);
			if (before.length > KEPT) before.shift();
			after.length = 0;
		}
		// A proposal's label becomes one of the visitor's when it is accepted.
		const used = next.pictures.flatMap((one) => one.boxes).filter(({ label, score }) => label && score === undefined).map((one) => one.label);
		doc = { ...next, labels: [...new Set([...next.labels, ...used])] };
		if (chosen >= boxes().length) chosen = -1;
		paint();
		changed(doc);
	};
	const withBoxes = (next, more = {}) =>
		({ ...doc, ...more, pictures: doc.pictures.map((one, at) => at === doc.at ? { ...one, boxes: next } : one) });
	const withBox = (n, change, more) => withBoxes(boxes().map((one, at) => at === n ? { ...one, ...change } : one), more);
	const reshaped = (one, box) => {
		const { outline } = one;
		return { box, score: undefined, ...(outline && { outline: moved(outline, one.box, box) }) };
	};
	const tidy = (box) => {
		const { width, height } = now(), [x0, y0, x1, y1] = box;
		return [clamp(Math.min(x0, x1), 0, width), clamp(Math.min(y0, y1), 0, height), clamp(Math.max(x0, x1), 0, width), clamp(Math.max(y0, y1), 0, height)].map((v) => Math.round(v * 10) / 10);
	};

	// ---- what stands there ------------------------------------------------------------------

	const { called, describe, paintStage, paintList, paintStrip, scale } = painter(place, { words, image, tidy, view: () => ({ doc, chosen, drag }) });
	const paint = () => {
		place.hidden = !doc.pictures.length;
		if (place.hidden) return;
		const inside = document.activeElement, again = list.contains(inside) ? "list" : labels.contains(inside) ? "labels" : "";
		paintStage();
		paintStrip();
		paintList();
		part("[data-show=name]").textContent = filled(words.shown, { n: doc.at + 1, total: doc.pictures.length, name: now().name });
		stage.setAttribute("aria-description", filled(words.count, { count: boxes().length }));
		const every = doc.pictures.flatMap((one) => one.boxes), empty = doc.pictures.filter((one) => !one.boxes.length).length;
		tell([filled(words.total, { pictures: doc.pictures.length, boxes: every.filter(({ score }) => score === undefined).length }),
			empty && filled(words.empty, { count: empty })].filter(Boolean).join(" · "));
		button("accept").hidden = !boxes().some(({ score }) => score !== undefined);
		button("delete").disabled = chosen < 0;
		button("undo").disabled = !before.length;
		button("redo").disabled = !after.length;
		button("previous").disabled = doc.at === 0;
		button("next").disabled = doc.at >= doc.pictures.length - 1;
		// What is painted anew has lost the focus: it goes where it was.
		if (again && !place.contains(document.activeElement))
			(/** @type {any} */ (again === "list" ? list.querySelector("[aria-pressed=true]") : labels.querySelector(`[data-label="${doc.label}"]`)) ?? stage).focus({ preventScroll: true });
	};

	// ---- what is done -----------------------------------------------------------------------

	const choose = (n) => {
		chosen = n;
		const label = boxes()[n]?.label, at = doc.labels.indexOf(label);
		if (at >= 0 && at !== doc.label) doc = { ...doc, label: at };
		paint();
		if (n >= 0) tell(describe(n));
	};
	const turn = (at) => {
		if (!doc.pictures[at]) return;
		chosen = -1;
		set({ ...doc, at }, { step: false });
	};
	const add = (box) => {
		const tidied = tidy(box);
		if (tidied[2] - tidied[0] < 1 || tidied[3] - tidied[1] < 1) return;
		set(withBoxes([...boxes(), { box: tidied, label: doc.labels[doc.label] ?? "" }]));
		choose(boxes().length - 1);
		if (!doc.labels.length) {
			tell(words.name_it);
			typed.focus({ preventScroll: true });
		}
	};
	const remove = () => {
		if (chosen < 0) return;
		const n = chosen;
		chosen = -1;
		set(withBoxes(boxes().filter((_, at) => at !== n)));
	};
	/** The n-th label for the chosen box, which is accepted by that, and for the next ones. */
	const label = (n) => {
		if (!doc.labels[n]) return;
		if (chosen >= 0) set(withBox(chosen, { label: doc.labels[n], score: undefined }, { label: n }));
		else set({ ...doc, label: n }, { step: false });
		if (chosen >= 0) tell(describe(chosen));
	};
	/** The pictures with one label in place of another; those without it are the same as before. */
	const relabelled = (old, label) => doc.pictures.map((one) => !one.boxes.some((box) => box.label === old) ? one :
		{ ...one, boxes: one.boxes.map((box) => box.label === old ? { ...box, label } : box) });
	/** A new label, or another name for one: boxes without a label take the first. */
	const name = () => {
		const text = typed.value.normalize("NFC").trim();
		if (!text) return typed.focus();
		const known = Object.entries(doc.names).find(([, shown]) => shown === text)?.[0] ?? text;
		const old = renaming >= 0 ? doc.labels[renaming] : null;
		const there = doc.labels.indexOf(known);
		typed.value = "";
		if (old !== null) {
			renaming = -1;
			const rest = doc.labels.map((one) => one === old ? known : one).filter((one, at, all) => all.indexOf(one) === at);
			set({
				...doc, labels: rest, label: rest.indexOf(known),
				pictures: relabelled(old, known),
			});
		} else {
			const all = there < 0 ? [...doc.labels, known] : doc.labels, n = all.indexOf(known);
			const next = { ...doc, labels: all, label: n, pictures: doc.labels.length ? doc.pictures : relabelled("", known) };
			set(next);
			if (chosen >= 0 && boxes()[chosen].label !== known) label(n);
		}
		stage.focus({ preventScroll: true });
	};
	const accept = (some) => {
		const mine = boxes().map((one, n) => some(n) && one.score !== undefined ? { ...one, score: undefined } : one);
		set(withBoxes(mine));
	};
	const step = (from, to) => {
		if (!from.length) return;
		to.push(doc);
		chosen = -1;
		set(from.pop(), { step: false });
	};
	const undo = () => step(before, after), redo = () => step(after, before);
	/** Boxes for a picture that somebody proposes; those that nearly coincide with one there are not. */
	const propose = (id, found, names = {}) => {
		let fresh = [];
		set({
			...doc, names: { ...doc.names, ...names },
			pictures: doc.pictures.map((one) => {
				if (one.id !== id) return one;
				const mine = one.boxes.filter(({ score }) => score === undefined);
				fresh = found.filter(({ box }) => !mine.some((other) => overlap(other.box, box) > SAME));
				return { ...one, boxes: [...mine, ...fresh] };
			}),
		});
		const first = boxes().findIndex(({ score }) => score !== undefined);
		if (first >= 0) choose(first);
		tell(filled(fresh.length ? words.proposed : words.nothing, { count: fresh.length }));
	};

	// ---- pointer ----------------------------------------------------------------------------

	const at = ({ clientX, clientY }) => {
		const { left, top, width, height } = stage.getBoundingClientRect();
		return [((clientX - left) / width) * now().width, ((clientY - top) / height) * now().height];
	};
	const handle = (event) => {
		if (chosen < 0) return null;
		const [x, y] = at(event), { box } = boxes()[chosen], reach = (REACH[event.pointerType] ?? REACH.mouse) / scale();
		return HANDLES.find(([, h, v]) => Math.abs(box[h] - x) <= reach && Math.abs(box[v] - y) <= reach) ?? null;
	};
	const under = (event) => {
		const [x, y] = at(event);
		let best = -1;
		boxes().forEach(({ box }, n) => {
			if (within(box, x, y) && (best < 0 || area(box) < area(boxes()[best].box))) best = n;
		});
		return best;
	};
	stage.addEventListener("pointerdown", (event) => {
		if (event.button || !now()) return;
		if (drag) { // a second finger: the page is pinched, nothing is drawn
			drag = null;
			return paintStage();
		}
		event.preventDefault();
		stage.focus({ preventScroll: true });
		const from = at(event), grip = handle(event);
		const mine = chosen >= 0 && within(boxes()[chosen].box, ...from);
		drag = { id: event.pointerId, from, grip, start: [event.clientX, event.clientY], ...((grip || mine) && { n: chosen, box: boxes()[chosen].box }) };
		stage.setPointerCapture(event.pointerId);
	});
	stage.addEventListener("pointermove", (event) => {
		if (!now()) return;
		if (!drag) {
			const grip = handle(event);
			stage.style.cursor = grip ? `${grip[0]}-resize` : chosen >= 0 && within(boxes()[chosen].box, ...at(event)) ? "move" : "crosshair";
			return;
		}
		if (event.pointerId !== drag.id) return;
		const [x, y] = at(event), { width, height } = now();
		drag.far ||= Math.hypot(event.clientX - drag.start[0], event.clientY - drag.start[1]) >= DRAWN;
		if (!drag.far) return;
		if (drag.grip) {
			const box = [...boxes()[drag.n].box];
			box[drag.grip[1]] = x;
			box[drag.grip[2]] = y;
			drag.box = tidy(box);
		} else if (drag.n !== undefined) {
			const { box: [x0, y0, x1, y1] } = boxes()[drag.n];
			const dx = clamp(x - drag.from[0], -x0, width - x1), dy = clamp(y - drag.from[1], -y0, height - y1);
			drag.box = [x0 + dx, y0 + dy, x1 + dx, y1 + dy];
		} else drag.box = [...drag.from, x, y];
		paintStage();
	});
	stage.addEventListener("pointerup", (event) => {
		if (event.pointerId !== drag?.id) return;
		const { n, box, far } = drag;
		drag = null;
		if (!far) {
			const target = under(event);
			choose(target === chosen && boxes().length > 1 ? next(event, target) : target);
		} else if (n === undefined) add(box);
		else {
			set(withBox(n, reshaped(boxes()[n], tidy(box))));
			tell(describe(n));
		}
	});
	stage.addEventListener("pointercancel", () => {
		drag = null;
		paintStage();
	});
	/** A click on the chosen box leads to the next one below the same place. */
	const next = (event, n) => {
		const all = boxes().map(({ box }, at) => [box, at]).filter(([box]) => within(box, ...at(event))).map(([, at]) => at);
		return all[(all.indexOf(n) + 1) % all.length];
	};

	// ---- keys and buttons -------------------------------------------------------------------

	const nudge = (event, [dx, dy]) => {
		const { width, height } = now(), one = boxes()[chosen], far = event.altKey ? 1 : Math.max(1, Math.round(Math.max(width, height) / 100));
		let [x0, y0, x1, y1] = one.box;
		if (event.shiftKey) [x1, y1] = [Math.max(x0 + 1, x1 + dx * far), Math.max(y0 + 1, y1 + dy * far)];
		else {
			const [mx, my] = [clamp(dx * far, -x0, width - x1), clamp(dy * far, -y0, height - y1)];
			[x0, y0, x1, y1] = [x0 + mx, y0 + my, x1 + mx, y1 + my];
		}
		set(withBox(chosen, reshaped(one, tidy([x0, y0, x1, y1]))));
		tell(describe(chosen));
	};
	const middle = () => {
		const { width, height } = now();
		add([width * 0.35, height * 0.35, width * 0.65, height * 0.65]);
	};
	const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
	place.addEventListener("keydown", (event) => {
		const { key, target } = event, typing = target === typed, ctrl = event.ctrlKey || event.metaKey;
		if (typing && key === "Enter") name();
		else if (typing && key === "Escape") {
			typed.value = "";
			renaming = -1;
			stage.focus({ preventScroll: true });
		} else if (typing) return;
		else if (ctrl && key.toLowerCase() === "z") (event.shiftKey ? redo : undo)();
		else if (ctrl && key.toLowerCase() === "y") redo();
		else if (ctrl || !now()) return;
		else if (/^[1-9]$/.test(key)) label(+key - 1);
		else if (key === "Delete" || key === "Backspace") remove();
		else if (key === "Escape" && chosen >= 0) choose(-1);
		else if (key === "PageDown") turn(doc.at + 1);
		else if (key === "PageUp") turn(doc.at - 1);
		else if (target !== stage) return;
		else if (ARROWS[key] && chosen >= 0) nudge(event, ARROWS[key]);
		else if (key === "ArrowRight") turn(doc.at + 1);
		else if (key === "ArrowLeft") turn(doc.at - 1);
		else if (key === "Enter" && boxes()[chosen]?.score !== undefined) {
			accept((n) => n === chosen);
			choose(boxes().findIndex(({ score }) => score !== undefined));
		} else if (key === "Enter" || key.toLowerCase() === "n") middle();
		else if (key === ",") choose(chosen <= 0 ? boxes().length - 1 : chosen - 1);
		else if (key === ".") choose(boxes().length ? (chosen + 1) % boxes().length : -1);
		else if (key.toLowerCase() === "s") button("suggest").click();
		else return;
		event.preventDefault();
		event.stopPropagation();
	});
	const acts = {
		previous: () => turn(doc.at - 1), next: () => turn(doc.at + 1), add: name, delete: remove, undo, redo,
		accept: () => accept(() => true),
		remove: () => {
			chosen = -1;
			const rest = doc.pictures.filter((_, at) => at !== doc.at);
			set({ ...doc, pictures: rest, at: clamp(doc.at, 0, Math.max(0, rest.length - 1)) });
		},
	};
	place.addEventListener("click", ({ target }) => {
		const one = target.closest("button");
		if (!one) return;
		const { boxes: act, at: to, n, label: which, rename, forget } = one.dataset;
		if (act) acts[act]?.();
		else if (to !== undefined) turn(+to);
		else if (n !== undefined) choose(+n);
		else if (which !== undefined) label(+which);
		else if (rename !== undefined) {
			renaming = +rename;
			typed.value = called(doc.labels[renaming]);
			typed.focus();
			typed.select();
			tell(filled(words.renaming, { label: typed.value }));
		} else if (forget !== undefined) set({ ...doc, labels: doc.labels.filter((_, at) => at !== +forget), label: 0 });
	});
	typed.addEventListener("blur", () => {
		if (!typed.value.trim()) renaming = -1;
	});
	new ResizeObserver(paintStage).observe(stage);

	return { get doc() { return doc; }, set, propose, tell, empty: EMPTY };
}
