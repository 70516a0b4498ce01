// @ts-check
// The visitor's own points, put on the field by mouse, finger or pen, or by keyboard: the arrow keys
// move a cross, Space puts a point there, Backspace takes the last one away.

import { paper } from "./canvas.js";

const MOST = 400, APART = 0.04, STEP = 0.05; // points; places in the square from -1 to 1

/** Wires the canvas; `began()` is called when a stroke begins, `changed()` when it has ended.
 * @param {HTMLCanvasElement} canvas @param {() => void} began @param {() => void} changed */
export const sheet = (canvas, began, changed) => {
	/** @type {[number, number][]} */
	const points = [];
	const cross = { x: 0, y: 0 };
	let open = false;
	/** @type {{ id: number, last?: [number, number] } | null} */
	let drawing = null;

	/** @param {number} x @param {number} y */
	const put = (x, y) => {
		const [lastX, lastY] = drawing?.last ?? [9, 9];
		if (points.length >= MOST || Math.hypot(x - lastX, y - lastY) < APART) return;
		if (drawing) drawing.last = [x, y];
		points.push([x, y]);
	};
	/** @param {PointerEvent} event @returns {[number, number]} */
	const place = (event) => {
		const box = canvas.getBoundingClientRect();
		/** @param {number} n */
		const inside = (n) => Math.min(0.98, Math.max(-0.98, n));
		return [
			inside((2 * (event.clientX - box.left)) / box.width - 1),
			inside(1 - (2 * (event.clientY - box.top)) / box.height),
		];
	};
	/** At once, while the hand moves; the rest is drawn when it is lifted. @param {[number, number]} at */
	const dot = ([x, y]) => {
		const context = paper(canvas);
		context.beginPath();
		context.arc(((x + 1) / 2) * canvas.clientWidth, ((1 - y) / 2) * canvas.clientHeight, 2, 0, 7);
		context.stroke();
	};

	canvas.addEventListener("pointerdown", (event) => {
		if (!open || drawing || event.button > 0) return;
		event.preventDefault();
		canvas.setPointerCapture(event.pointerId);
		drawing = { id: event.pointerId };
		began();
		put(...place(event));
		dot(place(event));
	});
	canvas.addEventListener("pointermove", (event) => {
		if (event.pointerId !== drawing?.id) return;
		put(...place(event));
		dot(place(event));
	});
	/** @param {PointerEvent} event */
	const lifted = (event) => {
		if (event.pointerId !== drawing?.id) return;
		drawing = null;
		changed();
	};
	canvas.addEventListener("pointerup", lifted);
	canvas.addEventListener("pointercancel", lifted);
	canvas.addEventListener("touchstart", (event) => {
		if (open) event.preventDefault();
	}, { passive: false });
	canvas.addEventListener("keydown", (event) => {
		/** @type {Record<string, [number, number]>} */
		const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
		const move = moves[event.key];
		if (!open || !(move || event.key === " " || event.key === "Backspace")) return;
		event.preventDefault();
		/** @param {number} n */
		const within = (n) => Math.min(0.95, Math.max(-0.95, n));
		if (move) {
			cross.x = within(cross.x + STEP * move[0]);
			cross.y = within(cross.y + STEP * move[1]);
		} else if (event.key === " ") put(cross.x, cross.y);
		else points.pop();
		changed();
	});

	return {
		points: () => points.map(([x, y]) => /** @type {[number, number]} */ ([x, y])),
		clear: () => points.splice(0),
		/** Take points, or leave the canvas a picture. @param {boolean} on */
		open: (on) => {
			open = on;
			canvas.classList.toggle("open", on);
			if (on) canvas.tabIndex = 0;
			else canvas.removeAttribute("tabindex");
			canvas.setAttribute("role", on ? "application" : "img");
		},
		/** The cross, while the keyboard is on the canvas. @param {import("./canvas.js").Palette} colours */
		mark: (colours) => {
			if (!open || !canvas.matches(":focus-visible")) return;
			const context = paper(canvas);
			const x = ((cross.x + 1) / 2) * canvas.clientWidth;
			const y = ((1 - cross.y) / 2) * canvas.clientHeight;
			context.strokeStyle = colours.ink;
			context.lineWidth = 2;
			context.beginPath();
			context.moveTo(x - 9, y); context.lineTo(x + 9, y);
			context.moveTo(x, y - 9); context.lineTo(x, y + 9);
			context.stroke();
		},
	};
};
