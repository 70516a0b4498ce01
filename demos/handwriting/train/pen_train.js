// @ts-check
// Teach the pen a hand: given words are written one after the other, each can be undone, skipped and
// written again; at the start their strokes are sent as one file.

import { filled, part, svg } from "./dom.js";
import { pad } from "./pen_pad.js";
import { mount as mountRoom } from "./training.js";

const STORE = "breakthroughs.hand"; // what is written stays when the page changes its language
const EDGE = 6; // pixels around a small picture of a word

const kept = () => {
	try {
		return JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
	} catch { return {}; }
};
const keep = (done) => {
	try {
		sessionStorage.setItem(STORE, JSON.stringify(done));
	} catch { /* a private window, or too much: then it lasts as long as the page */ }
};

/** A word as a small picture. */
const picture = (strokes) => {
	const xs = strokes.flat().map(([x]) => x), ys = strokes.flat().map(([, y]) => y);
	const [left, top] = [Math.min(...xs) - EDGE, Math.min(...ys) - EDGE];
	const drawn = svg("svg", { viewBox: `${left} ${top} ${Math.max(...xs) - left + EDGE} ${Math.max(...ys) - top + EDGE}`, "aria-hidden": "true" });
	for (const [first, ...rest] of strokes) svg("path", { d: `M${first}${rest.map((one) => `L${one}`).join("")}${rest.length ? "" : "h.01"}` }, drawn);
	return drawn;
};

export const mount = (element) => {
	const place = element.querySelector(".pen-words");
	const { given, least, words } = JSON.parse(place.dataset.hand);
	const show = (name) => place.querySelector(name);
	const paper = pad(place), button = (name) => place.querySelector(`[data-do=${name}]`);
	const done = kept(), skipped = new Set();
	let now = "";
	/** @type {any} */
	let room = null;

	const count = () => given.filter((word) => done[word]).length;
	const paint = () => {
		const left = given.filter((word) => !done[word]);
		if (!left.includes(now)) now = left.find((word) => !skipped.has(word)) ?? left[0] ?? "";
		const line = show(".pen-word");
		line.textContent = now ? `${words.write} ` : words.all_done;
		if (now) line.append(part("b", now, { lang: "en" }), part("span", filled(words.left, { n: given.length - left.length + 1, total: given.length }), { className: "quiet" }));
		show(".pad").hidden = show(".buttons").hidden = !now;
		button("next").disabled = paper.empty();
		button("skip").disabled = left.length < 2;
		show(".pen-count").textContent = count() >= least ? filled(words.written, { n: count() }) : filled(words.too_few, { n: count(), least });
		show(".pen-done").replaceChildren(...given.filter((word) => done[word]).map((word) => {
			const item = part("li"), again = part("button", "", { type: "button", title: words.again });
			again.setAttribute("aria-label", `${word}: ${words.again}`);
			again.append(picture(done[word]), part("span", word, { lang: "en" }));
			again.onclick = () => {
				delete done[word];
				now = word;
				keep(done);
				button("clear").click();
				paint();
				show(".pen-word").focus(); // the button is gone
			};
			item.append(again);
			return item;
		}));
	};
	button("next").onclick = () => {
		room?.refuse("");
		done[now] = paper.strokes();
		keep(done);
		button("clear").click();
		paint();
	};
	button("skip").onclick = () => {
		const left = given.filter((word) => !done[word]);
		skipped.add(now);
		now = left[(left.indexOf(now) + 1) % left.length];
		button("clear").click();
		paint();
	};
	place.addEventListener("pad", () => (button("next").disabled = paper.empty()));
	paint();

	const prepared = async () => {
		if (now && !paper.empty()) button("next").click(); // what stands on the pad was meant to count
		if (count() < least) throw Object.assign(new Error(filled(words.too_few, { n: count(), least })), { told: true });
		const rows = given.filter((word) => done[word]).map((word) => ({ text: word, strokes: done[word] }));
		return [new File([JSON.stringify(rows)], "writings.json", { type: "application/json" })];
	};
	return room = mountRoom(element, { single: true, prepared });
};
