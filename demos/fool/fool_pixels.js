// @ts-check
// What is done to a picture before it is asked about again, pixel by pixel: another background behind
// what stands out, blur, noise. The same settings give the same pixels every time.

import { random } from "./network.js";

const SEED = 7; // of the noise, the same for everyone

/** Fields of normal deviates by their size: only their strength changes while a slider moves. */
const fields = new Map();
const field = (count) => {
	if (!fields.has(count)) {
		const { normal } = random(SEED);
		fields.clear();
		fields.set(count, Float32Array.from({ length: count }, normal));
	}
	return fields.get(count);
};

/** Adds Gaussian noise to red, green and blue, in place. `deviation`: its standard deviation, of 255.
 *  @param {ImageData} picture @param {number} deviation */
export function noisy({ data }, deviation) {
	const drawn = field((data.length / 4) * 3);
	for (let n = 0, at = 0; at < data.length; at++) if (at % 4 < 3) data[at] += deviation * drawn[n++];
}

/** Blurs in place: three means of a sliding window, each way, come close to a Gaussian (Wells 1986).
 *  @param {ImageData} picture @param {number} radius of the window, whole pixels; 0 changes nothing */
export function blurred({ data, width, height }, radius) {
	if (!radius) return;
	const line = new Float32Array(Math.max(width, height));
	/** A mean along a line of `count` pixels from `start`, `step` bytes apart; its ends go on for ever. */
	const slide = (start, step, count) => {
		const at = (n) => data[start + Math.min(count - 1, Math.max(0, n)) * step];
		let sum = 0;
		for (let n = -radius; n <= radius; n++) sum += at(n);
		for (let n = 0; n < count; n++) {
			line[n] = sum / (2 * radius + 1);
			sum += at(n + radius + 1) - at(n - radius);
		}
		for (let n = 0; n < count; n++) data[start + n * step] = line[n];
	};
	for (let time = 0; time < 3; time++)
		for (let channel = 0; channel < 3; channel++) {
			for (let y = 0; y < height; y++) slide(4 * y * width + channel, 4, width);
			for (let x = 0; x < width; x++) slide(4 * x + channel, 4 * width, height);
		}
}

/** Puts another background, in place, wherever none of the masks covers the picture.
 *  @param {ImageData} picture @param {ImageData} ground of the same size
 *  @param {[number, number][][][]} masks what each covers of every column, [from, to), as
 *  `detection_masks.js` reads them */
export function swapped({ data, width, height }, ground, masks) {
	const kept = new Uint8Array(width * height);
	for (const mask of masks)
		mask.forEach((column, x) => {
			for (const [from, to] of column) for (let y = from; y < to; y++) kept[y * width + x] = 1;
		});
	for (let n = 0; n < kept.length; n++) if (!kept[n]) for (let c = 0; c < 3; c++) data[4 * n + c] = ground.data[4 * n + c];
}
