// @ts-check
// Labels of pictures as COCO and Pascal VOC write them, to boxes and back; and a zip of some texts.

/** A path as files and labels share it: with one kind of slash, composed, in lower case. */
export const key = (path) =>
	path.split(/[\\/]/).map((part) => part.trim()).filter((part) => part && part !== ".").join("/").normalize("NFKC").toLowerCase();
/** A name without its ending. */
export const stem = (name) => name.replace(/\.\w{1,5}$/, "");
/** What a file beside that of the labels would be called. */
const beside = (labels, name) => labels.replace(/[^/]*$/, () => name);

const number = (text) => text === null || text === undefined || text === "" ? NaN : Number(text);
const right = (box) => box.every(Number.isFinite) && box[2] > box[0] && box[3] > box[1];

/** The text of a file: in the encoding that its mark or XML's first line tells, in UTF-8, or, `guessed`,
 *  in GB18030, in which Chinese programs write. */
export function decoded(bytes) {
	const [first, second] = bytes, start = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
	const told = start.match(/^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)/)?.[1];
	const wide = first === 0xff || second === 0 ? "utf-16le" : first === 0xfe || first === 0 ? "utf-16be" : "";
	// What says in single bytes that it is UTF-16 was written by who did not know.
	for (const encoding of [wide, /utf-?16/i.test(told ?? "") ? "" : told, "utf-8", "gb18030"]) {
		try {
			if (encoding) return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), guessed: encoding === "gb18030" && encoding !== told };
		} catch { // it is not in this one, or nobody knows it
		}
	}
	return { text: new TextDecoder().decode(bytes), guessed: false };
}

/** COCO's polygons, x and y by turns, also of one flat list or of pairs; null where there are none. */
const polygons = (told) => {
	const list = Array.isArray(told) ? told : [], single = list.every((one) => typeof one === "number" || one?.length === 2);
	const shapes = single ? [list] : list;
	const flat = shapes.filter(Array.isArray).map((points) => points.flat());
	const good = flat.filter((points) => points.length >= 6 && points.length % 2 === 0 && points.every(Number.isFinite));
	return good.length ? good : null;
};
/** The box of an outline. */
const around = (outline) => [Math.min, Math.max].flatMap((most) =>
	[0, 1].map((side) => outline.flat().filter((_, n) => n % 2 === side).reduce((one, two) => most(one, two))));

/** COCO's JSON -> {rows: [{path, width, height, boxes}], bad, runs, odd}, or null where it is none. `bad`:
 *  the objects that have no box; `runs`: the outlines in run lengths, which are not kept; `odd`: the
 *  entries that are none. A box is {box: [left, top, right, bottom], label, outline?, crowd?}. */
export function readCoco(text, path) {
	let told;
	try { told = JSON.parse(text); } catch { return null; }
	const lists = ["images", "annotations", "categories"].map((part) => told?.[part]);
	if (!lists.every(Array.isArray)) return null;
	const [images, annotations, categories] = lists.map((list) => list.filter((one) => one && typeof one === "object"));
	const odd = lists.flat().length - images.length - annotations.length - categories.length;
	const names = new Map(categories.map(({ id, name }) => [String(id), String(name ?? "").normalize("NFC").trim()]));
	const rows = new Map(images.map(({ id, file_name, width, height }) =>
		[String(id), { path: beside(path, String(file_name).replaceAll("\\", "/")), width: number(width), height: number(height), boxes: [] }]));
	let bad = 0, runs = 0;
	for (const { image_id, category_id, bbox, segmentation, iscrowd } of annotations) {
		const row = rows.get(String(image_id)), label = names.get(String(category_id)), outline = polygons(segmentation);
		const [x, y, w, h] = Array.isArray(bbox) ? bbox.map(number) : [];
		const box = outline && !bbox?.length ? around(outline) : [x, y, x + w, y + h];
		if (!row || !label || !right(box)) {
			bad++;
			continue;
		}
		if (segmentation?.counts) runs++;
		row.boxes.push({ box, label, ...(outline && { outline }), ...(iscrowd && { crowd: true }) });
	}
	return { rows: [...rows.values()], bad, runs, odd };
}

/** VOC's XML of one picture, in the same form; `other`: the picture's path by that of the labels. Its
 *  pixels are counted from 1, both ends included. */
export function readVoc(text, path) {
	const xml = new DOMParser().parseFromString(text, "application/xml"), top = xml.documentElement;
	if (xml.querySelector("parsererror") || top.tagName !== "annotation") return null;
	const said = (from, place) => from.querySelector(place)?.textContent.trim();
	const other = path.replace(/\.xml$/i, ""), name = said(top, ":scope > filename")?.replaceAll("\\", "/");
	const row = {
		path: name ? beside(path, name) : other, other,
		width: number(said(top, "size > width")), height: number(said(top, "size > height")), boxes: [],
	};
	let bad = 0;
	for (const object of top.querySelectorAll(":scope > object")) {
		const [x0, y0, x1, y1] = ["xmin", "ymin", "xmax", "ymax"].map((side) => number(said(object, `:scope > bndbox > ${side}`)));
		const box = [x0 - 1, y0 - 1, x1, y1], label = (said(object, ":scope > name") ?? "").normalize("NFC");
		if (label && right(box)) row.boxes.push({ box, label });
		else bad++;
	}
	return { rows: [row], bad, runs: 0, odd: 0 };
}

