// @ts-check
// The pen exhibit under Try: a form (what to write, in whose hand) and a board (samples being
// written). Its markup comes from tryout.py, the points from the server.

import { carried } from "./carried.js";
import { svg } from "./dom.js";
import { box, calm, decode, path } from "./pen_ink.js";
import { pad } from "./pen_pad.js";
import { Sheet } from "./pen_sheet.js";
import { copyLink, credited, linkTo, save, savePicture } from "./share.js";

const READABLE = 15; // pixels that an x-height should have at least
const COLUMNS = [16, 46]; // letters a line, at least and at most
const MOST = 20_000; // characters of a draft's text: a longer one would be refused anyway
const bus = new EventTarget();
const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, { detail }));

/** What was asked for last: Look inside goes on with it. */
export const asked = { form: null, letter: null, last: null, columns: null };

// ---- the form ------------------------------------------------------------------------------

// The form stays as it is when the page is reloaded or turns into the other language.
const draft = carried("pen");
const KEPT = ["text", "style", "bias", "samples", "seed", "written"];
// What a link asks to be written, if it is one: a draft of another page does not take its place.
const linked = (params) => ["pen_seed", "text", "hand", "model"].map((name) => params.get(name)).join();

export const mountForm = (element) => {
	const form = element.querySelector("form");
	const own = form.querySelector("[data-show=own]");
	const ownPad = pad(own);
	const stop = form.querySelector("[data-do=stop]");
	const need = form.querySelector("[data-show=need]");
	const field = (name) => form.elements[name].value;
	const style = () => form.querySelector("[name=style]:checked")?.value ?? "";
	const inOwn = () => style() === "own";
	// Pens that were taught a hand: the one that the page's address names, and this visitor's own.
	const link = new URL(location.href).searchParams, put = draft.take();
	const kept = put?.at === linked(link) ? put : null;
	let trained = (kept?.fields.style ?? link.get("model"))?.match(/^handwriting\/.+/)?.[0];
	let mine = false; // whether the one that is named is this visitor's
	const blank = form.querySelector("[data-show=trained]"), pens = new Map();
	const pen = (key) => {
		if (pens.has(key)) return pens.get(key);
		const choice = blank.cloneNode(true), input = choice.querySelector("input");
		choice.removeAttribute("data-show");
		choice.hidden = false;
		input.value = key;
		blank.before(choice);
		pens.set(key, choice);
		return choice;
	};
	const listed = () => {
		for (const { key, name } of taught) pen(key).querySelector("span").textContent = name;
		const there = taught.some(({ key }) => key === trained);
		if (mine && !there) trained = undefined; // deleted
		mine = there;
		for (const [key, choice] of pens) {
			if (key === trained || taught.some((one) => one.key === key)) continue;
			if (choice.querySelector("input").checked) form.querySelector("[name=style]").checked = true;
			choice.remove();
			pens.delete(key);
		}
	};
	if (trained) pen(trained).querySelector("input").checked = true;
	listed();
	bus.addEventListener("pens", listed);
	const inTrained = () => pens.has(style());
	// A link brings back what was written: the words, one of the model's hands, the seed.
	const hand = link.get("exhibit") === "pen" && !trained && link.get("hand");
	if (hand) form.elements.style.value = hand;
	const fill = (name, value) => {
		const field = form.elements[name];
		// A slider would go to its middle; the page says what is wrong with the link.
		if (value === null || (field.type === "range" && !(value && +value >= +field.min && +value <= +field.max))) return;
		field.value = value;
		const reading = field.parentElement?.querySelector(".reading");
		if (reading) reading.textContent = field.value;
	};
	if (link.get("exhibit") === "pen" && link.has("pen_seed")) {
		for (const name of ["text", "bias", "samples"]) fill(name, link.get(name));
		fill("seed", link.get("pen_seed"));
		const columns = Number(link.get("columns"));
		asked.columns = Number.isInteger(columns) && columns ? columns : null;
	}
	if (kept) {
		for (const name of KEPT) fill(name, kept.fields[name]);
		ownPad.put(kept.strokes);
		own.hidden = !inOwn();
	}
	// The page in the other language writes in the same hand.
	let going = null; // where the switch of languages leads
	addEventListener("house:language", ({ detail: { searchParams } }) => {
		going = searchParams;
		if (searchParams.get("tab") !== "text" || searchParams.get("exhibit") !== "pen" || inOwn()) return;
		for (const name of ["model", "hand"]) searchParams.delete(name);
		searchParams.set(inTrained() ? "model" : "hand", style());
	});
	asked.letter = () => Number(form.querySelector("[name=style]:checked")?.dataset.letter ?? 1);

	// Where no seed is given each press of Write gets one of its own; another hand or legibility does
	// not, so that only that changes. The first writing is a good one.
	let drawn = kept?.drawn ?? form.dataset.seed;
	const anew = () => (drawn = String(Math.floor(Math.random() * 100_000)));

	addEventListener("pagehide", () => {
		if (field("text").length > MOST) return;
		const fields = Object.fromEntries(KEPT.map((name) => [name, field(name)]));
		if (inOwn() && (ownPad.empty() || !fields.written.trim())) fields.style = null;
		if (!fields.text.trim()) fields.text = null; // it would open with a refusal
		draft.put({ fields, drawn, strokes: ownPad.strokes(), at: linked(going ?? new URL(location.href).searchParams) });
	});

	asked.form = () => ({
		text: field("text"),
		style: inOwn() ? null : inTrained() ? 0 : style(),
		model: inTrained() ? style() : null,
		bias: Number(field("bias")),
		samples: Number(field("samples")),
		seed: field("seed").trim() || drawn,
		strokes: inOwn() ? ownPad.strokes() : null,
		written: inOwn() ? field("written") : "",
	});
	const write = () => {
		need.hidden = !inOwn() || (!ownPad.empty() && field("written").trim() !== "");
		if (need.hidden) tell("write");
	};
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		anew();
		write();
		const board = document.querySelector("#pen-board");
		const below = board.getBoundingClientRect().top > innerHeight - 120; // on a phone
		if (below && need.hidden)
			board.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
	});
	form.addEventListener("keydown", (event) => {
		if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
		anew();
		write();
	});
	form.addEventListener("input", ({ target }) => {
		if (target.type === "range") target.parentElement.querySelector(".reading").textContent = target.value;
	});
	form.addEventListener("change", ({ target }) => {
		own.hidden = !inOwn();
		if (!inOwn()) need.hidden = true;
		if (target.name === "style" && inOwn()) return;
		if (["style", "bias", "samples"].includes(target.name) && !(inOwn() && ownPad.empty())) write();
	});
	form.addEventListener("pad", () => (need.hidden = true));
	stop.addEventListener("click", () => tell("stop"));
	bus.addEventListener("busy", (/** @type {any} */ { detail }) => {
		const held = document.activeElement === stop;
		stop.hidden = !detail;
		if (held && stop.hidden) form.querySelector("[type=submit]").focus({ preventScroll: true });
	});
	bus.addEventListener("hands", (/** @type {any} */ { detail }) => {
		detail.forEach((text, i) => {
			const place = form.querySelector(`[data-hand="${i}"]`);
			if (!place || !text) return;
			const points = decode(text);
			const [left, top, right, bottom] = box(points), edge = 0.3;
			const view = [left - edge, top - edge, right - left + 2 * edge, bottom - top + 2 * edge];
			place.setAttribute("viewBox", view.map((n) => n.toFixed(2)).join(" "));
			place.replaceChildren();
			svg("path", { d: path(points) }, place);
		});
	});
};

