// @ts-check
// Files that the server would not take are refused before they are sent, in the visitor's language:
// Gradio would refuse them in its own.

/** Why a file would not be taken; "" where it would. `said` is what `page.refusals` wrote. `picture`:
 *  whether it has to be one; what has no type known here may be.
 *  @param {HTMLElement} said @param {File} file @param {boolean} picture */
export const reason = (said, file, picture) => {
	const { empty, heavy, limit, other } = said.dataset;
	if (!file.size) return empty;
	if (file.size > +limit) return heavy.replace("{size}", String(Math.ceil(file.size / 1e6)));
	return picture && file.type && !file.type.startsWith("image/") ? other : "";
};

/** Watches the upload button `id`; the reason is told in `element`, in place of what the server
 *  refused before in `answer`.
 *  @param {HTMLElement} element @param {string} id @param {string} answer @param {boolean} picture */
export const guard = (element, id, answer, picture) => element.closest(".page").addEventListener("change", (event) => {
	const chooser = /** @type {HTMLInputElement} */ (event.target), [file] = chooser.files ?? [];
	const said = /** @type {HTMLElement} */ (element.querySelector(".refusal"));
	if (chooser.nextElementSibling?.id !== id || !file || !said) return; // a button stands after its input
	said.textContent = reason(said, file, picture);
	said.hidden = !said.textContent;
	if (said.hidden) return;
	document.querySelector(`#${answer} .refusal`)?.remove();
	event.stopPropagation();
	chooser.value = "";
}, true);
