// @ts-check
// What a training finds in the pictures it kept aside, beside what it found before it began: right,
// missed (dashed) and false (red). An error opens its picture large.

import { overlap, sideways } from "./detection_paint.js";
import { filled, part, svg } from "./dom.js";

const SURE = 0.5; // score from which an object counts as found, as Try shows it at first
const SAME = 0.5; // share of two boxes from which they are one object: AP50's

/** Each object found, the surest first, takes the free one of its label that it covers best: [{kind:
 *  right, missed or false, box, label, score?}]. */
export function compared(objects, found) {
	const free = new Set(objects), told = [];
	for (const one of found.filter(({ score }) => score >= SURE)) {
		const mine = [...free].filter(({ label, box }) => label === one.label && overlap(box, one.box) >= SAME);
		const best = mine.sort((a, b) => overlap(b.box, one.box) - overlap(a.box, one.box))[0];
		if (best) free.delete(best);
		told.push({ ...one, kind: best ? "right" : "false" });
	}
	return [...told, ...[...free].map((one) => ({ ...one, kind: "missed" }))];
}

/** A picture with what was found in it; of `alone` the others are faint. */
const drawn = (address, { width, height }, told, words, alone = null) => {
	const figure = part("figure", "", { className: "scored-picture" }), drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" });
	figure.style.setProperty("--w", width);
	figure.style.setProperty("--h", height);
	const tags = part("div", "", { className: "tags" });
	for (const { box: [x0, y0, x1, y1], kind, label, score } of told) {
		const faint = alone && (alone.label !== label || alone.box.join() !== [x0, y0, x1, y1].join());
		svg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: `${kind}${faint ? " faint" : ""}` }, drawing);
		if (faint) continue;
		const tag = part("span", "", { className: kind, textContent: score === undefined ? label : `${label} ${Math.round(score * 100)}%` });
		// What was missed is named below its box: something false may be named above it.
		const below = kind === "missed";
		tag.style.cssText = `${sideways(x0, x1, width)};top:${((below ? y1 : y0) / height) * 100}%`;
		tag.classList.toggle("inside", below ? y1 / height > 0.9 : y0 / height < 0.1);
		tags.append(tag);
	}
	const counted = (kind) => told.filter((one) => one.kind === kind).length;
	figure.append(part("img", "", { src: address, alt: filled(words.found_alt, { right: counted("right"), missed: counted("missed"), false: counted("false") }), loading: "lazy" }), drawing, tags);
	return figure;
};

const firsts = new Map(); // what each training found before it began
const before = (job) => {
	const address = new URL(`train/jobs/${job.id}/samples/000000.json`, document.baseURI);
	if (!firsts.has(job.id)) firsts.set(job.id, fetch(address).then((answer) => answer.ok ? answer.json() : null, () => null));
	return firsts.get(job.id);
};

const large = (address, picture, told, words, error) => {
	const dialog = part("dialog", "", { className: "scored-large" }), close = part("button", words.close, { type: "button", className: "ghost" });
	dialog.setAttribute("aria-label", sentence(error, words));
	dialog.append(drawn(address, picture, told, words, error), part("p", sentence(error, words)), close);
	close.onclick = () => dialog.close();
	dialog.onclick = ({ target }) => target === dialog && dialog.close();
	dialog.onclose = () => dialog.remove();
	document.querySelector(".gradio-container .room-train .training:has([data-editor])").append(dialog);
	dialog.showModal();
};

const sentence = ({ kind, label, score }, words) =>
	filled(words[`error_${kind}`], { label, score: `${Math.round((score ?? 0) * 100)}%` });

/** The renderer of a sample (`pretrained.detection.show`). */
export async function scored(place, { pictures, n }, job, words) {
	const first = await before(job);
	place.className = "scored";
	const began = (file) => first?.pictures.find((one) => one.file === file);
	const sum = { right: 0, missed: 0, false: 0, all: 0 }, was = { ...sum };
	const rows = pictures.map((picture, number) => {
		const address = new URL(`train/detection/${job.id}/picture`, document.baseURI);
		address.searchParams.set("file", picture.file);
		const now = compared(picture.objects, picture.found), old = began(picture.file);
		for (const { kind } of now) sum[kind]++;
		sum.all += picture.objects.length;
		const row = part("div", "", { className: "scored-row" });
		if (old) {
			const then = compared(old.objects, old.found);
			for (const { kind } of then) was[kind]++;
			const side = part("div");
			side.append(part("p", words.before, { className: "quiet" }), drawn(address.href, picture, then, words));
			row.append(side);
		}
		const side = part("div"), wrong = now.filter(({ kind }) => kind !== "right"), chips = part("p", "", { className: "scored-errors" });
		for (const error of wrong) {
			const chip = part("button", sentence(error, words), { type: "button", className: error.kind });
			chip.onclick = () => large(address.href, picture, now, words, error);
			chips.append(chip);
		}
		side.append(part("p", words.now, { className: "quiet" }), drawn(address.href, picture, now, words));
		row.append(side);
		row.setAttribute("aria-label", filled(words.row, { n: number + 1, total: pictures.length }));
		row.setAttribute("role", "group");
		if (wrong.length) row.append(chips);
		return row;
	});
	const told = part("p", "", { textContent: filled(words.summary, { ...sum, pictures: pictures.length }) });
	if (first) told.append(" ", part("span", "", { className: "quiet", textContent: filled(words.summary_before, was) }));
	if (was.right + was.false) told.append(" ", part("span", words.before_why, { className: "quiet" }));
	const legend = part("p", "", { className: "scored-legend quiet" });
	for (const kind of ["right", "missed", "false"]) legend.append(part("span", words[`kind_${kind}`], { className: kind }));
	place.replaceChildren(told, legend, ...rows);
	if (n > pictures.length) place.append(part("p", "", { className: "quiet", textContent: filled(words.more, { count: n - pictures.length }) }));
}
