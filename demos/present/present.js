// @ts-check
// Five breakthroughs, one screen each: arrow keys lead on, every demonstration is asked anew when its
// input changes, and what it took is measured here and now.

import { asked, bars, boxes, continued, faces, reduced } from "./asking.js";
import { filled, part } from "./dom.js";

const told = JSON.parse(document.body.dataset.told);
const screens = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".screen")]);

const ask = async (name, sent) => {
	const began = performance.now();
	return { read: await asked(name, sent, told.lost), ms: performance.now() - began };
};

const named = (screen, label) => told.names[screen.dataset.screen]?.[label] ?? label;

/** The chosen file or the picture that stands there, and a form that sends it. */
const picture = async (screen) => {
	const input = screen.querySelector("input[type=file]"), image = screen.querySelector("img");
	const [file] = input.files;
	if (file) {
		const src = URL.createObjectURL(file);
		await Object.assign(new Image(), { src }).decode().catch(() => {
			input.value = ""; // the picture that stands there stays
			throw new Error(told.unreadable);
		});
		URL.revokeObjectURL(image.src);
		image.src = src;
		await image.decode();
	}
	const { blob, ...size } = await reduced(file ?? await (await fetch(image.src)).blob());
	const form = new FormData();
	form.append("image", blob, "picture.jpg");
	return { form, size };
};

/** A Chinese poem has a verse a line. */
const verses = (text, lang) => lang === "zh" ? text.replace(/(?<=[，。])(?=.)/g, "\n") : text;

const demos = {
	async classify(screen, place) {
		const { form } = await picture(screen);
		form.append("top_k", "5");
		const { read, ms } = await ask("classify", form);
		const [first] = read.confidences;
		place.replaceChildren(part("p", named(screen, first.label), { className: first.confidence < .5 ? "answer unsure" : "answer" }), bars(read.confidences.map((one) => [named(screen, one.label), one.confidence])));
		if (first.confidence < .5) place.append(part("p", told.unsure, { className: "quiet" }));
		return ms;
	},
	async detect(screen, place) {
		const { form, size } = await picture(screen);
		const { read, ms } = await ask("detect", form);
		boxes(screen.querySelector("svg"), read.objects, size);
		const rows = read.objects.map((one) => [named(screen, one.label), one.score]);
		place.replaceChildren(part("p", rows.length ? [...new Set(rows.map(([label]) => label))].join(", ") : told.nothing, { className: "answer" }), bars(rows.slice(0, 6)));
		return ms;
	},
	async write(screen, place) {
		const prompt = screen.querySelector("textarea").value;
		const { model, answers } = screen.dataset;
		const { read, ms } = await ask("write", { model, prompt, length: 300, temperature: .7, stream: false, seed: Math.floor(Math.random() * 1e6) });
		place.replaceChildren(Object.assign(continued(verses(prompt, answers), verses(read.text, answers)), { lang: answers, tabIndex: 0 })); // it scrolls
		const left = read.left_out.filter((sign) => sign.trim()).join(" ");
		if (left) place.append(part("p", filled(told.left_out, { signs: left }), { className: "quiet" }));
		if (read.whole) place.append(part("p", told.whole, { className: "quiet" }));
		return ms;
	},
	async translate(screen, place) {
		const target = screen.dataset.answers;
		const { read, ms } = await ask("translate", { text: screen.querySelector("textarea").value, source: "en", target });
		place.replaceChildren(part("p", read.translation, { className: "answer", lang: target }));
		return ms;
	},
	async images(screen, place) {
		const seed = screen.dataset.seed = String(+(screen.dataset.seed ?? 0) + 1);
		const { read, ms } = await ask("images", { model: screen.dataset.model, seed: 100 * +seed, count: 6, truncation: told.truncation });
		place.replaceChildren(faces(read.images, told.face));
		return ms;
	},
};

/** What the model that has answered holds in the server's memory. */
const weigh = async (screen) => {
	const { bytes } = await (await fetch(`present/memory/${screen.dataset.model}`)).json();
	if (bytes) screen.querySelector("[data-show=memory]").textContent = String(Math.round(bytes / 1e6));
};

