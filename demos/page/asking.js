// @ts-check
// Plain HTTP from a script: one question to /v1, and what its answer looks like.

import { filled, part, svg } from "./dom.js";

const SIDE = 1024; // pixels of the longer side that a picture is sent with

/** The answer of /v1/`name`. Throws an Error with its sentence, or with `lost` where nothing answers.
 *  @param {string} name @param {any} sent a FormData or what becomes JSON @param {string} lost
 *  @param {AbortSignal} [signal] */
export const asked = async (name, sent, lost, signal) => {
	const form = sent instanceof FormData;
	const address = new URL(`v1/${name}?lang=${document.documentElement.lang.slice(0, 2)}`, document.baseURI);
	const answer = await fetch(address, {
		method: "POST", signal, body: form ? sent : JSON.stringify(sent),
		headers: /** @type {any} */ (form ? {} : { "Content-Type": "application/json" }),
	});
	const read = await answer.json().catch(() => ({}));
	if (!answer.ok) throw new Error(read.error?.message ?? lost);
	return read;
};

/** A picture no larger than is looked at, upright, as a form sends it: {blob, width, height}. */
export const reduced = async (source) => {
	const bitmap = await createImageBitmap(source), scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
	const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
	canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", .92));
	return { blob: /** @type {Blob} */ (blob), width: canvas.width, height: canvas.height };
};

/** A probability as the page's own bars show it. */
export const percent = (share) => share && share < .0005 ? "<0.1%" : `${(100 * share).toFixed(1)}%`;

/** Probabilities as bars: [[label, share], ...]. */
export const bars = (rows) => {
	const list = part("ul", "", { className: "bars" });
	for (const [label, share] of rows) {
		const row = part("li"), bar = part("div");
		bar.append(part("i", "", { style: `width:${(100 * share).toFixed(1)}%` }));
		row.append(part("span", label), bar, part("b", percent(share)));
		list.append(row);
	}
	return list;
};

/** Boxes over the picture that `drawing`, an svg, lies on. */
export const boxes = (drawing, objects, { width, height }) => {
	drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
	drawing.replaceChildren();
	for (const { box: [x0, y0, x1, y1] } of objects) svg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }, drawing);
};

/** Text that goes on from `prompt`. */
export const continued = (prompt, text) => {
	const leaf = part("p", "", { className: "leaf" });
	leaf.append(part("b", prompt), text.startsWith(prompt) ? text.slice(prompt.length) : text);
	return leaf;
};

/** Drawn pictures, side by side. `said`: their alternative text, with the field {seed}. */
export const faces = (images, said) => {
	const sheet = part("div", "", { className: "faces" });
	for (const { png, seed } of images) sheet.append(part("img", "", { src: `data:image/png;base64,${png}`, alt: filled(said, { seed }) }));
	return sheet;
};
