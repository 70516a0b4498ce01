// @ts-check
// Train your own: gives a tab's data to the server, starts a training there and shows it live. The
// training goes on without this page; whoever has its link (?job=) sees it too.

import { filled, part } from "./dom.js";

const { house } = window;
const AGAIN = 1000, RETRY = 3000; // ms between two looks, and after one that failed
const PIECE = { files: 40, bytes: 8_000_000 }; // of one request: so that progress can be told
const STORE = "breakthroughs.owner";

/** The secret by which the server knows whose a training is. A private window keeps it for a visit. */
house.owner ??= (() => {
	let secret;
	const made = () => {
		const bytes = crypto.getRandomValues(new Uint8Array(24));
		return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
	};
	return () => {
		try {
			secret ??= localStorage.getItem(STORE);
			localStorage.setItem(STORE, secret ??= made());
		} catch { secret ??= made(); }
		return secret;
	};
})();

/** Ask the server. Throws an Error with its sentence, or one without where it is not there. */
export const ask = async (path, { json, ...options } = /** @type {any} */ ({})) => {
	const headers = { "X-Owner": house.owner() };
	if (json !== undefined) options = { method: "POST", ...options, body: JSON.stringify(json) };
	const address = new URL(`train/${path}`, document.baseURI);
	address.searchParams.set("lang", house.lang);
	const answer = await fetch(address, { ...options, headers });
	const told = await answer.json().catch(() => ({}));
	if (!answer.ok) {
		const sentence = told.error?.sentence ?? told.detail; // `detail` where the whole server refuses
		throw Object.assign(new Error(sentence ?? ""), { status: answer.status, told: typeof sentence === "string" });
	}
	return told;
};

const size = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** How a sample that a worker wrote is shown, by the end of its name. A tab adds its own:
 *  `renderers[task] = async (place, read, job) => {...}` for what is JSON, beside a picture or alone. */
export const renderers = {};

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

/** Losses as two lines: of every step, and of what is held out after each epoch. */
const curve = (figure, steps, rows, words) => {
	const held = rows.map((row) => Object.entries(row).find(([name, value]) => name.startsWith("held_out_") && Number.isFinite(value)));
	const name = held.find(Boolean)?.[0];
	const lines = [
		["loss", steps.filter((one) => Number.isFinite(one.loss)).map((one) => [one.progress, one.loss])],
		["held", rows.map((row, at) => [row.progress, held[at]?.[0] === name ? held[at]?.[1] : NaN]).filter(([, y]) => Number.isFinite(y))],
	];
	const svg = figure.querySelector("svg"), caption = figure.querySelector("figcaption");
	figure.hidden = !lines[0][1].length && !lines[1][1].length;
	if (figure.hidden) return;
	const W = 400, H = 180, L = 40, B = 18, T = 8;
	// Each line has a scale of its own: a loss and a share of right answers do not compare.
	const path = (points, low, high) => points.map(([x, y], at) =>
		`${at ? "L" : "M"}${(L + x * (W - L - 8)).toFixed(1)} ${(T + (1 - (y - low) / (high - low || 1)) * (H - T - B)).toFixed(1)}`).join("");
	const format = (y) => Math.abs(y) >= 100 ? y.toFixed(0) : y.toPrecision(3);
	let drawn = `<path class="axis" d="M${L} ${T}V${H - B}H${W - 8}"/>`;
	for (const [kind, points] of lines) {
		if (!points.length) continue;
		const values = points.map(([, y]) => y), low = Math.min(...values), high = Math.max(...values);
		if (kind === "loss")
			drawn += `<text x="${L - 6}" y="${T + 8}" text-anchor="end">${format(high)}</text><text x="${L - 6}" y="${H - B}" text-anchor="end">${format(low)}</text>`;
		drawn += `<path class="${kind}" d="${path(points, low, high)}"/>`;
		const [x, y] = points[points.length - 1];
		if (points.length < 3) drawn += `<circle class="${kind}" r="3" cx="${L + x * (W - L - 8)}" cy="${T + (1 - (y - low) / (high - low || 1)) * (H - T - B)}"/>`;
	}
	svg.innerHTML = drawn;
	const [first, last] = [lines[0][1][0]?.[1], lines[0][1].at(-1)?.[1]];
	svg.setAttribute("aria-label", filled(words.curve, { first: format(first ?? NaN), last: format(last ?? NaN) }));
	const legend = [`<i class="loss"></i>${words.loss} ${last === undefined ? "" : format(last)}`];
	if (name) legend.push(`<i class="held"></i>${filled(words.held_out, { name: name.slice(9).replaceAll("_", " ") })} ${format(lines[1][1].at(-1)[1])}`);
	caption.innerHTML = legend.map((one) => `<span>${one}</span>`).join("");
};

