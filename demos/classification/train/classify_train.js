// @ts-check
// Classify, Train: classes of pictures, from files or the camera; the server learns whenever one comes
// or goes, and answers live meanwhile. What was given lies on the server, under this browser's secret.

import { camera as cameras, frame, smaller, why } from "./classify_camera.js";
import { kept as keeping } from "./classify_kept.js";
import { confusion, report as reporting } from "./classify_report.js";
import { filled, part } from "./dom.js";
import { ask, renderers, loaded } from "./training.js";

const STORE = "breakthroughs.classes";
const PIECE = { files: 24, bytes: 6_000_000 }; // of one request, so that progress can be told
const EVERY = 160; // ms between two pictures of a burst
const SHOWN = 48; // thumbnails of a class, the latest first
const RETRY = 2000; // ms

const store = (value) => {
	try {
		if (value) localStorage.setItem(STORE, value);
		else localStorage.removeItem(STORE);
	} catch { /* a private window: for this visit only */ }
};
const stored = () => { try { return localStorage.getItem(STORE); } catch { return null; } };

renderers.classification = confusion;

export const mount = (element) => {
	const room = element.querySelector("[data-classroom]");
	const { words, panel, mb } = JSON.parse(room.dataset.classroom);
	const refusal = room.querySelector(":scope > .refusal"), status = room.querySelector(".train-data");
	const list = room.querySelector(".classroom-classes");
	const show = (name) => room.querySelector(`[data-show=${name}]`);
	const button = (name) => room.querySelector(`[data-do="${name}"]`);

	// Before anything was given there is nothing on the server: three empty classes stand here alone.
	const empty = () => [1, 2, 3].map((n) => ({ id: -n, name: filled(words.class, { n }), pictures: [], waiting: 0 }));
	let state = { upload: "", key: "", version: 0, classes: empty(), waiting: 0, left_out: { count: 0, files: [] }, learnt: null };

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
		state = made;
		for (const [at, one] of made.classes.entries()) {
			moved.set(named[at]?.id, one.id);
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
	const change = (path, options) => attempt(async () => {
		await ready();
		told(await ask(`classify/${state.upload}/${path}`, options));
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
		state = { upload: "", key: "", version: 0, classes: empty(), waiting: 0, left_out: { count: 0, files: [] }, learnt: null };
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
		if (live && files.length) return asked(files[0][0]);
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

	// ---- the camera ------------------------------------------------------------------------------
	const video = room.querySelector(".classroom-see video"), picture = room.querySelector(".classroom-see img");
	const cam = cameras((stream) => {
		for (const one of room.querySelectorAll("video")) if (one.srcObject !== stream) one.srcObject = stream;
		if (!stream) recorder = null;
		paintLive();
		paint();
	});
	const opened = async () => {
		try {
			await cam.open();
			button("other_camera").hidden = !await cam.more();
			return true;
		} catch {
			refuse(words[why()]);
			return false;
		}
	};
	let recorder = null; // the class whose card shows the camera
	let holding = false;
	const hold = async (card, id, counter) => {
		if (holding) return;
		holding = true;
		/** @type {[Blob, string][]} */
		const batch = [];
		let count = 0;
		const shots = card.querySelector("video");
		const sent = [];
		while (holding && cam.on) {
			const began = performance.now();
			const blob = await frame(shots);
			if (blob) {
				batch.push([blob, `${Date.now()}.jpg`]);
				counter.textContent = filled(words.recording, { count: ++count });
			}
			if (batch.length >= 6) sent.push(send(batch.splice(0), id));
			await new Promise((done) => setTimeout(done, Math.max(0, EVERY - (performance.now() - began))));
		}
		if (batch.length) sent.push(send(batch, id));
		await Promise.all(sent);
		counter.textContent = words.hold;
	};
	const release = () => (holding = false);
	addEventListener("pointerup", release);
	addEventListener("pointercancel", release);
	addEventListener("blur", release);

	// ---- classes ---------------------------------------------------------------------------------
	const thumbnail = (id, name) => part("img", "", {
		src: new URL(`train/classify/${state.upload}/pictures/${id}?key=${state.key}`, document.baseURI).href,
		alt: name, loading: "lazy", width: 64, height: 64,
	});
	const cards = new Map(); // by place: classes keep theirs
	const card = (at) => {
		const made = part("div", "", { className: "classroom-class" });
		made.innerHTML = `<p class="classroom-name"><input maxlength="60" autocomplete="off" spellcheck="false"><span class="quiet"></span>
<button type="button" class="link" data-do="drop-class">×</button></p>
<p class="classroom-more"><label class="ghost"><span></span><input type="file" accept="image/*,.zip" multiple class="sr-only" data-give="class"></label>
<button type="button" class="ghost" data-do="webcam"></button></p>
<div class="classroom-record" hidden><video muted playsinline autoplay></video><button type="button" class="btn" data-do="hold"></button></div>
<div class="classroom-strip"></div>`;
		const name = made.querySelector(".classroom-name input");
		name.setAttribute("aria-label", words.name);
		made.querySelector("label span").textContent = words.upload;
		const id = () => Number(made.dataset.class);
		name.addEventListener("change", async () => {
			const one = state.classes[at], value = name.value.trim();
			if (!one || value === one.name) return;
			if (state.upload) {
				await change(`classes/${one.id}`, { method: "PATCH", json: { name: value } });
				name.value = state.classes[at]?.name ?? "";
			} else if (value) one.name = value;
			else name.value = one.name;
		});
		made.querySelector("[data-do=drop-class]").onclick = async () => {
			const one = state.classes[at], count = one.pictures.length + one.waiting;
			if (count && !confirm(filled(words.sure_class, { name: one.name, count }))) return;
			await change(`classes/${real(one.id)}`, { method: "DELETE" });
		};
		const webcam = made.querySelector("[data-do=webcam]"), record = made.querySelector(".classroom-record");
		const shutter = record.querySelector("[data-do=hold]");
		shutter.textContent = words.hold;
		webcam.onclick = async () => {
			if (recorder === made) {
				recorder = null;
				if (!live) cam.close();
			} else if (await opened()) recorder = made;
			paint();
		};
		shutter.onpointerdown = (event) => {
			event.preventDefault();
			shutter.focus();
			hold(made, id(), shutter);
		};
		shutter.oncontextmenu = (event) => event.preventDefault();
		shutter.onkeydown = (event) => {
			if (event.key !== " " && event.key !== "Enter") return;
			event.preventDefault();
			if (!event.repeat) hold(made, id(), shutter);
		};
		shutter.onkeyup = release;
		record.querySelector("video").srcObject = null;
		made.querySelector(".classroom-strip").addEventListener("click", ({ target }) => {
			const one = target.closest("[data-picture]");
			if (one) change(`pictures/${one.dataset.picture}`, { method: "DELETE" });
		});
		return made;
	};
	const paint = () => {
		while (cards.size > state.classes.length) {
			cards.get(cards.size - 1).remove();
			cards.delete(cards.size - 1);
		}
		state.classes.forEach((one, at) => {
			if (!cards.has(at)) {
				cards.set(at, card(at));
				list.append(cards.get(at));
			}
			const made = cards.get(at);
			made.dataset.class = String(one.id);
			const name = made.querySelector(".classroom-name input");
			if (document.activeElement !== name && name.value !== one.name) name.value = one.name;
			const count = one.pictures.length, said = count === 1 ? words.one : count ? filled(words.count, { count }) : words.none;
			made.querySelector(".classroom-name .quiet").textContent = one.waiting ? `${said} · ${filled(words.looking, { count: one.waiting })}` : said;
			made.querySelector("[data-do=drop-class]").setAttribute("aria-label", filled(words.remove_class, { name: one.name }));
			const webcam = made.querySelector("[data-do=webcam]"), open = recorder === made && cam.on;
			webcam.textContent = open ? words.close : words.webcam;
			made.querySelector(".classroom-record").hidden = !open;
			const strip = made.querySelector(".classroom-strip"), there = new Map([...strip.children].map((button) => [Number(button.dataset.picture), button]));
			const wanted = one.pictures.slice(-SHOWN).reverse();
			for (const [id, button] of there) if (!wanted.includes(id) || button.dataset.of !== state.upload) button.remove();
			wanted.forEach((id, place) => {
				let button = there.get(id);
				if (!button?.isConnected) {
					button = part("button", "", { type: "button" });
					button.dataset.picture = String(id);
					button.dataset.of = state.upload;
					button.append(thumbnail(id, filled(words.picture_of, { name: one.name, n: one.pictures.indexOf(id) + 1 })), part("span", "×"));
					button.setAttribute("aria-label", filled(words.remove_picture, { name: one.name }));
				}
				if (strip.children[place] !== button) strip.insertBefore(button, strip.children[place] ?? null);
			});
			const more = one.pictures.length - wanted.length;
			strip.dataset.more = more > 0 ? `+${more}` : "";
		});
		const left = room.querySelector(".classroom-left-out"), out = state.left_out;
		left.replaceChildren(...(out.count ? [part("p", filled(words.left_out, out)), ...out.files.map((one) => part("p", filled(words.left_out_file, one)))] : []));
		button("again").hidden = !state.upload;
		const known = state.learnt;
		show("learnt").textContent = known ? filled(words.learnt, { count: known.pictures, seconds: Math.max(.01, known.seconds).toFixed(2) }) : state.waiting ? words.learning : "";
		for (const name of ["keep", "whole"]) room.querySelector(`.classroom-${name}`).hidden = !known && name === "keep" || name === "whole" && !known && !training;
		report(state);
		paintLive();
		if (known && live && !asking) look();
	};

	// ---- the live answer -------------------------------------------------------------------------
	let live = false, asking = false;
	const bars = room.querySelector(".classroom-live .bars");
	const paintLive = () => {
		if (!cam.on) live = false;
		video.hidden = !live;
		if (live) picture.hidden = true;
		button("camera").hidden = live;
		button("off").hidden = !live;
		if (!cam.on) button("other_camera").hidden = true;
		const nothing = video.hidden && picture.hidden;
		show("why").hidden = !nothing;
		show("why").textContent = state.learnt ? words.ask : words.not_yet;
		if (!state.learnt) bars.replaceChildren();
	};
	const answered = ({ answers }) => {
		const names = Object.fromEntries(state.classes.map((one) => [one.id, one.name]));
		const best = Math.max(...answers.map((one) => one.probability));
		if (bars.children.length !== answers.length)
			bars.replaceChildren(...answers.map(() => {
				const line = part("li", "", { className: "bar" }), track = part("div");
				track.setAttribute("aria-hidden", "true");
				track.append(part("i"));
				line.append(part("b"), track, part("span"));
				return line;
			}));
		answers.forEach((one, at) => {
			const line = bars.children[at], share = `${Math.round(100 * one.probability)}%`;
			line.classList.toggle("best", one.probability === best);
			line.querySelector("b").textContent = names[one.class] ?? "–";
			line.querySelector("i").style.width = `${100 * one.probability}%`;
			line.querySelector("span").textContent = share;
		});
	};
	const question = (blob) => ask(`classify/${state.upload}/answer`, { method: "POST", body: blob });
	const look = async () => {
		asking = true;
		while (live && cam.on && state.learnt && room.isConnected) {
			const blob = room.offsetParent && !document.hidden ? await frame(video) : null;
			if (blob)
				try {
					answered(await question(blob));
				} catch (error) {
					if (error.told && error.status !== 503 && error.status !== 429) refuse(error.message);
					await new Promise((done) => setTimeout(done, RETRY));
				}
			await new Promise((done) => setTimeout(done, blob ? 60 : 300));
		}
		asking = false;
	};
	const asked = (file) => attempt(async () => {
		if (live) {
			live = false;
			if (!recorder) cam.close();
		}
		const small = await smaller(file);
		URL.revokeObjectURL(picture.src);
		picture.src = URL.createObjectURL(small);
		picture.hidden = false;
		paintLive();
		if (!state.learnt) return refuse(words.not_yet);
		answered(await question(small));
	});

	// ---- what is pressed and chosen --------------------------------------------------------------
	room.addEventListener("change", ({ target }) => {
		const files = [...(target.files ?? [])];
		if (target.name === "minutes") target.nextElementSibling.value = target.value;
		if (!target.dataset.give || !files.length) return;
		if (target.dataset.give === "ask") asked(files[0]);
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
			change("starter", { json: { name: what.slice(8) } });
		} else if (what === "add") {
			const taken = state.classes.map((one) => one.name);
			let n = state.classes.length + 1;
			while (taken.includes(filled(words.class, { n }))) n++;
			await change("classes", { json: { name: filled(words.class, { n }) } });
			list.lastElementChild?.querySelector("input")?.select();
		} else if (what === "again") {
			if (!confirm(words.sure_again)) return;
			await attempt(() => ask(`classify/${state.upload}`, { method: "DELETE" }));
			forget();
		} else if (what === "camera") {
			if (await opened()) {
				live = true;
				video.srcObject = await cam.open();
				paint();
			}
		} else if (what === "off") {
			live = false;
			if (!recorder) cam.close();
			paintLive();
		} else if (what === "other_camera") await attempt(() => cam.other());
		else if (what === "whole_start") attempt(async () => {
			const minutes = Number(room.querySelector(".classroom-whole [name=minutes]").value);
			train((await ask(`classify/${state.upload}/whole`, { json: { minutes } })).id);
		});
	});

	// ---- what becomes of it ----------------------------------------------------------------------
	const report = reporting(room, words, filled, thumbnail, (ids, to) => attempt(async () => {
		for (const id of ids) told(await ask(`classify/${state.upload}/pictures/${id}`, { method: "PATCH", json: { class: to } }));
	}));
	const relist = keeping(room, words, panel, filled, refuse);
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
	let training = null;
	const whole = room.querySelector(".classroom-whole");
	const train = async (id) => {
		training?.();
		training = () => {};
		const form = whole.querySelector(".train-form"), address = new URL(location.href);
		address.searchParams.set("job", id);
		history.replaceState(history.state, "", address);
		form.hidden = true;
		paint();
		const left = () => {
			form.hidden = false;
			training = null;
			const cleared = new URL(location.href);
			cleared.searchParams.delete("job");
			history.replaceState(history.state, "", cleared);
			relist();
		};
		const live = await import("./training_live.js").catch(() => null);
		if (!live) {
			left();
			return refuse(words.lost);
		}
		let done = false;
		training = live.follow(whole.querySelector(".train-run"), id, panel, {
			left,
			changed(job) {
				if (job.state === "done" && !done) relist();
				done = job.state === "done";
			},
		});
	};

	paint();
	const before = stored();
	if (before) ask(`classify/${before}`).then((found) => {
		state = found;
		making = Promise.resolve();
		paint();
		watch();
	}, (error) => error.status === 404 && store(null));
	const job = new URL(location.href).searchParams.get("job");
	if (job) ask(`jobs/${job}`).then((found) => found.job.task === "classification" && train(job), () => {});
};
