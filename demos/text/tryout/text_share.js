// @ts-check
// What can be taken along of a text: a link, and a picture of it. Fetched when somebody asks for one.

import { copyLink, credited, linkTo, savePicture } from "./share.js";

const WIDTH = 900, EDGE = 70, SIZE = 24, INK = "#1c1b19"; // pixels
const MOST = 60; // lines of a picture: the rest is told by an ellipsis
const FACE = '"Songti SC", "Noto Serif CJK SC", Georgia, "Noto Serif", serif';

export const share = (button) => copyLink(button, linkTo(JSON.parse(button.dataset.share)));

/** The lines of a text, none wider than there is room. */
function lines(context, text) {
	const found = [];
	for (const line of text.split("\n")) {
		let now = "";
		for (const word of line.split(/(?<=\s)/)) {
			if (now && context.measureText(now + word.trimEnd()).width > WIDTH - 2 * EDGE) {
				found.push(now);
				now = "";
			}
			now += word;
		}
		found.push(now);
	}
	return found;
}

/** A poem from top to bottom, its first line at the right, as it stands on the page. */
function poemOn(all, credit) {
	const size = 44, pitch = size * 1.25, column = size * 2.2, least = 480; // pixels
	const width = Math.round(Math.max(least, all.length * column + 2 * EDGE));
	const height = Math.round(Math.max(...all.map((line) => line.length)) * pitch + 2 * EDGE);
	const right = (width + all.length * column) / 2;
	return credited(width, height, credit, (context) => {
		context.fillStyle = INK;
		context.font = `${size}px ${FACE}`;
		context.textBaseline = "middle";
		context.textAlign = "center";
		for (const [n, line] of all.entries()) [...line].forEach((character, at) => {
			const sign = /[，。！？；、]/.test(character) ? size * 0.55 : 0; // a sign stands in the upper right corner
			context.fillText(character, right - (n + 0.5) * column + sign, EDGE + (at + 0.5) * pitch - sign);
		});
		context.textAlign = "left";
	});
}

/** The text of a leaf as a picture, its credit line beneath. */
export function picture(leaf, credit, poem) {
	const copy = leaf.cloneNode(true);
	for (const end of copy.querySelectorAll("br")) end.replaceWith("\n");
	const text = copy.textContent.trim();
	if (poem) return savePicture(poemOn(text.split("\n"), credit), "poem.png");
	const pitch = SIZE * 1.6;
	const measure = document.createElement("canvas").getContext("2d");
	measure.font = `${SIZE}px ${FACE}`;
	const all = lines(measure, text);
	const shown = all.length > MOST ? [...all.slice(0, MOST), "…"] : all;
	const height = Math.round(shown.length * pitch + 2 * EDGE);
	savePicture(credited(WIDTH, height, credit, (context) => {
		context.fillStyle = INK;
		context.font = measure.font;
		context.textBaseline = "middle";
		for (const [n, line] of shown.entries()) context.fillText(line, EDGE, EDGE + (n + 0.5) * pitch);
	}), "text.png");
}
