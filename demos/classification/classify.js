// @ts-check
// Try of Classify images: what is given and refused at once, pasting, and the list of what it knows.

import { own } from "./own_picture.js";
import { reason } from "./refused.js";

/** Files that cannot be sent are refused before they are, in the visitor's language; a picture that is
 *  pasted while the room is in sight is given. */
export function give(element) {
	const page = element.closest(".page") ?? document;
	const mine = own("classification");
	const chooser = () => page.querySelector("#classify-picture input[type=file]");
	const refuse = (files, one) => {
		const said = element.querySelector(".refusal");
		if (!said) return false;
		said.textContent = files.map((file) => reason(said, file, one)).find(Boolean) ?? "";
		said.hidden = !said.textContent;
		page.querySelector("#classify-refused .refusal")?.remove(); // the server's, of a file before
		return !said.hidden;
	};
	const check = (event) => {
		const button = event.target.nextElementSibling; // an upload button stands after its input
		const field = button?.id === "classify-several" ? button : event.target.closest?.("#classify-picture");
		const files = [...((event.dataTransfer || event.target).files || [])];
		if (!field || !files.length) return;
		const one = field.id === "classify-picture";
		const refused = refuse(files, one), dropped = one && event.type === "drop";
		if (!refused && one) mine.shown(files[0]);
		if (!refused && !dropped) return;
		event.preventDefault();
		event.stopImmediatePropagation(); // Gradio clears the picture first, and then finds nothing dropped
		if (!refused) put(chooser(), files[0]);
	};
	for (const name of ["change", "drop"]) page.addEventListener(name, check, true);
	document.addEventListener("paste", (event) => {
		const file = event.clipboardData?.files?.[0], input = chooser();
		if (!file || !input || !page.querySelector(".room-try")?.checkVisibility?.()) return;
		event.preventDefault();
		event.stopImmediatePropagation(); // Gradio's own listens only while its clipboard icon is chosen
		if (!refuse([file], true)) put(input, file);
	}, true);
	const put = (input, file) => {
		const given = new DataTransfer();
		given.items.add(file);
		input.files = given.files;
		input.dispatchEvent(new Event("change", { bubbles: true }));
	};
	// Gradio says nothing where no camera can be opened.
	addEventListener("unhandledrejection", (event) => {
		const said = element.querySelector(".refusal"), words = element.querySelector(".unshown")?.dataset;
		const open = page.querySelector("#classify-picture")?.checkVisibility?.();
		const closed = ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError"].includes(event.reason?.name);
		if (!words || !open || !(closed || (event.reason instanceof TypeError && !navigator.mediaDevices))) return;
		event.preventDefault();
		said.textContent = navigator.mediaDevices ? words.camera : words.insecure;
		said.hidden = false;
	});
	mine.restore(() => page.querySelector("#classify-picture img") && chooser(), ([file]) => put(chooser(), file));
	// No torn picture in the frame: a TIFF is answered though no browser shows it.
	for (const name of ["error", "load"]) page.addEventListener(name, (event) => {
		if (!event.target.closest?.("#classify-picture")) return;
		const torn = name === "error" && event.target.tagName === "IMG";
		event.target.classList.toggle("torn", torn);
		const note = element.querySelector(".unshown");
		if (note) note.hidden = !torn;
	}, true);
	page.addEventListener("click", (event) => {
		const said = element.querySelector(".refusal");
		if (event.target.closest("[data-pick], #classify-picture :is(.icon-button-wrapper button, .source-selection button:not(:first-of-type))")) mine.shown();
		if (said && event.target.closest("[data-pick]")) said.hidden = true;
		// Gradio's upload icon only clears the picture that is there: open the chooser at once instead.
		const icon = event.target.closest("#classify-picture .source-selection button:first-of-type");
		if (!icon || !chooser()) return;
		event.stopImmediatePropagation();
		chooser().value = "";
		chooser().click();
	}, true);
}

/** The list of what a model knows narrows to what is typed: any part of a name, in either language or
 *  in the data set's own words. The beginning of a word of a group's name finds all its kinds. */
export function search(element) {
	element.addEventListener("input", () => {
		const box = element.querySelector("input"), told = element.querySelector("[role=status]");
		const typed = box.value.trim().toLowerCase();
		told.dataset.all ??= told.textContent;
		const latin = /^[ -~]*$/.test(typed), long = typed.length > (latin ? 2 : 0);
		let found = 0;
		for (const section of element.querySelectorAll("section")) {
			const whole = long && ` ${section.dataset.group ?? ""}`.includes(latin ? ` ${typed}` : typed);
			let here = 0;
			for (const line of section.querySelectorAll("li")) {
				const fits = whole || `${line.textContent} ${line.dataset.own ?? ""}`.toLowerCase().includes(typed);
				line.hidden = !fits;
				here += Number(fits);
			}
			section.hidden = !here;
			found += here;
		}
		told.textContent = !typed ? told.dataset.all
			: found ? told.dataset.some.replace("{count}", found) : told.dataset.none;
	});
}
