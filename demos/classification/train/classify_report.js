// @ts-check
// Classify, Train: how good it is: the estimate in words, the confusion matrix whose cells open their
// pictures, and what would help.

import { filled, part } from "./dom.js";

/** The confusion matrix that a training of the whole network tells, small: rows are what is right. */
export const confusion = (place, { labels, matrix, n, split }) => {
	const table = part("table", "", { className: "classroom-matrix" }), head = part("tr");
	head.append(part("td"), ...labels.map((name) => part("th", name, { scope: "col" })));
	table.append(head, ...matrix.map((row, at) => {
		const line = part("tr"), total = row.reduce((sum, count) => sum + count, 0);
		line.append(part("th", labels[at], { scope: "row" }), ...row.map((count, to) => {
			const cell = part("td", "", { className: at === to ? "right" : count ? "wrong" : "" });
			cell.style.setProperty("--share", String(total ? count / total : 0));
			cell.append(part("span", String(count)));
			return cell;
		}));
		return line;
	}));
	place.append(table, part("p", `n ${n}`, { className: "quiet", title: split }));
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

		const table = part("table", "", { className: "classroom-matrix" });
		const head = part("tr");
		head.append(part("td"), ...classes.map((name) => part("th", name, { scope: "col" })));
		table.append(head);
		known.matrix.forEach((row, at) => {
			const line = part("tr");
			const total = row.reduce((sum, ids) => sum + ids.length, 0);
			line.append(part("th", classes[at], { scope: "row" }), ...row.map((ids, to) => {
				const cell = part("td", "", { className: at === to ? "right" : ids.length ? "wrong" : "" });
				cell.style.setProperty("--share", String(total ? ids.length / total : 0));
				const label = filled(words.cell, { count: ids.length, name: classes[at], other: classes[to] });
				const button = part("button", String(ids.length), { type: "button", disabled: !ids.length });
				button.setAttribute("aria-label", label);
				button.setAttribute("aria-pressed", String(opened === `${at}/${to}`));
				button.onclick = () => {
					opened = opened === `${at}/${to}` ? "" : `${at}/${to}`;
					cells();
					for (const one of table.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", "false");
					button.setAttribute("aria-pressed", String(!!opened));
				};
				cell.append(button);
				return cell;
			}));
			table.append(line);
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
