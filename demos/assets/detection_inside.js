// Look inside of Detect objects: each step of the road from picture to answer, drawn from what the
// network said once. Markup and every sentence: demos/detection/road.py, why.py and rcnn.py.

import { columns, path } from "./detection_masks.js";
import { svg } from "./pen_ink.js";

const PICKED = "picked"; // what the room is told when an object is picked elsewhere
const MOST_COUNTED = 8; // classes that are counted one by one

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
 * of its class that was kept before it by more than `same`; those below `least` are left out. */
export function suppressed({ candidates, scores, classes }, least, same) {
	const kept = [], dropped = [], alike = {};
	for (let n = 0; n < scores.length && scores[n] >= least; n++) {
		const box = boxAt(candidates, n), others = (alike[classes[n]] ??= []);
		if (others.some((other) => overlap(other, box) > same)) dropped.push(n);
		else {
			kept.push(n);
			others.push(box);
		}
	}
	return { kept, dropped };
}

/** The box that is a share of the way from one to another. */
export const between = (from, to, share) => from.map((side, n) => side + (to[n] - side) * share);

const lines = (boxes) =>
	boxes.map(([x0, y0, x1, y1]) => `M${x0} ${y0}H${x1}V${y1}H${x0}Z`).join("");
const sized = ([x0, y0, x1, y1]) => `${whole(x1 - x0)} × ${whole(y1 - y0)}`;

/** Says under a slider what it shows, and to whoever hears it. */
function tell(dial, value, said) {
	dial.closest("label").querySelector("output").value = value;
	dial.setAttribute("aria-valuetext", said);
	dial.closest(".aside").querySelector(".told").textContent = said;
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

/** The steps of the road; each acts at once. An object that is picked is told to the server. */
export function mountRoad(element, ask, watch) {
	let data = null, picked = 0, mask = null;
	const step = (name) => element.querySelector(`[data-step="${name}"]`);
	const dial = (name) => element.querySelector(`[data-dial="${name}"]`);
	const said = (name) => JSON.parse(step(name).dataset.said);
	const draw = (name, kind, boxes) => step(name).querySelector(`path.${kind}`).setAttribute("d", lines(boxes));
	const candidate = (n) => boxAt(data.candidates, n);
	const object = () => data.objects[picked];
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
			const least = percent(data.chances[many - 1] ?? 0), all = whole(data.chances.length);
			tell(dial("proposals"), whole(many), fill(said("proposals").told, { n: whole(many), all, least }));
		},
		scores() {
			const least = score(), numbers = [];
			for (let n = 0; n < data.scores.length && data.scores[n] >= least; n++) numbers.push(n);
			draw("scores", "halo", numbers.map(candidate));
			const group = step("scores").querySelector(".by-class");
			group.replaceChildren();
			data.names.forEach(([, , colour], label) => {
				const own = numbers.filter((n) => data.classes[n] === label).map(candidate);
				if (own.length) svg("path", { d: lines(own), stroke: colour }, group);
			});
			const kind = numbers.length > 1 ? "many" : numbers.length ? "one" : "none";
			const told = fill(said("scores")[kind], { n: whole(numbers.length), least: percent(least) });
			tell(dial("scores"), percent(least), told);
			count(step("scores").querySelector(".counts"), data, numbers);
			shows.suppression();
		},
		suppression() {
			const same = +dial("suppression").value;
			const { kept, dropped } = suppressed(data, score(), same);
			draw("suppression", "halo", kept.map(candidate));
			draw("suppression", "kept", kept.map(candidate));
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
			draw("refined", "halo", [now]);
			draw("refined", "kept", [now]);
			const fields = { from: sized(from), to: sized(to), overlap: percent(overlap(from, to)) };
			tell(dial("refined"), percent(share), fill(said("refined").told, fields));
		},
		masks() {
			if (!object()) return;
			const [width, height] = data.size, box = candidate(object().at), share = dial("masks").value / 100;
			const canvas = step("masks").querySelector("canvas");
			draw("masks", "ended", [box]);
			mask ??= object().mask === null ? [] : columns(object().mask, data.size);
			canvas.width = width;
			canvas.height = height;
			const pixels = mask.flat().reduce((sum, [from, to]) => sum + to - from, 0);
			if (!pixels) return tell(dial("masks"), percent(share), said("masks").none);
			const context = canvas.getContext("2d");
			context.globalAlpha = share;
			context.fillStyle = getComputedStyle(element).getPropertyValue("--paper") || "#fff";
			context.fillRect(0, 0, width, height);
			context.globalAlpha = 1;
			context.globalCompositeOperation = "destination-out";
			context.fill(path(mask));
			const fields = { pixels: whole(pixels), box: percent(pixels / Math.max(1, area(box))) };
			const told = fill(said("masks").told, { ...fields, picture: percent(pixels / (width * height)) });
			tell(dial("masks"), percent(share), told);
		},
	};

	const pick = (number) => {
		if (!data?.objects[number]) return;
		picked = number;
		mask = null;
		for (const button of element.querySelectorAll("[data-pick]"))
			button.setAttribute("aria-pressed", String(+button.dataset.pick === number));
		shows.refined();
		shows.masks();
		ask(number);
	};
	const show = () => {
		const road = element.querySelector(".road");
		data = road && JSON.parse(road.dataset.road);
		if (!data) return;
		const [first, ...others] = element.querySelectorAll(".scene > img");
		for (const other of others) other.src = first.src;
		for (const one of element.querySelectorAll("[data-dial]")) shows[one.dataset.dial]();
		pick(0);
	};

	element.addEventListener("input", (event) => shows[event.target.dataset.dial]?.());
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-pick]");
		if (button) pick(+button.dataset.pick);
	});
	document.addEventListener(PICKED, (event) => pick(event.detail));
	// The paper has another colour after the switch to the dark.
	new MutationObserver(() => { if (data) shows.masks(); })
		.observe(document.body, { attributeFilter: ["class"] });
	watch("value", show);
	show();
}

/** The same choice of objects beside the heat. */
export function mountWhy(element) {
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-pick]");
		if (button) document.dispatchEvent(new CustomEvent(PICKED, { detail: +button.dataset.pick }));
	});
}

/** The rectangles of 2014, one after the other. */
export function mountRectangles(element, watch) {
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
	watch("value", show);
	show();
}
