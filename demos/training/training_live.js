// @ts-check
// Train your own: one training as it goes on, its curve, samples and figures, and what may be done to
// it. `training.js` fetches this when the first is opened.

import { copied, done } from "./clipboard.js";
import { filled, part } from "./dom.js";
import { ask, kept, renderers, tabOf, takes, use } from "./training.js";

const AGAIN = 1000, RETRY = 3000; // ms between two looks, and after one that failed

const shown = async (place, job, names, alt) => {
	const parts = [];
	for (const name of names) {
		const address = new URL(`train/jobs/${job.id}/samples/${name}`, document.baseURI).href;
		if (/\.(png|svg|jpg)$/.test(name)) {
			const picture = part("img", "", { src: address, alt });
			await picture.decode();
			parts.unshift(picture);
			continue;
		}
		const answer = await fetch(address);
		if (!answer.ok) throw new Error(name);
		const text = await answer.text(), made = part("div");
		if (name.endsWith(".json") && renderers[job.task]) await renderers[job.task](made, JSON.parse(text), job);
		else made.append(part("pre", text, { tabIndex: 0 }));
		parts.push(made);
	}
	place.replaceChildren(...parts);
};

const SAME = ["held_out_loss", "held_out_nats"]; // of the kind of the training loss

/** Losses as two lines: of every step, and of what is held out after each epoch. What can be compared
 *  has one scale, on the left; a share of right answers, say, has one of its own, on the right. */
export const curve = (figure, steps, rows, words) => {
	const held = rows.map((row) => Object.entries(row).find(([name, value]) => name.startsWith("held_out_") && Number.isFinite(value)));
	const name = held.find(Boolean)?.[0];
	const lines = [
		["loss", steps.filter((one) => Number.isFinite(one.loss)).map((one) => [one.progress, one.loss])],
		["held", rows.map((row, at) => [row.progress, held[at]?.[0] === name ? held[at]?.[1] : NaN]).filter(([, y]) => Number.isFinite(y))],
	];
	const svg = figure.querySelector("svg"), caption = figure.querySelector("figcaption");
	figure.hidden = !lines[0][1].length && !lines[1][1].length;
	if (figure.hidden) return;
	const own = name && lines[0][1].length > 0 && !SAME.includes(name); // a scale for each line
	const W = 400, H = 180, L = 44, R = own ? 44 : 8, B = 18, T = 8;
	const format = (y, digits = 3) => Math.abs(y) >= 100 ? y.toFixed(0) : y.toPrecision(digits);
	/** Where values lie, and what is written beside the lowest and the highest. */
	const scaled = (values) => {
		const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
		const digits = [3, 4, 5].find((few) => format(low, few) !== format(high, few)) ?? 6;
		const at = (y) => T + (low === high ? .5 : 1 - (y - low) / (high - low)) * (H - T - B);
		return { at, ends: low === high ? [[low, 3]] : [[high, digits], [low, digits]] };
	};
	const written = ({ at, ends }, kind, x, anchor) => ends.map(([y, digits]) =>
		`<text class="${kind}" x="${x}" y="${at(y) + 4}" text-anchor="${anchor}">${format(y, digits)}</text>`).join("");
	const values = lines.map(([, points]) => points.map(([, y]) => y));
	const scales = own ? values.map(scaled) : lines.map(() => scaled(values.flat()));
	let drawn = `<path class="axis" d="M${L} ${T}V${H - B}H${W - R}${own ? `V${T}` : ""}"/>`;
	drawn += written(scales[0], own ? "loss" : "", L - 6, "end");
	if (own) drawn += written(scales[1], "held", W - R + 6, "start");
	for (const [n, [kind, points]] of lines.entries()) {
		if (!points.length) continue;
		const places = points.map(([x, y]) => [L + x * (W - L - R), scales[n].at(y)].map((one) => one.toFixed(1)));
		drawn += `<path class="${kind}" d="${places.map(([x, y], at) => `${at ? "L" : "M"}${x} ${y}`).join("")}"/>`;
		const [x, y] = places[places.length - 1];
		if (points.length < 3) drawn += `<circle class="${kind}" r="3" cx="${x}" cy="${y}"/>`;
	}
	svg.innerHTML = drawn;
	const [first, last] = [lines[0][1][0]?.[1], lines[0][1].at(-1)?.[1]];
	svg.setAttribute("aria-label", filled(words.curve, { first: format(first ?? NaN), last: format(last ?? NaN) }));
	const legend = [`<i class="loss"></i>${words.loss} ${last === undefined ? "" : format(last)}`];
	if (name) legend.push(`<i class="held"></i>${filled(words.held_out, { name: words.figure[name.slice(9)] ?? name.slice(9).replaceAll("_", " ") })} ${format(lines[1][1].at(-1)[1])}${own ? ` (${words.right})` : ""}`);
	caption.innerHTML = legend.map((one) => `<span>${one}</span>`).join("");
};

