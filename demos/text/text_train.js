// @ts-check
// Train a writer: how much text the recipe reads, and what it changes, before anything begins.

import { filled, part } from "./dom.js";
import { mount as mountRoom } from "./training.js";

export const mount = (element) => {
	const place = element.querySelector(".train-read"), words = JSON.parse(place.dataset.words);
	const count = (number) => number.toLocaleString(window.house.lang);
	return mountRoom(element, {
		async seen(found) {
			place.replaceChildren();
			if (!found) return;
			place.append(part("p", filled(words.counts, { learn: count(found.learn), aside: count(found.aside) }), { className: "quiet" }));
			for (const sentence of found.told) place.append(part("p", sentence, { className: "note" }));
		},
	});
};
