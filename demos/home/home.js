// @ts-check
// A small network that learns in front of the visitor, in the visitor's own browser.
//
// Read from the top: data, how it learns, then what a visitor does. `lab_drawing.js` draws; the network is `network.js`; here it
// has a logistic output, cross-entropy loss and plain stochastic gradient descent.

import { calm, palette } from "./canvas.js";
import { drawCurve, drawField, drawNetwork } from "./lab_drawing.js";
import { Network, nll, random, sigmoid } from "./network.js";

/** @typedef {{ x: number, y: number, label: number }} Point a label is 0 or 1 */
/** @typedef {{ seen: Point[], heldOut: Point[] }} Data */
/** @typedef {{ seen: number, heldOut: number, right: number }} Entry losses in nats; a fraction */

// ---- Data: points in the square from -1 to 1, labelled 0 or 1 ----------------------------------

/** @type {Record<string, (label: number, r: import("./network.js").Random) => [number, number]>} */
const SHAPES = {
	clouds: (label, r) => [(label ? 0.42 : -0.42) + 0.16 * r.normal(), (label ? 0.36 : -0.36) + 0.16 * r.normal()],
	rings: (label, r) => {
		const angle = 2 * Math.PI * r.uniform();
		const radius = label ? 0.36 * Math.sqrt(r.uniform()) : 0.66 + 0.18 * r.uniform();
		return [radius * Math.cos(angle), radius * Math.sin(angle)];
	},
	checkers: (label, r) => {
		const x = 0.06 + 0.82 * r.uniform(), y = 0.06 + 0.82 * r.uniform();
		const flip = r.uniform() < 0.5 ? 1 : -1;
		return [flip * x, (label ? flip : -flip) * y];
	},
	spirals: (label, r) => {
		const t = 0.08 + 0.92 * r.uniform();
		const angle = 1.5 * Math.PI * t + (label ? Math.PI : 0);
		return [0.9 * t * Math.cos(angle), 0.9 * t * Math.sin(angle)];
	},
};

/** `amount` points of a shape, every third held out; none of a visitor's "own". noise: standard deviation
 * added to each place.
 * @param {string} shape @param {number} amount @param {number} noise @returns {Data} */
export function collect(shape, amount, noise, seed = 1) {
	const r = random(seed);
	/** @type {Point[]} */
	const seen = [];
	/** @type {Point[]} */
	const heldOut = [];
	for (let i = 0; SHAPES[shape] && i < amount; i++) {
		const label = i % 2;
		const [x, y] = SHAPES[shape](label, r);
		const point = { x: x + noise * r.normal(), y: y + noise * r.normal(), label };
		(i % 6 >= 4 ? heldOut : seen).push(point);
	}
	return { seen, heldOut };
}

/** Data with a visitor's points among them, every third of either label held out.
 * @param {Data} data @param {Point[]} painted @returns {Data} */
export function joined({ seen, heldOut }, painted) {
	const count = [0, 0], aside = new Set(painted.filter(({ label }) => count[label]++ % 3 === 2));
	return {
		seen: [...seen, ...painted.filter((point) => !aside.has(point))], heldOut: [...heldOut, ...aside],
	};
}

/** Whether there is something to learn and to check: points of both labels on either side. @param {Data} data */
export const enough = ({ seen, heldOut }) =>
	[seen, heldOut].every((points) => [0, 1].every((label) => points.some((point) => point.label === label)));

// ---- How it learns -----------------------------------------------------------------------------

/** @param {Point[]} points @returns the places of points, flat */
const rows = (points) => points.flatMap(({ x, y }) => [x, y]);

/** Mean cross-entropy in nats, and the fraction that is right. @param {Network} network @param {Point[]} points */
export function compare(network, points) {
	let loss = 0, right = 0;
	network.forward(rows(points)).forEach((logit, n) => {
		const label = points[n].label === 1;
		loss += nll(label ? logit : -logit);
		right += Number((logit > 0) === label);
	});
	return { loss: loss / points.length, right: right / points.length };
}

/** One step of gradient descent on a few points: back-propagate the error, move every weight.
 * @param {Network} network @param {Point[]} batch @param {number} rate */
export function adjust(network, batch, rate) {
	const logits = network.forward(rows(batch)); // d loss / d logit is probability - label
	network.backward(logits.map((logit, n) => (sigmoid(logit) - batch[n].label) / batch.length));
	network.descend(rate);
}

/** One pass through the data, in batches of 10, in a new order each time.
 * @param {Network} network @param {Point[]} points @param {number} rate @param {import("./network.js").Random} r */
export function pass(network, points, rate, r) {
	const order = points.slice();
	for (let i = order.length - 1; i > 0; i--) {
		const j = Math.floor(r.uniform() * (i + 1));
		[order[i], order[j]] = [order[j], order[i]];
	}
	for (let i = 0; i < order.length; i += 10) adjust(network, order.slice(i, i + 10), rate);
}

