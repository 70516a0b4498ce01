// @ts-check
// The pen exhibit under Look inside: one line of writing, played point by point, with the window over
// the letters and the mixture that says where the pen may go next. Markup: inside.py.

import { svg } from "./dom.js";
import { box, calm, decode, path } from "./pen_ink.js";
import { asked } from "./pen.js";

const PACE = 20; // points a second while it plays: slow enough to follow
const LOUPE = 1.3; // x-heights around the pen that the loupe shows
const FIELDS = 6; // of a component: weight, mx, my, sx, sy, rho

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** The server's trace as arrays. Shares lie in 0..1, lengths are in x-heights. */
export const unpack = ({ text, points, at, window: shares, mixture }) => {
	const letters = [...text];
	const ways = decode(points);
	const raw = bytes(shares);
	const numbers = new Int16Array(bytes(mixture).buffer);
	const components = numbers.length / (FIELDS * ways.length) || 0;
	return {
		letters,
		points: ways,
		at,
		share: (t, u) => raw[t * letters.length + u] / 255,
		raw,
		mixture: (t) =>
			Array.from({ length: components }, (_, k) => {
				const from = (t * components + k) * FIELDS;
				const [weight, mx, my, sx, sy, rho] = numbers.subarray(from, from + FIELDS);
				return { weight: weight / 1e4, mx: mx / 1e3, my: my / 1e3, sx: sx / 1e3, sy: sy / 1e3, rho: rho / 1e4 };
			}),
	};
};

/** Semi-axes and tilt (degrees) of the ellipse that holds 86% of a two-dimensional normal. */
export const ellipse = ({ sx, sy, rho }) => {
	const a = sx * sx, b = rho * sx * sy, c = sy * sy;
	const mean = (a + c) / 2, spread = Math.hypot((a - c) / 2, b);
	return {
		rx: 2 * Math.sqrt(mean + spread),
		ry: 2 * Math.sqrt(Math.max(mean - spread, 0)),
		tilt: (Math.atan2(2 * b, a - c) / 2) * (180 / Math.PI),
	};
};

