// @ts-check
// A box that is drawn on a picture: a drag draws it, arrow keys move it, with Shift they stretch it, Enter
// or the button below hands it in. It is told as four shares of the picture: left, top, right, bottom.

const STEP = 0.01, LEAST = 0.02; // shares of the picture's side
const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));

/** @param {any} place holds the picture and `[data-drawn]`, the box. @param {(box: number[]) => void} done */
export function draw(place, done) {
	const drawn = place.querySelector("[data-drawn]"), told = place.parentElement.querySelector("p[data-told]");
	let box = [0.25, 0.25, 0.75, 0.75], from = null;
	const paint = () => {
		const [left, top, right, bottom] = box;
		Object.assign(drawn.style, { left: `${left * 100}%`, top: `${top * 100}%`, width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%` });
		const [l, t, r, b] = box.map((side) => Math.round(side * 100));
		const said = place.dataset.told.replace("{left}", l).replace("{top}", t).replace("{right}", r).replace("{bottom}", b);
		place.setAttribute("aria-valuetext", said);
		told.textContent = said;
	};
	const at = (event) => {
		const { left, top, width, height } = place.getBoundingClientRect();
		return [clamp((event.clientX - left) / width), clamp((event.clientY - top) / height)];
	};
	place.addEventListener("pointerdown", (event) => {
		if (event.button) return;
		event.preventDefault();
		place.focus({ preventScroll: true });
		place.setPointerCapture(event.pointerId);
		from = at(event);
	});
	place.addEventListener("pointermove", (event) => {
		if (!from) return;
		const [x, y] = at(event), next = [Math.min(x, from[0]), Math.min(y, from[1]), Math.max(x, from[0]), Math.max(y, from[1])];
		if (next[2] - next[0] < LEAST || next[3] - next[1] < LEAST) return;
		box = next;
		paint();
	});
	for (const kind of ["pointerup", "pointercancel"]) place.addEventListener(kind, () => (from = null));
	place.addEventListener("keydown", (event) => {
		const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
		if (event.key === "Enter") done(box);
		else if (!move) return;
		else if (event.shiftKey) {
			box = [box[0], box[1], clamp(box[2] + move[0], box[0] + LEAST), clamp(box[3] + move[1], box[1] + LEAST)];
			paint();
		} else {
			const x = clamp(move[0], -box[0], 1 - box[2]), y = clamp(move[1], -box[1], 1 - box[3]);
			box = [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
			paint();
		}
		event.preventDefault();
	});
	place.parentElement.querySelector("[data-hand-in]").addEventListener("click", () => done(box));
	paint();
}
