// @ts-check
// Look inside of Detect objects: each step from picture to answer, drawn from what the
// network said once. Markup and every sentence: inference_steps.py, attribution.py and rcnn.py.

import { svg } from "./dom.js";

const PICKED = "picked"; // what the room is told when an object is picked elsewhere
const MOST_COUNTED = 8; // classes that are counted one by one
const VEIL = 0.8; // of what does not belong to an object

const percent = (share) => `${Math.round(share * 100)}%`;
const whole = (number) => Math.round(number).toLocaleString("en");
const fill = (text, fields) =>
	Object.entries(fields).reduce((said, [name, value]) => said.replaceAll(`{${name}}`, value), text);

/** Box number `n` of a flat list: [left, top, right, bottom]. */
export const boxAt = (boxes, n) => boxes.slice(4 * n, 4 * n + 4);

const area = ([x0, y0, x1, y1]) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

/** What two boxes share, over what they cover together, 0..1. */
export function overlap(a, b) {
	const shared = area([
		Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3]),
	]);
	return shared / (area(a) + area(b) - shared) || 0;
}

/** Of candidates [4 N], the surest first: {kept, dropped}, numbers. One is dropped that overlaps one
 * of its class that was kept before it by more than `same`; of the rest one that overlaps any by more
 * than `across`, or is one of the `parts` of another; those below `least` are left out. */
export function suppressed({ candidates, scores, classes, parts, across }, least, same) {
	const dropped = [], alike = {}, once = [], kept = [];
	for (let n = 0; n < scores.length && scores[n] >= least; n++) {
		const box = boxAt(candidates, n), others = (alike[classes[n]] ??= []);
		if (others.some((other) => overlap(other, box) > same)) dropped.push(n);
		else {
			once.push(n);
			others.push(box);
		}
	}
	for (const n of once) {
		const box = boxAt(candidates, n);
		const twice = (other) =>
			classes[other] !== classes[n] && overlap(boxAt(candidates, other), box) > across;
		(parts.includes(n) || kept.some(twice) ? dropped : kept).push(n);
	}
	return { kept, dropped };
}

/** The box that is a share of the way from one to another. */
export const between = (from, to, share) => from.map((side, n) => side + (to[n] - side) * share);

/** How much each of `count` cells over [from, to) lends to each pixel of [first, last): a list of
 * [cell, share] a pixel. Pillow's bilinear filter, by which the network's own masks are stretched. */
function lent(count, from, to, first, last) {
	const scale = count / (to - from), far = Math.max(1, scale);
	return Array.from({ length: last - first }, (_, n) => {
		const middle = (first + n + 0.5 - from) * scale, near = [];
		let sum = 0;
		for (let cell = Math.floor(middle - far); cell < middle + far; cell++) {
			const share = 1 - Math.abs(cell + 0.5 - middle) / far;
			if (share <= 0) continue;
			near.push([Math.min(Math.max(cell, 0), count - 1), share]);
			sum += share;
		}
		return near.map(([cell, share]) => [cell, share / sum]);
	});
}

/** A mask of bytes, a square row by row, stretched over a box of a picture [w, h]: {left, top, wide,
 * high, values}, 0..1 for each pixel whose middle lies in the box, one at least. */
export function stretched(cells, [x0, y0, x1, y1], [width, height]) {
	const side = Math.sqrt(cells.length);
	const left = Math.min(Math.round(x0), width - 1), top = Math.min(Math.round(y0), height - 1);
	const wide = Math.max(left + 1, Math.min(Math.round(x1), width)) - left;
	const high = Math.max(top + 1, Math.min(Math.round(y1), height)) - top;
	const across = lent(side, x0, Math.max(x1, x0 + 1e-6), left, left + wide);
	const down = lent(side, y0, Math.max(y1, y0 + 1e-6), top, top + high);
	const rows = Array.from({ length: side }, (_, row) => Float32Array.from(across, (near) =>
		near.reduce((sum, [cell, share]) => sum + cells[row * side + cell] * share, 0) / 255));
	const values = new Float32Array(wide * high);
	down.forEach((near, y) => {
		for (const [row, share] of near)
			for (let x = 0; x < wide; x++) values[y * wide + x] += rows[row][x] * share;
	});
	return { left, top, wide, high, values };
}

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const lines = (boxes) =>
	boxes.map(([x0, y0, x1, y1]) => `M${x0} ${y0}H${x1}V${y1}H${x0}Z`).join("");
const sized = ([x0, y0, x1, y1]) => `${whole(x1 - x0)} × ${whole(y1 - y0)}`;

/** Says under a slider what it shows, and to whoever hears it. */
function tell(dial, value, said) {
	dial.closest(".dial").querySelector("output").value = value;
	dial.setAttribute("aria-valuetext", said);
	dial.closest(".aside").querySelector(".told").textContent = said;
}

