// @ts-check
// Look inside of Classify images: the drawing of the network, and a convolution to touch: where the
// visitor points, the pixels, the filter, the products, their sum and the place of the map that it
// fills. Everything is computed here, from what the model says of its layer.

const REACH = 4; // places to each side that a touch fills in
const SWEEP = 1600; // ms in which the whole map is filled in
const ENLARGED = 2; // pixels of the canvas to one of the picture
const TINTS = [[255, 70, 70], [60, 180, 75], [80, 130, 255]];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** The drawing's buttons: the chosen one stays pressed, its name goes to the server. */
export function stages(element, trigger, event) {
	element.addEventListener("click", ({ target }) => {
		const stage = target.closest("[data-stage]");
		if (!stage) return;
		for (const other of element.querySelectorAll("[data-stage]"))
			other.setAttribute("aria-pressed", String(other === stage));
		trigger(event, { stage: stage.dataset.stage });
	});
}

export function convolution(element) {
	const look = () => {
		for (const box of element.querySelectorAll(".convolution:not([data-ready])")) {
			box.dataset.ready = "";
			const picture = box.querySelector("img");
			picture.decode().then(() => touch(box, picture), () => {});
		}
	};
	new MutationObserver(look).observe(element, { childList: true, subtree: true });
	look();
}

