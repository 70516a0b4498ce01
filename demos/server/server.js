// @ts-check
// The glass box: what the server tells of itself, asked for every two seconds while this is in sight.
// Blocks and rows are changed where they stand, so that the keyboard's place and a selection stay.

import { filled, part } from "./dom.js";

const PATIENCE = 5; // times as long between two questions that are not answered
const HEIGHT = { memory: 260, host: 140, bundled: 170, disk: 170, download: 170 }; // pixels

/** Bytes as a visitor reads them: "9.3 MB". */
export const size = (bytes) => {
	for (const [unit, factor] of /** @type {const} */ ([["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]))
		if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
	return `${Math.round(bytes)} B`;
};

/** Where blocks of these areas, the largest first, lie in a rectangle: a squarified treemap (Bruls,
 * Huizing and van Wijk 2000). Gives {x, y, w, h} each, in the units of the rectangle. */
export const treemap = (areas, width, height) => {
	const places = [];
	let x = 0, y = 0, w = width, h = height, rest = areas.reduce((sum, one) => sum + one, 0);
	for (let from = 0; from < areas.length;) {
		const side = Math.min(w, h), scale = w * h / rest;
		let to = from, row = 0, worst = Infinity;
		while (to < areas.length) {
			const more = row + areas[to], depth = more * scale / side;
			const ratios = areas.slice(from, to + 1).map((one) => (one / more * side) / depth);
			const bad = Math.max(...ratios.map((ratio) => Math.max(ratio, 1 / ratio)));
			if (bad > worst) break;
			[row, worst, to] = [more, bad, to + 1];
		}
		const depth = row * scale / side;
		let along = 0;
		for (const one of areas.slice(from, to)) {
			const length = one / row * side;
			places.push(w < h ? { x: x + along, y, w: length, h: depth } : { x, y: y + along, w: depth, h: length });
			along += length;
		}
		if (w < h) [y, h] = [y + depth, h - depth];
		else [x, w] = [x + depth, w - depth];
		[rest, from] = [rest - row, to];
	}
	return places;
};

export const mount = (element) => {
	const root = element.querySelector(".server");
	const { every, latest, words } = JSON.parse(root.dataset.told);
	const lang = document.documentElement.lang.slice(0, 2);
	const find = (selector) => root.querySelector(selector);
	const say = (key, fields = {}) => filled(words[key], fields);
	const number = (value, digits = 0) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits, minimumFractionDigits: digits });
	const put = (place, text) => { if (place.textContent !== text) place.textContent = text; };
	const show = (name, text) => put(find(`[data-show=${name}]`), text);

	// What is said of one model

	const span = (seconds) => {
		if (seconds < 120) return say("seconds", { n: Math.round(seconds) });
		if (seconds < 7200) return say("minutes", { n: Math.round(seconds / 60) });
		return say("hours", { n: Math.round(seconds / 3600) });
	};
	const time = (seconds) => seconds === null || seconds === undefined ? "—"
		: seconds < 1 ? say("milliseconds", { n: number(seconds * 1000, seconds < .01 ? 1 : 0) }) : say("seconds", { n: number(seconds, 1) });
	const held = (model) => model.state === "warm" || model.state === "parked";
	const status = (model) => {
		if (model.state === "loading" && model.progress?.[1])
			return `${say("loading")} ${size(model.progress[0])} / ${size(model.progress[1])}`;
		if (model.leases) return `${say(model.state)}, ${say(model.leases > 1 ? "pinned" : "pinned_one", { n: model.leases })}`;
		return say(model.state);
	};
	const used = (model) => {
		if (model.leases) return say("now");
		if (model.idle_s === null) return model.answered + model.loads ? "—" : say("never");
		const leaves = told.keep_alive_s === null ? say("stays")
			: model.leaves_s ? say("leaves", { span: span(model.leaves_s) }) : say("leaves_soon");
		return `${say("ago", { span: span(model.idle_s) })}${lang === "zh" ? "，" : ", "}${leaves}`;
	};
	const whence = (model) => model.source === "bundled" ? say("bundled") : `${say(model.source)} (${model.from})`;
	const bytes = (model) => size(held(model) ? model.bytes : model.weight_bytes);
	const about = (model) => model.key === null ? `${model.name}: ${size(model.bytes)}. ${say("not_listed_help")}`
		: [`${model.name} (${model.key})`, bytes(model), whence(model), status(model), used(model)].join(" · ");

	// The map

	let told = /** @type {any} */ (null);
	let pointed = "";
	const id = (name, model) => `${name} ${model.key}`;
	const tell = (name, model) => {
		pointed = id(name, model);
		put(find(".server-about"), about(model));
	};
	const block = (name) => {
		const made = part("button", "", { type: "button", tabIndex: -1 });
		made.append(part("b"), part("span"));
		for (const event of ["pointerenter", "focus", "click"])
			made.addEventListener(event, () => tell(name, made.model));
		return made;
	};
	const inside = (name) => {
		if (name === "memory") {
			const others = told.unlisted_bytes ? [{ key: null, name: say("not_listed"), bytes: told.unlisted_bytes, state: "warm", task: "none" }] : [];
			return [...told.models.filter((one) => one.state === "warm"), ...others];
		}
		if (name === "host") return told.models.filter((one) => one.state === "parked");
		return told.models.filter((one) => one.source === name && !held(one));
	};
	const draw = (section) => {
		const name = section.dataset.map, place = section.querySelector(".server-blocks");
		const weigh = (one) => Math.max(1, held(one) ? one.bytes : one.weight_bytes);
		const found = inside(name).sort((a, b) => weigh(b) - weigh(a));
		const total = found.reduce((sum, one) => sum + weigh(one), 0);
		put(section.querySelector("small"), found.length ? say(found.length > 1 ? "map_total" : "map_total_one", { n: found.length, size: size(total) }) : "");
		section.hidden = name === "host" && !found.length;
		section.classList.toggle("empty", !found.length);
		const there = new Map([...place.querySelectorAll("button")].map((/** @type {any} */ one) => [id(name, one.model), one]));
		const width = place.clientWidth, height = HEIGHT[name];
		const places = treemap(found.map(weigh), width, height);
		found.forEach((model, index) => {
			const one = there.get(id(name, model)) ?? place.appendChild(block(name));
			there.delete(id(name, model));
			one.model = model;
			const { x, y, w, h } = places[index];
			Object.assign(one.style, { left: `min(${100 * x / width}%, 100% - 5px)`, top: `min(${100 * y / height}%, 100% - 5px)`, width: `${100 * w / width}%`, height: `${100 * h / height}%` });
			one.className = `task-${model.task} ${name} ${model.source ?? ""}${model.leases ? " pinned" : ""}${w < 64 || h < 34 ? " small" : ""}`;
			put(one.children[0], model.name);
			one.children[1].hidden = false;
			put(one.children[1], `${size(weigh(model))}${name === "memory" && model.source ? ` · ${say(model.source)}` : ""}`);
			// Nothing is cut: first its size goes, then its name; pointed at, it tells both.
			const cut = () => one.scrollHeight > Math.ceil(h) || one.scrollWidth > Math.ceil(w);
			if (cut()) one.children[1].hidden = true;
			if (cut()) one.classList.add("small");
			one.setAttribute("aria-label", about(model));
			if (pointed === id(name, model)) put(find(".server-about"), about(model));
		});
		for (const gone of there.values()) gone.remove();
		if (place.firstChild && !place.querySelector("[tabindex='0']")) place.firstChild.tabIndex = 0;
		put(section.querySelector(".server-none") ?? section.appendChild(part("p", "", { className: "quiet server-none" })), found.length ? "" : say("map_empty"));
	};

	// One block of a map is a stop of the Tab key; the arrows go on from it.
	root.addEventListener("keydown", (event) => {
		const from = event.target.closest(".server-blocks button");
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
		if (!from || !step) return;
		event.preventDefault();
		const all = [...from.parentElement.querySelectorAll("button")].sort((a, b) => a.offsetLeft - b.offsetLeft || a.offsetTop - b.offsetTop);
		const to = all[(all.indexOf(from) + step + all.length) % all.length];
		[from.tabIndex, to.tabIndex] = [-1, 0];
		to.focus();
	});

	// The tables

	const fill = (name, models, cells) => {
		const body = find(`[data-table=${name}] tbody`);
		const heads = [...find(`[data-table=${name}] thead`).querySelectorAll("th")];
		const there = new Map([...body.rows].map((row) => [row.dataset.key, row]));
		for (const model of models) {
			let row = there.get(model.key);
			if (!row) {
				row = part("tr");
				row.dataset.key = model.key;
				const first = part("th", "", { scope: "row" });
				first.append(part("b", model.name), " ", part("code", model.key, { className: "hide" }));
				row.append(first, ...heads.slice(1).map((head) => part("td", "", { className: head.className })));
			}
			there.delete(model.key);
			cells(model).forEach((text, index) => put(row.cells[index + 1], text));
			body.append(row);
		}
		for (const gone of there.values()) gone.remove();
		find(`[data-table=${name}]`).closest(".scroll").hidden = !models.length;
	};
	const ORDER = { warm: 0, loading: 1, parked: 2, cold: 3 };
	const count = (value) => (value ? number(value) : "—");
	const tables = () => {
		const sorted = [...told.models].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
		const same = [...find("[data-table=models] tbody").rows].map((row) => row.dataset.key).join() === sorted.map((one) => one.key).join();
		if (!same) find("[data-table=models] tbody").replaceChildren();
		fill("models", sorted, (one) => [
			whence(one), size(one.weight_bytes), status(one), held(one) ? size(one.bytes) : "—", used(one),
			count(one.found), count(one.loads), count(one.evictions),
		]);
		const asked = told.models.filter((one) => one.answered + one.cancelled + one.failed + one.waiting);
		show("requests", asked.length ? say("requests_help", { most: number(latest) }) : say("requests_none"));
		fill("requests", asked, (one) => [
			count(one.waiting), one.per_second ? number(one.per_second, 2) : "—", time(one.p50_s), time(one.p99_s), count(one.of),
			one.batch_mean === null ? "—" : number(one.batch_mean, 1), count(one.batch_most),
			count(one.answered), count(one.cancelled), count(one.failed),
		]);
	};

	// All of it, every two seconds

	let at = "";
	const paint = () => {
		if (!told) return;
		show("device", told.device.name ?? "—");
		show("device_of", told.device.reason);
		show("memory", size(told.used_bytes));
		show("memory_of", told.budget_bytes ? say("memory_of", { budget: size(told.budget_bytes) }) : "");
		show("queue", number(told.queue.waiting));
		show("queue_of", say("queue_of", { limit: number(told.queue.limit) }));
		show("rate", number(told.per_second, 2));
		show("rate_of", say("rate_of"));
		show("answered", number(told.answered));
		show("failed", number(told.failed));
		find(".server-budget i").style.width = `${told.budget_bytes ? Math.min(100, 100 * told.used_bytes / told.budget_bytes) : 0}%`;
		for (const section of root.querySelectorAll("[data-map]")) draw(section);
		tables();
	};
	const refusal = find(".refusal"), live = find("[data-live]");
	let seen = false, timer = 0, asking = false;
	const wanted = () => seen && !document.hidden;
	const ask = async () => {
		if (asking) return;
		asking = true;
		clearTimeout(timer);
		let wait = every;
		try {
			const answer = await fetch(new URL(`server.json?lang=${lang}`, document.baseURI));
			if (!answer.ok) throw new Error(answer.statusText);
			told = await answer.json();
			at = new Date().toLocaleTimeString(document.documentElement.lang);
			refusal.hidden = true;
			show("as_of", say("as_of", { at }));
			paint();
		} catch {
			put(refusal, say("lost", { at: at || "—" }));
			refusal.hidden = false;
			wait *= PATIENCE;
		}
		asking = false;
		if (wanted() && live.checked) timer = setTimeout(ask, wait * 1000);
	};
	const resume = () => {
		clearTimeout(timer);
		if (wanted() && (live.checked || !told)) ask();
	};
	live.addEventListener("change", resume);
	document.addEventListener("visibilitychange", resume);
	new ResizeObserver(() => { if (seen) paint(); }).observe(find(".server-maps"));
	new IntersectionObserver((entries) => {
		const now = entries.at(-1).isIntersecting;
		if (now === seen) return;
		seen = now;
		resume();
	}, { rootMargin: "1000000px" }).observe(root);
};
