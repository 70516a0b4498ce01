// The page's side of the points game: controls, the loop, what is drawn. Its markup comes from
// demos/images/points_gan.py, the two networks from points_gan.js.

import { fit, palette } from "./home.js";
import { collect, Game, speeds } from "./points_gan.js";
import { sheet } from "./points_sheet.js";

const GRID = 32; // the field is judged on a grid this fine, then smoothed
const ROUNDS = 4, PATIENCE = 8; // rounds a frame, as long as they take no more milliseconds
const FIRST_RUN = 2000, LONGEST_RUN = 20000; // rounds
const MEASURED = 50; // rounds from one measurement to the next
const EARLY = 400, COLLAPSED = 0.35; // rounds before which nothing is called a collapse; what is one

const LEAST_SPAN = 0.1; // of the odds that the ground's colours stand for: small changes are no storm

const small = document.createElement("canvas");

// The ground, the target, the cloud with its pushes; gives the odds of its palest and darkest place.
const drawField = (canvas, game, cloud, pushes, target, colours) => {
	const { context, width, height } = fit(canvas);
	const places = new Float64Array(2 * GRID * GRID);
	for (let n = 0; n < GRID * GRID; n++) {
		places[2 * n] = (2 * ((n % GRID) + 0.5)) / GRID - 1;
		places[2 * n + 1] = 1 - (2 * (Math.floor(n / GRID) + 0.5)) / GRID;
	}
	small.width = small.height = GRID;
	const image = new ImageData(GRID, GRID);
	const opinions = game.opinions(places);
	let low = Math.min(...opinions), high = Math.max(...opinions);
	const missing = Math.max(0, LEAST_SPAN - (high - low)) / 2;
	low = Math.max(0, low - missing);
	high = Math.min(1, high + missing);
	opinions.forEach((odds, n) => {
		const ink = (0.6 * (odds - low)) / (high - low);
		for (let c = 0; c < 3; c++)
			image.data[4 * n + c] = colours.paper[c] + ink * (colours.rgb[0][c] - colours.paper[c]);
		image.data[4 * n + 3] = 255;
	});
	small.getContext("2d").putImageData(image, 0, 0);
	context.imageSmoothingQuality = "high";
	context.drawImage(small, 0, 0, width, height);
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

// Both losses over the rounds, each place the mean of those it stands for; ln 2 is a rule across.
const drawCurve = (canvas, losses, colours) => {
	const { context, width, height } = fit(canvas);
	const columns = Math.max(2, Math.floor(width / 3));
	const worst = losses.reduce((most, { judge, generator }) => Math.max(most, judge, generator), 1);
	const top = Math.min(3, worst);
	const down = (loss) => height - 2 - (Math.min(loss, top) / top) * (height - 6);
	context.lineWidth = 1;
	context.strokeStyle = colours.line;
	context.beginPath();
	for (const y of [height - 0.5, down(Math.LN2)]) {
		context.moveTo(0, y);
		context.lineTo(width, y);
	}
	context.stroke();
	const last = Math.max(400, losses.length), each = Math.max(1, Math.ceil(last / columns));
	const line = (name, colour, dash) => {
		context.beginPath();
		for (let from = 0; from < losses.length; from += each) {
			const some = losses.slice(from, from + each);
			const mean = some.reduce((sum, one) => sum + one[name], 0) / some.length;
			context.lineTo(((from + some.length / 2) / last) * width, down(mean));
		}
		context.strokeStyle = colour; context.lineWidth = 1.8; context.setLineDash(dash);
		context.stroke();
		context.setLineDash([]);
	};
	line("generator", colours.ink, [4, 3]);
	line("judge", colours.labels[0], []);
};

export const mount = (element) => {
	const duel = element.querySelector(".duel");
	if (!duel || duel.dataset.mounted) return;
	duel.dataset.mounted = "yes";
	const words = JSON.parse(duel.dataset.words);
	const find = (selector) => duel.querySelector(selector);
	const control = (name) => find(`[name=${name}]`);
	const show = (name) => find(`[data-show=${name}]`);
	const field = find("canvas.field");
	const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
	let game, target, losses, measures, running = false, inSight = false, limit = FIRST_RUN, half = false;

	const own = sheet(field, () => set(false), () => begin(true));

	const begin = (go) => {
		const shape = control("shape").value;
		own.open(shape === "own");
		for (const part of duel.querySelectorAll("[data-own]")) part.hidden = shape !== "own";
		target = shape === "own" ? own.points() : collect(shape);
		game = new Game(target.length ? target : [[0, 0]]);
		losses = [];
		measures = [];
		half = false;
		limit = FIRST_RUN;
		show("said").textContent = "";
		for (const name of ["run", "step"]) find(`[data-do=${name}]`).disabled = !target.length;
		find("[data-do=clear]").disabled = !target.length;
		measure();
		set(Boolean(go && !calm && target.length));
		draw();
	};

	const measure = () => {
		measures.push(game.measure(game.cloud()));
		if (measures.length > 3) measures.shift();
	};
	const mean = (name) => measures.reduce((sum, one) => sum + one[name], 0) / measures.length;

	const draw = () => {
		const colours = palette(duel), cloud = game.cloud();
		const shown = game.target.subarray(0, 2 * target.length);
		const { low, high } = drawField(field, game, cloud, game.pushes(cloud), shown, colours);
		own.mark(colours);
		drawCurve(find("canvas.curve"), losses, colours);
		const percent = (share) => (target.length ? Math.round(100 * share) + "%" : "–");
		const { judge, generator } = losses.at(-1) ?? {};
		const told = {
			rounds: losses.length, reached: percent(mean("reached")), hit: percent(mean("hit")),
			low: percent(low), high: percent(high),
			judge: judge?.toFixed(2) ?? "–", generator: generator?.toFixed(2) ?? "–",
		};
		for (const [name, text] of Object.entries(told)) show(name).textContent = text;
		show("collapse").hidden = losses.length < EARLY || mean("reached") > COLLAPSED;
	};

	// Both turns of a round, or one at a time: first the discriminator's, then the generator's.
	const turn = () => {
		const rates = speeds(Number(control("balance").value));
		if (!half) losses.push({ judge: game.judgeTurn(rates.judge), generator: losses.at(-1)?.generator ?? Math.LN2 });
		else losses.at(-1).generator = game.generatorTurn(rates.generator);
		half = !half;
		if (!half && losses.length % MEASURED === 0) measure();
	};
	const round = () => {
		turn();
		if (half) turn();
	};

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
		const said = balance ? words[balance < 0 ? "generator" : "judge"].replace("{n}", times) : words.alike;
		show("balance").textContent = said;
		control("balance").setAttribute("aria-valuetext", said);
	};

	duel.addEventListener("click", (event) => {
		const what = event.target.closest("[data-do]")?.dataset.do;
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
		inSight = seen.at(-1).isIntersecting;
		if (inSight && !before && running) requestAnimationFrame(frame);
	}).observe(find(".match"));

	tell();
	begin(true);
};