/** One training, shown in `place` (the `.train-run` of a room) until it is left. */
export const follow = (place, id, words, { left = () => {}, changed = (_job) => {}, relist = () => {} } = {}) => {
	const show = (name) => place.querySelector(`[data-show=${name}]`);
	const button = (name) => place.querySelector(`[data-do=${name}]`);
	const steps = [], rows = new Map(), samples = [], moments = [];
	let unkept = false, after = 0, job = null, over = false, timer = 0, chosen = -1, drawn = "", listed = false, state = "";
	const names = place.querySelector(".train-name");
	place.hidden = false;
	show("score").replaceChildren();
	const rewind = place.querySelector("[data-rewind]"), figure = place.querySelector(".train-samples");
	figure.hidden = true;
	const past = place.querySelector(".train-rewind"), none = place.querySelector(".train-no-rewind");
	/** @type {any} */
	let rewound = null; // what `rewind.js` shows, once it was opened
	past.hidden = none.hidden = true;
	past.open = false;
	past.ontoggle = async () => {
		if (!past.open) return rewound?.pause();
		const { rewinding } = await import("./rewind.js");
		if (over || rewound) return;
		rewound = rewinding(past, job);
		rewound.told(job, moments, rows);
	};

	const sample = async () => {
		if (!samples.length) return;
		figure.hidden = false;
		const at = chosen < 0 ? samples.length - 1 : chosen;
		rewind.max = String(samples.length - 1);
		rewind.value = String(at);
		rewind.hidden = samples.length < 2;
		figure.querySelector("figcaption").textContent = `${words.samples} · ${filled(words.sample_at, { n: at + 1, total: samples.length })}`;
		const { step, names } = samples[at], key = [...names].join();
		if (drawn === key) return;
		drawn = key;
		await shown(show("sample"), job, names, filled(words.sample_at, { n: at + 1, total: samples.length })).catch(() => {
			drawn = "";
			const gone = samples.findIndex((one) => one.step === step); // long runs keep some dozens only
			if (gone >= 0 && gone < samples.length - 1) samples.splice(gone, 1);
		});
	};
	rewind.oninput = () => {
		chosen = +rewind.value === samples.length - 1 ? -1 : +rewind.value;
		sample();
	};

	const paint = () => {
		const last = steps.at(-1), ending = job.state === "running" && last?.progress >= 1;
		const said = job.asked === "pause" ? words.pausing : job.asked ? words.stopping
			: job.state === "queued" && job.place ? filled(words.place, job)
			: ending ? words.ending : job.state === "running" && !last ? words.preparing : words[job.state];
		if (show("state").textContent !== said) show("state").textContent = said;
		show("about").textContent = [filled(words.model, { name: job.base }), last && filled(words.progress,
			{ percent: `${Math.round(last.progress * 100)}%`, seconds: Math.round(last.seconds) }), !job.mine && words.elsewhere].filter(Boolean).join(" · ");
		const bar = place.querySelector("progress");
		bar.hidden = ["failed", "cancelled"].includes(job.state);
		if (job.state === "done") bar.value = 1;
		else if (last) bar.value = last.progress;
		else if (job.state === "running") bar.removeAttribute("value");
		else bar.value = 0;
		place.querySelector(".refusal")?.remove();
		if (job.error) place.querySelector(".train-head").append(part("p", job.error, { className: "refusal", role: "alert" }));
		const stopped = place.querySelector(".train-stopped");
		stopped.hidden = job.state !== "cancelled" || !job.mine;
		stopped.textContent = job.kept ? words.stopped_kept : words.stopped_nothing;
		const can = {
			use: job.state === "done", take: job.state === "done", new: true,
			pause: job.mine && ["running", "queued"].includes(job.state) && !job.asked,
			resume: job.mine && ["paused", "failed", "cancelled"].includes(job.state),
			cancel: job.mine && ["running", "queued", "paused"].includes(job.state) && job.asked !== "cancel" && !ending,
			remove: job.mine && ["done", "failed", "cancelled"].includes(job.state),
		};
		for (const [name, may] of Object.entries(can)) button(name).hidden = !may;
		const link = new URL(location.href); // another tab may be open by now
		for (const [name, value] of Object.entries({ tab: tabOf(place), room: "train", job: id })) link.searchParams.set(name, value);
		if (job.task === "handwriting") link.searchParams.set("exhibit", "pen");
		else link.searchParams.delete("exhibit");
		show("link").value = link.href;
		place.querySelector(".train-link").hidden = ["failed", "cancelled"].includes(job.state);
		curve(place.querySelector(".train-curve"), steps, [...rows.values()], words);
		score(show("score"), job.metrics ?? {}, words);
		place.querySelector(".train-log").hidden = !job.mine || job.state === "queued";
		place.querySelector(".train-push").hidden = !job.pushes;
		names.hidden = !job.mine || ["failed", "cancelled"].includes(job.state);
		past.hidden = !job.answers || moments.length < 2;
		none.hidden = !job.answers || !unkept;
		rewound?.told(job, moments, rows);
		sample();
	};

	const log = place.querySelector(".train-log");
	const printed = async () => {
		const told = await ask(`jobs/${id}/log`).catch((error) => ({ log: error.message }));
		if (!over) log.querySelector("pre").textContent = told.log;
	};

	const look = async () => {
		if (!place.isConnected) return end(); // the page drew this room anew, in another language say
		let wait = AGAIN;
		try {
			const told = await ask(`jobs/${id}?after=${after}`);
			if (over) return;
			if (!job) names.elements.name.value = told.job.name;
			job = told.job;
			for (const { n, kind, body } of told.events) {
				after = n;
				if (kind === "step") steps.push(body);
				else if (kind === "row") rows.set(body.epoch, body);
				else if (kind === "moment") moments.push(body);
				else if (kind === "no_moments") unkept = true;
				else if (kind === "sample") { // files of one step belong together
					const [step] = body.name.split(".");
					const there = samples.find((one) => one.step === step);
					if (there) there.names.add(body.name);
					else samples.push({ step, names: new Set([body.name]) });
				}
			}
			paint();
			changed(job);
			if (log.open) printed();
			if (state !== job.state) relist();
			state = job.state;
			if (job.state === "done" && job.mine && !listed) {
				listed = true;
				kept();
			}
			if (["done", "failed", "cancelled", "paused"].includes(job.state) && !job.asked) wait = 0;
		} catch (error) {
			if (over) return;
			if (error.status === 404) return gone();
			show("about").textContent = error.told ? error.message : words.lost;
			wait = RETRY;
		}
		clearTimeout(timer);
		if (wait) timer = setTimeout(look, document.hidden ? 5 * wait : wait);
	};
	const gone = () => {
		end();
		left();
	};
	const end = () => {
		over = true;
		rewound?.pause();
		clearTimeout(timer);
		place.hidden = true;
	};
	const change = async (path, options) => {
		try {
			await ask(path, options);
		} catch (error) {
			show("about").textContent = error.message || words.lost;
			return false;
		}
		clearTimeout(timer);
		look();
		return true;
	};
	for (const name of ["pause", "resume", "cancel"])
		button(name).onclick = () => change(`jobs/${id}/${name}`, { json: {} });
	button("remove").onclick = async () => {
		if (confirm(words.confirm) && await ask(`jobs/${id}`, { method: "DELETE" }).then(() => true, () => false)) {
			gone();
			kept(job.link);
		}
	};
	button("new").onclick = gone;
	button("use").onclick = () => use(job);
	takes(button("take"), id, words, (sentence) => (show("about").textContent = sentence));
	button("copy").dataset.done = words.copied;
	button("copy").onclick = async () => {
		const select = () => show("link").select();
		select();
		if (await copied(show("link").value, select)) done(button("copy"));
	};
	sends(place.querySelector(".train-push form"), id, words);
	const { name } = names.elements, said = names.querySelector("[role=status]");
	name.value = said.textContent = "";
	names.oninput = () => (said.textContent = "");
	names.onsubmit = async (event) => {
		event.preventDefault();
		said.textContent = "";
		try {
			name.value = (await ask(`jobs/${id}/name`, { json: { name: name.value } })).name; // perhaps shortened
		} catch (error) {
			said.textContent = error.message || words.lost;
			return;
		}
		said.textContent = said.dataset.said;
		kept();
		relist();
	};
	log.open = false;
	log.querySelector("pre").textContent = ""; // another training's
	log.ontoggle = () => log.open && printed();
	look();
	return end;
};