/** A CSS colour as [red, green, blue, 255]. */
function ink(colour) {
	const pen = new OffscreenCanvas(1, 1).getContext("2d");
	pen.fillStyle = colour;
	pen.fillRect(0, 0, 1, 1);
	return pen.getImageData(0, 0, 1, 1).data;
}

/** The squares that the network painted: in colour from `least` on, in grey below. */
function painted(canvas, cells, least, colour) {
	const pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
	const above = ink(colour), below = [128, 128, 128];
	cells.forEach((cell, n) => {
		const sure = cell >= least * 255;
		image.data.set(sure ? above : below, 4 * n);
		image.data[4 * n + 3] = sure ? 90 + 0.65 * cell : 0.8 * cell;
	});
	pen.putImageData(image, 0, 0);
}

/** A picture [w, h] under a veil that is open where a stretched mask reaches `least`. Gives how many
 * pixels that are. */
function veiled(canvas, [width, height], { left, top, wide, high, values }, least, colour) {
	canvas.width = width;
	canvas.height = height;
	const pen = canvas.getContext("2d"), patch = pen.createImageData(wide, high);
	const veil = [...ink(colour).slice(0, 3), VEIL * 255];
	let pixels = 0;
	values.forEach((value, n) => {
		if (value >= least) pixels++;
		else patch.data.set(veil, 4 * n);
	});
	pen.globalAlpha = VEIL;
	pen.fillStyle = colour;
	pen.fillRect(0, 0, width, height);
	pen.putImageData(patch, left, top);
	return pixels;
}

/** How many boxes of each class, the commonest first. */
function count(list, data, numbers) {
	const found = new Map();
	for (const n of numbers) found.set(data.classes[n], (found.get(data.classes[n]) ?? 0) + 1);
	const rows = [...found].sort((a, b) => b[1] - a[1]).slice(0, MOST_COUNTED);
	list.replaceChildren(...rows.map(([label, many]) => {
		const [name, lang, colour] = data.names[label];
		const row = document.createElement("li"), bold = document.createElement("b");
		row.style.setProperty("--c", colour);
		bold.lang = lang;
		bold.textContent = name;
		row.append(bold, ` ${whole(many)}`);
		return row;
	}));
}

