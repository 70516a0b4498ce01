// @ts-check
// Which labels are of which picture, how they fit it, and what two windows make of one list.

import { key, stem } from "./detection_formats.js";

const SHAPE = 0.01; // difference of two pictures' proportions that rounding explains
const CUT = 2; // pixels beyond the edge that no rounding explains
const SAME = 0.6; // pixels by which a box may differ from itself: rounded by who wrote it

const last = (path) => path.split("/").pop();
/** Whether one path is the end of the other. */
const ends = (one, other) => `/${one}`.endsWith(`/${other}`) || `/${other}`.endsWith(`/${one}`);
const undone = (text) => {
	try { return decodeURIComponent(text); } catch { return text; }
};
/** A path as it stands, then as an address would have it: what Label Studio puts after `?d=`, without
 *  its percent signs, without its query. */
const spellings = (path) =>
	[...new Set([path, ...[path.match(/[?&]d=([^&]*)/)?.[1] || path, path, path.split("?")[0]].map(undone)])];

/** How many names at the end of two paths are the same; half a name more where the last is written just so. */
const likeness = (told, path) => {
	const one = key(told).split("/").reverse(), other = key(path).split("/").reverse();
	let same = 1;
	while (same < one.length && one[same] === other[same]) same++;
	return same + (last(told) === last(path) ? 0.5 : 0);
};

/** Rows of labels to the pictures they are of, by the longest end of their paths that agrees.
 *  `may(row, picture)`: whether they are compared at all.
 *  -> {of: picture -> rows, unclear: rows that may be of several pictures, or of one that may be of several rows};
 *  rows that fit no picture are in neither. */
export function matched(rows, pictures, may = (_row, _picture) => true) {
	const called = new Map(); // a name, with and without its ending -> pictures
	for (const one of pictures)
		for (const name of new Set([last(key(one.path ?? one.name)), stem(last(key(one.path ?? one.name)))]))
			called.set(name, [...(called.get(name) ?? []), one]);
	const fits = new Map(), unclear = new Set();
	for (const row of rows) {
		// Where several files of labels say the same picture, their own names tell them apart.
		const astray = row.other && rows.some((two) => two.path === row.path && two.other && two.other !== row.other);
		for (const told of astray ? [row.other] : [row.path, row.other].filter(Boolean).flatMap(spellings)) {
			const found = (called.get(last(key(told))) ?? []).filter((one) => may(row, one));
			if (!found.length) continue;
			const scores = found.map((one) => likeness(told, one.path ?? one.name)), best = Math.max(...scores);
			const [one, another] = found.filter((_, n) => scores[n] === best);
			if (another) unclear.add(row);
			else fits.set(one, [...(fits.get(one) ?? []), { row, best, path: stem(key(told)) }]);
			break;
		}
	}
	const of = new Map();
	for (const [picture, found] of fits) {
		const most = Math.max(...found.map(({ best }) => best)), nearest = found.filter(({ best }) => best === most);
		const whole = nearest.reduce((one, two) => two.path.length > one.path.length ? two : one).path;
		const same = found.filter(({ path }) => ends(path, whole));
		if (nearest.every((one) => same.includes(one))) of.set(picture, same.map(({ row }) => row));
		else for (const { row } of nearest) unclear.add(row);
	}
	return { of, unclear };
}

/** The labels of a picture, in its pixels; what is cut or does not fit is counted. */
export function fitted(row, width, height, counts) {
	const known = row.width > 0 && row.height > 0;
	const across = known ? width / row.width : 1, down = known ? height / row.height : 1;
	if (Math.abs(across / down - 1) > SHAPE) {
		counts.turned += row.boxes.length;
		return [];
	}
	return row.boxes.flatMap((one) => {
		const told = one.box.map((at, n) => at * (n % 2 ? down : across));
		const box = told.map((at, n) => Math.min(n % 2 ? height : width, Math.max(0, at)));
		if (box[2] - box[0] < 1 || box[3] - box[1] < 1) {
			counts.bad++;
			return [];
		}
		if (told.some((at, n) => Math.abs(at - box[n]) > CUT)) counts.cut++;
		const outline = one.outline?.map((points) => points.map((at, n) => at * (n % 2 ? down : across)));
		return [{ ...one, box, ...(outline && { outline }) }];
	});
}

/** A picture's boxes and those that come to it; what is there already, or comes twice, is counted. */
export function added(there, coming, counts) {
	const all = [...there];
	for (const one of coming) {
		const same = ({ label, box, score, crowd }) => score === undefined && label === one.label &&
			!crowd === !one.crowd && box.every((at, n) => Math.abs(at - one.box[n]) < SAME);
		if (all.some(same)) counts.again++;
		else all.push(one);
	}
	return all;
}

/** A list that two windows changed: what either added is in it, what either took away is not. */
const joined = (base, ours, theirs, name = (one) => one) => {
	const [was, mine, its] = [base, ours, theirs].map((list) => new Set(list.map(name)));
	return [
		...ours.filter((one) => its.has(name(one)) || !was.has(name(one))),
		...theirs.filter((one) => !mine.has(name(one)) && !was.has(name(one))),
	];
};

/** A document as it is to be kept where another window keeps the same one. A picture that this window
 *  did not touch is as the other has it; one that it changed is there whatever the other did.
 *  `base`: what this window kept last; `theirs`: what is kept now. */
export function together(base, ours, theirs) {
	const was = new Map(base.pictures.map((one) => [one.id, one])), its = new Map(theirs.pictures.map((one) => [one.id, one]));
	const there = new Set(ours.pictures.map(({ id }) => id));
	const pictures = ours.pictures.flatMap((one) => {
		const before = was.get(one.id), other = its.get(one.id);
		if (before === one) return other ? [other] : [];
		return [other ? { ...one, boxes: joined(before?.boxes ?? [], one.boxes, other.boxes, JSON.stringify) } : one];
	});
	const labels = joined(base.labels, ours.labels, theirs.labels);
	return {
		...ours, labels, names: { ...theirs.names, ...ours.names }, label: Math.max(0, labels.indexOf(ours.labels[ours.label])),
		pictures: [...pictures, ...theirs.pictures.filter(({ id }) => !there.has(id) && !was.has(id))],
	};
}
