// @ts-check
// Train of Detect objects: pictures come in, boxes are drawn on them, and both go to a training. Until
// then all of it stays in this browser, also when the page is closed.

import { editor } from "./detection_boxes.js";
import { asCoco, asVoc, base, readCoco, readVoc, zipped } from "./detection_formats.js";
import { filled } from "./dom.js";
import { scored } from "./detection_scored.js";
import { save } from "./share.js";
import { ask, mount, renderers } from "./training.js";

const SAME = 0.01; // difference of two pictures' proportions that rounding explains
const QUALITY = 0.92; // of the JPEG that a large picture becomes
const AS_IT_IS = ["image/jpeg", "image/png", "image/webp"];

/** What this browser keeps: {get, put, keys, drop}; in memory where it keeps nothing. */
const kept = () => {
	let lasting = true;
	const memory = new Map();
	const opened = new Promise((resolve, reject) => {
		const asked = indexedDB.open("breakthroughs.boxes", 1);
		asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
		asked.onsuccess = () => resolve(asked.result);
		asked.onerror = () => reject(asked.error);
	});
	const run = async (mode, work, instead) => {
		try {
			const place = (await opened).transaction("kept", mode).objectStore("kept"), asked = work(place);
			return await new Promise((resolve, reject) => {
				asked.onsuccess = () => resolve(asked.result);
				asked.onerror = () => reject(asked.error);
				asked.transaction.onabort = () => reject(asked.transaction.error); // no room
			});
		} catch {
			lasting = false;
			return instead();
		}
	};
	return {
		get lasting() { return lasting; },
		get: (key) => run("readonly", (place) => place.get(key), () => memory.get(key)),
		put: (key, value) => run("readwrite", (place) => place.put(value, key), () => void memory.set(key, value)),
		keys: () => run("readonly", (place) => place.getAllKeys(), () => [...memory.keys()]),
		drop: (key) => run("readwrite", (place) => place.delete(key), () => void memory.delete(key)),
	};
};

/** A file as it is kept: upright, no side longer than `most`; its own width and height beside it. */
const opened = async (file, most) => {
	const bitmap = await createImageBitmap(file), { width, height } = bitmap;
	const share = Math.min(1, most / Math.max(width, height));
	if (share === 1 && AS_IT_IS.includes(file.type)) return { blob: file, width, height };
	const canvas = document.createElement("canvas"), sheet = canvas.getContext("2d");
	[canvas.width, canvas.height] = [width, height].map((side) => Math.max(1, Math.round(side * share)));
	sheet.fillStyle = "#fff"; // below what can be seen through
	sheet.fillRect(0, 0, canvas.width, canvas.height);
	sheet.imageSmoothingQuality = "high";
	sheet.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
	return { blob, width, height };
};

