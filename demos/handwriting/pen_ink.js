// @ts-check
// Ink: points as the server sends them become strokes, strokes become SVG.
//
// A point is "dx,dy" in hundredths of the height of a small x, y down, with "/" after it where the
// pen leaves the paper. The points are few (about ten a letter): the line runs through the middles
// between them as quadratic curves, which is how the strokes were thinned out to begin with.

const POINT = /(-?\d+),(-?\d+)(\/?)/g;
const FINE = 5; // pieces into which each curve is cut, for a pen that moves smoothly

/** Points as numbers: [{x, y, up}], absolute, in x-heights from the left end of the line. */
export const decode = (text, from = { x: 0, y: 0 }) => {
	let { x, y } = from;
	return [...text.matchAll(POINT)].map(([, dx, dy, up]) => {
		x += dx / 100;
		y += dy / 100;
		return { x, y, up: up === "/" };
	});
};

/** Points gathered into strokes: [[{x, y}, ...], ...]. */
export const strokes = (points) => {
	const all = [[]];
	for (const point of points) {
		all.at(-1).push(point);
		if (point.up) all.push([]);
	}
	return all.filter((stroke) => stroke.length);
};

const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** The way of the pen along one more point: fine places from the last middle to the next one. */
export const leg = (before, point, next) => {
	const first = !before || before.up;
	const start = first ? point : middle(before, point);
	const last = point.up || !next;
	const end = last ? point : middle(point, next);
	const places = [];
	for (let i = first ? 0 : 1; i <= FINE; i++) {
		const t = i / FINE, s = 1 - t;
		places.push({
			x: s * s * start.x + 2 * s * t * point.x + t * t * end.x,
			y: s * s * start.y + 2 * s * t * point.y + t * t * end.y,
			down: first && i === 0,
		});
	}
	return places;
};

const number = (value) => +value.toFixed(3);
export const to = ({ x, y, down }) => `${down ? "M" : "L"}${number(x)} ${number(y)}`;

/** One path for all points. A dot is a line of no length: round ends make it a dot. */
export const path = (points) =>
	points.flatMap((point, i) => leg(points[i - 1], point, points[i + 1])).map(to).join("");

/** [left, top, right, bottom] of points. */
export const box = (points) => {
	const bounds = [Infinity, Infinity, -Infinity, -Infinity];
	for (const { x, y } of points) {
		bounds[0] = Math.min(bounds[0], x);
		bounds[1] = Math.min(bounds[1], y);
		bounds[2] = Math.max(bounds[2], x);
		bounds[3] = Math.max(bounds[3], y);
	}
	return bounds;
};

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
