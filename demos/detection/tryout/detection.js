// @ts-check
// Try of Detect objects: the slider, the answered pictures, and the files to take home.

import { carried } from "./carried.js";
import { columns, encoded, scaled } from "./detection_masks.js";
import { chosen, follow, isShown, paint, paintAll, percent, read, tint } from "./detection_shown.js";
import { credited, save, savePicture } from "./share.js";

/** The slider: from which score an object is shown; where a link says it, or it stood in the other
 *  language, from there. */
export function mountLeast(element) {
	const slider = element.querySelector("input"), linked = new URL(location.href).searchParams;
	const set = () => {
		chosen.least = +slider.value / 100;
		slider.setAttribute("aria-valuetext", percent(chosen.least));
		element.querySelector("output").textContent = percent(chosen.least);
		paintAll();
	};
	slider.addEventListener("input", set);
	const over = carried("least");
	addEventListener("house:language", () => over.put(slider.value));
	const asked = over.take() ?? (linked.has("detect_picture") ? linked.get("confidence") : null);
	if (!/^\d{1,2}$/.test(asked) || +asked < +slider.min || +asked > +slider.max) return; // which is said
	slider.value = asked;
	set();
}

/** The answered pictures; of several the one that is chosen is shown. */
export function mountFound(element, shown, watch) {
	let at = 0, names = "";
	const sheets = () => [...element.querySelectorAll("[data-sheet]")];
	const show = () => {
		const all = sheets();
		if (!all.length) return;
		at = Math.min(at, all.length - 1);
		element.querySelector(".several")?.remove();
		if (all.length > 1) element.prepend(strip(all));
		all.forEach((sheet, n) => sheet.toggleAttribute("hidden", n !== at));
		element.querySelectorAll("[data-found]").forEach(paint);
	};
	const strip = (all) => {
		const row = document.createElement("div");
		row.className = "several";
		row.setAttribute("role", "group");
		all.forEach((sheet, n) => {
			const button = document.createElement("button"), picture = sheet.querySelector("img");
			button.type = "button";
			button.dataset.to = n;
			button.setAttribute("aria-pressed", String(n === at));
			const name = sheet.dataset.found ? read(sheet).file : sheet.querySelector("b").textContent;
			button.setAttribute("aria-label", name);
			button.title = name;
			if (picture) button.append(Object.assign(new Image(), { src: picture.src, alt: "" }));
			else button.append(Object.assign(document.createElement("span"), { textContent: `⚠ ${name}` }));
			row.append(button);
		});
		return row;
	};
	element.addEventListener("click", (event) => {
		const to = event.target.closest("[data-to]"), save = event.target.closest("[data-save]");
		if (to) {
			at = +to.dataset.to;
			show();
			element.querySelector(`[data-to="${at}"]`).focus();
			shown(at);
		}
		if (save) (save.dataset.save === "coco" ? saveCoco : saveShown)(save.closest("[data-found]"), sheets());
	});
	follow(element);
	watch("value", () => {
		const now = sheets().map((sheet) => sheet.dataset.found ?? "").join();
		if (!now.startsWith(names) || !names) at = 0;
		names = now;
		show();
	});
	show();
}

const stem = (name) => name.replace(/\.\w{1,5}$/, "") || "picture";

/** The picture as PNG with what is shown of it, its credit line beneath. */
function saveShown(figure) {
	const { objects, seen, file } = read(figure), image = figure.querySelector("img");
	const size = [image.naturalWidth, image.naturalHeight];
	const { credit } = figure.querySelector("[data-credit]").dataset;
	const canvas = credited(size[0], size[1], credit, (sheet) => drawShown(sheet, { objects, seen, image, size }));
	savePicture(canvas, `${stem(file)}-objects.png`);
}

function drawShown(sheet, { objects, seen, image, size }) {
	sheet.drawImage(image, 0, 0);
	tint(sheet, objects, seen, size);
	const across = size[0] / seen[0], down = size[1] / seen[1], high = Math.max(10, Math.round(Math.min(Math.max(...size) / 55, Math.min(...size) / 8)));
	sheet.font = `600 ${high}px ui-sans-serif, system-ui, sans-serif`;
	sheet.textBaseline = "middle";
	sheet.lineWidth = Math.max(2, high / 6);
	for (const { box: [x0, y0, x1, y1], name, score, colour } of objects.filter(isShown).reverse()) {
		sheet.strokeStyle = sheet.fillStyle = colour;
		sheet.strokeRect(x0 * across, y0 * down, (x1 - x0) * across, (y1 - y0) * down);
		const text = `${name} ${percent(score)}`, wide = sheet.measureText(text).width + high;
		const left = Math.max(0, Math.min(x0 * across, size[0] - wide)), tall = high * 1.5;
		const top = y0 * down > tall ? y0 * down - tall : y0 * down;
		sheet.fillRect(left, top, wide, tall);
		sheet.fillStyle = "#fff";
		sheet.fillText(text, left + high / 2, top + tall / 2);
	}
}

/** What is shown of all pictures as COCO writes it, in the pixels of the files that were sent. */
function saveCoco(figure, sheets) {
	const images = [], annotations = [], categories = new Map();
	sheets.filter((sheet) => sheet.dataset.found).forEach((sheet, n) => {
		const { objects, seen, sent, file } = read(sheet);
		const across = sent[0] / seen[0], down = sent[1] / seen[1];
		images.push({ id: n + 1, file_name: file, width: sent[0], height: sent[1] });
		for (const object of objects.filter(isShown)) {
			if (!categories.has(object.label)) categories.set(object.label, categories.size + 1);
			const [x0, y0, x1, y1] = object.box;
			const bbox = [x0 * across, y0 * down, (x1 - x0) * across, (y1 - y0) * down].map((side) => +side.toFixed(2));
			const mask = object.mask && encoded(scaled(columns(object.mask, seen), seen, sent), sent[1]);
			annotations.push({
				id: annotations.length + 1, image_id: n + 1, category_id: categories.get(object.label),
				bbox, area: mask ? mask.area : bbox[2] * bbox[3], iscrowd: 0, score: object.score,
				segmentation: mask ? { size: [sent[1], sent[0]], counts: mask.counts } : [],
			});
		}
	});
	const kinds = [...categories].map(([name, id]) => ({ id, name }));
	const told = { info: { description: `${read(figure).model}, Breakthroughs` }, images, annotations, categories: kinds };
	const name = images.length > 1 ? "objects" : stem(images[0].file_name);
	save(new Blob([JSON.stringify(told)], { type: "application/json" }), `${name}-coco.json`);
}

/** The answer stands above the examples: back to it, where its head is out of sight. */
function bring() {
	const answer = document.querySelector("#detect-found");
	const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
	if (answer.getBoundingClientRect().top < 0) answer.scrollIntoView({ block: "start", behavior });
}

/** Buttons that carry data-pick; figures in the same place are painted and followed. */
export function mountPicks(element, pick, watch) {
	element.addEventListener("click", (event) => {
		const button = event.target.closest("[data-pick]");
		if (!button || button.disabled) return;
		if (button.closest("#detect-examples")) bring();
		pick(button.dataset.pick);
	});
	if (!watch) return;
	follow(element);
	watch("value", () => element.querySelectorAll("[data-found]").forEach(paint));
}
