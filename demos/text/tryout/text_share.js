// @ts-check
// A text as a picture. Fetched when somebody asks for one.

import { FACE, INK, credited, savePicture, wrapped } from "./share.js";

const WIDTH = 900, EDGE = 70, SIZE = 24; // pixels
const MOST = 60; // lines of a picture: the rest is told by an ellipsis

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

/** The text of the leaf above a button as a picture, its credit line beneath. */
export function picture(button) {
	const { credit, poem } = button.dataset;
	const copy = button.closest("#write-sheet").querySelector(".leaf").cloneNode(true);
	for (const end of copy.querySelectorAll("br")) end.replaceWith("\n");
	const text = copy.textContent.trim();
	if (poem !== undefined) return savePicture(poemOn(text.split("\n"), credit), "poem.png");
	const pitch = SIZE * 1.6;
	const measure = document.createElement("canvas").getContext("2d");
	measure.font = `${SIZE}px ${FACE}`;
	const all = text.split("\n").flatMap((line) => wrapped(measure, line, WIDTH - 2 * EDGE));
	const shown = all.length > MOST ? [...all.slice(0, MOST), "…"] : all;
	const height = Math.round(shown.length * pitch + 2 * EDGE);
	savePicture(credited(WIDTH, height, credit, (context) => {
		context.fillStyle = INK;
		context.font = measure.font;
		context.textBaseline = "middle";
		for (const [n, line] of shown.entries()) context.fillText(line, EDGE, EDGE + (n + 0.5) * pitch);
	}), "text.png");
}