/** The demonstrations that are under way. @type {Map<HTMLElement, Promise<void>>} */
const under = new Map();
const run = (screen) => {
	const mine = answered(screen).finally(() => under.get(screen) === mine && under.delete(screen));
	under.set(screen, mine);
	return mine;
};
const answered = async (screen) => {
	const demo = demos[screen.dataset.screen];
	if (!demo || !told.live) return;
	const turn = screen.dataset.turn = String(+(screen.dataset.turn ?? 0) + 1);
	const place = screen.querySelector(".get");
	place.classList.add("asking");
	if (!place.childElementCount) place.append(part("p", told.asking, { className: "quiet" }));
	try {
		const made = part("div");
		const ms = await demo(screen, made);
		if (screen.dataset.turn !== turn) return;
		place.replaceChildren(...made.childNodes);
		weigh(screen).catch(() => {}); // it stays untold
		screen.querySelector("[data-show=ms]").textContent = ms < 1000 ? `${Math.round(ms)} ${told.milliseconds}` : `${(ms / 1000).toFixed(1)} ${told.seconds}`;
	} catch (error) {
		if (screen.dataset.turn === turn) place.replaceChildren(part("p", error instanceof TypeError ? told.lost : error.message, { className: "refusal", role: "alert" }));
	} finally {
		if (screen.dataset.turn === turn) place.classList.remove("asking");
	}
};

let at = 0;
const show = (to) => {
	at = Math.max(0, Math.min(screens.length - 1, to));
	const title = screens[at].querySelector("h1"), within = document.activeElement.closest(".screen");
	screens.forEach((screen, place) => screen.classList.toggle("shown", place === at));
	document.querySelector(".place").textContent = `${at + 1} / ${screens.length}`;
	if (within && within !== screens[at]) title.focus({ preventScroll: true }); // it would be lost with its screen
	else if (!within) document.querySelector("[role=status]").textContent = `${at + 1} / ${screens.length}: ${title.textContent}`;
	const other = /** @type {HTMLAnchorElement} */ (document.querySelector("nav a[lang]"));
	other.href = `${other.href.split("#")[0]}#${at + 1}`; // the same screen in the other language
	history.replaceState(null, "", `${location.pathname}${location.search}#${at + 1}`); // the page has a base
	for (const screen of screens.slice(at, at + 2)) // the next one is ready when it is turned to
		if (!screen.dataset.turn) run(screen);
};
addEventListener("keydown", ({ key, target, altKey, ctrlKey, metaKey }) => {
	if (altKey || ctrlKey || metaKey || /** @type {Element} */ (target).matches("textarea, input")) return;
	const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -99, End: 99 }[key];
	if (step) show(at + step); // no letters: who speaks to the page would set them off (WCAG 2.1.4)
});
const full = () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.().catch(() => {});
document.addEventListener("click", (/** @type {any} */ { target }) => {
	const button = target.closest("[data-go], [data-do]");
	if (!button) return;
	if (button.dataset.go) show(at + +button.dataset.go);
	else if (button.dataset.do === "full") full();
	else if (button.dataset.do === "print") printed(button);
	else run(button.closest(".screen"));
});
document.addEventListener("change", (/** @type {any} */ { target }) => {
	if (target.type === "file" && target.files.length) run(target.closest(".screen"));
});
// Whoever has asked, or gives up writing, turns pages by the arrow keys again.
document.addEventListener("keydown", async (/** @type {any} */ event) => {
	const { target, key, shiftKey, isComposing } = event;
	if (!target.matches("textarea") || isComposing) return;
	const screen = target.closest(".screen");
	if (key === "Enter" && !shiftKey) {
		event.preventDefault();
		await run(screen);
		if (screen.querySelector(".get .refusal")) return;
	} else if (key !== "Escape") return;
	if (document.activeElement === target) screen.querySelector("h1").focus({ preventScroll: true });
});
// A picture that is dropped anywhere is the screen's that is shown, if it takes one.
for (const kind of ["dragover", "drop"])
	addEventListener(kind, (/** @type {any} */ event) => {
		if (!event.dataTransfer?.types.includes("Files")) return;
		event.preventDefault(); // the browser would open it in place of the page
		const input = /** @type {HTMLInputElement | null} */ (screens[at].querySelector("input[type=file]"));
		if (kind === "dragover") event.dataTransfer.dropEffect = input ? "copy" : "none";
		else if (input && event.dataTransfer.files.length) {
			input.files = event.dataTransfer.files;
			run(screens[at]);
		}
	});
// On paper all screens stand below one another, each with its answer: the button waits for them, one after
// the other as the server works. The browser's own print cannot wait.
const missing = () => screens.filter((screen) => !screen.dataset.turn);
const printed = async (button) => {
	if (button.ariaBusy === "true") return;
	const { textContent } = button;
	[button.ariaBusy, button.textContent] = ["true", told.asking];
	for (const screen of missing()) await run(screen);
	await Promise.all(under.values());
	[button.ariaBusy, button.textContent] = ["false", textContent];
	print();
};
addEventListener("beforeprint", () => missing().forEach(run));
const wished = () => (Math.trunc(Number(location.hash.slice(1))) || 1) - 1; // what is no number is the first
addEventListener("hashchange", () => show(wished()));
show(wished());
