// The answer comes into view: where a tap in a room changes what the room answers (a column `.get`, or
// anything with `data-answer`) and that is out of sight, as below the fold of a phone, the page goes
// there. Typing never moves the page, nor does anything once the visitor has scrolled.
(() => {
	const ANSWER = ".get, [data-answer]";
	const PATIENCE = 20000; // ms after a tap in which what changes is taken for its answer
	const SEEN = 120; // pixels of the answer that are enough to know that it is there
	const less = matchMedia("(prefers-reduced-motion: reduce)");

	let due = null;
	const expect = ({ isTrusted, target }) => {
		const room = target.closest?.(".room");
		if (!isTrusted || !room || target.closest(ANSWER)) return;
		const near = target.closest(".two")?.querySelector(ANSWER);
		const answer = near ?? [...room.querySelectorAll(ANSWER)].find((one) => one.offsetParent);
		changes.disconnect();
		if (!answer) return;
		due = { answer, until: Date.now() + PATIENCE };
		changes.observe(answer, { childList: true, subtree: true, characterData: true });
	};
	const forget = () => {
		changes.disconnect();
		due = null;
	};
	const changes = new MutationObserver(() => {
		if (!due || Date.now() > due.until) return forget();
		const { answer } = due;
		const { top, bottom, height } = answer.getBoundingClientRect();
		if (!height) return; // nothing is drawn there yet
		forget();
		const shown = Math.min(bottom, innerHeight) - Math.max(top, 0);
		if (shown < Math.min(height, SEEN))
			answer.scrollIntoView({ block: "start", behavior: less.matches ? "auto" : "smooth" });
	});

	for (const kind of ["click", "change", "drop", "paste"]) addEventListener(kind, (event) => {
		// A field that is left changes too, after a visitor has typed: that is no tap.
		if (kind !== "change" || event.target.matches?.("[type=file], [type=radio], select")) expect(event);
	}, true);
	for (const kind of ["wheel", "touchmove", "input"])
		addEventListener(kind, ({ target }) => {
			if (kind !== "input" || !target.matches?.("[type=file], [type=radio], select")) forget();
		}, { capture: true, passive: true });
})();