export function mountBoxes(element) {
	const place = element.querySelector("[data-editor]");
	if (!place) return; // nothing can be trained here
	const { words, least, most, side } = JSON.parse(place.dataset.editor);
	const store = kept(), blobs = new Map(), addresses = new Map();
	const handed = place.querySelector(".boxes-handed"), said = element.querySelector(".train-data");
	const waiting = new Map(); // labels whose pictures have not come yet
	let away = false; // what was sent as it is will be learnt from, not what is drawn here

	const refused = (sentence) => Object.assign(new Error(sentence), { told: true });
	const image = (id) => {
		if (!addresses.has(id) && blobs.has(id)) addresses.set(id, URL.createObjectURL(blobs.get(id)));
		return addresses.get(id) ?? "";
	};
	const changed = (doc) => store.put("doc", doc);
	const sheet = editor(place, { words, image, changed });

	// ---- in -----------------------------------------------------------------------------------

	const is = (file, ends) => ends.some((end) => file.name.toLowerCase().endsWith(end));
	/** The labels of a picture, in its pixels; what does not fit is counted. */
	const fitted = (row, width, height, counts) => {
		const known = row.width > 0 && row.height > 0;
		const across = known ? width / row.width : 1, down = known ? height / row.height : 1;
		if (Math.abs(across / down - 1) > SAME) {
			counts.turned += row.boxes.length;
			return [];
		}
		return row.boxes.flatMap((one) => {
			const [x0, y0, x1, y1] = one.box.map((at, n) => n % 2 ? Math.min(height, Math.max(0, at * down)) : Math.min(width, Math.max(0, at * across)));
			if (x1 - x0 < 1 || y1 - y0 < 1) {
				counts.bad++;
				return [];
			}
			const outline = one.outline?.map((points) => points.map((at, n) => at * (n % 2 ? down : across)));
			return [{ ...one, box: [x0, y0, x1, y1], ...(outline && { outline }) }];
		});
	};
	/** Pictures and labels into the editor. */
	const take = async (files) => {
		const counts = { pictures: 0, boxes: 0, twice: 0, bad: 0, runs: 0, turned: 0 };
		const broken = [], other = [], labels = files.filter((file) => is(file, [".json", ".xml"]));
		for (const file of labels) {
			const text = await file.text(), read = is(file, [".xml"]) ? readVoc(text, file.name) : readCoco(text);
			if (!read) other.push(file.name);
			else {
				counts.bad += read.bad;
				counts.runs += read.runs;
				for (const row of read.rows) waiting.set(base(row.name), row);
				for (const row of read.rows) if (row.other) waiting.set(base(row.other), row);
			}
		}
		const claim = (name) => {
			const row = waiting.get(base(name)) ?? waiting.get(base(name).replace(/\.\w+$/, ""));
			if (row) for (const [key, one] of waiting) if (one === row) waiting.delete(key);
			return row;
		};
		const fresh = [], there = new Set(sheet.doc.pictures.map((one) => `${one.name} ${one.bytes}`));
		const pictures = files.filter((file) => !labels.includes(file));
		for (const [n, file] of pictures.entries()) {
			if (!file.type.startsWith("image/")) {
				other.push(file.name);
				continue;
			}
			if (there.has(`${file.name} ${file.size}`)) {
				counts.twice++;
				continue;
			}
			said.textContent = filled(words.opening, { done: n + 1, total: pictures.length });
			try {
				const { blob, width, height } = await opened(file, side), id = crypto.randomUUID?.() ?? `${Date.now()}-${n}`;
				blobs.set(id, blob);
				await store.put(id, blob);
				const row = claim(file.name), boxes = row ? fitted(row, width, height, counts) : [];
				fresh.push({ id, name: file.name, bytes: file.size, width, height, boxes });
				counts.pictures++;
				counts.boxes += boxes.length;
			} catch {
				broken.push(file.name);
			}
		}
		const { doc } = sheet;
		const old = doc.pictures.map((one) => {
			const row = labels.length ? claim(one.name) : null;
			if (!row) return one;
			const boxes = fitted(row, one.width, one.height, counts);
			counts.boxes += boxes.length;
			return { ...one, boxes: [...one.boxes, ...boxes] };
		});
		if (fresh.length || counts.boxes) {
			away = false;
			handed.hidden = true;
			const at = fresh.length ? doc.pictures.length : doc.at;
			sheet.set({ ...doc, pictures: [...old, ...fresh], at });
			navigator.storage?.persist?.().catch(() => {});
		}
		const missing = new Set(waiting.values()).size;
		const named = (names) => ({ count: names.length, names: names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "") });
		said.textContent = [
			(counts.pictures || counts.boxes) && filled(words.came, counts), counts.twice && filled(words.twice, { count: counts.twice }),
			broken.length && filled(words.broken, named(broken)), other.length && filled(words.other, named(other)),
			counts.bad && filled(words.bad, { count: counts.bad }), counts.turned && filled(words.turned, { count: counts.turned }),
			counts.runs && filled(words.runs, { count: counts.runs }), missing && filled(words.missing, { count: missing }),
			!store.lasting && words.forgotten,
		].filter(Boolean).join(" · ");
	};
	/** What a visitor gives: a zip, or a large folder, is sent as it is. */
	const give = async (files) => {
		const zips = files.filter((file) => is(file, [".zip"])), large = files.length > most + sheet.doc.pictures.length;
		const rest = large ? [] : files.filter((file) => !zips.includes(file));
		if (rest.length) await take(rest);
		if (!zips.length && !large) return;
		await room.send(large ? files : zips);
		away = true;
		const drawn = sheet.doc.pictures.length > 0;
		handed.hidden = !drawn;
		handed.querySelector("span").textContent = words.handed;
	};
	const starter = async () => {
		if (sheet.doc.pictures.length && !confirm(words.replace)) return;
		const { labels, pictures } = await ask("detection/starter");
		sheet.set({ ...sheet.empty });
		const files = await Promise.all(pictures.map(async ({ name, url }) =>
			new File([await (await fetch(url)).blob()], name, { type: "image/png" })));
		await take([new File([JSON.stringify(labels)], "annotations.json"), ...files]);
		sheet.set({ ...sheet.doc, at: 0 }, { step: false });
	};

	// ---- out ----------------------------------------------------------------------------------

	const sure = () => sheet.doc.pictures.map((one) => ({ ...one, boxes: one.boxes.filter(({ score }) => score === undefined) }));
	/** Names that no two pictures share, as a file system takes them. */
	const named = (pictures) => {
		const taken = new Set();
		return pictures.map((one) => {
			const stem = one.name.replace(/\.\w{1,5}$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60) || "picture";
			const end = { "image/png": "png", "image/webp": "webp" }[blobs.get(one.id).type] ?? "jpg";
			let name = `${stem}.${end}`;
			for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}-${n}.${end}`;
			taken.add(name.toLowerCase());
			return { ...one, name };
		});
	};
	/** Pictures and annotations.json, for the recipe: boxes in the pixels of what is sent. */
	const prepared = async () => {
		const pictures = sure(), every = pictures.flatMap(({ boxes }) => boxes);
		if (away || !pictures.length) return null;
		const nameless = every.filter(({ label }) => !label).length;
		if (!every.length) throw refused(words.no_boxes);
		if (nameless) throw refused(filled(words.nameless, { count: nameless }));
		if (pictures.length < least) throw refused(filled(words.few, { count: pictures.length, least }));
		const sent = await Promise.all(named(pictures).map(async (one) => {
			const bitmap = await createImageBitmap(blobs.get(one.id)), { width, height } = bitmap;
			bitmap.close();
			return { ...one, width, height, boxes: fitted(one, width, height, { turned: 0, bad: 0 }) };
		}));
		const labels = new File([JSON.stringify(asCoco(sent))], "annotations.json", { type: "application/json" });
		return [labels, ...sent.map(({ id, name }) => new File([blobs.get(id)], name, { type: blobs.get(id).type }))];
	};
	/** What the recipe reads in what was sent (`demos.detection.train.preview`). */
	const seen = async (told) => {
		if (!told) acts.drawn(); // what was sent as it is is there no more
		if (!told?.boxes) return;
		const kinds = told.kinds.map(([label, count]) => `${label} ${count}`).join(", ") + (told.more ? ` + ${told.more}` : "");
		said.textContent = [filled(words.read, { ...told, kinds }), ...told.left_out].join(" · ");
	};
	const room = mount(element, { prepared, single: true, seen });

	const suggest = async () => {
		const { doc } = sheet, one = doc.pictures[doc.at];
		sheet.tell(words.looking);
		const { objects } = await ask("detection/suggest", { method: "POST", body: blobs.get(one.id) });
		const names = Object.fromEntries(objects.filter(({ label, name }) => label && label !== name).map(({ label, name }) => [label, name]));
		sheet.propose(one.id, objects.map(({ label, score, box }) => ({
			// Where it only suspects something, that is of the kind that is being drawn.
			label: label || doc.labels[doc.label] || "", score, box: box.map((share, n) => share * (n % 2 ? one.height : one.width)),
		})), names);
		if (objects.length && !objects.some(({ label }) => label)) sheet.tell(filled(words.suspected, { count: objects.length }));
	};
	const acts = {
		suggest: () => room.attempt(suggest),
		coco: () => save(new Blob([JSON.stringify(asCoco(sure()), null, 1)], { type: "application/json" }), "annotations.json"),
		voc: () => save(zipped(sure().map((one) => [`Annotations/${one.name.replace(/\.\w{1,5}$/, "")}.xml`, asVoc(one)])), "annotations-voc.zip"),
		clear: () => {
			if (!confirm(words.confirm)) return;
			sheet.set(sheet.empty);
			said.textContent = "";
		},
		drawn: () => {
			away = false;
			handed.hidden = true;
		},
	};
	place.addEventListener("click", ({ target }) => acts[target.closest("[data-boxes]")?.dataset.boxes]?.());

	// A training that took what was sent as it is leaves nothing of it.
	const run = element.querySelector(".train-run");
	new MutationObserver(() => {
		if (!run.hidden && !said.textContent) acts.drawn();
	}).observe(run, { attributeFilter: ["hidden"] });

	// The room's own ways in, before the room itself hears of them.
	element.addEventListener("change", (event) => {
		const { target } = event;
		if (!target.dataset.give) return;
		event.stopPropagation();
		const files = [...target.files];
		target.value = "";
		room.attempt(() => give(files));
	}, true);
	element.addEventListener("drop", (event) => {
		if (!event.dataTransfer.files.length) return;
		event.preventDefault();
		event.stopPropagation();
		const files = [...event.dataTransfer.files];
		room.attempt(() => give(files));
	}, true);
	element.addEventListener("click", (event) => {
		if (!event.target.closest("[data-starter]")) return;
		event.stopPropagation();
		room.attempt(starter);
	}, true);
	document.addEventListener("paste", (event) => {
		const files = [...(event.clipboardData?.files ?? [])];
		if (!files.length || !element.checkVisibility?.()) return;
		event.preventDefault();
		room.attempt(() => give(files));
	});
	addEventListener("beforeunload", (event) => {
		if (!store.lasting && sheet.doc.pictures.length) event.preventDefault();
	});
	renderers.detection = (where, told, job) => scored(where, told, job, words);

	room.attempt(async () => { // what was drawn here before
		const doc = await store.get("doc");
		for (const key of await store.keys()) {
			if (key === "doc") continue;
			if (doc?.pictures.some(({ id }) => id === key)) blobs.set(key, await store.get(key));
			else await store.drop(key); // of pictures that were removed
		}
		if (!doc) return;
		const there = doc.pictures.filter(({ id }) => blobs.has(id));
		sheet.set({ ...doc, pictures: there, at: Math.min(doc.at, Math.max(0, there.length - 1)) }, { step: false });
	});
}
