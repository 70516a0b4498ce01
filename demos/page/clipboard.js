// @ts-check
// What a button that copies does: it writes to the clipboard, and says so for a moment.

/** Copies a text. Where the browser lends no clipboard (plain http from another machine, or denied),
 *  what `select` marks is copied as by Ctrl+C; where not even that, it stays marked, ready for it.
 *  @returns {Promise<boolean>} whether it is copied */
export async function copied(/** @type {string} */ text, /** @type {() => void} */ select) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		select();
		return document.execCommand("copy");
	}
}

/** A button says that it is done (its `data-done`), then again what it does. */
export function done(/** @type {HTMLElement} */ button) {
	button.dataset.label ??= button.textContent ?? "";
	button.textContent = button.dataset.done ?? "";
	clearTimeout(waiting.get(button));
	waiting.set(button, setTimeout(() => (button.textContent = button.dataset.label ?? ""), 1600));
}

const waiting = new WeakMap();
