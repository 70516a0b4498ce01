// @ts-check
// What small networks are drawn with: a sharp canvas, the page's colours, a field of probabilities, a
// curve.

/** @typedef {[number, number, number]} Rgb red, green, blue, 0 to 255 */
/** @typedef {{ ink: string, muted: string, line: string, panel: string, labels: string[],
 *   rgb: Rgb[], paper: Rgb }} Palette */
/** @typedef {{ context: CanvasRenderingContext2D, width: number, height: number }} Sheet */

/** Whether the visitor has asked for less motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A canvas as sharp as the screen, wiped: its context and its size in CSS pixels.
 * @param {HTMLCanvasElement} canvas @returns {Sheet} */
export const fit = (canvas) => {
	const { clientWidth: width, clientHeight: height } = canvas;
	const ratio = window.devicePixelRatio || 1;
	if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
	if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
	const context = paper(canvas);
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	return { context, width, height };
};

/** @param {HTMLCanvasElement} canvas */
export const paper = (canvas) =>
	/** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** The page's colours where an element stands. @param {Element} element @returns {Palette} */
export const palette = (element) => {
	const style = getComputedStyle(element);
	/** @param {string} name */
	const colour = (name) => style.getPropertyValue(name).trim();
	/** @param {string} name @returns {Rgb} */
	const rgb = (name) => {
		const hex = colour(name).replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
		const [red, green, blue] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
		return [red, green, blue];
	};
	return { ink: colour("--ink"), muted: colour("--muted"), line: colour("--line"), panel: colour("--panel"),
		labels: [colour("--one"), colour("--two")], rgb: [rgb("--one"), rgb("--two")], paper: rgb("--panel") };
};

/** The middles [x, y] of a grid over the square from -1 to 1, row by row from the top, flat.
 * @param {number} side */
export const places = (side) => {
	const found = new Float64Array(2 * side * side);
	for (let n = 0; n < side * side; n++) {
		found[2 * n] = (2 * ((n % side) + 0.5)) / side - 1;
		found[2 * n + 1] = 1 - (2 * (Math.floor(n / side) + 0.5)) / side;
	}
	return found;
};

const small = document.createElement("canvas");

/** Paints a square grid over a whole sheet, smoothed.
 * @param {Sheet} sheet
 * @param {Palette} colours
 * @param {number} side
 * @param {(n: number) => [Rgb, number]} ink the colour of a place, and how much of it, 0 to 1 */
export const paint = ({ context, width, height }, colours, side, ink) => {
	small.width = small.height = side;
	const image = new ImageData(side, side);
	for (let n = 0; n < side * side; n++) {
		const [colour, much] = ink(n);
		for (let c = 0; c < 3; c++)
			image.data[4 * n + c] = colours.paper[c] + much * (colour[c] - colours.paper[c]);
		image.data[4 * n + 3] = 255;
	}
	paper(small).putImageData(image, 0, 0);
	context.imageSmoothingQuality = "high";
	context.drawImage(small, 0, 0, width, height);
};

/** A line through points [x, y].
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} points
 * @param {string} colour
 * @param {number[]} [dash] */
export const trace = (context, points, colour, dash = []) => {
	context.beginPath();
	for (const [x, y] of points) context.lineTo(x, y);
	context.strokeStyle = colour;
	context.lineWidth = 1.8;
	context.setLineDash(dash);
	context.stroke();
	context.setLineDash([]);
};

/** Rules across a sheet, at these heights. @param {Sheet} sheet @param {number[]} heights @param {Palette} colours */
export const rule = ({ context, width }, heights, colours) => {
	context.lineWidth = 1;
	context.strokeStyle = colours.line;
	context.beginPath();
	for (const y of heights) {
		context.moveTo(0, y);
		context.lineTo(width, y);
	}
	context.stroke();
};
