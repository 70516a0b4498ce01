// @ts-check
// A visitor's own pictures stay when the page is opened in the other language: they are carried over,
// and given to the same input again.

import { carried } from "./carried.js";

const MOST = 3_000_000; // bytes of all files; as text a third more
const ONE = 1_500_000; // of a file
const SIDE = 1600; // pixels of the longer side of what a larger one is made, if it is the only one

const reduced = async (/** @type {File} */ file, /** @type {number} */ of) => {
	const most = Math.min(ONE, MOST / of);
	if (file.size <= most) return file;
	const bitmap = await createImageBitmap(file);
	const scale = Math.min(1, SIDE / Math.sqrt(of) / Math.max(bitmap.width, bitmap.height));
	const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
	canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", .9));
	if (!made || made.size > most) throw new Error("too large to be carried");
	return made;
};
const text = (blob) => new Promise((done, fail) => {
	const reader = new FileReader();
	reader.onload = () => done(reader.result);
	reader.onerror = fail;
	reader.readAsDataURL(blob);
});

/** Of the tab `name`. Gives `shown`, to be told which files are shown now, none where they are not the
 *  visitor's, and `before`, a Promise of the files that were shown in the other language, or of none.
 *  @param {string} name */
export const own = (name) => {
	const over = carried(`picture.${name}`);
	/** @type {File[]} */
	let mine = [];
	/** @type {{ url: string, title: string }[]} */
	let kept = [];
	const shown = async (/** @type {File[]} */ ...files) => {
		mine = files;
		kept = [];
		const told = await Promise.all(files.map(async (file) => ({ url: await text(await reduced(file, files.length)), title: file.name }))).catch(() => []);
		if (mine === files) kept = told;
	};
	const before = (async () => Promise.all((over.take() ?? []).map(async (one) => {
		const blob = await (await fetch(one.url)).blob();
		return new File([blob], one.title, { type: blob.type });
	})))().catch(() => []);
	addEventListener("house:language", ({ detail: { searchParams } }) => {
		// Another tab's page is made when it is opened, which may be never.
		if (kept.length && searchParams.get("tab") === name) over.put(kept);
	});
	return { shown, before };
};

/** Does `act` once there is something at `selector`: the page has its opening picture, and the
 *  visitor's own takes its place. Nobody tapped: the page stays where it is (answer.js).
 *  @param {string} selector @param {() => void} act */
export const once = (selector, act, until = Date.now() + PATIENCE) => {
	if (document.querySelector(selector)) {
		act();
		dispatchEvent(new Event("wheel"));
	} else if (Date.now() < until) setTimeout(once, 100, selector, act, until);
};
const PATIENCE = 30_000; // ms
