// @ts-check
// Train a translator: the first pairs as they will be learnt, and what it makes of sentences that are
// kept aside while it learns.

import { filled, part } from "./dom.js";
import { mount as mountRoom, renderers } from "./training.js";

/** A pasted text by what it looks like. */
export const named = (text) => /^\s*[[{]/.test(text) ? "pairs.jsonl" : !text.includes("\t") && /[,;]/.test(text) ? "pairs.csv" : "pairs.tsv";

/** A table of sentences, each in its language; on a phone every row is a list. */
const table = (heads, rows) => {
	const made = part("table", "", { className: "train-sentences" }), top = made.createTHead().insertRow(), body = made.createTBody();
	for (const head of heads) top.append(part("th", head, { scope: "col" }));
	for (const row of rows) {
		const line = body.insertRow();
		row.forEach(({ text, lang }, at) => {
			const cell = part("td", text, { lang });
			cell.dataset.head = heads[at];
			line.append(cell);
		});
	}
	return made;
};

export const mount = (element) => {
	const place = element.querySelector(".train-pairs");
	const words = JSON.parse(place.dataset.words), { languages, tags } = words;

	renderers.translation = (into, { sentences }, job) => {
		const other = job.key.includes("zh") ? "zh" : "fr";
		const rows = sentences.map(({ source, translation, reference, target }) => [
			{ text: source, lang: tags[target === "en" ? other : "en"] },
			{ text: translation || words.nothing_yet, lang: tags[target] },
			{ text: reference, lang: tags[target] },
		]);
		into.replaceChildren(table([words.source, words.now, words.reference], rows));
	};

	const seen = async (found) => {
		place.replaceChildren();
		if (!found) return;
		const [one, other] = found.languages;
		place.append(part("h3", words.seen),
			table([languages[one], languages[other]], found.pairs.map((pair) => pair.map((text, at) => ({ text, lang: tags[found.languages[at]] })))),
			part("p", filled(words.counts, { learn: found.learn.toLocaleString(window.house.lang), aside: found.aside.toLocaleString(window.house.lang) }), { className: "quiet" }));
		const ways = found.directions.map((way) => way.split("-").map((code) => languages[code]).join(" → "));
		place.append(part("p", filled(words.both_ways, { ways: ways.join(" · ") }), { className: "quiet" }));
		for (const sentence of found.told) place.append(part("p", sentence, { className: "note" }));
	};
	return mountRoom(element, { single: true, named, seen });
};