/** The steps; each acts at once. An object that is picked is told to the server. */
export function mountSteps(element, ask, watch) {
	let data = null, picked = 0, mask = null;
	const step = (name) => element.querySelector(`[data-step="${name}"]`);
	const dial = (name) => element.querySelector(`[data-dial="${name}"]`);
	const said = (name) => JSON.parse(step(name).dataset.said);
	const draw = (name, kind, boxes) => step(name).querySelector(`path.${kind}`).setAttribute("d", lines(boxes));
	const candidate = (n) => boxAt(data.candidates, n);
	const object = () => data.objects[picked];
	const colour = () => data.names[data.classes[object().at]][2];
	/** Candidates by their numbers, each in the colour of its class. */
	const byClass = (name, numbers) => {
		draw(name, "halo", numbers.map(candidate));
		const group = step(name).querySelector(".by-class");
		group.replaceChildren();
		data.names.forEach(([, , stroke], label) => {
			const own = numbers.filter((n) => data.classes[n] === label).map(candidate);
			if (own.length) svg("path", { d: lines(own), stroke }, group);
		});
	};
	const score = () => +dial("scores").value;

	const shows = {
		pyramid() {
			const at = +dial("pyramid").value, sentences = said("pyramid");
			step("pyramid").querySelectorAll(".level").forEach((level, n) => { level.hidden = n !== at; });
			tell(dial("pyramid"), `${at + 1} / ${sentences.length}`, sentences[at] ?? "");
		},
		proposals() {
			const many = +dial("proposals").value;
			const boxes = Array.from({ length: many }, (_, n) => boxAt(data.proposals, n));
			draw("proposals", "halo", boxes);
			draw("proposals", "proposed", boxes);
			const least = percent(data.objectness[many - 1] ?? 0), all = whole(data.objectness.length);
			tell(dial("proposals"), whole(many), fill(said("proposals").told, { n: whole(many), all, least }));
		},
		scores() {
			const least = score(), numbers = [];
			for (let n = 0; n < data.scores.length && data.scores[n] >= least; n++) numbers.push(n);
			byClass("scores", numbers);
			const kind = numbers.length > 1 ? "many" : numbers.length ? "one" : "none";
			const told = fill(said("scores")[kind], { n: whole(numbers.length), least: percent(least) });
			tell(dial("scores"), percent(least), told);
			count(step("scores").querySelector(".counts"), data, numbers);
			shows.suppression();
		},
		suppression() {
			const same = +dial("suppression").value;
			const { kept, dropped } = suppressed(data, score(), same);
			byClass("suppression", kept);
			draw("suppression", "dropped", dropped.map(candidate));
			const fields = { kept: whole(kept.length), dropped: whole(dropped.length), least: percent(score()) };
			const told = fill(said("suppression").told, { ...fields, same: percent(same) });
			tell(dial("suppression"), percent(same), told);
			count(step("suppression").querySelector(".counts"), data, kept);
		},
		refined() {
			if (!object()) return;
			const { at } = object(), share = dial("refined").value / 100, to = candidate(at);
			const from = data.from[at] < 0 ? to : boxAt(data.proposals, data.from[at]);
			const now = between(from, to, share);
			draw("refined", "begun", [from]);
			draw("refined", "ended", [to]);
			draw("refined", "halo", [from, to, now]);
			draw("refined", "kept", [now]);
			const fields = { from: sized(from), to: sized(to), overlap: percent(overlap(from, to)) };
			tell(dial("refined"), percent(share), fill(said("refined").told, fields));
		},
		masks() {
			if (!object()) return;
			const { at, cells } = object(), box = candidate(at), least = +dial("masks").value;
			const [large, small] = step("masks").querySelectorAll("canvas");
			const paper = getComputedStyle(element).getPropertyValue("--paper") || "#fff";
			mask ??= { cells: bytes(cells), ...stretched(bytes(cells), box, data.size) };
			draw("masks", "ended", [box]);
			painted(small, mask.cells, least, colour());
			const pixels = veiled(large, data.size, mask, least, paper);
			const fields = {
				least: percent(least), pixels: whole(pixels), box: percent(pixels / mask.values.length),
				picture: percent(pixels / (data.size[0] * data.size[1])),
			};
			tell(dial("masks"), percent(least), fill(said("masks")[pixels ? "told" : "none"], fields));
		},
	};

	const pick = (number) => {
		if (!data?.objects[number]) return;
		picked = number;
		mask = null;
		for (const button of element.querySelectorAll("[data-pick]"))
			button.setAttribute("aria-pressed", String(+button.dataset.pick === number));
		for (const name of ["refined", "masks"]) step(name).style.setProperty("--c", colour());
		shows.refined();
		shows.masks();
		ask(number);
	};
	/** Picked by the visitor: what changed is said to whoever does not see it. */
	const follow = (number) => {
		pick(number);
		const { at } = object(), status = element.querySelector("[data-heard]");
		const fields = { name: data.names[data.classes[at]][0], score: percent(data.scores[at]) };
		const told = step("masks").querySelector(".told").textContent;
		status.textContent = fill(status.dataset.heard, { ...fields, told });
	};
	const show = () => {
		const steps = element.querySelector(".steps");
		data = steps && JSON.parse(steps.dataset.steps);
		if (!data) return;
		const [first, ...others] = element.querySelectorAll(".scene > img");
		for (const other of others) other.src = first.src;
		for (const one of element.querySelectorAll("[data-dial]")) shows[one.dataset.dial]();
		pick(0);
	};

	element.addEventListener("input", (event) => shows[event.target.dataset.dial]?.());
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-pick]");
		if (button) follow(+button.dataset.pick);
	});
	document.addEventListener(PICKED, (/** @type {any} */ event) => follow(event.detail));
	// The paper has another colour after the switch to the dark.
	new MutationObserver(() => { if (data) shows.masks(); })
		.observe(document.body, { attributeFilter: ["class"] });
	watch("value", show);
	show();
}

/** The same choice of objects beside the heat, which is drawn anew: whoever picked by the keyboard
 * stays where he was. */
export function mountAttribution(element, watch) {
	let pressed = null;
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-pick]");
		if (!button) return;
		pressed = button.dataset.pick;
		document.dispatchEvent(new CustomEvent(PICKED, { detail: +pressed }));
	});
	watch("value", () => {
		if (pressed === null || document.activeElement !== document.body) return;
		element.querySelector(`[data-pick="${pressed}"]`)?.focus({ preventScroll: true });
	});
}

/** The rectangles of 2014, one after the other. Whoever looks at another room is told to the server:
 * it need not work on for nobody. */
export function mountRectangles(element, watch, left) {
	const show = () => {
		const box = element.querySelector("[data-boxes]");
		if (!box) return;
		const dial = box.querySelector("[data-dial]"), at = +dial.value - 1;
		const rectangle = JSON.parse(box.dataset.boxes)[at];
		for (const kind of ["halo", "kept"])
			box.querySelector(`path.${kind}`).setAttribute("d", lines([rectangle]));
		tell(dial, dial.value, JSON.parse(box.dataset.said)[at]);
	};
	element.addEventListener("input", show);
	const leave = () => {
		if (element.querySelector("progress") && !element.checkVisibility()) left();
	};
	new ResizeObserver(leave).observe(element);
	watch("value", () => { leave(); show(); });
	show();
}

/** An answer that comes while the room is open is looked at too; one that comes elsewhere waits for
 * the room to be opened. */
export function mountNews(element, watch, news) {
	watch("value", () => { if (element.offsetParent) news(); });
}