/** Figures on what was held out, before and after. */
const score = (place, { figures, on, verdict } = /** @type {any} */ ({}), words) => {
	place.hidden = !figures;
	if (!figures || place.childElementCount) return;
	const table = part("table", "", { className: "train-figures" }), head = table.createTHead().insertRow();
	for (const text of ["", words.before, words.after]) head.append(part("th", text, { scope: "col" }));
	const rows = table.createTBody();
	for (const { label, before, after, worse } of figures) {
		const row = rows.insertRow(), now = part("td", after);
		if (worse) now.append(part("small", words.worse));
		row.append(part("th", label, { scope: "row" }), part("td", before), now);
	}
	place.replaceChildren(table, part("p", on, { className: "quiet" }));
	if (verdict) place.append(part("p", verdict, { className: "note" }));
};

/** `form` sends a model to the Hub under the visitor's own token, which leaves the page at once. */
const sends = (form, id, words) => {
	const { repository, token, private: hidden } = form.elements, said = form.querySelector("[role=status]");
	form.onsubmit = async (event) => {
		event.preventDefault();
		const json = { repository: repository.value, token: token.value.trim(), private: hidden.checked };
		token.value = "";
		const go = form.querySelector("button");
		go.disabled = true;
		said.textContent = said.dataset.sending;
		try {
			const { link } = await ask(`jobs/${id}/push`, { json });
			said.replaceChildren(said.dataset.sent, " ", part("a", link, { href: link, target: "_blank", rel: "noopener" }));
		} catch (error) {
			said.textContent = error.message || words.lost;
		}
		go.disabled = false;
	};
};