// ---- The lab: controls, the loop, what is shown ------------------------------------------------

const FIRST_RUN = 300, LONGEST_RUN = 5000; // passes
const MOST = 600; // points that a visitor paints
const APART = 0.07; // between two points of one stroke
/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {HTMLElement} element */
export function mount(element) {
	const lab = /** @type {HTMLElement | null} */ (element.querySelector(".lab"));
	if (!lab || lab.dataset.mounted) return;
	lab.dataset.mounted = "yes";
	const words = JSON.parse(lab.dataset.words ?? "{}");
	/** @param {string} selector */
	const find = (selector) => /** @type {HTMLElement} */ (lab.querySelector(selector));
	/** @param {string} selector */
	const canvas = (selector) => /** @type {HTMLCanvasElement} */ (find(selector));
	/** @param {string} name */
	const value = (name) => /** @type {HTMLInputElement} */ (find(`[name=${name}]`)).value;
	/** @param {string} name @param {string} text */
	const tell = (name, text) => { find(`[data-show=${name}]`).textContent = text; };
	const still = calm();
	/** @type {Data | undefined} */
	let data;
	/** @type {Network} */
	let network;
	/** @type {Entry[]} */
	let history = [];
	let shuffle = random(3), running = false, limit = FIRST_RUN, lit = "", litUntil = 0;
	/** @type {Point[]} */
	let painted = [];
	let inView = false, label = 0;
	/** @type {Point | null} */
	let brush = null;
	const field = canvas("canvas.field");
	const now = () => /** @type {Entry} */ (history.at(-1));

	/** @param {string[]} stages */
	const light = (...stages) => {
		const key = stages.join();
		if (key === lit) return;
		lit = key;
		for (const stage of lab.querySelectorAll("[data-stage]")) {
			const on = stages.includes(stage.getAttribute("data-stage") ?? "");
			stage.classList.toggle("on", on);
			if (on) stage.setAttribute("aria-current", "step"); else stage.removeAttribute("aria-current");
		}
	};

	const collected = () => joined(collect(value("shape"), Number(value("amount")), Number(value("noise"))), painted);
	/** @param {string} stage */
	const begin = (stage) => {
		const hidden = Array(Number(value("layers"))).fill(Number(value("width")));
		if (!data || stage === "collect") data = collected();
		network = new Network([2, ...hidden, 1], random(7), value("activation"));
		shuffle = random(3);
		recount(data);
		light(stage);
		litUntil = performance.now() + 700;
		find("[data-show=stuck]").hidden = true;
		tell("said", "");
		tell("weights", words.weights.replace("{n}", network.parameters));
	};

	/** Losses of other data stand on no curve together. @param {Data} data */
	const recount = (data) => {
		history = [];
		find("[data-show=few]").hidden = enough(data);
		if (enough(data)) note(data);
	};

	/** @param {Data} data */
	const note = (data) => {
		const seen = compare(network, data.seen), heldOut = compare(network, data.heldOut);
		history.push({ seen: seen.loss, heldOut: heldOut.loss, right: heldOut.right });
	};

	const draw = () => {
		if (!data) return;
		const colours = palette(lab);
		drawField(field, network, data, colours, brush);
		drawCurve(canvas("canvas.curve"), history, colours);
		drawNetwork(canvas("canvas.network"), network, colours);
		const { seen, heldOut, right } = now() ?? { seen: NaN, heldOut: NaN, right: NaN };
		if (!history.length) return ["passes", "seen", "held-out", "right"].forEach((name) => tell(name, "–"));
		tell("passes", String(history.length - 1));
		tell("seen", seen.toFixed(3));
		tell("held-out", heldOut.toFixed(3));
		tell("right", `${Math.round(100 * right)}%`);
	};

	const learn = () => {
		if (!data || !history.length) return;
		pass(network, data.seen, Number(value("rate")), shuffle);
		note(data);
		if (!(now().seen < 8)) {
			find("[data-show=stuck]").hidden = false;
			set(false);
		}
	};

	/** @param {boolean} on */
	const set = (on) => {
		if (running && !on && history.length)
			tell("said", `${history.length - 1} ${words.passes}, ${Math.round(100 * now().right)}% ${words.right}`);
		running = on;
		find("[data-do=run]").textContent = on ? words.pause : words.run;
		if (on) requestAnimationFrame(frame);
		else if (performance.now() > litUntil) light("compare");
	};

	/** @param {number} time */
	const frame = (time) => {
		if (!running || !lab.isConnected) return;
		if (inView && history.length) {
			learn();
			if (!running) return draw();
			if (time > litUntil) {
				if (still) light("compare", "adjust");
				else light(Math.floor(time / 450) % 2 ? "adjust" : "compare");
			}
			draw();
			if (history.length > limit) return set(false);
		}
		requestAnimationFrame(frame);
	};

	lab.addEventListener("click", (event) => {
		const what = /** @type {Element} */ (event.target).closest("[data-do]")?.getAttribute("data-do");
		if (what === "run") {
			limit = history.length + LONGEST_RUN;
			set(!running);
		} else if (what === "step") {
			set(false);
			litUntil = 0;
			light("compare");
			setTimeout(() => { learn(); light("adjust"); draw(); }, still ? 0 : 350);
		} else if (what === "reset") {
			set(false);
			begin("collect");
			draw();
		} else if (what === "clear") {
			painted = [];
			begin("collect");
			counted();
			draw();
		}
	});

	// A visitor's own points: by mouse, finger or keyboard. The network goes on from what it knows.
	const counted = () => {
		const full = painted.length >= MOST ? ` ${words.most.replace("{most}", MOST)}` : "";
		tell("points", painted.length ? words.points.replace("{n}", painted.length) + full : "");
		find("[data-do=clear]").hidden = !painted.length;
	};
	/** @param {number} x @param {number} y */
	const put = (x, y) => {
		if (painted.length < MOST && Math.max(Math.abs(x), Math.abs(y)) <= 1) painted.push({ x, y, label });
		data = collected();
		recount(data);
		counted();
		limit = FIRST_RUN * 2;
		if (!running && !still) set(true);
		draw();
	};
	/** @param {PointerEvent} event @returns {[number, number]} */
	const place = ({ clientX, clientY }) => {
		const { left, top, width, height } = field.getBoundingClientRect();
		return [(2 * (clientX - left)) / width - 1, 1 - (2 * (clientY - top)) / height];
	};
	const settled = () => { // no motion: the end is shown
		for (let i = 0; still && i < FIRST_RUN; i++) learn();
		if (still) draw();
	};
	// A finger scrolls the page over the field, and taps points, until a colour is chosen: then it paints.
	/** @param {Event} event */
	const taps = (event) => /** @type {PointerEvent} */ (event).pointerType === "touch" && !field.classList.contains("armed");
	field.addEventListener("click", (event) => {
		if (taps(event)) put(...place(/** @type {PointerEvent} */ (event)));
	});
	field.addEventListener("pointerdown", (event) => {
		if (event.button || taps(event)) return;
		field.setPointerCapture(event.pointerId);
		brush = null;
		put(...place(event));
	});
	field.addEventListener("pointermove", (event) => {
		if (!field.hasPointerCapture(event.pointerId)) return;
		const [x, y] = place(event), last = painted.at(-1);
		if (!last || Math.hypot(x - last.x, y - last.y) >= APART) put(x, y);
	});
	field.addEventListener("pointerup", settled);
	field.addEventListener("keydown", (event) => {
		const way = KEYS[event.key];
		if (!way && event.key !== " " && event.key !== "Enter") return;
		event.preventDefault();
		brush ??= { x: 0, y: 0, label };
		const far = event.shiftKey ? 0.2 : 0.05;
		/** @param {number} at @param {number} by */
		const moved = (at, by) => Math.min(0.98, Math.max(-0.98, at + far * by));
		if (way) brush = { x: moved(brush.x, way[0]), y: moved(brush.y, way[1]), label };
		else put(brush.x, brush.y);
		if (way) tell("at", `${brush.x.toFixed(2)}, ${brush.y.toFixed(2)}`);
		else settled();
		draw();
	});
	field.addEventListener("blur", () => {
		brush = null;
		draw();
	});
	const brushes = /** @type {HTMLInputElement[]} */ ([...lab.querySelectorAll("[name=paint]")]);
	for (const one of brushes) one.addEventListener("click", () => field.classList.add("armed"));
	lab.addEventListener("input", (event) => {
		const input = /** @type {HTMLInputElement} */ (event.target);
		if (input.name === "paint") {
			label = Number(input.value);
			if (brush) brush.label = label;
			return;
		}
		if (input.name === "shape") {
			painted = []; // they belong to the shape that they were painted on
			counted();
		}
		const stage = input.closest("[data-stage]")?.getAttribute("data-stage") ?? "";
		const reading = input.parentElement?.querySelector(".reading");
		if (reading) reading.textContent = input.value;
		if (stage === "adjust") return; // a new learning rate holds from the next step on
		begin(stage);
		limit = FIRST_RUN * 2;
		draw();
		if (!running && !still) set(true);
	});
	new ResizeObserver(() => draw()).observe(field);
	new IntersectionObserver(([{ isIntersecting }]) => { inView = isIntersecting; }, { threshold: 0.5 }).observe(field);
	new MutationObserver(() => draw()).observe(document.documentElement, { attributeFilter: ["class"] });

	begin("collect");
	if (still) for (let i = 0; i < FIRST_RUN; i++) learn(); // no motion: show it already learnt
	draw();
	if (!still) set(true);
}
