// @ts-check
// Train your own: gives a tab's data to the server and starts a training there, which
// `training_live.js` shows. It goes on without this page; whoever has its link (?job=) sees it too.

import { filled, part } from "./dom.js";

const { house } = window;
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
		throw Object.assign(new Error(sentence ?? ""), { code: told.error?.code, status: answer.status, told: typeof sentence === "string" });
	}
	return told;
};

const size = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** How a sample that a worker wrote is shown, by the end of its name. A tab adds its own:
 *  `renderers[task] = async (place, read, job) => {...}` for what is JSON, beside a picture or alone. */
export const renderers = {};

/** The tab that a part of the page lies in. */
export const tabOf = (element) => element.closest("[id$=-rooms]")?.id.replace(/-rooms$/, "");

const linked = new Map(); // by tab, the training that is open in it
addEventListener("house:place", (/** @type {any} */ { detail: { searchParams } }) => {
	const id = linked.get(searchParams.get("tab"));
	if (id) searchParams.set("job", id);
});

/** The page's own address leads to a training of the tab that `room` lies in, or to none any more: while
 *  that tab is open. Without a room it is the tab that is. */
export const linkTo = (/** @type {string | null} */ id, room = null) => {
	const here = new URL(location.href), shown = here.searchParams.get("tab");
	const tab = (room && tabOf(room)) ?? shown;
	if (id) linked.set(tab, id);
	else linked.delete(tab);
	if (tab !== shown) return;
	if (id) here.searchParams.set("job", id);
	else here.searchParams.delete("job");
	history.replaceState(history.state, "", here);
};

/** List the visitor's trainings that are `ours` in `mine`; a click on one is told to `open` by its id. */
export const listed = async (mine, words, ours, open) => {
	const { jobs } = await ask("jobs").catch(() => ({ jobs: [] }));
	const found = jobs.filter(ours);
	mine.hidden = !found.length;
	mine.querySelector("ul").replaceChildren(...found.map((job) => {
		const line = part("li"), time = new Date(job.created * 1000).toLocaleString(house.lang);
		const name = job.name || filled(words.unnamed, { name: job.base });
		const button = part("button", `${name} · ${time} · ${words[job.state]}`, { type: "button", className: "link" });
		button.onclick = () => open(job.id);
		line.append(button);
		return line;
	}));
};

/** The address of a training's tab, in the room that is asked for: `more` names the training or its model. */
const addressOf = (job, room, more) => {
	const address = new URL(location.href), pen = job.key.startsWith("handwriting/");
	for (const name of ["model", "job", "exhibit"]) address.searchParams.delete(name);
	const asked = { tab: pen ? "text" : job.task, room, ...more, ...(pen && { exhibit: "pen" }) };
	for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
	return address;
};

/** Open a training's model in Try: the tab's page takes it by the address (?model=). */
export const use = (job) => location.assign(addressOf(job, "try", { model: job.model }));

/** A model was kept, or that of the job `gone` deleted: Try, which lists them, looks for them again,
 *  and the address asks for none that is gone. */
