// @ts-check
// Classify, Train: how good it is: the estimate in words, the confusion matrix whose cells open their
// pictures, and what would help.

import { filled, part } from "./dom.js";

/** A confusion matrix: rows are what is right. `content(at, to)` is what stands in a cell.
 *  @param {string[]} names @param {number[][]} counts @param {(at: number, to: number) => HTMLElement} content */
const grid = (names, counts, content) => {
	const table = part("table", "", { className: "classroom-matrix" }), head = part("tr");
	head.append(part("td"), ...names.map((name) => part("th", name, { scope: "col" })));
	table.append(head, ...counts.map((row, at) => {
		const line = part("tr"), total = row.reduce((sum, count) => sum + count, 0);
		line.append(part("th", names[at], { scope: "row" }), ...row.map((count, to) => {
			const cell = part("td", "", { className: at === to ? "right" : count ? "wrong" : "" });
			cell.style.setProperty("--share", String(total ? count / total : 0));
			cell.append(content(at, to));
			return cell;
		}));
		return line;
	}));
	return table;
};

/** A cell that opens its pictures, pressed while they are shown. */
const opener = (label, count, open, press) => {
	const button = part("button", String(count), { type: "button", disabled: !count });
	button.setAttribute("aria-label", label);
	button.setAttribute("aria-pressed", String(open));
	button.onclick = () => {
		const shut = button.getAttribute("aria-pressed") === "true";
		for (const one of button.closest("table").querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", "false");
		button.setAttribute("aria-pressed", String(!shut));
		press(!shut);
	};
	return button;
};

/** That which a training of the whole network tells, small. `pictured(files, name)`: the pictures of these files
 *  that are still here, where they are this visitor's, as they were given; a cell opens its mistakes. */
export const confusion = (place, { labels, matrix, n, split, wrong }, words, pictured) => {
	const shown = part("div", "", { ariaLive: "polite" });
	const mistakes = async (at, to) => {
		const kept = wrong.filter((one) => one.label === labels[at] && one.predicted === labels[to]);
		const found = await pictured(kept.map((one) => one.file), labels[at]);
		const strip = part("div", "", { className: "classroom-strip" }), left = matrix[at][to] - found.length;
		strip.append(...found);
		shown.replaceChildren(part("p", filled(words.cell_shown, { name: labels[at], other: labels[to] }), { className: "quiet" }), strip);
		if (left) shown.append(part("p", filled(words.cell_left, { n: left }), { className: "quiet" }));
	};
	const table = grid(labels, matrix, (at, to) => {
		const count = matrix[at][to];
		if (at === to || !count || !pictured) return part("span", String(count));
		const label = filled(words.cell, { count, name: labels[at], other: labels[to] });
		return opener(label, count, false, (open) => open ? mistakes(at, to) : shown.replaceChildren());
	});
	place.append(table, shown, part("p", `n ${n}`, { className: "quiet", title: split }));
};

/** @param {HTMLElement} room @param {any} words @param {(id: number, name: string) => HTMLElement} thumbnail
 *  @param {(ids: number[], to: number) => void} move */
export const report = (room, words, thumbnail, move) => {
	const section = /** @type {HTMLElement} */ (room.querySelector(".classroom-report"));
	const show = (name) => section.querySelector(`[data-show=${name}]`);
	let opened = ""; // the cell whose pictures are shown, as "row/column"

	return (state) => {
		const known = state.learnt;
		section.hidden = !known;
		if (!known) return;
		const names = Object.fromEntries(state.classes.map((one) => [one.id, one.name]));
		const classes = known.classes.map((id) => names[id] ?? "–");
		const percent = known.n ? `${Math.round(100 * known.right / known.n)}%` : "";
		show("estimate").textContent = [
			known.n ? filled(words.estimate, { ...known, percent }) : words.estimate_none,
			known.n && known.alone ? filled(words.estimate_alone, known) : "",
		].filter(Boolean).join(window.house.lang === "zh" ? "" : " ");
		show("how").textContent = filled(words.estimate_how, known);

		const table = grid(classes, known.matrix.map((row) => row.map((ids) => ids.length)), (at, to) => {
			const { length: count } = known.matrix[at][to], cell = `${at}/${to}`;
			const label = filled(words.cell, { count, name: classes[at], other: classes[to] });
			return opener(label, count, opened === cell, (open) => {
				opened = open ? cell : "";
				cells();
			});
		});
		show("matrix").replaceChildren(table);
		const cells = () => {
			const [at, to] = opened.split("/").map(Number);
			const ids = opened ? known.matrix[at]?.[to] ?? [] : [];
			const place = show("cell");
			place.replaceChildren();
			if (!ids.length) return;
			const strip = part("div", "", { className: "classroom-strip" });
			strip.append(...ids.slice(0, 60).map((id) => thumbnail(id, classes[at])));
			place.append(part("p", filled(words.cell_shown, { name: classes[at], other: classes[to] }), { className: "quiet" }), strip);
		};
		cells();

		show("suggestions").replaceChildren(...(known.suggestions.length ? known.suggestions : [{ sentence: words.all_well, pictures: [] }]).map((one) => {
			const line = part("li");
			line.append(part("p", one.sentence));
			if (one.pictures.length) {
				const strip = part("div", "", { className: "classroom-strip" });
				strip.append(...one.pictures.map((id) => thumbnail(id, names[one.class] ?? "")));
				line.append(strip);
			}
			if (one.to !== null && one.to !== undefined) {
				const button = part("button", filled(words.move, { name: names[one.to] }), { type: "button", className: "ghost" });
				button.onclick = () => move(one.pictures, one.to);
				line.append(button);
			}
			return line;
		}));
	};
};
