// @ts-check
// A translation as a picture: source, translation, and the attention between their words. Fetched when
// somebody asks for one.

import { FACE, INK, credited, savePicture, wrapped } from "./share.js";

const WIDTH = 900, EDGE = 56; // pixels
const SIZE = 25, PITCH = 36; // of the two texts
const ROW = 32, WORD = 18, LEFT = 350, RIGHT = 550, GAP = 10; // of the alignment: its columns end and begin there
const ACCENT = "#0b6e67", MUTED = "#625f59";

/** @param {HTMLElement} button */
export function picture(button) {
	const { said, sentences } = JSON.parse(button.dataset.drawn);
	const measure = document.createElement("canvas").getContext("2d");
	measure.font = `${SIZE}px ${FACE}`;
	const room = WIDTH - 2 * EDGE;
	let height = EDGE + 34;
	const parts = sentences.map((sentence) => {
		const [source, translation] = [sentence.source, sentence.translation].map((text) => wrapped(measure, text, room));
		const rows = Math.max(sentence.lines.length && sentence.read.length, sentence.lines.length && sentence.written.length);
		const top = height;
		height += (source.length + translation.length) * PITCH + 24 + (rows ? rows * ROW + 24 : 0);
		return { sentence, source, translation, rows, top };
	});
	savePicture(credited(WIDTH, height, button.dataset.credit, (context) => {
		context.textBaseline = "middle";
		context.fillStyle = MUTED;
		context.font = "15px system-ui, sans-serif";
		context.fillText(said.join(" · "), EDGE, EDGE, room);
		for (const part of parts) draw(context, part);
	}), "translation.png");
}

function draw(context, { sentence, source, translation, rows, top }) {
	let at = top + PITCH / 2;
	context.font = `${SIZE}px ${FACE}`;
	for (const [lines, colour] of [[source, INK], [translation, ACCENT]]) {
		context.fillStyle = colour;
		for (const line of lines) {
			context.fillText(line, EDGE, at, WIDTH - 2 * EDGE);
			at += PITCH;
		}
	}
	if (!rows) return;
	const start = at, { read, written } = sentence;
	const place = (n, of) => start + ((rows * ROW) / of) * (n + 0.5);
	context.strokeStyle = ACCENT;
	for (const [i, j, share] of sentence.lines) {
		const [from, to] = [place(j, read.length), place(i, written.length)];
		context.globalAlpha = 0.25 + 0.75 * share;
		context.lineWidth = 0.75 + 6 * share;
		context.beginPath();
		context.moveTo(LEFT, from);
		context.bezierCurveTo(LEFT + 80, from, RIGHT - 80, to, RIGHT, to);
		context.stroke();
	}
	context.globalAlpha = 1;
	context.font = `${WORD}px ${FACE}`;
	context.fillStyle = INK;
	context.textAlign = "right";
	read.forEach((word, j) => context.fillText(word, LEFT - GAP, place(j, read.length), LEFT - GAP - EDGE));
	context.textAlign = "left";
	written.forEach((word, i) => context.fillText(word, RIGHT + GAP, place(i, written.length), WIDTH - RIGHT - GAP - EDGE));
}