/** Names of files, from [name without ending, ending], none twice, in whichever case. */
export function unique(names) {
	const taken = new Set();
	return names.map(([name, end]) => {
		let one = name + end;
		for (let n = 2; taken.has(key(one)); n++) one = `${name}-${n}${end}`;
		taken.add(key(one));
		return one;
	});
}

const fixed = (value) => +value.toFixed(2);

/** Pictures {name, width, height, boxes} as COCO has them. */
export function asCoco(pictures) {
	const kinds = [...new Set(pictures.flatMap(({ boxes }) => boxes.map(({ label }) => label)))].sort();
	const annotations = [];
	pictures.forEach(({ boxes }, at) => {
		for (const { box: [x0, y0, x1, y1], label, outline, crowd } of boxes)
			annotations.push({
				id: annotations.length + 1, image_id: at + 1, category_id: kinds.indexOf(label) + 1,
				bbox: [x0, y0, x1 - x0, y1 - y0].map(fixed), area: fixed((x1 - x0) * (y1 - y0)), iscrowd: crowd ? 1 : 0,
				...(outline && { segmentation: outline.map((points) => points.map(fixed)) }),
			});
	});
	return {
		info: { description: "Breakthroughs" },
		images: pictures.map(({ name, width, height }, at) => ({ id: at + 1, file_name: name, width, height })),
		categories: kinds.map((name, at) => ({ id: at + 1, name })),
		annotations,
	};
}

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** One picture as VOC has it. */
export function asVoc({ name, width, height, boxes }) {
	const objects = boxes.map(({ box: [x0, y0, x1, y1], label }) => `	<object>
		<name>${escaped(label)}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>${Math.round(x0) + 1}</xmin><ymin>${Math.round(y0) + 1}</ymin><xmax>${Math.round(x1)}</xmax><ymax>${Math.round(y1)}</ymax></bndbox>
	</object>
`);
	return `<annotation>
	<folder>JPEGImages</folder>
	<filename>${escaped(name.split("/").pop())}</filename>
	<size><width>${width}</width><height>${height}</height><depth>3</depth></size>
	<segmented>0</segmented>
${objects.join("")}</annotation>
`;
}

/** An outline's points after its box has become another one; none of run lengths. */
export function moved(outline, [x0, y0, x1, y1], [u0, v0, u1, v1]) {
	const across = (u1 - u0) / (x1 - x0), down = (v1 - v0) / (y1 - y0);
	return outline.map((points) => points.map((value, n) => n % 2 ? v0 + (value - y0) * down : u0 + (value - x0) * across));
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
	for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
	return n;
});
export const crc = (bytes) => {
	let sum = -1;
	for (let n = 0; n < bytes.length; n++) sum = CRC[(sum ^ bytes[n]) & 255] ^ (sum >>> 8);
	return (sum ^ -1) >>> 0;
};

/** A zip of texts [name, text], not packed (PKWARE's APPNOTE 4.3); names in UTF-8. */
export function zipped(files) {
	const parts = [], list = [];
	let at = 0;
	const block = (sizes, values) => {
		const view = new DataView(new ArrayBuffer(sizes.reduce((sum, size) => sum + size, 0)));
		let offset = 0;
		sizes.forEach((size, n) => {
			if (size === 2) view.setUint16(offset, values[n], true);
			else view.setUint32(offset, values[n], true);
			offset += size;
		});
		return view.buffer;
	};
	for (const [name, text] of files) {
		const title = new TextEncoder().encode(name), bytes = new TextEncoder().encode(text), sum = crc(bytes);
		const told = [20, 0x800, 0, 0, 0x21, sum, bytes.length, bytes.length, title.length, 0];
		const sizes = [2, 2, 2, 2, 2, 4, 4, 4, 2, 2];
		const head = block([4, ...sizes], [0x04034b50, ...told]);
		parts.push(head, title, bytes);
		list.push(block([4, 2, ...sizes, 2, 2, 2, 4, 4], [0x02014b50, 20, ...told, 0, 0, 0, 0, at]), title);
		at += head.byteLength + title.length + bytes.length;
	}
	const size = list.reduce((sum, one) => sum + one.byteLength, 0);
	const end = block([4, 2, 2, 2, 2, 4, 4, 2], [0x06054b50, 0, 0, files.length, files.length, size, at, 0]);
	return new Blob([...parts, ...list, end], { type: "application/zip" });
}