export const mountInside = (fire, props, watch) => {
	const room = document.querySelector("[data-pen-inside]");
	const words = JSON.parse(room.dataset.words);
	/** @returns {any} */
	const part = (name) => room.querySelector(`[data-show=${name}], [data-do=${name}]`);
	const [stage, loupe, letters, heat, time, play, moment] =
		["stage", "loupe", "letters", "heat", "time", "play", "moment"].map(part);
	let trace = null, now = 0, playing = false, before = 0, sent = null, run = 0;

	// Each time the room comes into sight: is there something new to look into?
	new IntersectionObserver((entries) => {
		if (!entries.at(-1).isIntersecting) return void (playing && pause());
		const wish = asked.last ?? asked.form?.() ?? {};
		if (JSON.stringify(wish) === sent) return;
		sent = JSON.stringify(wish);
		run += 1;
		pause();
		fire.look({ ...wish, run });
	}, { rootMargin: "1000000px" }).observe(room);

	watch("value", () => {
		const value = props.value;
		if (!value || value.run !== run) return;
		part("said").innerHTML = value.said ?? "";
		part("rest").hidden = !value.trace;
		if (!value.trace) return;
		trace = unpack(value.trace);
		lay();
		go(0);
		if (!calm()) start();
	});

	const lay = () => {
		const [left, top, right, bottom] = box(trace.points), edge = 1;
		const frame = [left - edge, top - edge, right - left + 2 * edge, bottom - top + 2 * edge];
		stage.setAttribute("viewBox", frame.map((n) => n.toFixed(2)).join(" "));
		stage.setAttribute("aria-label", words.stage.replace("{text}", trace.letters.join("")));
		for (const view of [stage, loupe]) {
			view.replaceChildren();
			for (const name of ["ghost", "ink", "cloud"]) svg("g", { class: name }, view);
			svg("circle", { class: "nib", r: view === stage ? 0.14 : 0.06 }, view);
		}
		for (const view of [stage, loupe]) svg("path", { d: path(trace.points) }, view.querySelector(".ghost"));
		letters.replaceChildren(...trace.letters.map((letter) => {
			const item = document.createElement("li");
			item.textContent = letter === " " ? "␣" : letter;
			return item;
		}));
		time.max = trace.points.length - 1;
		paint();
	};

	// The whole heat map at once: a column a point, a row a letter. It is a mask over the accent, so
	// that it follows light and dark.
	const paint = () => {
		const high = trace.letters.length, wide = trace.points.length;
		const canvas = document.createElement("canvas");
		canvas.width = wide;
		canvas.height = high;
		const context = canvas.getContext("2d"), image = context.createImageData(wide, high);
		for (let t = 0; t < wide; t++)
			for (let u = 0; u < high; u++)
				image.data[(u * wide + t) * 4 + 3] = 255 * Math.sqrt(trace.share(t, u));
		context.putImageData(image, 0, 0);
		const map = heat.querySelector(".map");
		map.style.maskImage = map.style.webkitMaskImage = `url(${canvas.toDataURL()})`;
		heat.style.setProperty("--letters", high);
		heat.querySelector(".axis").replaceChildren(...trace.letters.map((letter) => {
			const item = document.createElement("span");
			item.textContent = letter === " " ? "␣" : letter;
			return item;
		}));
	};

	/** Shows the moment after point `t`: what is written, and what the pen thinks of doing next. */
	const go = (t) => {
		now = Math.max(0, Math.min(t, trace.points.length - 1));
		const at = Math.floor(now), next = Math.min(at + 1, trace.points.length - 1);
		const tip = trace.points[at];
		const d = path(trace.points.slice(0, at + 1));
		for (const view of [stage, loupe]) {
			view.querySelector(".ink").replaceChildren(svg("path", { d }));
			view.querySelector(".cloud").replaceChildren(...(next > at ? cloud(tip, next) : []));
			const nib = view.querySelector(".nib");
			nib.setAttribute("cx", tip.x);
			nib.setAttribute("cy", tip.y);
		}
		loupe.setAttribute("viewBox", `${tip.x - LOUPE} ${tip.y - LOUPE} ${2 * LOUPE} ${2 * LOUPE}`);
		[...letters.children].forEach((item, u) => item.style.setProperty("--share", trace.share(next, u).toFixed(3)));
		heat.style.setProperty("--now", String((at + 0.5) / trace.points.length));
		time.value = at;
		const letter = trace.letters[trace.at[next]] ?? "";
		const said = words.moment
			.replace("{at}", at + 1).replace("{of}", trace.points.length)
			.replace("{letter}", letter === " " ? "␣" : letter);
		moment.textContent = said;
		time.setAttribute("aria-valuetext", said);
	};

	const cloud = (tip, t) =>
		trace.mixture(t).map((each) => {
			const { rx, ry, tilt } = ellipse(each);
			const place = `translate(${tip.x + each.mx} ${tip.y + each.my}) rotate(${tilt})`;
			const shape = { rx: Math.max(rx, 0.02), ry: Math.max(ry, 0.02), transform: place };
			return svg("ellipse", { ...shape, "fill-opacity": (0.08 + 0.5 * each.weight).toFixed(3) });
		});

	const start = () => {
		if (!trace) return;
		if (now >= trace.points.length - 1) go(0);
		playing = true;
		play.textContent = words.pause;
		before = performance.now();
		requestAnimationFrame(frame);
	};
	const pause = () => {
		playing = false;
		play.textContent = words.play;
	};
	const frame = (moment) => {
		if (!playing) return;
		go(now + Math.min(0.1, Math.max(0, moment - before) / 1000) * PACE);
		before = moment;
		if (now >= trace.points.length - 1) pause();
		else requestAnimationFrame(frame);
	};
	play.addEventListener("click", () => (playing ? pause() : start()));
	time.addEventListener("input", () => {
		pause();
		go(Number(time.value));
	});
	heat.querySelector(".plane").addEventListener("click", (event) => {
		const frame = event.currentTarget.getBoundingClientRect();
		pause();
		go(((event.clientX - frame.left) / frame.width) * trace.points.length);
	});
};
