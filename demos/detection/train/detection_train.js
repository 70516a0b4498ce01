// @ts-check
// Train of Detect objects: pictures come in, boxes are drawn on them, and both go to a training. Until
// then all of it stays in this browser, also when the page is closed.

import { editor } from "./detection_boxes.js";
import { asCoco, asVoc, crc, decoded, key, readCoco, readVoc, stem, unique, zipped } from "./detection_formats.js";
import { added, fitted, matched, together } from "./detection_labels.js";
import { filled } from "./dom.js";
import { scored } from "./detection_scored.js";
import { save } from "./share.js";
import { ask, mount, renderers } from "./training.js";

const QUALITY = 0.92; // of the JPEG that a large picture becomes
const HOUR = 3_600_000; // ms: whatever a window opens is named in what is kept by then
const AS_IT_IS = ["image/jpeg", "image/png", "image/webp"];

/** What this browser keeps: {get, put, change, keys, drop}; in memory where it keeps nothing. */
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
				asked.transaction.oncomplete = () => resolve(asked.result);
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
		/** What `make` makes of what is there; no other window comes between. */
		change: (key, make) => run("readwrite", (place) => {
			const asked = place.get(key);
			asked.onsuccess = () => place.put(make(asked.result), key);
			return asked;
		}, () => void memory.set(key, make(memory.get(key)))),
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
	let waiting = []; // labels whose pictures have not come yet
	let away = false; // what was sent as it is will be learnt from, not what is drawn here

	const refused = (sentence) => Object.assign(new Error(sentence), { told: true });
	const image = (id) => {
		if (!addresses.has(id) && blobs.has(id)) addresses.set(id, URL.createObjectURL(blobs.get(id)));
		return addresses.get(id) ?? "";
	};
	let base = null; // what this window kept last
	const changed = async (doc) => {
		const before = base ?? { pictures: [], labels: [] };
		let differs = false;
		base = doc;
		await store.change("doc", (there) => {
			const all = there ? together(before, doc, there) : doc;
			differs = JSON.stringify(all.pictures) !== JSON.stringify(doc.pictures);
			return all;
		});
		if (differs && !said.textContent.includes(words.elsewhere)) tell(said.textContent, words.elsewhere);
	};
	const tell = (...sentences) => (said.textContent = sentences.filter(Boolean).join(" · "));
	const sheet = editor(place, { words, image, changed });

	// ---- in -----------------------------------------------------------------------------------

	const is = (file, ends) => ends.some((end) => file.name.toLowerCase().endsWith(end));
	const whole = (file) => file.webkitRelativePath || file.name;
	const bytes = async (file) => new Uint8Array(await file.arrayBuffer());
	/** The rows of labels in files; what is odd in them is counted in `counts`, named in `names`. */
	const rowsOf = async (labels, counts, names) => {
		const rows = [];
		for (const file of labels) {
			const { text, guessed } = decoded(await bytes(file));
			const read = is(file, [".xml"]) ? readVoc(text, whole(file)) : readCoco(text, whole(file));
			if (!read) {
				names.other.push(file.name);
				continue;
			}
			if (guessed) names.guessed.push(file.name);
			for (const what of ["bad", "runs", "odd"]) counts[what] += read[what];
			rows.push(...read.rows);
		}
		return rows;
	};
	/** Pictures and labels into the editor. */
	const take = async (files) => {
		const counts = { pictures: 0, boxes: 0, twice: 0, again: 0, bad: 0, odd: 0, runs: 0, turned: 0, cut: 0 };
		const names = { broken: [], other: [], guessed: [], unclear: [] };
		const labels = files.filter((file) => is(file, [".json", ".xml"])), pictures = files.filter((file) => !labels.includes(file));
		const rows = await rowsOf(labels, counts, names);
		const fresh = [], paths = new Map();
		for (const [n, file] of pictures.entries()) {
			if (!file.type.startsWith("image/")) {
				names.other.push(file.name);
				continue;
			}
			tell(filled(words.opening, { done: n + 1, total: pictures.length }));
			try {
				const sum = crc(await bytes(file)), path = whole(file);
				const there = [...sheet.doc.pictures, ...fresh].find((one) =>
					one.name === file.name && one.bytes === file.size && (one.sum ?? sum) === sum);
				if (there) {
					counts.twice++;
					if (path !== file.name) paths.set(there.id, path);
					continue;
				}
				const { blob, width, height } = await opened(file, side), id = `${Date.now()}-${n}-${Math.random()}`;
				blobs.set(id, blob);
				await store.put(id, blob);
				fresh.push({ id, name: file.name, path, bytes: file.size, sum, width, height, boxes: [] });
				counts.pictures++;
			} catch {
				names.broken.push(file.name);
			}
		}
		const { doc } = sheet;
		const known = doc.pictures.map((one) => paths.has(one.id) ? { ...one, path: paths.get(one.id) } : one);
		// Labels that waited are for pictures that come now: those there have had theirs.
		const { of, unclear } = matched([...waiting, ...rows], [...known, ...fresh], (row, one) => rows.includes(row) || fresh.includes(one));
		const full = (one) => {
			const coming = (of.get(one) ?? []).flatMap((row) => fitted(row, one.width, one.height, counts));
			const boxes = added(one.boxes, coming, counts), more = boxes.length - one.boxes.length;
			counts.boxes += more;
			return more ? { ...one, boxes } : one;
		};
		const all = [...known, ...fresh].map(full);
		if (fresh.length || counts.boxes) {
			away = false;
			handed.hidden = true;
			const at = fresh.length ? doc.pictures.length : doc.at;
			sheet.set({ ...doc, pictures: all, at });
			navigator.storage?.persist?.().catch(() => {});
		}
		const placed = new Set([...[...of.values()].flat(), ...unclear]);
		waiting = [...waiting, ...rows].filter((row) => !placed.has(row));
		names.unclear = [...unclear].map(({ path }) => path);
		const named = (some) => ({ count: some.length, names: some.slice(0, 3).join(", ") + (some.length > 3 ? " …" : "") });
		tell(
			(counts.pictures || counts.boxes) && filled(words.came, counts),
			...["twice", "again"].map((what) => counts[what] && filled(words[what], { count: counts[what] })),
			...["broken", "other", "unclear", "guessed"].map((what) => names[what].length && filled(words[what], named(names[what]))),
			...["bad", "odd", "turned", "cut", "runs"].map((what) => counts[what] && filled(words[what], { count: counts[what] })),
			waiting.length && filled(words.missing, { count: new Set(waiting.map(({ path }) => key(path))).size }),
			!store.lasting && words.forgotten,
		);
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
		const names = unique(pictures.map((one) => [
			stem(one.name).replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60) || "picture",
			`.${{ "image/png": "png", "image/webp": "webp" }[blobs.get(one.id).type] ?? "jpg"}`,
		]));
		return pictures.map((one, n) => ({ ...one, name: names[n] }));
	};
	/** For a file to keep: boxes with a label, and pictures of one name by their folders. */
	const finished = () => {
		const pictures = sure(), nameless = pictures.flatMap(({ boxes }) => boxes).filter(({ label }) => !label).length;
		if (nameless) sheet.tell(filled(words.unlabelled, { count: nameless }));
		const shared = (one) => pictures.some((two) => two !== one && key(two.name) === key(one.name));
		return pictures.map((one) => ({
			...one, name: shared(one) && one.path || one.name, boxes: one.boxes.filter(({ label }) => label),
		}));
	};
	const voc = () => {
		const pictures = finished(), names = unique(pictures.map(({ name }) => [`Annotations/${stem(name)}`, ".xml"]));
		return zipped(pictures.map((one, n) => [names[n], asVoc(one)]));
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
			return { ...one, width, height, boxes: fitted(one, width, height, { turned: 0, bad: 0, cut: 0 }) };
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
		coco: () => save(new Blob([JSON.stringify(asCoco(finished()), null, 1)], { type: "application/json" }), "annotations.json"),
		voc: () => save(voc(), "annotations-voc.zip"),
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
			else if (!(Date.now() - parseInt(key, 10) < HOUR)) await store.drop(key); // of pictures that were removed
		}
		if (!doc) return;
		base = doc;
		const there = doc.pictures.filter(({ id }) => blobs.has(id)), gone = doc.pictures.length - there.length;
		if (gone) tell(filled(words.gone, { count: gone }));
		sheet.set({ ...doc, pictures: there, at: Math.min(doc.at, Math.max(0, there.length - 1)) }, { step: false });
	});
}
