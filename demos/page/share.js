// @ts-check
// Share: a link that opens the same again, and a picture with a small credit line to take along.

/** The page's address with these parameters and the visitor's language, and nothing else. */
export function linkTo(parameters) {
	const here = new URL(location.href), link = new URL(here.pathname, here.origin);
	const lang = here.searchParams.get("lang");
	for (const [name, value] of Object.entries({ ...parameters, ...(lang && { lang }) })) link.searchParams.set(name, value);
	return link.href;
}

/** Copies an address and says so on the button for a moment (its `data-done`). */
export async function copyLink(button, address) {
	button.dataset.label ??= button.textContent;
	try {
		await navigator.clipboard.writeText(address); // undefined on plain http
		button.textContent = button.dataset.done;
		setTimeout(() => (button.textContent = button.dataset.label), 1600);
	} catch {
		// Without a clipboard to write to, the address stands there to be copied by hand.
		const field = Object.assign(document.createElement("input"), { value: address, readOnly: true });
		field.ariaLabel = button.dataset.label;
		button.replaceWith(field);
		field.select();
	}
}

const LINE = 28, SIZE = 13, MARGIN = 10; // pixels of the line beneath a picture, of its letters, at its left

/** A canvas with a picture `width` by `height` pixels large, drawn by `paint(context)`, and the credit
 *  line beneath it. */
export function credited(width, height, credit, paint) {
	const canvas = Object.assign(document.createElement("canvas"), { width, height: height + LINE });
	const context = canvas.getContext("2d");
	context.fillStyle = "#fff";
	context.fillRect(0, 0, width, canvas.height);
	paint(context);
	context.fillStyle = "#555";
	context.font = `${SIZE}px system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif`;
	context.textBaseline = "middle";
	context.fillText(credit, MARGIN, height + LINE / 2, width - 2 * MARGIN);
	return canvas;
}

/** Hands a Blob to the visitor as a file. */
export function save(file, name) {
	const address = URL.createObjectURL(file);
	Object.assign(document.createElement("a"), { href: address, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Hands a canvas to the visitor as a PNG file. */
export const savePicture = (canvas, name) => canvas.toBlob((file) => save(file, name));
