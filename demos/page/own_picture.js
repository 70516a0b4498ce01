// @ts-check
// The picture stays when the page is opened in the other language: a visitor's own are carried over and
// given to the same input again, an example stands in the address as in the link beneath its answer.

import { carried } from "./carried.js";

const MOST = 1_800_000; // bytes of all files; as text a third more
const ONE = 1_500_000; // of a file
const SIDE = 1600; // pixels of the longer side of what a larger one is made, if it is the only one

const reduced = async (/** @type {File} */ file, /** @type {number} */ of) => {
	const most = Math.min(ONE, MOST / of);
	if (file.size <= most) return file;
	const bitmap = await createImageBitmap(file);
	const scale = Math.min(1, SIDE / Math.sqrt(of) / Math.max(bitmap.width, bitmap.height));
	const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
	const pen = canvas.getContext("2d");
	pen.fillStyle = "#fff"; // a JPEG has no transparency
	pen.fillRect(0, 0, canvas.width, canvas.height);
	pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
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
 *  visitor's, and `restore`, which gives to `put` the files that were shown in the other language once
 *  `ready` is true: the page has its opening picture, and nobody has chosen another meanwhile.
 *  @param {string} name */
export const own = (name) => {
	const over = carried(`picture.${name}`);
	/** @type {{ url: string, title: string }[]} */
	let kept = over.take() ?? [];
	/** @type {File[] | null} */
	let mine = null; // null: nobody has chosen yet
	const shown = async (/** @type {File[]} */ ...files) => {
		mine = files;
		const told = await Promise.all(files.map((file) => reduced(file, files.length).then(text)
			.then((url) => [{ url, title: file.name }]).catch(() => [])));
		if (mine === files) kept = told.flat();
	};
	const restore = async (/** @type {() => any} */ ready, /** @type {(files: File[]) => void} */ put) => {
		const files = await Promise.all(kept.map(async ({ url, title }) => {
			const blob = await (await fetch(url)).blob();
			return new File([blob], title, { type: blob.type });
		})).catch(() => []);
		const until = Date.now() + PATIENCE;
		while (files.length && !mine && Date.now() < until) {
			if (ready()) {
				put(files);
				dispatchEvent(new Event("wheel")); // nobody tapped: the page stays where it is (answer.js)
				return;
			}
			await new Promise((done) => setTimeout(done, 100));
		}
	};
	addEventListener("house:language", ({ detail: { searchParams } }) => {
		if (searchParams.get("tab") !== name) return; // another tab's page is made when it is opened, which may be never
		if (kept.length) return over.put(kept);
		/** @type {HTMLElement} */
		const link = document.querySelector(`.tab-${name} .room-try [data-share]`);
		// Not its model: another one may be chosen meanwhile, which `page.js` carries over.
		const { tab, room, model, ...shown } = JSON.parse(link?.dataset.share ?? "{}");
		for (const [key, value] of Object.entries(shown)) searchParams.set(key, value);
	});
	return { shown, restore };
};
const PATIENCE = 30_000; // ms
