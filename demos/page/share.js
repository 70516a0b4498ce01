// @ts-check
// Share: a link that opens the same again, and a picture with a small credit line to take along.

import { copied, done } from "./clipboard.js";

/** What a button beneath an answer does: `data-share`, the parameters of a link that it copies, or
 *  `data-picture`, the script whose `picture(button)` saves one. */
export async function take(button) {
	const { share, picture } = button.dataset;
	if (share) copyLink(button, linkTo(JSON.parse(share)));
	else (await import(`./${picture}.js`)).picture(button);
}

/** The page's address with these parameters and the visitor's language, and nothing else. */
export function linkTo(parameters) {
	const here = new URL(location.href), link = new URL(here.pathname, here.origin);
	const lang = here.searchParams.get("lang");
	for (const [name, value] of Object.entries({ ...parameters, ...(lang && { lang }) })) link.searchParams.set(name, value);
	return link.href;
}

/** Copies an address and says so on the button for a moment (its `data-done`). */
export async function copyLink(button, address) {
	const label = button.dataset.label ?? button.textContent;
	// Without a clipboard to write to, the address stands there to be copied by hand.
	const field = Object.assign(document.createElement("input"), { value: address, readOnly: true, ariaLabel: label });
	if (!(await copied(address, () => { button.replaceWith(field); field.select(); }))) return;
	field.replaceWith(button);
	button.focus();
	done(button);
}

export const INK = "#1c1b19", FACE = '"Songti SC", "Noto Serif CJK SC", Georgia, "Noto Serif", serif';

/** A line of text as lines of at most `most` pixels: broken at blanks, and before Chinese characters. */
export function wrapped(context, text, most) {
	const found = [];
	let now = "";
	for (const word of text.split(/(?<=[\s\u3000-\u9fff\uff00-\uffef])(?![，。！？；：、）”])/)) {
		if (now && context.measureText(now + word.trimEnd()).width > most) {
			found.push(now);
			now = "";
		}
		now += word;
	}
	return [...found, now];
}

// Pixels of the line beneath a picture, of its letters, at its left; of the widest line that makes a
// narrow picture wider.
const LINE = 28, SIZE = 13, MARGIN = 10, WIDEST = 640;

/** A canvas with a picture `width` by `height` pixels large, drawn by `paint(context)`, and the credit
 *  line beneath it. */
export function credited(width, height, credit, paint) {
	const canvas = Object.assign(document.createElement("canvas"), { width, height: height + LINE });
	const context = canvas.getContext("2d"), font = `${SIZE}px system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif`;
	context.font = font;
	canvas.width = Math.max(width, Math.min(WIDEST, Math.ceil(context.measureText(credit).width) + 2 * MARGIN));
	context.fillStyle = "#fff";
	context.fillRect(0, 0, canvas.width, canvas.height);
	paint(context);
	context.fillStyle = "#555";
	context.font = font;
	context.textBaseline = "middle";
	context.fillText(credit, MARGIN, height + LINE / 2, canvas.width - 2 * MARGIN);
	return canvas;
}

/** Hands a Blob to the visitor as a file. */
export function save(file, name) {
	const address = URL.createObjectURL(file);
	Object.assign(document.createElement("a"), { href: address, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Hands a canvas to the visitor as a PNG file. */
export const savePicture = (canvas, name) => canvas.toBlob((file) => save(file, name));
