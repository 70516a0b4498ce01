// @ts-check
// Masks in the browser: COCO's compressed run lengths (pycocotools, maskApi.c) to intervals down the
// columns and back, at any size.

/** Compressed run lengths -> lengths of runs, outside and inside by turns, down the columns. */
export function runs(text) {
	const found = [];
	for (let at = 0; at < text.length;) {
		let value = 0, shift = 0, code;
		do {
			code = text.charCodeAt(at++) - 48;
			value |= (code & 31) << shift;
			shift += 5;
		} while (code & 32);
		if (code & 16) value |= -1 << shift;
		if (found.length > 2) value += found[found.length - 2];
		found.push(value);
	}
	return found;
}

/** Lengths of runs -> compressed run lengths. */
export function compressed(lengths) {
	let text = "";
	lengths.forEach((length, n) => {
		let value = n > 2 ? length - lengths[n - 2] : length, more = true;
		while (more) {
			let code = value & 31;
			value >>= 5;
			more = code & 16 ? value !== -1 : value !== 0;
			if (more) code |= 32;
			text += String.fromCharCode(code + 48);
		}
	});
	return text;
}

/** What a mask covers of each column: [[from, to), ...]. `size`: [width, height]. */
export function columns(text, [width, height]) {
	const found = Array.from({ length: width }, () => []);
	let at = 0;
	runs(text).forEach((length, n) => {
		const end = at + length;
		if (n % 2)
			for (let from = at; from < end;) {
				const column = Math.floor(from / height), to = Math.min(end, (column + 1) * height);
				found[column]?.push([from - column * height, to - column * height]);
				from = to;
			}
		at = end;
	});
	return found;
}

/** The same mask over a picture of another size: each pixel is what its middle falls on. */
export function scaled(found, [width, height], [wide, high]) {
	if (width === wide && height === high) return found;
	const row = (y) => Math.ceil((y * high) / height - 0.5);
	return Array.from({ length: wide }, (_, x) =>
		found[Math.floor(((x + 0.5) * width) / wide)]
			.map(([from, to]) => [row(from), row(to)])
			.filter(([from, to]) => to > from));
}

/** Columns -> {counts, area}, `counts` compressed. */
export function encoded(found, height) {
	const lengths = [];
	let end = 0, area = 0;
	found.forEach((column, x) => {
		for (const [from, to] of column) {
			const begin = x * height + from;
			if (begin === end && lengths.length) lengths[lengths.length - 1] += to - from;
			else lengths.push(begin - end, to - from);
			end = x * height + to;
			area += to - from;
		}
	});
	const whole = found.length * height;
	if (end < whole) lengths.push(whole - end);
	return { counts: compressed(lengths), area };
}

/** Columns as a path to be filled. */
export function path(found) {
	const shape = new Path2D();
	found.forEach((column, x) => column.forEach(([from, to]) => shape.rect(x, from, 1, to - from)));
	return shape;
}
