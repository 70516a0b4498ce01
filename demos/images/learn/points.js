// @ts-check
// The page's side of the points game: controls, the loop, what is drawn. Its markup comes from
// points_gan.py beside this file, the two networks from points_gan.js.

import { calm, fit, paint, palette, places, rule, trace } from "./canvas.js";
import { collect, Game, speeds } from "./points_gan.js";
import { sheet } from "./points_sheet.js";

/** @typedef {import("./canvas.js").Palette} Palette */
/** @typedef {{ discriminator: number, generator: number }} Losses in nats a point */

const GRID = 32; // the field is scored on a grid this fine, then smoothed
const GROUND = places(GRID);
const ROUNDS = 4, PATIENCE = 8; // rounds a frame, as long as they take no more milliseconds
const FIRST_RUN = 2000, LONGEST_RUN = 20000; // rounds
const MEASURED = 50; // rounds from one measurement to the next
const EARLY = 400, COLLAPSED = 0.35; // rounds before which nothing is called a collapse; what is one

const LEAST_SPAN = 0.1; // of the probabilities that the ground's colours stand for: small changes are no storm

/** The ground, the target, the cloud with its pushes; gives the probability at its palest and its
 * darkest place.
 * @param {HTMLCanvasElement} canvas @param {Game} game @param {Float64Array} cloud
 * @param {Float64Array} target @param {Palette} colours */
const drawField = (canvas, game, cloud, target, colours) => {
	const pushes = game.pushes(cloud);
	const page = fit(canvas), { context, width, height } = page;
	const probabilities = game.probabilities(GROUND);
	let low = Math.min(...probabilities), high = Math.max(...probabilities);
	const missing = Math.max(0, LEAST_SPAN - (high - low)) / 2;
	low = Math.max(0, low - missing);
	high = Math.min(1, high + missing);
	paint(page, colours, GRID, (n) => [
		colours.rgb[0], (0.6 * (probabilities[n] - low)) / (high - low),
	]);
	/** @param {Float64Array} points @param {number} k @returns {[number, number]} */
	const at = (points, k) => [((points[k] + 1) / 2) * width, ((1 - points[k + 1]) / 2) * height];
	context.strokeStyle = colours.ink;
	context.globalAlpha = 0.45;
	context.lineWidth = 1;
	context.beginPath();
	for (let k = 0; k < target.length; k += 2) {
		const [x, y] = at(target, k);
		context.moveTo(x + 2, y);
		context.arc(x, y, 2, 0, 7);
	}
	context.stroke();
	context.globalAlpha = 1;
	context.beginPath();
	for (let k = 0; k < cloud.length; k += 8) { // a line for every fourth point is enough to see
		const long = Math.min(32, 16 * Math.hypot(pushes[k], pushes[k + 1]));
		const turn = Math.atan2(pushes[k + 1], pushes[k]);
		const [x, y] = at(cloud, k);
		context.moveTo(x, y);
		context.lineTo(x + long * Math.cos(turn), y - long * Math.sin(turn));
	}
	context.stroke();
	context.fillStyle = colours.ink;
	context.strokeStyle = colours.panel;
	for (let k = 0; k < cloud.length; k += 2) { // diamonds, so that colour is not all that tells
		const [x, y] = at(cloud, k);
		context.beginPath();
		context.moveTo(x, y - 4.4); context.lineTo(x + 4.4, y);
		context.lineTo(x, y + 4.4); context.lineTo(x - 4.4, y); context.closePath();
		context.fill();
		context.stroke();
	}
	return { low, high };
};

/** Both losses over the rounds, each place the mean of those it stands for; ln 2 is a rule across.
 * @param {HTMLCanvasElement} canvas @param {Losses[]} losses @param {Palette} colours */
const drawCurve = (canvas, losses, colours) => {
	const page = fit(canvas), { context, width, height } = page;
	const columns = Math.max(2, Math.floor(width / 3));
	const worst = losses.reduce((most, one) => Math.max(most, one.discriminator, one.generator), 1);
	const top = Math.min(3, worst);
	/** @param {number} loss */
	const down = (loss) => height - 2 - (Math.min(loss, top) / top) * (height - 6);
	rule(page, [height - 0.5, down(Math.LN2)], colours);
	const last = Math.max(400, losses.length), each = Math.max(1, Math.ceil(last / columns));
	/** @param {keyof Losses} name */
	const line = (name) => {
		/** @type {[number, number][]} */
		const points = [];
		for (let from = 0; from < losses.length; from += each) {
			const some = losses.slice(from, from + each);
			const mean = some.reduce((sum, one) => sum + one[name], 0) / some.length;
			points.push([((from + some.length / 2) / last) * width, down(mean)]);
		}
		return points;
	};
	trace(context, line("generator"), colours.ink, [4, 3]);
	trace(context, line("discriminator"), colours.labels[0]);
};

