// @ts-check
// A visitor's own picture stays when the page is opened in the other language: it is carried over, and
// given to the same input again.

import { carried } from "./carried.js";

const MOST = 1_500_000; // bytes of a file; as text a third more
const SIDE = 1600; // pixels of the longer side of what a larger one is made

const reduced = async (file) => {
	if (file.size <= MOST) return file;
	const bitmap = await createImageBitmap(file), scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
	const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
	canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	return new Promise((done) => canvas.toBlob(done, "image/jpeg", .9));
};
const text = (blob) => new Promise((done, fail) => {
	const reader = new FileReader();
	reader.onload = () => done(reader.result);
	reader.onerror = fail;
	reader.readAsDataURL(blob);
});

/** Of the tab `name`. Gives `shown`, to be told which file is shown now, null where it is not the
 *  visitor's, and `before`, a Promise of the file that was shown in the other language, or null.
 *  @param {string} name */
export const own = (name) => {
	const over = carried(`picture.${name}`);
	/** @type {File | null} */
	let mine = null;
	let url = "", title = "";
	const shown = async (/** @type {File | null} */ file) => {
		mine = file;
		url = "";
		const told = file && await reduced(file).then((one) => one && one.size <= MOST ? text(one) : "").catch(() => "");
		if (mine === file && told) [url, title] = [told, file.name];
	};
	const before = (async () => {
		const kept = over.take();
		if (!kept) return null;
		const blob = await (await fetch(kept.url)).blob();
		return new File([blob], kept.title, { type: blob.type });
	})().catch(() => null);
	addEventListener("house:language", ({ detail: { searchParams } }) => {
		// Another tab's page is made when it is opened, which may be never.
		if (url && searchParams.get("tab") === name) over.put({ url, title });
	});
	return { shown, before };
};
