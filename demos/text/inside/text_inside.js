// @ts-check
// Generate text, Look inside: a text to walk through character by character, bars to choose from,
// memory cells to choose.

const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10, Home: -Infinity, End: Infinity };

/** Pointing at a character, or walking there with the arrow keys, tells what was measured there.
 *
 *  `figure` holds the characters (`characters`), what is told of each as JSON in `data-rows`. `tell`
 *  is given one of the rows and the place for it; `chosen`, where there is one, the number of a
 *  character that was clicked or met with Enter. */
const walk = (element, watch, figure, characters, tell, chosen) => {
	let at = -1;
	const box = () => element.querySelector(figure);
	const point = (index) => {
		const figure = box(), all = figure.querySelectorAll(characters);
		if (!all.length) return;
		at = Math.max(0, Math.min(all.length - 1, index));
		figure.querySelector(".at")?.classList.remove("at");
		all[at].classList.add("at");
		if (figure.data !== figure.dataset.rows) figure.rows = JSON.parse((figure.data = figure.dataset.rows));
		tell(figure.rows[at], element.querySelector(".readout"));
	};
	const place = ({ target }) => {
		const character = target.closest(characters);
		if (character) point([...box().querySelectorAll(characters)].indexOf(character));
		return character;
	};
	element.addEventListener("pointerover", place);
	element.addEventListener("focusin", ({ target }) => {
		if (target === box() && at < 0) point(0);
	});
	element.addEventListener("click", (event) => {
		if (chosen && place(event)) chosen({ at });
	});
	element.addEventListener("keydown", (event) => {
		if (event.target !== box()) return;
		if (event.key === "Enter" && chosen) chosen({ at });
		else if (event.key in STEPS) point(at + STEPS[event.key]);
		else return;
		event.preventDefault();
	});
	watch("value", () => (at = -1));
};

const make = (tag, text) => {
	const made = document.createElement(tag);
	made.textContent = text;
	return made;
};

/** What was expected at each place; a click or Enter takes the place as the start of another path. */
export const expected = (element, watch, start) =>
	walk(element, watch, ".expected", "[data-i]", ([sign, share, nats, likely], said) => {
		const told = said.dataset.said.replace("{c}", sign).replace("{p}", share).replace("{nats}", nats);
		const list = document.createElement("ol");
		for (const [name, part] of likely) {
			const row = make("li", "");
			row.append(make("b", name), make("span", part));
			if (name === sign) row.className = "hit";
			list.append(row);
		}
		said.replaceChildren(make("p", told), list);
	}, start);

/** What one cell holds at each place, and its gates there. */
export const cell = (element, watch) =>
	walk(element, watch, ".strips", ".ch", (row, said) => {
		said.textContent = row.reduce((text, part, n) => text.replace(`{${n}}`, part), said.dataset.said);
	});

/** The probabilities of the next character, one of which may be taken. */
export const next = (element, watch, take, back) => {
	element.addEventListener("click", ({ target }) => {
		const taken = target.closest("[data-take]");
		if (taken) take({ text: taken.dataset.take });
		else if (target.closest("[data-back]")) back();
	});
	// The bars are drawn anew after each choice: whoever uses the keyboard stays among them.
	let held = false;
	element.addEventListener("keydown", (event) => {
		held = event.key === "Enter" && !!event.target.closest("[data-take]");
	});
	watch("value", () => {
		if (held) element.querySelector("[data-take]")?.focus();
		held = false;
	});
};

/** The cells that were found to track something, and a way to any other. */
export const cells = (element, choose) =>
	element.addEventListener("click", ({ target }) => {
		const button = target.closest("[data-cell]");
		if (!button && !target.closest("[data-other]")) return;
		for (const other of element.querySelectorAll("[data-cell]"))
			other.setAttribute("aria-pressed", String(other === button));
		const number = (name) => Math.trunc(+element.querySelector(`[name=${name}]`).value || 1) - 1;
		choose(button
			? { layer: button.dataset.layer, cell: button.dataset.cell }
			: { layer: number("layer"), cell: number("cell") });
	});