/** One training, shown in `place` (the `.train-run` of a room) until it is left. */
export const follow = (place, id, words, { left = () => {}, changed = (_job) => {} } = {}) => {
	const show = (name) => place.querySelector(`[data-show=${name}]`);
	const button = (name) => place.querySelector(`[data-do=${name}]`);
	const steps = [], rows = new Map(), samples = [], moments = [];
	let after = 0, job = null, over = false, timer = 0, chosen = -1, drawn = "";
	place.hidden = false;
	show("score").replaceChildren();
	const rewind = place.querySelector("[data-rewind]"), figure = place.querySelector(".train-samples");
	figure.hidden = true;
	const past = place.querySelector(".train-rewind");
	/** @type {any} */
	let rewound = null; // what `rewind.js` shows, once it was opened
	past.hidden = true;
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
		const last = steps.at(-1);
		const said = job.asked === "pause" ? words.pausing : job.asked ? words.stopping
			: job.state === "queued" && job.place ? filled(words.place, job) : words[job.state];
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
		const can = {
			use: job.state === "done", take: job.state === "done", new: true,
			pause: job.mine && ["running", "queued"].includes(job.state) && !job.asked,
			resume: job.mine && ["paused", "failed"].includes(job.state),
			cancel: job.mine && ["running", "queued", "paused"].includes(job.state) && job.asked !== "cancel",
			remove: job.mine && ["done", "failed", "cancelled"].includes(job.state),
		};
		for (const [name, may] of Object.entries(can)) button(name).hidden = !may;
		const link = new URL(location.href);
		link.searchParams.set("job", id);
		show("link").value = link.href;
		place.querySelector(".train-link").hidden = ["failed", "cancelled"].includes(job.state);
		curve(place.querySelector(".train-curve"), steps, [...rows.values()], words);
		score(show("score"), job.metrics ?? {}, words);
		place.querySelector(".train-log").hidden = !job.mine || job.state === "queued";
		place.querySelector(".train-push").hidden = !job.pushes;
		past.hidden = !job.answers || moments.length < 2;
		rewound?.told(job, moments, rows);
		sample();
	};

	const look = async () => {
		if (!place.isConnected) return end(); // the page drew this room anew, in another language say
		let wait = AGAIN;
		try {
			const told = await ask(`jobs/${id}?after=${after}`);
			if (over) return;
			job = told.job;
			for (const { n, kind, body } of told.events) {
				after = n;
				if (kind === "step") steps.push(body);
				else if (kind === "row") rows.set(body.epoch, body);
				else if (kind === "moment") moments.push(body);
				else if (kind === "sample") { // files of one step belong together
					const [step] = body.name.split(".");
					const there = samples.find((one) => one.step === step);
					if (there) there.names.add(body.name);
					else samples.push({ step, names: new Set([body.name]) });
				}
			}
			paint();
			changed(job);
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
		if (confirm(words.confirm) && await ask(`jobs/${id}`, { method: "DELETE" }).then(() => true, () => false)) gone();
	};
	button("new").onclick = gone;
	button("use").onclick = () => use(job);
	takes(button("take"), id, words, (sentence) => (show("about").textContent = sentence));
	button("copy").onclick = async () => {
		show("link").select();
		await navigator.clipboard?.writeText(show("link").value).then(() => {
			const { textContent } = button("copy");
			button("copy").textContent = words.copied;
			setTimeout(() => (button("copy").textContent = textContent), 1600);
		}, () => {});
	};
	sends(place.querySelector(".train-push form"), id, words);
	const log = place.querySelector(".train-log");
	log.ontoggle = async () => {
		if (log.open) log.querySelector("pre").textContent = (await ask(`jobs/${id}/log`).catch((error) => ({ log: error.message }))).log;
	};
	look();
	return end;
};

/** Figures on what was held out, before and after. */
const score = (place, { figures, on } = /** @type {any} */ ({}), words) => {
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
	if (!figures.some(({ better }) => better)) place.append(part("p", words.weaker, { className: "note" }));
};

/** Open a training's model in Try: the tab's page takes it by the address (?model=). */
export const use = (job) => {
	const address = new URL(location.href);
	address.searchParams.set("tab", job.task);
	address.searchParams.set("room", "try");
	address.searchParams.set("model", job.model);
	address.searchParams.delete("job");
	if (job.key.startsWith("handwriting/")) {
		address.searchParams.set("tab", "text");
		address.searchParams.set("exhibit", "pen");
	}
	location.assign(address);
};