export const kept = (gone = "") => {
	const here = new URL(location.href);
	if (gone && here.searchParams.get("model")?.split("/")[1] === gone) {
		here.searchParams.delete("model");
		history.replaceState(history.state, "", here);
	}
	house.kept = true;
	dispatchEvent(new CustomEvent("house:kept"));
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
	const clear = room.querySelector("[data-do=forget]");
	const pasted = room.querySelector("textarea[name=text]");
	let upload = null, given = false, typed = false, end = null, opened = "", written = "", starting = false, last = Promise.resolve();
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
			if (error.code === "jobs_yours") await others();
			if (!error.told) console.warn(error);
		} finally {
			room.classList.remove("busy");
		}
	});
	/** Beside the refusal of one too many: the trainings there are, of every tab. */
	const others = async () => {
		const { jobs } = await ask("jobs").catch(() => ({ jobs: [] }));
		refusal.append(" ", words.yours);
		for (const job of jobs) {
			const text = `${job.name || filled(words.unnamed, { name: job.base })} (${words[job.state]})`;
			refusal.append(" ", part("a", text, { href: addressOf(job, "train", { job: job.id }).href }));
		}
	};
	const place = async () => (upload ??= (await ask("uploads", { json: {} })).upload);
	const say = (came) => {
		const files = came.files === 1 ? words.one_file : filled(words.many_files, { n: came.files.toLocaleString(house.lang) });
		const parts = [filled(words.received, { files, size: size(came.bytes) })];
		if (came.passed_over + came.links) parts.push(filled(words.left_out, { count: came.passed_over + came.links }));
		if (came.guessed) parts.push(filled(words.guessed, { encoding: came.guessed }));
		told.textContent = parts.join(" · ");
		clear.hidden = false;
	};
	const total = { files: 0, bytes: 0, passed_over: 0, links: 0, guessed: "" };
	const forget = async () => {
		if (upload) await ask(`uploads/${upload}`, { method: "DELETE" }).catch(() => {});
		upload = null;
		given = typed = false;
		bad = null;
		written = "";
		for (const name in total) total[name] = name === "guessed" ? "" : 0;
		told.textContent = "";
		clear.hidden = true;
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
			const found = await ask(`uploads/${before.upload}/preview`, { json: { key: chosen().key, pasted: !!before.typed } });
			upload = before.upload;
			given = true;
			typed = !!before.typed;
			say(Object.assign(total, before.total));
			await seen?.(found);
		} catch { kept(null); } // it is no longer there, or was refused before
	};
	const preview = async () => {
		if (given) kept({ upload, total, choice: choice(), typed });
		bad = null;
		if (seen && given) await seen(await ask(`uploads/${upload}/preview`, { json: { key: chosen().key, pasted: typed } }).catch(async (error) => {
			await seen(null);
			throw bad = error;
		}));
	};
	const paste = async () => {
		const now = pasted?.value.trim() ? pasted.value.slice(0, most) : "";
		if (!now || now === written) return;
		try {
			await send([new File([now], named?.(now) ?? text, { type: "text/plain" })], true);
		} finally {
			written = now; // where it was refused too: what lies there is not sent twice
		}
	};
	const send = async (files, pasting = false) => {
		const heavy = files.find((file) => file.size > mb * 2 ** 20);
		if (heavy) return refuse(filled(words.not_kept, { name: heavy.name, mb }));
		if (single) await forget();
		typed = pasting && (typed || !given);
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
		const button = target.closest("[data-starter], [data-do=start], [data-do=forget]");
		if (!button) return;
		if (button === clear) attempt(async () => {
			if (pasted) {
				pasted.value = "";
				pasted.dispatchEvent(new Event("input", { bubbles: true }));
			}
			await forget();
			room.querySelector("[data-give], textarea")?.focus(); // the button is gone
		});
		else if (button.dataset.starter) attempt(async () => {
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
		if (!given) return refuse(pasted ? words.nothing_pasted : words.nothing_sent);
		if (bad) throw bad;
		const { key, options } = chosen();
		const minutes = +form.querySelector("[name=minutes]").value;
		const job = await ask("jobs", { json: { key, upload, options: { ...options, minutes } } });
		upload = null; // it has moved to the training
		await forget();
		open(job.id);
	};
	const left = () => {
		form.hidden = false;
		linkTo(null, room);
		list();
	};
	const open = async (id) => {
		end?.();
		form.hidden = true;
		linkTo(id, room);
		opened = id;
		list();
		const live = await import("./training_live.js").catch(() => null);
		if (opened !== id) return;
		end?.();
		if (live) end = live.follow(run, id, words, { left, relist: list });
		else { // the address keeps the training: loaded anew, the page finds it
			form.hidden = false;
			refuse(words.lost);
		}
	};
	const mine = room.querySelector(".train-mine");
	const list = () => listed(mine, words, (job) => Object.values(starts).some(({ key }) => key.split("/")[0] === job.task), open);
	const asked = new URL(location.href).searchParams;
	const id = asked.get("job");
	list().then(async () => {
		// Only where there is something: an attempt takes back what was refused meanwhile.
		if (!id) return kept(undefined) && !upload && attempt(again);
		const job = (await ask(`jobs/${id}`).catch(() => null))?.job;
		if (job && job.task === task) open(id);
		else if (!job && asked.get("tab") === tabOf(room)) {
			refuse(words.none);
			linkTo(null, room);
		}
	});
	return { attempt, send, open, refuse };
};
