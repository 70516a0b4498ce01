// @ts-check
// The pad on which a visitor writes with mouse, finger or pen. Strokes in pixels, y down.

import { svg } from "./dom.js";

const MOST_POINTS = 4000; // as the server allows (request.py)

/** Wires the pad inside `element`. Gives {strokes(), empty(), put(strokes)}. */
export const pad = (element) => {
	const paper = element.querySelector("[data-pad]");
	const undo = element.querySelector("[data-do=undo]");
	const clear = element.querySelector("[data-do=clear]");
	const full = element.querySelector("[data-show=full]");
	const strokes = [];
	paper.tabIndex = -1; // the focus goes there when there is nothing to undo
	/** @type {any} */
	let live = null;
	const count = () => strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);

	const place = (event) => {
		const frame = paper.getBoundingClientRect();
		return [event.clientX - frame.left, event.clientY - frame.top].map((n) => Math.round(n * 10) / 10);
	};
	const draw = ({ points, path }) => {
		const [first, ...rest] = points;
		path.setAttribute("d", `M${first}${rest.map((p) => `L${p}`).join("")}${rest.length ? "" : "h.01"}`);
	};
	const changed = () => {
		const held = undo === document.activeElement || clear === document.activeElement;
		undo.disabled = clear.disabled = !strokes.length;
		if (held && undo.disabled) paper.focus({ preventScroll: true });
		full.hidden = count() < MOST_POINTS;
		paper.classList.toggle("used", strokes.length > 0);
		element.dispatchEvent(new CustomEvent("pad", { bubbles: true }));
	};

	paper.addEventListener("pointerdown", (event) => {
		if (live || event.button > 0 || count() >= MOST_POINTS) return;
		event.preventDefault();
		try {
			paper.setPointerCapture(event.pointerId);
		} catch { /* a pointer that is gone already */ }
		live = { id: event.pointerId, points: [place(event)], path: svg("path", {}, paper) };
		strokes.push(live);
		draw(live);
		changed();
	});
	paper.addEventListener("pointermove", (event) => {
		if (event.pointerId !== live?.id) return;
		const passed = event.getCoalescedEvents?.() ?? [];
		for (const each of passed.length ? passed : [event]) {
			const [x, y] = place(each), [fromX, fromY] = live.points.at(-1);
			if (Math.hypot(x - fromX, y - fromY) >= 1 && count() < MOST_POINTS) live.points.push([x, y]);
		}
		draw(live);
	});
	const lift = (event) => {
		if (event.pointerId !== live?.id) return;
		live = null;
		changed();
	};
	paper.addEventListener("pointerup", lift);
	paper.addEventListener("pointercancel", lift);
	paper.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

	undo.addEventListener("click", () => {
		strokes.pop()?.path.remove();
		changed();
	});
	clear.addEventListener("click", () => {
		for (const { path } of strokes.splice(0)) path.remove();
		changed();
	});
	const put = (kept) => {
		for (const points of kept) {
			const stroke = { points, path: svg("path", {}, paper) };
			strokes.push(stroke);
			draw(stroke);
		}
		changed();
	};
	return { put, strokes: () => strokes.map(({ points }) => points), empty: () => !strokes.length };
};