/** `link` takes a model home. Packing may take a minute, or be refused. */
export const takes = (link, id, words, refuse) => {
	const path = `jobs/${id}/model.zip`;
	link.href = new URL(`train/${path}`, document.baseURI).href;
	link.onclick = async (event) => {
		event.preventDefault();
		const text = link.textContent;
		if (text === words.packing) return;
		link.textContent = words.packing;
		try {
			if ((await fetch(link.href, { method: "HEAD" })).ok) location.assign(link.href);
			else {
				await ask(path); // for its sentence; or it is packed by now
				location.assign(link.href);
			}
		} catch (error) {
			refuse(error.message || words.lost);
		}
		link.textContent = text;
	};
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

/** The id of the job that the server makes of a zip that was taken home, null where none was chosen. */
export const loaded = async (input, words, mb) => {
	const [zip] = input.files, body = new FormData();
	if (!zip) return null;
	body.append("file", zip, zip.name);
	input.value = "";
	if (zip.size > mb * 2 ** 20) throw Object.assign(new Error(filled(words.not_kept, { name: zip.name, mb })), { told: true });
	return (await ask("models", { method: "POST", body })).id;
};

/** The room: data in, a training out. A tab's own script may say more:
 *  prepared   an async function that gives files to send at the start, or null
 *  single     what is given takes the place of what was given before
 *  named      what a pasted text is called as a file
 *  seen       an async function, given what the recipe will make of the data (`demos.training.previews`),
 *             or null where there are none any more */
export const mount = (element, { prepared = null, single = false, named = null, seen = null } = /** @type {any} */ ({})) => {
	const room = element.querySelector("[data-train]");
	const { words, starts, text, most, mb, task } = JSON.parse(room.dataset.train);
	const form = room.querySelector(".train-form"), run = room.querySelector(".train-run");
	const refusal = room.querySelector(":scope > .refusal"), told = room.querySelector(".train-data");
	const pasted = room.querySelector("textarea[name=text]");
	let upload = null, given = false, end = null, written = "", starting = false, last = Promise.resolve();
	/** @type {any} */
	let bad = null; // why what was sent cannot be learnt from

	const refuse = (sentence) => {
		refusal.hidden = !sentence;
		refusal.textContent = sentence;
		if (sentence) refusal.scrollIntoView({ block: "nearest" });
	};
	// One after the other: leaving the text field sends it, and the click that left it may start.
	const attempt = (work) => last = last.then(async () => {
		room.classList.add("busy");
		refuse("");
		try {
			await work();
		} catch (error) {
			refuse(error.told ? error.message : words.lost);
			if (!error.told) console.warn(error);
		} finally {
			room.classList.remove("busy");
		}
	});
	const place = async () => (upload ??= (await ask("uploads", { json: {} })).upload);
	const say = (came) => {
		const parts = [filled(words.received, { files: came.files, size: size(came.bytes) })];
		if (came.passed_over + came.links) parts.push(filled(words.left_out, { count: came.passed_over + came.links }));
		if (came.guessed) parts.push(filled(words.guessed, { encoding: came.guessed }));
		told.textContent = parts.join(" · ");
	};
	const total = { files: 0, bytes: 0, passed_over: 0, links: 0, guessed: "" };
	const forget = async () => {
		if (upload) await ask(`uploads/${upload}`, { method: "DELETE" }).catch(() => {});
		upload = null;
		given = false;
		bad = null;
		written = "";
		for (const name in total) total[name] = name === "guessed" ? "" : 0;
		told.textContent = "";
		kept(null);
		await seen?.(null);
	};
	// What was sent is found again when the page is loaded anew, as it is for the other language.
	const kept = (/** @type {any} */ what) => {
		const name = `breakthroughs.upload.${task}`;
		try {
			if (what) sessionStorage.setItem(name, JSON.stringify(what));
			else if (what === null) sessionStorage.removeItem(name);
			else return JSON.parse(sessionStorage.getItem(name) ?? "null");
		} catch { /* a window that keeps nothing */ }
		return null;
	};
	const choice = () => form.querySelector(".train-starts input:checked")?.value ?? Object.keys(starts)[0];
	const choose = (name) => {
		const radio = form.querySelector(`.train-starts input[value="${name}"]`);
		if (radio) radio.checked = true;
	};
	const chosen = () => starts[choice()];
	const again = async () => {
		const before = kept(undefined);
		if (!before || upload) return;
		choose(before.choice);
		try {
			const found = await ask(`uploads/${before.upload}/preview`, { json: { key: chosen().key } });
			upload = before.upload;
			given = true;
			say(Object.assign(total, before.total));
			await seen?.(found);
		} catch { kept(null); } // it is no longer there, or was refused before
	};
	const preview = async () => {
		if (given) kept({ upload, total, choice: choice() });
		bad = null;
		if (seen && given) await seen(await ask(`uploads/${upload}/preview`, { json: { key: chosen().key } }).catch(async (error) => {
			await seen(null);
			throw bad = error;
		}));
	};
	const paste = async () => {
		const now = pasted?.value.trim() ? pasted.value.slice(0, most) : "";
		if (!now || now === written) return;
		try {
			await send([new File([now], named?.(now) ?? text, { type: "text/plain" })]);
		} finally {
			written = now; // where it was refused too: what lies there is not sent twice
		}
	};
	const send = async (files) => {
		const heavy = files.find((file) => file.size > mb * 2 ** 20);
		if (heavy) return refuse(filled(words.not_kept, { name: heavy.name, mb }));
		if (single) await forget();
		const to = await place();
		for (let at = 0; at < files.length;) {
			const body = new FormData();
			let bytes = 0, count = 0;
			while (at < files.length && count < PIECE.files && (!count || bytes + files[at].size <= PIECE.bytes)) {
				const file = files[at++];
				body.append("files", file, file.webkitRelativePath || file.name);
				bytes += file.size;
				count++;
			}
			told.textContent = filled(words.sending, { done: at, total: files.length });
			const came = await ask(`uploads/${to}`, { method: "POST", body }).catch((error) => {
				if (given) say(total);
				else told.textContent = "";
				throw error;
			});
			for (const name of ["files", "bytes", "passed_over", "links"]) total[name] += came[name];
			total.guessed ||= came.guessed;
			given = true;
		}
		if (!given) return;
		say(total);
		await preview();
	};
	room.addEventListener("change", ({ target }) => {
		if ("load" in target.dataset) attempt(async () => {
			const id = await loaded(target, words, mb);
			if (id) open(id);
		});
		else if (target.dataset.give) attempt(async () => {
			if (single && pasted) pasted.value = "";
			await send([...target.files]);
			target.value = "";
		});
		else if (target.name === "minutes") target.nextElementSibling.value = target.value;
		else if (target.name.startsWith("start-")) attempt(preview);
		else if (target === pasted && seen) attempt(paste);
	});
	room.addEventListener("input", ({ target }) => {
		if (target.name === "minutes") target.nextElementSibling.value = target.value;
	});
	room.dataset.mounted = "";
	form.addEventListener("dragover", (event) => event.preventDefault());
	form.addEventListener("drop", (event) => {
		if (!event.dataTransfer.files.length) return;
		event.preventDefault();
		const files = [...event.dataTransfer.files];
		if (single && pasted) pasted.value = "";
		attempt(() => send(files));
	});
	room.addEventListener("click", ({ target }) => {
		const button = target.closest("[data-starter], [data-do=start]");
		if (!button) return;
		if (button.dataset.starter) attempt(async () => {
			await forget();
			if (pasted) pasted.value = "";
			const to = await place();
			say(Object.assign(total, await ask(`uploads/${to}/starter`, { json: { name: button.dataset.starter } })));
			choose(button.dataset.for);
			given = true;
			await preview();
		});
		else if (!starting) {
			starting = true;
			attempt(start).finally(() => (starting = false));
		}
	});
	const start = async () => {
		const own = prepared ? await prepared() : null;
		if (own?.length) await send(own);
		await paste();
		if (!given) return refuse(words.nothing_sent);
		if (bad) throw bad;
		const { key, options } = chosen();
		const minutes = +form.querySelector("[name=minutes]").value;
		const job = await ask("jobs", { json: { key, upload, options: { ...options, minutes } } });
		upload = null; // it has moved to the training
		await forget();
		open(job.id);
	};
	const remember = (id) => {
		const address = new URL(location.href);
		if (id) address.searchParams.set("job", id);
		else address.searchParams.delete("job");
		history.replaceState(history.state, "", address);
	};
	const open = (id) => {
		end?.();
		form.hidden = true;
		remember(id);
		end = follow(run, id, words, { left: () => { form.hidden = false; remember(null); list(); } });
		list();
	};
	const mine = room.querySelector(".train-mine");
	const list = async () => {
		const { jobs } = await ask("jobs").catch(() => ({ jobs: [] }));
		const ours = jobs.filter((job) => Object.values(starts).some(({ key }) => key.split("/")[0] === job.task));
		mine.hidden = !ours.length;
		mine.querySelector("ul").replaceChildren(...ours.map((job) => {
			const line = part("li"), time = new Date(job.created * 1000);
			const button = part("button", `${job.base} · ${time.toLocaleString(house.lang)} · ${words[job.state]}`, { type: "button", className: "link" });
			button.onclick = () => open(job.id);
			line.append(button);
			return line;
		}));
		return ours;
	};
	const asked = new URL(location.href).searchParams;
	const id = asked.get("job");
	list().then(async () => {
		if (!id) return attempt(again);
		const job = (await ask(`jobs/${id}`).catch(() => null))?.job;
		if (job && job.task === task) open(id);
		else if (!job && asked.get("tab") === room.closest("[id$=-rooms]")?.id.replace("-rooms", "")) {
			refuse(words.none);
			remember(null);
		}
	});
	return { attempt, send, open, refuse };
};
