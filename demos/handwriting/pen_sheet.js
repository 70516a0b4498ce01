// @ts-check
// One sample on the board: an SVG on which a pen writes what has arrived, at its own pace.

import { svg } from "./dom.js";
import { box, decode, leg, path, strokes, to } from "./pen_ink.js";

export const PITCH = 3.6; // x-heights from one baseline to the next
const ABOVE = 2.5, BELOW = 1.6, SIDE = 0.7; // room around the writing, in x-heights
const NATURAL = 25; // points a second: about the pace of a person
const AIR = 3, RETURN = 10; // steps that the pen takes above the paper: to a stroke, to a line
const INK = "#1c1b19", NIB = 0.13; // of what is taken home; its width in x-heights

const air = (from, goal, steps) =>
	Array.from({ length: steps }, (_, i) => ({
		x: from.x + ((goal.x - from.x) * (i + 1)) / steps,
		y: from.y + ((goal.y - from.y) * (i + 1)) / steps,
		air: true,
	}));

export class Sheet {
	/** `texts`: the lines to be written; `width`: x-heights that the longest will need, about. */
	constructor(place, texts, width, label) {
		this.texts = texts;
		this.lines = texts.map(() => ({ read: 0, points: [], led: 0 }));
		this.ways = []; // all fine places that are known, in the order of writing
		this.now = 0; // how many of them are drawn
		this.complete = false;
		this.paths = [];
		this.svg = svg("svg", { class: "sheet-of-paper", role: "img", "aria-label": label }, place);
		this.rules = svg("g", { class: "rules", "aria-hidden": "true" }, this.svg);
		this.ink = svg("g", { class: "ink" }, this.svg);
		this.nib = svg("circle", { class: "nib", r: 0.22, cx: 0, cy: ABOVE }, this.svg);
		this.fit(width);
	}

	fit(width) {
		if (width <= this.width) return;
		this.width = width;
		const height = ABOVE + BELOW + PITCH * (this.texts.length - 1);
		this.svg.setAttribute("viewBox", `${-SIDE} 0 ${(width + 2 * SIDE).toFixed(2)} ${height}`);
		this.rules.replaceChildren();
		this.texts.forEach((_, i) => {
			const y = ABOVE + PITCH * i;
			svg("line", { x1: -SIDE, x2: width + SIDE, y1: y, y2: y }, this.rules);
		});
	}

	/** Takes in what the server has sent so far: the points of each line as one growing text. */
	take(lines, complete) {
		lines.forEach((text, i) => {
			const line = this.lines[i];
			const more = decode(text.slice(line.read), line.points.at(-1));
			line.read = text.length;
			line.points.push(...more);
			const whole = complete || i < lines.length - 1;
			for (; line.led < line.points.length; line.led++) {
				const point = line.points[line.led];
				// A curve ends in the middle to the next point: it must be there.
				if (!whole && !point.up && line.led === line.points.length - 1) break;
				this.lead(line, i);
			}
		});
		this.complete = complete;
	}

	lead(line, number) {
		const at = line.led, down = ABOVE + PITCH * number;
		const way = leg(line.points[at - 1], line.points[at], line.points[at + 1]);
		for (const place of way) place.y += down;
		const last = this.ways.at(-1);
		if (way[0].down && last) this.ways.push(...air(last, way[0], at ? AIR : RETURN));
		this.ways.push(...way);
	}

	get drawn() {
		return this.complete && this.now >= this.ways.length;
	}

	/** Draws on for `seconds`, `speed` times as fast as a person. */
	step(seconds, speed) {
		const from = Math.floor(this.now);
		this.now = Math.min(this.ways.length, this.now + seconds * speed * NATURAL * 5);
		this.draw(from, Math.floor(this.now));
	}

	finish() {
		const from = Math.floor(this.now);
		this.now = this.ways.length;
		this.draw(from, this.now);
	}

	again() {
		this.now = 0;
		this.paths = [];
		this.ink.replaceChildren();
		this.svg.classList.remove("written");
	}

	draw(from, until) {
		let width = this.width;
		for (let i = from; i < until; i++) {
			const place = this.ways[i];
			if (!place.air) {
				if (place.down) this.paths.push({ d: "", node: svg("path", {}, this.ink) });
				const stroke = this.paths.at(-1);
				stroke.d += to(place);
				stroke.fresh = true;
			}
			width = Math.max(width, place.x);
		}
		for (const stroke of this.paths)
			if (stroke.fresh) {
				stroke.node.setAttribute("d", stroke.d);
				stroke.fresh = false;
			}
		const tip = this.ways[until - 1];
		if (tip) {
			this.nib.setAttribute("cx", tip.x.toFixed(2));
			this.nib.setAttribute("cy", tip.y.toFixed(2));
		}
		this.fit(width);
		this.svg.classList.toggle("written", this.drawn);
	}

	// To take home

	/** The whole writing as an SVG file: ink only, cut to what is there. */
	file() {
		const placed = this.lines.map(({ points }, i) =>
			points.map((point) => ({ ...point, y: point.y + PITCH * i }))
		);
		const [left, top, right, bottom] = box(placed.flat()), edge = 0.6;
		const size = [right - left + 2 * edge, bottom - top + 2 * edge];
		const made = svg("svg", {
			xmlns: "http://www.w3.org/2000/svg",
			viewBox: [left - edge, top - edge, ...size].map((n) => n.toFixed(2)).join(" "),
			width: Math.round(size[0] * 24),
			height: Math.round(size[1] * 24),
		});
		svg("title", {}, made).textContent = this.texts.join("\n");
		const ink = svg("g", {
			fill: "none", stroke: INK, "stroke-width": NIB,
			"stroke-linecap": "round", "stroke-linejoin": "round",
		}, made);
		for (const points of placed) if (points.length) svg("path", { d: path(points) }, ink);
		return { text: new XMLSerializer().serializeToString(made), size };
	}

	json() {
		const lines = this.lines.map(({ points }, i) => ({
			text: this.texts[i],
			strokes: strokes(points).map((stroke) =>
				stroke.map(({ x, y }) => [+x.toFixed(2), +y.toFixed(2)])
			),
		}));
		const unit = "height of a small x; x to the right, y down, from the left end of each baseline";
		return JSON.stringify({ unit, lines }, null, 1);
	}

	/** The writing as PNG on white paper, at most 4,000 pixels wide. */
	async png() {
		const { text, size } = this.file();
		const scale = Math.min(64, 4000 / size[0], 4000 / size[1]);
		const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
		try {
			const picture = new Image();
			picture.src = url;
			await picture.decode();
			const canvas = document.createElement("canvas");
			canvas.width = Math.round(size[0] * scale);
			canvas.height = Math.round(size[1] * scale);
			const context = canvas.getContext("2d");
			context.fillStyle = "#fff";
			context.fillRect(0, 0, canvas.width, canvas.height);
			context.drawImage(picture, 0, 0, canvas.width, canvas.height);
			return await new Promise((done) => canvas.toBlob(done, "image/png"));
		} finally {
			URL.revokeObjectURL(url);
		}
	}
}
