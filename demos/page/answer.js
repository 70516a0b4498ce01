// @ts-check
// The answer comes into view: where a tap changes what is answered and that is out of sight, as below
// the fold of a phone, the page goes there. The answer to what is in a row `.two` is its column `.get`;
// elsewhere it is what has the class `answer` in the same room; what a button of `.actions` asks for
// comes in `.beneath`. A file counts however it was given: a script may have put what was pasted there.
// Typing never moves the page, nor does anything once the visitor has scrolled.
(() => {
	const PATIENCE = 20000; // ms after a tap in which what changes is taken for its answer
	const SEEN = 120; // pixels of the answer that are enough to know that it is there
	const less = matchMedia("(prefers-reduced-motion: reduce)");

	const SETTLING = 5000, EVERY = 500; // ms in which what is above may still change its height, and a look
	const show = (answer, behavior) => answer.scrollIntoView({ block: "start", behavior });

	let due = null;
	const expect = ({ isTrusted, target }) => {
		const room = target.closest?.(".room");
		if (!(isTrusted || target.type === "file") || !room) return;
		const beneath = target.closest(".actions") && room.querySelector(".beneath");
		const near = beneath || target.closest(".two")?.querySelector(".get");
		if (!beneath && target.closest(near ? ".get" : ".get, .answer")) return;
		const answer = near ?? [...room.querySelectorAll(".answer")].find((one) => one.offsetParent);
		forget();
		if (!answer) return;
		due = { answer, room, until: Date.now() + PATIENCE };
		changes.observe(answer, { childList: true, subtree: true, characterData: true });
	};
	const forget = () => {
		changes.disconnect();
		due = null;
	};
	// Why there is no answer may stand beside what was given: then that is what has to be seen.
	const place = () => [...due.room.querySelectorAll(".refusal")].find((one) => one.offsetParent) ?? due.answer;
	const inSight = (one) => {
		const { top, bottom, height } = one.getBoundingClientRect();
		return Math.min(bottom, innerHeight) - Math.max(top, 0) >= Math.min(height, SEEN);
	};
	const changes = new MutationObserver(() => {
		if (!due || Date.now() > due.until) return forget();
		if (!due.answer.getBoundingClientRect().height) return; // nothing is drawn there yet
		changes.disconnect();
		const mine = due;
		due.until = Date.now() + SETTLING;
		let behavior = less.matches ? "auto" : "smooth";
		(function look() {
			if (due !== mine || Date.now() > due.until) return;
			if (!inSight(place())) {
				show(place(), behavior);
				behavior = "auto";
			}
			setTimeout(look, EVERY);
		})();
	});

	for (const kind of ["click", "change", "drop", "paste"]) addEventListener(kind, (/** @type {any} */ event) => {
		// A field that is left changes too, after a visitor has typed: that is no tap.
		if (kind !== "change" || event.target.matches?.("[type=file], [type=radio], select")) expect(event);
	}, true);
	for (const kind of ["wheel", "touchmove", "input"])
		addEventListener(kind, (/** @type {any} */ { target }) => {
			if (kind !== "input" || !target.matches?.("[type=file], [type=radio], select")) forget();
		}, { capture: true, passive: true });
})();
