// @ts-check
// What the lab of the home page draws: the points and what the network says of each place, the losses, the weights.

import { fit, paint, places, rule, trace } from "./canvas.js";
import { sigmoid } from "./network.js";

/** @typedef {import("./canvas.js").Palette} Palette */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./home.js").Point} Point */
/** @typedef {import("./home.js").Data} Data */
/** @typedef {import("./home.js").Entry} Entry */

const GRID = 72; // the field is evaluated on a grid this fine, then smoothed
const GROUND = places(GRID);

/** @param {HTMLCanvasElement} canvas @param {Network} network @param {Data} data @param {Palette} colours
 * @param {Point | null} brush where the keyboard paints */
export function drawField(canvas, network, data, colours, brush) {
	const sheet = fit(canvas), { context, width, height } = sheet;
	const probabilities = network.forward(GROUND).map(sigmoid);
	paint(sheet, colours, GRID, (n) => [
		colours.rgb[probabilities[n] > 0.5 ? 1 : 0], Math.abs(2 * probabilities[n] - 1) * 0.4,
	]);
	/** @param {Point} point @param {boolean} held */
	const dot = ({ x, y, label }, held) => {
		const u = ((x + 1) / 2) * width, v = ((1 - y) / 2) * height, size = held ? 4 : 3.6;
		context.beginPath();
		if (label) { // a diamond, so that colour is not all that tells them apart
			context.moveTo(u, v - size * 1.3); context.lineTo(u + size * 1.3, v);
			context.lineTo(u, v + size * 1.3); context.lineTo(u - size * 1.3, v); context.closePath();
		} else context.arc(u, v, size, 0, 7);
		context.fillStyle = held ? colours.panel : colours.labels[label];
		context.fill();
		context.lineWidth = held ? 2 : 1;
		context.strokeStyle = held ? colours.labels[label] : colours.panel;
		context.stroke();
	};
	data.seen.forEach((point) => dot(point, false));
	data.heldOut.forEach((point) => dot(point, true));
	if (!brush) return;
	dot(brush, false);
	const u = ((brush.x + 1) / 2) * width, v = ((1 - brush.y) / 2) * height;
	context.strokeStyle = colours.ink;
	context.lineWidth = 1.5;
	for (const [across, down] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
		context.beginPath();
		context.moveTo(u + 8 * across, v + 8 * down); context.lineTo(u + 16 * across, v + 16 * down);
		context.stroke();
	}
}

/** @param {HTMLCanvasElement} canvas @param {Entry[]} history @param {Palette} colours */
export function drawCurve(canvas, history, colours) {
	const sheet = fit(canvas), { context, width, height } = sheet;
	const top = Math.max(0.7, ...history.map(({ seen, heldOut }) => Math.min(3, Math.max(seen, heldOut))));
	const last = Math.max(60, history.length - 1);
	/** @param {"seen" | "heldOut"} name @returns {[number, number][]} */
	const line = (name) => history.map((entry, i) => [
		1 + (i / last) * (width - 2), height - 2 - (Math.min(entry[name], top) / top) * (height - 6),
	]);
	rule(sheet, [height - 0.5], colours);
	trace(context, line("heldOut"), colours.muted, [4, 3]);
	trace(context, line("seen"), colours.ink);
}

/** @param {HTMLCanvasElement} canvas @param {Network} network @param {Palette} colours */
export function drawNetwork(canvas, network, colours) {
	const { context, width, height } = fit(canvas);
	/** @param {number} layer @param {number} i @returns {[number, number]} */
	const place = (layer, i) => {
		const count = network.sizes[layer], gap = Math.min(15, (height - 10) / Math.max(count - 1, 1));
		return [8 + (layer / (network.sizes.length - 1)) * (width - 16), height / 2 + (i - (count - 1) / 2) * gap];
	};
	network.layers.forEach(({ inputs, weights }, l) => weights.forEach((weight, k) => {
		const row = inputs + 1;
		if (k % row === inputs) return; // a bias is no line
		context.beginPath();
		context.moveTo(...place(l, k % row)); context.lineTo(...place(l + 1, Math.floor(k / row)));
		context.strokeStyle = colours.labels[weight > 0 ? 1 : 0];
		context.globalAlpha = Math.min(0.9, 0.12 + Math.abs(weight) / 3);
		context.lineWidth = Math.min(3, 0.4 + Math.abs(weight));
		context.stroke();
	}));
	context.globalAlpha = 1;
	network.sizes.forEach((count, layer) => {
		for (let i = 0; i < count; i++) {
			context.beginPath();
			context.arc(...place(layer, i), 4, 0, 7);
			context.fillStyle = colours.panel; context.fill();
			context.strokeStyle = colours.ink; context.lineWidth = 1.2; context.stroke();
		}
	});
}
