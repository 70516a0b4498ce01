// @ts-check
// A photograph with its answer as a picture. Fetched when somebody asks for one.

import { FACE, INK, credited, savePicture, wrapped } from "./share.js";

const LARGEST = 1000, NARROWEST = 560; // pixels of the photograph's longest side, of the picture's width
const EDGE = 24, NAME = 30, PITCH = 40, ROW = 30, SIZE = 16;
const ACCENT = "#2b53c8", GROUND = "#f3f0ea", MUTED = "#625f59";

export function picture(button) {
	/** @type {HTMLImageElement} */
	const photo = document.querySelector("#classify-picture img");
	const answer = button.closest("#classify-answer");
	// A TIFF is answered though no browser shows it, and a photograph may stand there that is not
	// answered yet: then the answer stands alone.
	const file = decodeURIComponent(photo?.src ?? ""), other = file.includes("file=") && !file.endsWith(button.dataset.photo);
	const [wide, high] = photo?.complete && !other ? [photo.naturalWidth, photo.naturalHeight] : [0, 0];
	const scale = Math.min(1, LARGEST / Math.max(wide, high, 1));
	const width = Math.max(NARROWEST, Math.round(wide * scale)), below = Math.round(high * scale);
	const measure = document.createElement("canvas").getContext("2d");
	measure.font = `600 ${NAME}px ${FACE}`;
	const names = wrapped(measure, answer.querySelector(".answer-name").textContent, width - 2 * EDGE);
	const bars = [...answer.querySelectorAll(".bar")];
	const height = below + EDGE + names.length * PITCH + 8 + bars.length * ROW + EDGE / 2;
	savePicture(credited(width, height, button.dataset.credit, (context) => {
		if (below) context.drawImage(photo, Math.round((width - wide * scale) / 2), 0, Math.round(wide * scale), below);
		context.textBaseline = "middle";
		context.fillStyle = INK;
		context.font = measure.font;
		let at = below + EDGE + PITCH / 2;
		for (const line of names) {
			context.fillText(line, EDGE, at, width - 2 * EDGE);
			at += PITCH;
		}
		at += 8;
		context.font = `${SIZE}px system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif`;
		const words = bars.map((bar) => context.measureText(bar.querySelector("b").textContent).width + 16);
		const label = Math.min(Math.max(...words), (width - 2 * EDGE) * 0.6), track = width - 2 * EDGE - label - 64; // the share's own place
		for (const bar of bars) {
			const share = parseFloat(bar.querySelector("i").style.width) / 100;
			context.fillStyle = INK;
			context.fillText(bar.querySelector("b").textContent, EDGE, at, label - 16);
			context.fillStyle = GROUND;
			context.fillRect(EDGE + label, at - 5, track, 10);
			context.fillStyle = ACCENT;
			context.fillRect(EDGE + label, at - 5, track * share, 10);
			context.fillStyle = MUTED;
			context.textAlign = "right";
			context.fillText(bar.querySelector("span").textContent, width - EDGE, at);
			context.textAlign = "left";
			at += ROW;
		}
	}), "answer.png");
}
