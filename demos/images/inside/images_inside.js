// @ts-check
// Look inside of Generate images: frames to leaf through, sliders that the server answers, and spots
// to point at. Markup: look.py, generator.py and discriminator.py beside this file; no
// sentence is made here.

import { calm } from "./canvas.js";

const PACE = 180; // ms from frame to frame while they play
const PAUSE = 200; // ms between two moves that are sent: five a second at most

/** A slider over frames: `--frame` follows it, and so does whatever is drawn from that. */
export function mountPlayer(element, watch) {
	let timer = 0;
	const part = (what) => element.querySelector(what);
	const player = () => part("[data-player]");
	const range = () => part(".time input");

	const go = (frame) => {
		const said = JSON.parse(player().dataset.said)[frame];
		range().value = frame;
		range().setAttribute("aria-valuetext", said);
		player().style.setProperty("--frame", frame);
		part(".told").textContent = said;
	};
	const name = () => {
		const button = part("[data-play]");
		if (!button) return;
		button.dataset.play ||= button.textContent;
		button.textContent = timer ? button.dataset.pause : button.dataset.play;
	};
	const stop = () => {
		clearInterval(timer);
		timer = 0;
		name();
	};
	const tick = () => {
		const now = range();
		if (!now || calm() || !element.offsetParent || +now.value >= +now.max) return stop();
		go(+now.value + 1);
	};
	element.addEventListener("input", () => {
		stop();
		go(+range().value);
	});
	element.addEventListener("click", (event) => {
		if (!event.target.closest("[data-play]")) return;
		if (timer) return stop();
		if (+range().value >= +range().max) go(0);
		timer = setInterval(tick, PACE);
		name();
	});
	watch("value", stop);
}

/** Sliders whose face the server draws: the last position wins. */
export function mountMoves(element, fire) {
	let waiting = 0, last = -PAUSE;
	const sliders = () => [...element.querySelectorAll("input")];
	const moves = () => sliders().map((one) => +one.value);
	const read = (one) => {
		const value = +one.value;
		one.nextElementSibling.value = value
			? (value > 0 ? "+" : "−") + Math.abs(value).toFixed(1) : "0.0";
	};
	const send = () => {
		waiting = 0;
		last = performance.now();
		fire.move({ moves: moves() });
	};
	const soon = () => {
		if (!waiting) waiting = setTimeout(send, Math.max(0, PAUSE - (performance.now() - last)));
	};
	element.addEventListener("input", (event) => {
		read(event.target);
		soon();
	});
	element.addEventListener("click", (event) => {
		const strip = event.target.closest("[data-strip]");
		if (strip) {
			for (const other of element.querySelectorAll("[data-strip]"))
				other.setAttribute("aria-pressed", String(other === strip));
			fire.strip({ moves: moves(), direction: +strip.dataset.strip });
		} else if (event.target.closest("[data-reset]")) {
			for (const one of sliders()) {
				one.value = one.dataset.start;
				read(one);
			}
			soon();
		}
	});
}

/** Spots of a picture: what the one says that the pointer or the arrow keys are on. */
export function mountHeat(element, watch) {
	let at = -1;
	const box = () => element.querySelector(".spots");

	const point = (number) => {
		const rows = JSON.parse(box().dataset.heat), wide = rows[0].length;
		const row = Math.floor(number / wide), column = number % wide, value = rows[row]?.[column];
		if (value === undefined) return;
		at = number;
		for (const spot of box().querySelectorAll("[data-i]"))
			spot.classList.toggle("at", +spot.dataset.i === at);
		const kind = value > 0 ? "for" : value < 0 ? "against" : "neither";
		element.querySelector(".readout").textContent = box().dataset[kind]
			.replace("{row}", row + 1).replace("{column}", column + 1)
			.replace("{by}", Math.abs(value).toFixed(3));
	};
	const over = (event) => {
		const spot = event.target.closest("[data-i]");
		if (spot) point(+spot.dataset.i);
	};
	element.addEventListener("pointerover", over);
	element.addEventListener("click", over);
	element.addEventListener("focusin", (event) => {
		if (event.target === box() && at < 0) point(0);
	});
	element.addEventListener("keydown", (event) => {
		if (event.target !== box()) return;
		const rows = JSON.parse(box().dataset.heat), wide = rows[0].length, last = rows.length * wide - 1;
		const column = Math.max(at, 0) % wide;
		const step = {
			ArrowRight: column < wide - 1 ? 1 : 0, ArrowLeft: column ? -1 : 0, ArrowDown: wide, ArrowUp: -wide,
		}[event.key];
		const next = { Home: 0, End: last }[event.key] ?? (step === undefined ? undefined : Math.max(at, 0) + step);
		if (next === undefined) return;
		event.preventDefault();
		if (next >= 0 && next <= last) point(next);
	});
	watch("value", () => { at = -1; });
}