/** @param {HTMLElement} element */
export const mount = (element) => {
	const duel = /** @type {HTMLElement | null} */ (element.querySelector(".duel"));
	if (!duel || duel.dataset.mounted) return;
	duel.dataset.mounted = "yes";
	const words = JSON.parse(duel.dataset.words ?? "{}");
	/** @param {string} selector */
	const find = (selector) => /** @type {HTMLElement} */ (duel.querySelector(selector));
	/** @param {string} what */
	const button = (what) => /** @type {HTMLButtonElement} */ (find(`[data-do=${what}]`));
	/** @param {string} name */
	const control = (name) => /** @type {HTMLInputElement} */ (find(`[name=${name}]`));
	/** @param {string} name */
	const show = (name) => find(`[data-show=${name}]`);
	const field = /** @type {HTMLCanvasElement} */ (find("canvas.field"));
	const curve = /** @type {HTMLCanvasElement} */ (find("canvas.curve"));
	let target = collect("ring"), game = new Game(target);
	/** @type {Losses[]} */
	let losses = [];
	/** @type {{ reached: number, hit: number }[]} */
	let measures = [];
	let running = false, inSight = false, limit = FIRST_RUN, half = false;

	const own = sheet(field, () => set(false), () => begin(true));

	/** @param {boolean} go */
	const begin = (go) => {
		const shape = control("shape").value;
		own.open(shape === "own");
		for (const part of duel.querySelectorAll("[data-own]"))
			part.toggleAttribute("hidden", shape !== "own");
		target = shape === "own" ? own.points() : collect(shape);
		game = new Game(target.length ? target : [[0, 0]]);
		losses = [];
		measures = [];
		half = false;
		limit = FIRST_RUN;
		show("said").textContent = "";
		for (const name of ["run", "step", "clear"]) button(name).disabled = !target.length;
		measure();
		set(Boolean(go && !calm() && target.length));
		draw();
	};

	const measure = () => {
		measures.push(game.measure(game.cloud()));
		if (measures.length > 3) measures.shift();
	};
	/** @param {"reached" | "hit"} name */
	const mean = (name) => measures.reduce((sum, one) => sum + one[name], 0) / measures.length;

	const draw = () => {
		const colours = palette(duel), cloud = game.cloud();
		const shown = game.target.subarray(0, 2 * target.length);
		const { low, high } = drawField(field, game, cloud, shown, colours);
		own.mark(colours);
		drawCurve(curve, losses, colours);
		/** @param {number} share */
		const percent = (share) => (target.length ? `${Math.round(100 * share)}%` : "–");
		const last = losses.at(-1);
		const told = {
			rounds: String(losses.length), reached: percent(mean("reached")), hit: percent(mean("hit")),
			low: percent(low), high: percent(high),
			discriminator: last?.discriminator.toFixed(2) ?? "–", generator: last?.generator.toFixed(2) ?? "–",
		};
		for (const [name, text] of Object.entries(told)) show(name).textContent = text;
		show("collapse").hidden = losses.length < EARLY || mean("reached") > COLLAPSED;
	};

	// Both turns of a round, or one at a time: first the discriminator's, then the generator's.
	const turn = () => {
		const rates = speeds(Number(control("balance").value));
		const last = losses.at(-1);
		if (half && last) last.generator = game.generatorTurn(rates.generator);
		else losses.push({
			discriminator: game.discriminatorTurn(rates.discriminator), generator: last?.generator ?? Math.LN2,
		});
		half = !half;
		if (!half && losses.length % MEASURED === 0) measure();
	};
	const round = () => {
		turn();
		if (half) turn();
	};

	/** @param {boolean} on */
	const set = (on) => {
		if (running && !on && losses.length)
			show("said").textContent = words.stopped.replace("{rounds}", losses.length)
				.replace("{reached}", Math.round(100 * mean("reached")));
		if (on && !running && inSight) requestAnimationFrame(frame);
		running = on;
		find("[data-do=run]").textContent = on ? words.pause : words.run;
	};
	const frame = () => {
		if (!running || !inSight || !duel.isConnected) return;
		const began = performance.now();
		for (let n = 0; n < ROUNDS && (!n || performance.now() - began < PATIENCE); n++) round();
		if (losses.length >= limit) set(false);
		draw();
		requestAnimationFrame(frame);
	};

	const tell = () => {
		const balance = Number(control("balance").value), times = 2 ** Math.abs(balance);
		const said = balance ? words[balance < 0 ? "generator" : "discriminator"].replace("{n}", times) : words.alike;
		show("balance").textContent = said;
		control("balance").setAttribute("aria-valuetext", said);
	};

	duel.addEventListener("click", (event) => {
		const what = /** @type {Element} */ (event.target).closest("[data-do]")?.getAttribute("data-do");
		if (what === "run") {
			limit = losses.length + LONGEST_RUN;
			set(!running);
		} else if (what === "step") {
			set(false);
			show("said").textContent = half ? words.moved : words.judged;
			turn();
			measure();
			draw();
		} else if (what === "reset") begin(running);
		else if (what === "clear") {
			own.clear();
			begin(false);
		}
	});
	control("shape").addEventListener("input", () => begin(true));
	control("balance").addEventListener("input", tell); // holds from the next turn on
	new ResizeObserver(() => draw()).observe(field);
	new MutationObserver(() => draw()).observe(document.documentElement, { attributeFilter: ["class"] });
	new IntersectionObserver((seen) => { // the last one tells how it is now
		const before = inSight;
		inSight = seen.at(-1)?.isIntersecting ?? false;
		if (inSight && !before && running) requestAnimationFrame(frame);
	}).observe(find(".match"));

	tell();
	begin(true);
};
