// @ts-check
// A box that is drawn on a picture: a drag draws it, arrow keys move it, with Shift they stretch it, Enter
// or the button below hands it in. It is told as four shares of the picture: left, top, right, bottom.
// Gradio keeps elements from round to round, so nothing is wired to the picture itself.

const STEP = 0.01, LEAST = 0.02; // shares of the picture's side
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));

/** Whatever picture with `[data-box]` stands in `element`. Gives what is to be called when that changes.
 *  @param {any} element @param {(box: number[]) => void} done */
export function boxes(element, done) {
	let box = null, from = null;
	const place = () => element.querySelector("[data-box]");
	const paint = () => {
		const [left, top, right, bottom] = box, shown = place();
		Object.assign(shown.querySelector("[data-drawn]").style, {
			left: `${left * 100}%`, top: `${top * 100}%`, width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%`,
		});
		const [l, t, r, b] = box.map((side) => Math.round(side * 100));
		const said = shown.dataset.told.replace("{left}", l).replace("{top}", t).replace("{right}", r).replace("{bottom}", b);
		shown.setAttribute("aria-valuetext", said);
		element.querySelector("p[data-told]").textContent = said;
	};
	const at = (event) => {
		const { left, top, width, height } = place().getBoundingClientRect();
		return [clamp((event.clientX - left) / width), clamp((event.clientY - top) / height)];
	};
	element.addEventListener("pointerdown", (event) => {
		const shown = event.target.closest("[data-box]");
		if (!shown || event.button) return;
		event.preventDefault();
		shown.focus({ preventScroll: true });
		shown.setPointerCapture(event.pointerId);
		from = at(event);
	});
	element.addEventListener("pointermove", (event) => {
		if (!from || !place()) return;
		const [x, y] = at(event), next = [Math.min(x, from[0]), Math.min(y, from[1]), Math.max(x, from[0]), Math.max(y, from[1])];
		if (next[2] - next[0] < LEAST || next[3] - next[1] < LEAST) return;
		box = next;
		paint();
	});
	for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, () => (from = null));
	element.addEventListener("click", ({ target }) => {
		if (target.closest("[data-hand-in]") && place()) done(box);
	});
	element.addEventListener("keydown", (event) => {
		if (!event.target.closest("[data-box]")) return;
		const move = MOVES[event.key];
		if (event.key === "Enter") done(box);
		else if (!move) return;
		else if (event.shiftKey) box = [box[0], box[1], clamp(box[2] + move[0], box[0] + LEAST), clamp(box[3] + move[1], box[1] + LEAST)];
		else {
			const x = clamp(move[0], -box[0], 1 - box[2]), y = clamp(move[1], -box[1], 1 - box[3]);
			box = [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
		}
		if (move) paint();
		event.preventDefault();
	});
	return () => {
		if (!place()) box = from = null;
		else {
			box ??= [0.25, 0.25, 0.75, 0.75];
			paint();
		}
	};
}
