// @ts-check
// Classify, Train: classes of pictures, from files or the camera; the server learns whenever one comes
// or goes, and answers live meanwhile. What was given lies on the server, under this browser's secret.

import { camera as cameras, smaller, why } from "./classify_camera.js";
import { cards, thumbnail } from "./classify_cards.js";
import { kept as keeping } from "./classify_kept.js";
import { answer } from "./classify_live.js";
import { confusion, report as reporting } from "./classify_report.js";
import { whole as everything } from "./classify_whole.js";
import { filled, part } from "./dom.js";
import { ask, loaded, renderers } from "./training.js";

const STORE = "breakthroughs.classes";
const PIECE = { files: 24, bytes: 6_000_000 }; // of one request, so that progress can be told
const RETRY = 2000; // ms

const store = (value) => {
	try {
		if (value) localStorage.setItem(STORE, value);
		else localStorage.removeItem(STORE);
	} catch { /* a private window: for this visit only */ }
};
const stored = () => { try { return localStorage.getItem(STORE); } catch { return null; } };

export const mount = (element) => {
	const room = element.querySelector("[data-classroom]");
	const { words, panel, mb } = JSON.parse(room.dataset.classroom);
	const refusal = room.querySelector(":scope > .refusal"), status = room.querySelector(".train-data");
	const list = room.querySelector(".classroom-classes");
	const show = (name) => room.querySelector(`[data-show=${name}]`);
	const button = (name) => room.querySelector(`[data-do="${name}"]`);

	// Before anything was given there is nothing on the server: three empty classes stand here alone.
	const empty = () => [1, 2, 3].map((n) => ({ id: -n, name: filled(words.class, { n }), pictures: [], waiting: 0 }));
	const fresh = () => ({ upload: "", key: "", version: 0, classes: empty(), waiting: 0, left_out: { count: 0, files: [] }, learnt: null });
	let state = fresh();

	const refuse = (sentence) => {
		refusal.hidden = !sentence;
		refusal.textContent = sentence;
		if (sentence) refusal.scrollIntoView({ block: "nearest" });
	};
	/** Do something that the server may refuse; what is refused is said. */
	const attempt = async (work) => {
		refuse("");
		try {
			return await work();
		} catch (error) {
			if (!error.told) console.warn(error);
			refuse(error.told ? error.message : words.lost);
			return null;
		}
	};

	// ---- the state on the server -----------------------------------------------------------------
	let making = null, following = false;
	const ready = () => (making ??= state.upload ? Promise.resolve() : (async () => {
		const named = state.classes;
		const made = await ask("classify", { json: {} });
		store(made.upload);
		for (const [at, one] of made.classes.entries()) moved.set(named[at]?.id, one.id);
		state = made;
		for (const [at, one] of made.classes.entries()) {
			if (named[at] && named[at].name !== one.name) state = await ask(`classify/${made.upload}/classes/${one.id}`, { method: "PATCH", json: { name: named[at].name } });
		}
		paint();
		watch();
	})().catch((error) => {
		making = null;
		throw error;
	}));
	const moved = new Map(); // the ids that the first classes got
	const real = (id) => moved.get(id) ?? id;
	const told = (news) => {
		if (news.upload !== state.upload || news.version < state.version) return;
		state = news;
		paint();
	};
	/** @param {() => string} path told once the classes have their ids on the server */
	const change = (path, options) => attempt(async () => {
		await ready();
		told(await ask(`classify/${state.upload}/${path()}`, options));
	});
	const watch = async () => {
		if (following) return;
		following = true;
		while (state.upload && room.isConnected) {
			try {
				told(await ask(`classify/${state.upload}?after=${state.version}`));
			} catch (error) {
				if (error.status === 404) {
					forget();
					break;
				}
				await new Promise((done) => setTimeout(done, RETRY));
			}
		}
		following = false;
	};
	const forget = () => {
		store(null);
		making = null;
		moved.clear();
		state = fresh();
		paint();
	};

	// ---- pictures in -----------------------------------------------------------------------------
	/** @param {[Blob, string][]} files @param {number | null} of the class, or null for sub-folders */
	const send = (files, of = null) => attempt(async () => {
		const heavy = files.find(([file]) => file.size > mb * 2 ** 20);
		if (heavy) return refuse(filled(panel.not_kept, { name: heavy[1], mb }));
		await ready();
		let passed = 0, guessed = "";
		for (let at = 0; at < files.length;) {
			const body = new FormData();
			let bytes = 0, count = 0;
			while (at < files.length && count < PIECE.files && (!count || bytes < PIECE.bytes)) {
				const [file, name] = files[at++];
				const blob = await smaller(file);
				body.append("files", blob, blob === file ? name : name.replace(/\.\w+$/, "") + ".jpg");
				bytes += blob.size;
				count++;
			}
			if (files.length > PIECE.files) status.textContent = filled(words.sending, { done: at, total: files.length });
			const to = of === null ? "" : `?class=${real(of)}`;
			const news = await ask(`classify/${state.upload}/pictures${to}`, { method: "POST", body });
			passed += news.received.passed_over + news.received.links;
			guessed ||= news.received.guessed;
			told(news);
		}
		status.textContent = [passed && filled(words.passed_over, { count: passed }), guessed && filled(words.guessed, { encoding: guessed })].filter(Boolean).join(" ");
	});
	const asPairs = (files) => [...files].map((file) => /** @type {[Blob, string]} */ ([file, file.webkitRelativePath || file.name]));

	/** Everything in what was dropped, folders too. */
	const dropped = async (transfer) => {
		const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
		const found = [];
		const walk = async (entry, path) => {
			if (entry.isFile) {
				const file = await new Promise((done, fail) => entry.file(done, fail));
				found.push([file, path + file.name]);
				return;
			}
			const reader = entry.createReader();
			for (let more; (more = await new Promise((done, fail) => reader.readEntries(done, fail))).length;)
				for (const one of more) await walk(one, `${path}${entry.name}/`);
		};
		for (const entry of entries) await walk(entry, "");
		return entries.length ? found : asPairs(transfer.files);
	};
	const whose = (target) => {
		const card = target.closest?.("[data-class]");
		return card ? Number(card.dataset.class) : null;
	};
	room.addEventListener("dragover", (event) => event.preventDefault());
	room.addEventListener("drop", async (event) => {
		event.preventDefault();
		const of = whose(event.target), live = event.target.closest(".classroom-live");
		const files = await dropped(event.dataTransfer);
		if (live && files.length) return answering.asked(files[0][0]);
		const strangers = files.some(([, name]) => !name.includes("/") && !/\.zip$/i.test(name));
		if (of === null && strangers) return refuse(words.strangers);
		send(files, files.some(([, name]) => name.includes("/")) ? null : of);
	});
	let last = null; // the class that was touched last: what is pasted goes there
	room.addEventListener("focusin", ({ target }) => (last = whose(target) ?? last));
	document.addEventListener("paste", (event) => {
		if (!room.offsetParent || /** @type {Element} */ (event.target).matches("input, textarea")) return;
		const files = [...event.clipboardData.files].filter(({ type }) => type.startsWith("image/"));
		if (files.length) send(asPairs(files), last ?? state.classes[0]?.id ?? null);
	});

	// ---- what is shown ---------------------------------------------------------------------------
	const cam = cameras(() => paint());
	const open = async (user) => {
		try {
			await cam.open(user);
			button("other_camera").hidden = !await cam.more();
			return true;
		} catch {
			refuse(words[why()]);
			return false;
		}
	};
	const now = () => state;
	const paint = () => {
		paintCards();
		for (const one of room.querySelectorAll("video")) if (one.srcObject !== cam.stream) one.srcObject = cam.stream;
		const left = room.querySelector(".classroom-left-out"), out = state.left_out;
		left.replaceChildren(...(out.count ? [part("p", filled(words.left_out, out)), ...out.files.map((one) => part("p", filled(words.left_out_file, one)))] : []));
		button("again").hidden = !state.upload;
		const known = state.learnt;
		show("learnt").textContent = known ? filled(words.learnt, { count: known.pictures, seconds: Math.max(.01, known.seconds).toFixed(2) }) : state.waiting ? words.learning : "";
		const names = state.classes.filter((one) => !one.pictures.length && !one.waiting).map((one) => one.name).join(words.comma);
		show("without").textContent = known && names ? filled(words.without, { names }) : "";
		room.querySelector(".classroom-keep").hidden = !known;
		every.paint();
		report(state);
		answering.paint();
	};
	const paintCards = cards(list, words, { now, change, real, send, cam, open, paint });
	const answering = answer(room, words, { now, cam, open, attempt });

	// ---- what is pressed and chosen --------------------------------------------------------------
	room.addEventListener("change", ({ target }) => {
		const files = [...(target.files ?? [])];
		if (target.name === "minutes") target.nextElementSibling.value = target.value;
		if (!target.dataset.give || !files.length) return;
		if (target.dataset.give === "ask") answering.asked(files[0]);
		else if (target.dataset.give === "class") send(asPairs(files), files.every(({ name }) => /\.zip$/i.test(name)) ? null : whose(target));
		else send(asPairs(files));
		target.value = "";
	});
	room.addEventListener("input", ({ target }) => {
		if (target.name === "minutes") target.nextElementSibling.value = target.value;
	});
	room.addEventListener("click", async ({ target }) => {
		const what = target.closest("[data-do]")?.dataset.do ?? "";
		if (what.startsWith("starter:")) {
			if (state.classes.some((one) => one.pictures.length + one.waiting) && !confirm(words.sure_starter)) return;
			change(() => "starter", { json: { name: what.slice(8) } });
		} else if (what === "add") {
			const taken = state.classes.map((one) => one.name);
			let n = state.classes.length + 1;
			while (taken.includes(filled(words.class, { n }))) n++;
			await change(() => "classes", { json: { name: filled(words.class, { n }) } });
			list.lastElementChild?.querySelector("input")?.select();
		} else if (what === "again") {
			if (!confirm(words.sure_again)) return;
			await attempt(() => ask(`classify/${state.upload}`, { method: "DELETE" }));
			forget();
		}
	});

	// ---- what becomes of it ----------------------------------------------------------------------
	renderers.classification = (place, told, job) => confusion(place, told, words, state.upload && job.mine && (async (files, name) => {
		const read = await attempt(() => ask(`classify/${state.upload}/ids`, { json: { files } }));
		return (read?.ids ?? []).filter((id) => id !== null).map((id) => thumbnail(state, id, name));
	}));
	const report = reporting(room, words, (id, name) => thumbnail(state, id, name), (ids, to) => attempt(async () => {
		for (const id of ids) told(await ask(`classify/${state.upload}/pictures/${id}`, { method: "PATCH", json: { class: to } }));
	}));
	const relist = keeping(room, words, panel, refuse);
	room.querySelector("[data-load]").addEventListener("change", ({ target }) => attempt(async () => {
		if (!await loaded(target, panel, mb)) return;
		await relist();
		room.querySelector(".classroom-kept").scrollIntoView({ block: "nearest" });
	}));
	room.querySelector(".classroom-keep form").addEventListener("submit", (event) => {
		event.preventDefault();
		const submit = event.target.querySelector("button");
		submit.disabled = true;
		attempt(async () => {
			await ask(`classify/${state.upload}/keep`, { json: { title: event.target.title.value } });
			event.target.reset();
			await relist();
			room.querySelector(".classroom-kept").scrollIntoView({ block: "nearest" });
		}).finally(() => (submit.disabled = false));
	});
	const every = everything(room, words, panel, { now, attempt, refuse, relist, paint: () => paint() });

	paint();
	const before = stored();
	if (before) ask(`classify/${before}`).then((found) => {
		state = found;
		making = Promise.resolve();
		paint();
		watch();
	}, (error) => error.status === 404 && store(null));
	const job = new URL(location.href).searchParams.get("job");
	if (job) ask(`jobs/${job}`).then((found) => found.job.task === "classification" && every.open(job), () => {});
};
