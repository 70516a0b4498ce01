// The visitor's own points, put on the field by mouse, finger or pen, or by keyboard: the arrow keys
// move a cross, Space puts a point there, Backspace takes the last one away.

const MOST = 400, APART = 0.04, STEP = 0.05; // points; places in the square from -1 to 1

/** Wires the canvas; `began()` is called when a stroke begins, `changed()` when it has ended. */
export const sheet = (canvas, began, changed) => {
	const points = [], cross = [0, 0];
	let open = false, drawing = null;

	const put = (x, y) => {
		const [lastX, lastY] = drawing?.last ?? [9, 9];
		if (points.length >= MOST || Math.hypot(x - lastX, y - lastY) < APART) return;
		if (drawing) drawing.last = [x, y];
		points.push([x, y]);
	};
	const place = (event) => {
		const box = canvas.getBoundingClientRect();
		const inside = (n) => Math.min(0.98, Math.max(-0.98, n));
		return [
			inside((2 * (event.clientX - box.left)) / box.width - 1),
			inside(1 - (2 * (event.clientY - box.top)) / box.height),
		];
	};
	const dot = ([x, y]) => { // at once, while the hand moves; the rest is drawn when it is lifted
		const context = canvas.getContext("2d");
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
	for (const name of ["pointerup", "pointercancel"])
		canvas.addEventListener(name, (event) => {
			if (event.pointerId !== drawing?.id) return;
			drawing = null;
			changed();
		});
	canvas.addEventListener("touchstart", (event) => open && event.preventDefault(), { passive: false });
	canvas.addEventListener("keydown", (event) => {
		const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
		const move = moves[event.key];
		if (!open || !(move || event.key === " " || event.key === "Backspace")) return;
		event.preventDefault();
		if (move)
			move.forEach((way, k) => (cross[k] = Math.min(0.95, Math.max(-0.95, cross[k] + STEP * way))));
		else if (event.key === " ") put(...cross);
		else points.pop();
		changed();
	});

	return {
		points: () => points.map((point) => [...point]),
		clear: () => points.splice(0),
		/** Take points, or leave the canvas a picture. */
		open: (on) => {
			open = on;
			canvas.classList.toggle("open", on);
			if (on) canvas.tabIndex = 0;
			else canvas.removeAttribute("tabindex");
			canvas.setAttribute("role", on ? "application" : "img");
		},
		/** The cross, while the keyboard is on the canvas. */
		mark: (colours) => {
			if (!open || !canvas.matches(":focus-visible")) return;
			const context = canvas.getContext("2d");
			const x = ((cross[0] + 1) / 2) * canvas.clientWidth;
			const y = ((1 - cross[1]) / 2) * canvas.clientHeight;
			context.strokeStyle = colours.ink;
			context.lineWidth = 2;
			context.beginPath();
			context.moveTo(x - 9, y); context.lineTo(x + 9, y);
			context.moveTo(x, y - 9); context.lineTo(x, y + 9);
			context.stroke();
		},
	};
};