function touch(box, picture) {
	const layer = JSON.parse(box.dataset.layer), said = JSON.parse(box.dataset.said);
	const width = picture.naturalWidth, height = picture.naturalHeight;
	const { kernels, bias, stride, side, most } = layer, area = side * side;
	const reader = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
	reader.drawImage(picture, 0, 0);
	const rgb = reader.getImageData(0, 0, width, height).data;
	const across = Math.ceil(width / stride), down = Math.ceil(height / stride);
	const before = (size, places) => Math.floor(Math.max(0, (places - 1) * stride + side - size) / 2);
	const left = before(width, across), top = before(height, down);

	// One number of the picture as the network is given it; 0 outside.
	const pixel = (x, y, colour) => (x < 0 || y < 0 || x >= width || y >= height ? 0
		: (rgb[4 * (y * width + x) + colour] / 255 - layer.mean) / layer.std);
	const weight = (filter, colour, i) => kernels[(filter * 3 + colour) * area + i];
	const sum = (filter, column, row, colour) => {
		let total = 0;
		for (let i = 0; i < area; i++)
			total += weight(filter, colour, i)
				* pixel(column * stride - left + (i % side), row * stride - top + Math.floor(i / side), colour);
		return total;
	};
	const through = (value) => Math.min(Math.max(value, 0), most);
	const map = (filter) => {
		const values = new Float32Array(across * down);
		for (let row = 0; row < down; row++)
			for (let column = 0; column < across; column++)
				values[row * across + column] = through(bias[filter]
					+ sum(filter, column, row, 0) + sum(filter, column, row, 1) + sum(filter, column, row, 2));
		return values;
	};
	const maps = bias.map((_, filter) => map(filter));
	const spread = (values) => {
		const mean = values.reduce((a, b) => a + b, 0) / values.length;
		return values.reduce((a, b) => a + (b - mean) ** 2, 0);
	};

	const given = box.querySelector(".given"), made = box.querySelector(".made");
	[given.width, given.height] = [width * ENLARGED, height * ENLARGED];
	[made.width, made.height] = [across * 4, down * 4];
	const lines = box.querySelector(".sum"), told = box.querySelector(".line"), list = box.querySelector(".filters");
	const filled = new Uint8Array(across * down);
	let filter = maps.reduce((best, values, n) => (spread(values) > spread(maps[best]) ? n : best), 0);
	// It begins where the filter fits best, away from the edges.
	const inner = (n) => Math.abs((n % across) / across - 0.5) < 0.3 && Math.abs(n / across / down - 0.5) < 0.3;
	let place = maps[filter].reduce((best, value, n, all) => (inner(n) && !(value <= all[best] && inner(best)) ? n : best), 0);
	let sweep = 0;

	const number = (value) => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace("-", "−");
	const fill = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => fields[name]);

	// Weights: one colour for what speaks for, another for what speaks against, paler where they are small.
	const STRONGEST = 40; // percent of the colour: text on it keeps a contrast of 4.5 in light and dark
	const shade = (value, largest) => {
		const part = Math.round(Math.min(Math.abs(value) / (largest || 1), 1) * STRONGEST);
		return `color-mix(in srgb, var(${value < 0 ? "--two" : "--accent"}) ${part}%, var(--panel))`;
	};
	const grid = (cells, kind) => `<span class="grid ${kind}">${cells.join("")}</span>`;
	const cell = (text, style) => `<i style="background:${style}">${text}</i>`;
	// A pixel in the tint of its colour; the figure on it black or white, whichever can be read (WCAG's luminance).
	const lit = (text, bright, colour) => {
		const tint = TINTS[colour].map((part) => Math.round(part * bright));
		const [red, green, blue] = tint.map((part) => (part / 255) ** 2.2);
		const ink = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18 ? "#fff" : "#000";
		return cell(text, `rgb(${tint});color:${ink}`);
	};

	const drawSum = () => {
		const column = place % across, row = Math.floor(place / across);
		const largest = Math.max(...Array.from({ length: 3 * area }, (_, i) => Math.abs(kernels[filter * 3 * area + i])));
		const parts = [0, 1, 2].map((colour) => sum(filter, column, row, colour));
		const total = parts[0] + parts[1] + parts[2] + bias[filter], value = through(total);
		lines.innerHTML = [0, 1, 2].map((colour) => {
			const pixels = [], weights = [], products = [];
			for (let i = 0; i < area; i++) {
				const x = column * stride - left + (i % side), y = row * stride - top + Math.floor(i / side);
				const given = pixel(x, y, colour), by = weight(filter, colour, i);
				const inside = x < width && y < height && x >= 0 && y >= 0;
				const bright = inside ? rgb[4 * (y * width + x) + colour] / 255 : 0.5;
				pixels.push(lit(number(given), bright, colour));
				weights.push(cell(number(by), shade(by, largest)));
				products.push(cell(number(given * by), shade(given * by, largest)));
			}
			const name = [said.red, said.green, said.blue][colour];
			return `<div class="colour"><b>${name}</b><span class="row">${grid(pixels, "pixels3")}<em>×</em>${grid(weights, "w")}<em>=</em>${grid(products, "p")}</span><span class="part">Σ ${number(parts[colour])}</span></div>`;
		}).join("");
		const fields = { row: row + 1, column: column + 1, red: number(parts[0]), green: number(parts[1]), blue: number(parts[2]), bias: number(bias[filter]), sum: number(total), value: number(value) };
		const why = total < 0 ? said.below : total > most ? said.above : "";
		const edge = column * stride - left + side > width || row * stride - top + side > height ? said.outside : "";
		told.textContent = [fill(said.place, fields), why, edge].filter(Boolean).join(document.documentElement.lang.startsWith("zh") ? "" : " ");
		box.dataset.value = value.toFixed(4);
	};

	const drawPicture = () => {
		const pen = given.getContext("2d");
		pen.imageSmoothingEnabled = false;
		pen.drawImage(picture, 0, 0, given.width, given.height);
		const x = ((place % across) * stride - left) * ENLARGED, y = (Math.floor(place / across) * stride - top) * ENLARGED;
		mark(pen, x, y, side * ENLARGED);
	};
	const drawMap = () => {
		const pen = made.getContext("2d"), peak = Math.max(...maps[filter]) || 1;
		pen.clearRect(0, 0, made.width, made.height);
		for (let n = 0; n < filled.length; n++) {
			if (!filled[n]) continue;
			const grey = Math.round((maps[filter][n] / peak) * 255);
			pen.fillStyle = `rgb(${grey},${grey},${grey})`;
			pen.fillRect((n % across) * 4, Math.floor(n / across) * 4, 4, 4);
		}
		mark(pen, (place % across) * 4, Math.floor(place / across) * 4, 4);
	};
	// The window, and a wider frame around it that can be seen from afar; dark and light, for any ground.
	const mark = (pen, x, y, size) => {
		for (const [colour, thick] of [["#000", 4], ["#fff", 2]]) {
			pen.strokeStyle = colour;
			pen.lineWidth = thick;
			pen.strokeRect(x - 7, y - 7, size + 14, size + 14);
		}
		pen.lineWidth = 1;
		pen.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1);
	};
	const show = () => {
		drawPicture();
		drawMap();
		drawSum();
	};
	const go = (column, row) => {
		const x = Math.min(Math.max(column, 0), across - 1), y = Math.min(Math.max(row, 0), down - 1);
		place = y * across + x;
		for (let v = Math.max(0, y - REACH); v <= Math.min(down - 1, y + REACH); v++)
			for (let u = Math.max(0, x - REACH); u <= Math.min(across - 1, x + REACH); u++)
				filled[v * across + u] = 1;
		show();
	};

	// Point at the picture, or move with the arrow keys; with Shift ten places at once.
	const point = (event) => {
		const { left: x, top: y, width: w, height: h } = event.target.getBoundingClientRect();
		stop();
		go(Math.floor(((event.clientX - x) / w) * across), Math.floor(((event.clientY - y) / h) * down));
	};
	for (const canvas of [given, made]) {
		canvas.addEventListener("pointerdown", point);
		canvas.addEventListener("pointermove", (event) => {
			if (event.pointerType === "mouse" ? event.buttons : event.pressure) point(event);
		});
	}
	const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
	given.addEventListener("keydown", (event) => {
		const step = STEPS[event.key], by = event.shiftKey ? 10 : 1;
		if (!step) return;
		event.preventDefault();
		stop();
		go((place % across) + step[0] * by, Math.floor(place / across) + step[1] * by);
	});

	// The whole map: the window runs over the picture, row by row; at once for who asks for less motion.
	const stop = () => cancelAnimationFrame(sweep);
	box.querySelector("[data-fill]").addEventListener("click", () => {
		stop();
		const start = performance.now(), back = place;
		const run = (now) => {
			const done = calm.matches ? 1 : Math.min((now - start) / SWEEP, 1);
			const end = Math.round(done * filled.length);
			filled.fill(1, 0, end);
			place = done < 1 ? Math.min(end, filled.length - 1) : back;
			drawPicture();
			drawMap();
			if (done < 1) sweep = requestAnimationFrame(run);
			else drawSum();
		};
		run(start);
	});

	// The filters as the little pictures that they are; arrow keys choose among them.
	const choose = (n, focus) => {
		filter = n;
		for (const [i, button] of [...list.children].entries()) {
			button.setAttribute("aria-checked", String(i === n));
			button.tabIndex = i === n ? 0 : -1;
		}
		if (focus) list.children[n].focus();
		show();
	};
	for (let n = 0; n < bias.length; n++) {
		const button = document.createElement("button");
		Object.assign(button, { type: "button", title: fill(said.filter, { number: n + 1 }) });
		button.setAttribute("role", "radio");
		button.setAttribute("aria-label", button.title);
		const small = Object.assign(document.createElement("canvas"), { width: side, height: side });
		const pen = small.getContext("2d"), pixels = pen.createImageData(side, side);
		const all = kernels.slice(n * 3 * area, (n + 1) * 3 * area), largest = Math.max(...all.map(Math.abs)) || 1;
		for (let i = 0; i < area; i++) {
			for (let colour = 0; colour < 3; colour++)
				pixels.data[4 * i + colour] = 127.5 + (127.5 * all[colour * area + i]) / largest;
			pixels.data[4 * i + 3] = 255;
		}
		pen.putImageData(pixels, 0, 0);
		button.append(small);
		button.addEventListener("click", () => choose(n));
		list.append(button);
	}
	list.addEventListener("keydown", (event) => {
		const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
		if (!step) return;
		event.preventDefault();
		choose((filter + step + bias.length) % bias.length, true);
	});

	choose(filter);
	go(place % across, Math.floor(place / across));
}