/** The hands' thumbnails arrive by a way of their own: two updates of one would pass as one. */
export const mountHands = (props, watch) => watch("value", () => tell("hands", props.value ?? []));

/** The pens that this visitor has taught: {key, name} each. */
let taught = [];
export const mountPens = (props, watch) => {
	const told = () => {
		taught = props.value || []; // "" before the server has told any
		tell("pens");
	};
	told();
	watch("value", told);
};

// ---- the board -----------------------------------------------------------------------------

export const mountBoard = (element, fire, props, watch) => {
	const words = JSON.parse(document.querySelector("[data-pen-words]").dataset.penWords);
	const say = (key, fields = {}) =>
		Object.entries(fields).reduce((text, [name, value]) => text.replace(`{${name}}`, value), words[key]);
	element.innerHTML = `<div class="board"><div data-show="said"></div>
<div class="samples" data-show="samples"></div><div class="player" hidden>
<button type="button" class="ghost" data-do="again"></button>
<button type="button" class="ghost" data-do="finish"></button>
<label class="speed"><span data-show="speed"></span> <span class="reading"></span>
<input type="range" min="0" max="4" step="1" value="2"></label></div>
<p><button type="button" class="link" data-do="inside" hidden></button></p>
<p class="sr-only" role="status" data-show="status"></p></div>`;
	const part = (name) => element.querySelector(`[data-show=${name}], [data-do=${name}]`);
	const [samples, said, status] = ["samples", "said", "status"].map(part);
	const player = element.querySelector(".player");
	const speed = element.querySelector("input");
	part("again").textContent = words.again;
	part("finish").textContent = words.finish;
	part("speed").textContent = words.speed;
	part("inside").textContent = words.see;
	part("inside").addEventListener("click", () => {
		element.closest(".rooms").querySelectorAll(":scope > .tab-wrapper [role=tab]")[1].click();
		scrollTo({ top: 0 });
	});

	/** @type {any} */
	let sheets = [];
	let run = 0, ended = true, before = 0, drawing = false;
	const times = () => 2 ** Number(speed.value);
	const read = () => {
		element.querySelector(".reading").textContent = `${times()}×`;
		speed.setAttribute("aria-valuetext", `${times()}×`);
	};
	speed.addEventListener("input", read);
	read();

	const write = () => {
		if (!asked.form) return;
		const count = asked.form().samples;
		const across = count > 1 && element.clientWidth > 420 ? 2 : 1;
		const columns = Math.floor(element.clientWidth / across / READABLE / asked.letter());
		run += 1;
		asked.last = {
			...asked.form(),
			// A link's own writing breaks its lines as it did where it was copied.
			columns: Math.max(COLUMNS[0], Math.min(COLUMNS[1], asked.columns ?? columns)),
		};
		asked.columns = null;
		fire.write({ ...asked.last, run });
		tell("busy", true);
	};
	bus.addEventListener("write", write);
	bus.addEventListener("stop", () => {
		fire.stop();
		tell("busy", false);
		ended = true;
		if (said.querySelector("progress")) said.replaceChildren();
		for (const sheet of sheets) sheet.take(sheet.sent ?? [], true);
		go();
	});

	// Nothing is asked of the server before the exhibit is seen.
	let seen = false;
	new IntersectionObserver((entries) => {
		if (seen || !entries.at(-1).isIntersecting) return;
		seen = true;
		const begin = () => {
			if (!asked.form) return setTimeout(begin, 50);
			write();
			fire.hands();
		};
		begin();
	}, { rootMargin: "1000000px" }).observe(element);

	watch("value", () => {
		const value = props.value;
		if (!value || value.run !== run) return;
		if (value.begin) lay(value.begin);
		said.innerHTML = value.said ?? "";
		value.samples?.forEach((sample, i) => {
			const sheet = sheets[i];
			if (!sheet || ended) return;
			sheet.sent = sample.lines;
			sheet.take(sample.lines, sample.done);
			if (sample.reads) sheet.reads.innerHTML = sample.reads;
		});
		if (value.refused) {
			samples.replaceChildren();
			sheets = [];
			player.hidden = part("inside").hidden = true;
			status.textContent = ""; // the refusal is said by itself
		}
		if (value.ended) {
			ended = true;
			tell("busy", false);
		}
		go();
	});

	const lay = ({ lines, samples: count, width }) => {
		if (sheets.run === run) return;
		samples.replaceChildren();
		samples.dataset.count = count;
		sheets = Array.from({ length: count }, (_, i) => {
			const figure = document.createElement("figure");
			samples.append(figure);
			const sheet = /** @type {any} */ (new Sheet(figure, lines, width, say("alt", { text: lines.join(" ") })));
			figure.insertAdjacentHTML("beforeend",
				`<figcaption hidden><div class="reads"></div><div class="take"></div></figcaption>`);
			sheet.caption = figure.querySelector("figcaption");
			sheet.reads = figure.querySelector(".reads");
			for (const kind of ["svg", "png", "json"]) {
				const button = document.createElement("button");
				button.type = "button";
				button.className = "link";
				button.textContent = kind.toUpperCase();
				button.setAttribute("aria-label", say("take", { kind: kind.toUpperCase(), n: i + 1 }));
				button.addEventListener("click", () => takeHome(sheet, kind, i + 1));
				figure.querySelector(".take").append(button);
			}
			for (const button of shares(sheet, i)) figure.querySelector(".take").append(button);
			figure.querySelector(".take").prepend(words.download + " ");
			const seed = document.createElement("span");
			seed.className = "seed";
			seed.textContent = say("seeded", { seed: Number(asked.last.seed) + i });
			figure.querySelector(".take").append(seed);
			return sheet;
		});
		sheets.run = run;
		ended = false;
		player.hidden = calm();
		part("inside").hidden = false;
		status.textContent = words.writing;
	};

	/** The picture with its credit line, and the link; a hand that a visitor wrote has no link: its
	 *  strokes stand in no address. */
	const shares = (sheet, number) => {
		const { text, style, bias, samples, seed, columns, strokes, model } = asked.last;
		const made = (name, act) => {
			const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: words[name] });
			button.dataset.done = words.copied;
			button.addEventListener("click", () => act(button));
			return button;
		};
		const house = document.querySelector(".top .name")?.textContent ?? "";
		const found = [made("credited", async () => {
			const picture = await createImageBitmap(await sheet.png());
			const scale = Math.min(1, 1600 / picture.width), [wide, high] = [picture.width, picture.height].map((side) => Math.round(side * scale));
			const credit = say("credit", { seed: Number(seed) + number, house });
			savePicture(credited(wide, high, credit, (context) => context.drawImage(picture, 0, 0, wide, high)), `handwriting-${number + 1}-credit.png`);
		})];
		const told = { tab: "text", room: "try", exhibit: "pen", text, bias, samples, pen_seed: seed, columns, ...(model ? { model } : { hand: style }) };
		if (!strokes && number === 0) found.push(made("link", (button) => copyLink(button, linkTo(told))));
		return found;
	};

	const takeHome = async (sheet, kind, number) => {
		const made = kind === "png" ? await sheet.png()
			: kind === "svg" ? new Blob([sheet.file().text], { type: "image/svg+xml" })
			: new Blob([sheet.json()], { type: "application/json" });
		save(made, `handwriting-${number}.${kind}`);
	};

	// Drawing

	const go = () => {
		if (drawing || !sheets.length) return;
		drawing = true;
		before = performance.now();
		requestAnimationFrame(frame);
	};
	const frame = (now) => {
		const seconds = Math.min(0.1, Math.max(0, now - before) / 1000);
		before = now;
		for (const sheet of sheets) {
			if (!calm()) sheet.step(seconds, times());
			else if (sheet.complete) sheet.finish();
			sheet.caption.hidden = !sheet.drawn;
		}
		const all = sheets.every((sheet) => sheet.drawn);
		part("finish").disabled = all;
		element.firstElementChild.classList.toggle("drawn", all);
		if (all && ended && sheets.length) status.textContent = words.written;
		drawing = !all && sheets.some((sheet) => sheet.now < sheet.ways.length || sheet.complete !== sheet.drawn);
		if (drawing) requestAnimationFrame(frame);
	};
	part("again").addEventListener("click", () => {
		for (const sheet of sheets) sheet.again();
		go();
	});
	part("finish").addEventListener("click", () => {
		for (const sheet of sheets) sheet.finish();
		go();
	});
};
