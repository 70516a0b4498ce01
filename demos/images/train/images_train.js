// @ts-check
// Train a network that draws: the pictures as they will be learnt, and while it learns a meter that
// says whether it only copies them.

import { filled, part } from "./dom.js";
import { mount as mountRoom, renderers } from "./training.js";

const COPIES = .5; // of the distance between two neighbouring pictures: nearer than this is a copy
const FEW = 1000; // as the words say

export const mount = (element) => {
	const place = element.querySelector(".train-pictures");
	const words = JSON.parse(place.dataset.words);
	const number = (value) => value.toLocaleString(window.house.lang);

	// The ratio of two distances: 0 is a copy, 1 as far as a picture is from its nearest neighbour.
	renderers.images = (into, { ratio, n, of, pictures }) => {
		const told = ratio < COPIES ? words.copies : ratio < 1 ? words.near : words.far;
		const meter = part("div", "", { className: "train-meter", role: "img", ariaLabel: `${words.meter}: ${ratio.toFixed(2)}` });
		meter.append(part("i"), part("b"));
		meter.style.setProperty("--at", `${50 * Math.min(ratio, 2)}%`);
		into.append(part("p", `${words.meter}: ${ratio.toFixed(2)}`), meter,
			part("p", told, { className: ratio < COPIES ? "note" : "quiet" }),
			part("p", filled(words.meter_told, { n, of: number(of), pictures: number(pictures) }), { className: "quiet" }));
	};

	let few = "";
	const seen = async (found) => {
		place.replaceChildren();
		few = found?.count < found?.least ? filled(words.too_few, found) : "";
		if (!found) return;
		const row = part("div", "", { className: "train-thumbs", role: "img", ariaLabel: filled(words.counts, { count: number(found.count) }) });
		row.append(...found.pictures.map((src) => part("img", "", { src, alt: "" })));
		const rest = found.count - found.pictures.length;
		if (rest > 0) row.append(part("span", filled(words.more_than_shown, { count: number(rest) }), { className: "quiet" }));
		place.append(part("h3", words.seen), row, part("p", filled(words.counts, { count: number(found.count) }), { className: "quiet" }));
		if (few) place.append(part("p", few, { className: "refusal", role: "alert" }));
		else if (found.count < FEW) place.append(part("p", words.few, { className: "note" }));
		for (const sentence of found.told) place.append(part("p", sentence, { className: "note" }));
	};
	const prepared = async () => {
		if (few) throw Object.assign(new Error(few), { told: true });
	};
	return mountRoom(element, { seen, prepared });
};
