// @ts-check
// Paints what the editor of boxes holds (`detection_boxes.js`): the picture with its boxes, the labels,
// the list of boxes, the strip of pictures. Changes nothing.

import { filled, svg as shape } from "./dom.js";

const COLOURS = ["#d6336c", "#1c7ed6", "#2b8a3e", "#d9480f", "#7048e8", "#0b7285", "#a61e4d", "#5f3dc4", "#846358", "#495057"];
/** @type {[string, number, number][]} */
export const HANDLES = [["nw", 0, 1], ["ne", 2, 1], ["se", 2, 3], ["sw", 0, 3]];

/** Where the name of a box begins; that of one at the right edge ends with it. */
export const sideways = (left, right, width) =>
	left / width > 0.6 ? `right:${(1 - right / width) * 100}%` : `left:${(left / width) * 100}%`;

export const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
/** Intersection over union of two boxes. */
export const overlap = (a, b) => {
	const both = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
	return both / (area(a) + area(b) - both || 1);
};

/** `view()`: {doc, chosen, drag}, the document, which of its boxes is chosen, what is being dragged.
 *  `tidy(box)`: within the picture. */
export function painter(place, { words, image, tidy, view }) {
	const part = (name) => place.querySelector(name);
	const stage = part(".boxes-stage"), svg = part("svg"), tags = part(".tags"), picture = part("img");
	const strip = part(".boxes-strip"), list = part(".boxes-list"), labels = part(".boxes-labels");
	const now = () => view().doc.pictures[view().doc.at];
	const boxes = () => now()?.boxes ?? [];
	const colour = (label) => label ? COLOURS[Math.max(0, view().doc.labels.indexOf(label)) % COLOURS.length] : "#495057";
	const called = (label) => label ? view().doc.names[label] ?? label : words.unnamed;
	const describe = (n) => {
		const one = boxes()[n], [x0, y0, x1, y1] = one.box.map(Math.round);
		return filled(one.score === undefined ? words.box : words.proposal,
			{ n: n + 1, label: called(one.label), x: x0, y: y0, wide: x1 - x0, high: y1 - y0, score: `${Math.round((one.score ?? 0) * 100)}%` });
	};

	const scale = () => (now() ? stage.clientWidth / now().width : 1) || 1; // screen pixels of one of the picture
	/** @param {number[]} box */
	const rect = ([x0, y0, x1, y1], more) => shape("rect", { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0), ...more }, svg);
	const paintStage = () => {
		const { doc, chosen, drag } = view(), one = now();
		svg.replaceChildren();
		tags.replaceChildren();
		if (!one) return;
		const address = image(one.id);
		if (picture.getAttribute("src") !== address) picture.src = address;
		stage.style.setProperty("--w", one.width);
		stage.style.setProperty("--h", one.height);
		svg.setAttribute("viewBox", `0 0 ${one.width} ${one.height}`);
		svg.setAttribute("preserveAspectRatio", "none");
		one.boxes.forEach(({ box, label, outline, score }, n) => {
			const live = drag?.n === n ? drag.box : box, kind = n === chosen ? "chosen" : score === undefined ? "" : "proposed";
			rect(live, { class: `under ${kind}` });
			rect(live, { class: `edge ${kind}`, stroke: colour(label) });
			if (outline && drag?.n !== n)
				for (const points of outline) shape("polygon", { points: points.join(" "), class: "outline", stroke: colour(label) }, svg);
			const tag = document.createElement("span");
			tag.textContent = called(label) + (score === undefined ? "" : ` ${Math.round(score * 100)}%?`);
			tag.style.cssText = `${sideways(live[0], live[2], one.width)};top:${(live[1] / one.height) * 100}%;background:${colour(label)}`;
			tag.classList.toggle("inside", live[1] * scale() < 22);
			tag.classList.toggle("proposed", score !== undefined);
			tags.append(tag);
		});
		if (drag?.n === undefined && drag?.box) rect(tidy(drag.box), { class: "edge chosen", stroke: colour(doc.labels[doc.label]) });
		if (chosen >= 0) {
			const live = drag?.n === chosen ? drag.box : boxes()[chosen].box, side = 11 / scale();
			for (const [, h, v] of HANDLES)
				shape("rect", { class: "handle", x: live[h] - side / 2, y: live[v] - side / 2, width: side, height: side, stroke: colour(boxes()[chosen].label) }, svg);
		}
	};
	const chip = (label, n) => {
		const { doc } = view();
		const group = document.createElement("span"), one = document.createElement("button"), uses = doc.pictures.some(({ boxes }) => boxes.some((box) => box.label === label));
		one.type = "button";
		one.dataset.label = n;
		one.style.setProperty("--c", colour(label));
		one.setAttribute("aria-pressed", String(n === doc.label));
		if (n < 9) one.append(Object.assign(document.createElement("kbd"), { textContent: n + 1 }), " ");
		one.append(called(label));
		group.append(one);
		for (const [name, sign] of [["rename", "✎"], ["forget", "×"]]) {
			if (name === "forget" && uses) continue;
			const small = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: filled(words[name], { label: called(label) }) });
			small.dataset[name] = n;
			small.setAttribute("aria-label", small.title);
			group.append(small);
		}
		return group;
	};
	const paintList = () => {
		const { doc, chosen } = view();
		labels.replaceChildren(...doc.labels.map(chip));
		list.replaceChildren(...boxes().map((one, n) => {
			const row = document.createElement("li"), choose = document.createElement("button");
			choose.type = "button";
			choose.dataset.n = n;
			choose.style.setProperty("--c", colour(one.label));
			choose.setAttribute("aria-pressed", String(n === chosen));
			choose.append(called(one.label), " ", Object.assign(document.createElement("i"), {
				textContent: one.score === undefined ? `${Math.round(one.box[2] - one.box[0])} × ${Math.round(one.box[3] - one.box[1])}` : `${Math.round(one.score * 100)}%?`,
			}));
			choose.setAttribute("aria-label", describe(n));
			row.append(choose);
			return row;
		}));
	};
	const paintStrip = () => {
		const { doc } = view();
		const had = strip.children;
		doc.pictures.forEach((one, at) => {
			let thumb = /** @type {any} */ (had[at]);
			if (thumb?.dataset.id !== one.id) {
				thumb = document.createElement("button");
				thumb.type = "button";
				thumb.dataset.id = one.id;
				thumb.append(Object.assign(document.createElement("img"), { src: image(one.id), alt: "", loading: "lazy" }), document.createElement("b"));
				if (had[at]) had[at].replaceWith(thumb);
				else strip.append(thumb);
			}
			thumb.dataset.at = at;
			const sure = one.boxes.filter(({ score }) => score === undefined).length;
			thumb.lastChild.textContent = sure || (one.boxes.length ? "?" : "");
			thumb.setAttribute("aria-pressed", String(at === doc.at));
			thumb.setAttribute("aria-label", filled(words.picture, { n: at + 1, name: one.name, count: sure }));
		});
		while (had.length > doc.pictures.length) strip.lastChild.remove();
		// Not scrollIntoView: that would move the page too.
		const mine = strip.children[doc.at];
		if (mine && (mine.offsetLeft < strip.scrollLeft || mine.offsetLeft + mine.offsetWidth > strip.scrollLeft + strip.clientWidth))
			strip.scrollLeft = mine.offsetLeft - strip.clientWidth / 2;
	};
	return { called, describe, paintStage, paintList, paintStrip, scale };
}
