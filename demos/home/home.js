// A small network that learns in front of the visitor, in the visitor's own browser.
//
// Read from the top: random numbers, data, the network, then what is drawn. The network is the
// textbook's: layers of weighted sums and an activation, logistic output, cross-entropy loss,
// back-propagation and plain stochastic gradient descent (Rumelhart, Hinton & Williams 1986).

// ---- Random numbers that repeat: everyone meets the same first example (mulberry32) -----------

export function random(seed) {
	const uniform = () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
	const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
	return { uniform, normal };
}

// ---- Data: points in the square from -1 to 1, labelled 0 or 1 ----------------------------------

const SHAPES = {
	clouds: (label, r) => [(label ? 0.42 : -0.42) + 0.16 * r.normal(), (label ? 0.36 : -0.36) + 0.16 * r.normal()],
	rings: (label, r) => {
		const angle = 2 * Math.PI * r.uniform();
		const radius = label ? 0.36 * Math.sqrt(r.uniform()) : 0.66 + 0.18 * r.uniform();
		return [radius * Math.cos(angle), radius * Math.sin(angle)];
	},
	checkers: (label, r) => {
		const x = 0.06 + 0.82 * r.uniform(), y = 0.06 + 0.82 * r.uniform();
		const flip = r.uniform() < 0.5 ? 1 : -1;
		return [flip * x, (label ? flip : -flip) * y];
	},
	spirals: (label, r) => {
		const t = 0.08 + 0.92 * r.uniform();
		const angle = 1.5 * Math.PI * t + (label ? Math.PI : 0);
		return [0.9 * t * Math.cos(angle), 0.9 * t * Math.sin(angle)];
	},
};

// `amount` points of a shape, every third held out. noise: standard deviation added to each place.
export function collect(shape, amount, noise, seed = 1) {
	const r = random(seed);
	const seen = [], heldOut = [];
	for (let i = 0; i < amount; i++) {
		const label = i % 2;
		const [x, y] = SHAPES[shape](label, r);
		const point = { x: x + noise * r.normal(), y: y + noise * r.normal(), label };
		(i % 6 >= 4 ? heldOut : seen).push(point);
	}
	return { seen, heldOut };
}

// ---- The network -------------------------------------------------------------------------------

const ACTIVATIONS = {
	tanh: { f: Math.tanh, slope: (out) => 1 - out * out },
	relu: { f: (z) => (z > 0 ? z : 0), slope: (out) => (out > 0 ? 1 : 0) },
	linear: { f: (z) => z, slope: () => 1 },
};

export class Network {
	// sizes: [2, hidden..., 1]. Weights start at random with variance 1/inputs (2/inputs for ReLU).
	constructor(sizes, activation = "tanh", seed = 7) {
		const r = random(seed);
		const gain = activation === "relu" ? 2 : 1;
		this.sizes = sizes;
		this.activation = ACTIVATIONS[activation];
		this.layers = sizes.slice(1).map((outputs, l) => ({
			weights: Array.from({ length: outputs }, () =>
				Float64Array.from({ length: sizes[l] }, () => Math.sqrt(gain / sizes[l]) * r.normal())),
			biases: new Float64Array(outputs),
		}));
	}

	get parameters() {
		return this.layers.reduce((n, { weights }) => n + weights.length * (weights[0].length + 1), 0);
	}

	// Every layer's output for one point; the last is [logit].
	forward(x, y) {
		const outputs = [[x, y]];
		this.layers.forEach(({ weights, biases }, l) => {
			const last = l === this.layers.length - 1;
			const before = outputs[l];
			outputs.push(weights.map((row, j) => {
				let z = biases[j];
				for (let i = 0; i < row.length; i++) z += row[i] * before[i];
				return last ? z : this.activation.f(z);
			}));
		});
		return outputs;
	}

	// The probability of label 1.
	predict(x, y) {
		return 1 / (1 + Math.exp(-this.forward(x, y).at(-1)[0]));
	}

	// Mean cross-entropy in nats, and the fraction that is right.
	compare(points) {
		let loss = 0, right = 0;
		for (const { x, y, label } of points) {
			const logit = this.forward(x, y).at(-1)[0];
			loss += Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(label ? -logit : logit, 0);
			right += (logit > 0) === (label === 1);
		}
		return { loss: loss / points.length, right: right / points.length };
	}

	// One step of gradient descent on a few points: back-propagate the error, move every weight.
	adjust(batch, rate) {
		const gradients = this.layers.map(({ weights }) =>
			weights.map((row) => new Float64Array(row.length + 1)));
		for (const { x, y, label } of batch) {
			const outputs = this.forward(x, y);
			let error = [1 / (1 + Math.exp(-outputs.at(-1)[0])) - label]; // d loss / d logit
			for (let l = this.layers.length - 1; l >= 0; l--) {
				const { weights } = this.layers[l];
				const before = outputs[l];
				const passed = new Array(before.length).fill(0);
				error.forEach((e, j) => {
					for (let i = 0; i < before.length; i++) {
						gradients[l][j][i] += e * before[i];
						passed[i] += e * weights[j][i];
					}
					gradients[l][j][before.length] += e;
				});
				error = l ? passed.map((e, i) => e * this.activation.slope(before[i])) : [];
			}
		}
		const size = rate / batch.length;
		this.layers.forEach(({ weights, biases }, l) => weights.forEach((row, j) => {
			const gradient = gradients[l][j];
			for (let i = 0; i < row.length; i++) row[i] -= size * gradient[i];
			biases[j] -= size * gradient[row.length];
		}));
	}
}

// One pass through the data, in batches of 10, in a new order each time.
export function pass(network, points, rate, r) {
	const order = points.slice();
	for (let i = order.length - 1; i > 0; i--) {
		const j = Math.floor(r.uniform() * (i + 1));
		[order[i], order[j]] = [order[j], order[i]];
	}
	for (let i = 0; i < order.length; i += 10) network.adjust(order.slice(i, i + 10), rate);
}

// ---- What is drawn -----------------------------------------------------------------------------

const GRID = 72; // the field is evaluated on a grid this fine, then smoothed
const FIRST_RUN = 300, LONGEST_RUN = 5000; // passes

// A canvas as sharp as the screen; gives its context and its size in CSS pixels.
export function fit(canvas) {
	const { clientWidth: width, clientHeight: height } = canvas;
	const ratio = window.devicePixelRatio || 1;
	if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
	if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
	const context = canvas.getContext("2d");
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	return { context, width, height };
}

export function palette(element) {
	const style = getComputedStyle(element);
	const colour = (name) => style.getPropertyValue(name).trim();
	const rgb = (name) => {
		const hex = colour(name).replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
		return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
	};
	return { ink: colour("--ink"), muted: colour("--muted"), line: colour("--line"), panel: colour("--panel"),
		labels: [colour("--one"), colour("--two")], rgb: [rgb("--one"), rgb("--two")], paper: rgb("--panel") };
}

const small = typeof document === "undefined" ? null : document.createElement("canvas");

function drawField(canvas, network, data, colours) {
	const { context, width, height } = fit(canvas);
	small.width = small.height = GRID;
	const image = new ImageData(GRID, GRID);
	for (let row = 0; row < GRID; row++) for (let column = 0; column < GRID; column++) {
		const p = network.predict((2 * (column + 0.5)) / GRID - 1, 1 - (2 * (row + 0.5)) / GRID);
		const sure = Math.abs(2 * p - 1) * 0.4;
		const side = colours.rgb[p > 0.5 ? 1 : 0];
		for (let c = 0; c < 3; c++)
			image.data[4 * (row * GRID + column) + c] = colours.paper[c] + sure * (side[c] - colours.paper[c]);
		image.data[4 * (row * GRID + column) + 3] = 255;
	}
	small.getContext("2d").putImageData(image, 0, 0);
	context.imageSmoothingQuality = "high";
	context.drawImage(small, 0, 0, width, height);
	const dot = ({ x, y, label }, held) => {
		const u = ((x + 1) / 2) * width, v = ((1 - y) / 2) * height, size = held ? 4 : 3.6;
		context.beginPath();
		if (label) { // a diamond, so that colour is not all that tells them apart
			context.moveTo(u, v - size * 1.3); context.lineTo(u + size * 1.3, v);
			context.lineTo(u, v + size * 1.3); context.lineTo(u - size * 1.3, v); context.closePath();
		} else context.arc(u, v, size, 0, 7);
		context.fillStyle = held ? colours.panel : colours.labels[label];
		context.fill();
		context.lineWidth = held ? 2 : 1;
		context.strokeStyle = held ? colours.labels[label] : colours.panel;
		context.stroke();
	};
	data.seen.forEach((point) => dot(point, false));
	data.heldOut.forEach((point) => dot(point, true));
}

function drawCurve(canvas, history, colours) {
	const { context, width, height } = fit(canvas);
	const top = Math.max(0.7, ...history.map(({ seen, heldOut }) => Math.min(3, Math.max(seen, heldOut))));
	const last = Math.max(60, history.length - 1);
	const place = (i, loss) => [1 + (i / last) * (width - 2), height - 2 - (Math.min(loss, top) / top) * (height - 6)];
	context.lineWidth = 1;
	context.strokeStyle = colours.line;
	context.beginPath();
	context.moveTo(0, height - 0.5); context.lineTo(width, height - 0.5);
	context.stroke();
	const line = (name, colour, dash) => {
		context.beginPath();
		history.forEach((entry, i) => context.lineTo(...place(i, entry[name])));
		context.strokeStyle = colour; context.lineWidth = 1.8; context.setLineDash(dash);
		context.stroke();
		context.setLineDash([]);
	};
	line("heldOut", colours.muted, [4, 3]);
	line("seen", colours.ink, []);
}

function drawNetwork(canvas, network, colours) {
	const { context, width, height } = fit(canvas);
	const place = (layer, i) => {
		const count = network.sizes[layer], gap = Math.min(15, (height - 10) / Math.max(count - 1, 1));
		return [8 + (layer / (network.sizes.length - 1)) * (width - 16), height / 2 + (i - (count - 1) / 2) * gap];
	};
	network.layers.forEach(({ weights }, l) => weights.forEach((row, j) => row.forEach((weight, i) => {
		context.beginPath();
		context.moveTo(...place(l, i)); context.lineTo(...place(l + 1, j));
		context.strokeStyle = colours.labels[weight > 0 ? 1 : 0];
		context.globalAlpha = Math.min(0.9, 0.12 + Math.abs(weight) / 3);
		context.lineWidth = Math.min(3, 0.4 + Math.abs(weight));
		context.stroke();
	})));
	context.globalAlpha = 1;
	network.sizes.forEach((count, layer) => {
		for (let i = 0; i < count; i++) {
			context.beginPath();
			context.arc(...place(layer, i), 4, 0, 7);
			context.fillStyle = colours.panel; context.fill();
			context.strokeStyle = colours.ink; context.lineWidth = 1.2; context.stroke();
		}
	});
}

// ---- The lab: controls, the loop, what is shown ------------------------------------------------

export function mount(element) {
	const lab = element.querySelector(".lab");
	if (!lab || lab.dataset.mounted) return;
	lab.dataset.mounted = "yes";
	const words = JSON.parse(lab.dataset.words);
	const find = (selector) => lab.querySelector(selector);
	const control = (name) => find(`[name=${name}]`);
	const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
	let data, network, history, shuffle, running = false, limit = FIRST_RUN, lit = null, litUntil = 0;

	const light = (now, ...stages) => {
		const key = stages.join();
		if (key === lit) return;
		lit = key;
		for (const stage of lab.querySelectorAll("[data-stage]")) {
			const on = stages.includes(stage.dataset.stage);
			stage.classList.toggle("on", on);
			if (on) stage.setAttribute("aria-current", "step"); else stage.removeAttribute("aria-current");
		}
	};

	const begin = (stage) => {
		const hidden = Array(Number(control("layers").value)).fill(Number(control("width").value));
		if (!data || stage === "collect")
			data = collect(control("shape").value, Number(control("amount").value), Number(control("noise").value));
		network = new Network([2, ...hidden, 1], control("activation").value);
		shuffle = random(3);
		history = [];
		note();
		light(0, stage);
		litUntil = performance.now() + 700;
		find("[data-show=stuck]").hidden = true;
		find("[data-show=said]").textContent = "";
		find("[data-show=weights]").textContent = words.weights.replace("{n}", network.parameters);
	};

	const note = () => {
		const seen = network.compare(data.seen), heldOut = network.compare(data.heldOut);
		history.push({ seen: seen.loss, heldOut: heldOut.loss, right: heldOut.right });
	};

	const draw = () => {
		const colours = palette(lab);
		drawField(find("canvas.field"), network, data, colours);
		drawCurve(find("canvas.curve"), history, colours);
		drawNetwork(find("canvas.network"), network, colours);
		const { seen, heldOut, right } = history.at(-1);
		find("[data-show=passes]").textContent = history.length - 1;
		find("[data-show=seen]").textContent = seen.toFixed(3);
		find("[data-show=held-out]").textContent = heldOut.toFixed(3);
		find("[data-show=right]").textContent = Math.round(100 * right) + "%";
	};

	const learn = () => {
		pass(network, data.seen, Number(control("rate").value), shuffle);
		note();
		const { seen } = history.at(-1);
		if (!(seen < 8)) {
			find("[data-show=stuck]").hidden = false;
			set(false);
		}
	};

	const set = (on) => {
		if (running && !on) {
			const { right } = history.at(-1);
			find("[data-show=said]").textContent =
				`${history.length - 1} ${words.passes}, ${Math.round(100 * right)}% ${words.right}`;
		}
		running = on;
		find("[data-do=run]").textContent = on ? words.pause : words.run;
		if (on) requestAnimationFrame(frame);
		else if (performance.now() > litUntil) light(0, "compare");
	};

	const frame = (now) => {
		if (!running || !lab.isConnected) return;
		if (lab.offsetParent !== null) { // on the open tab
			learn();
			if (!running) return draw();
			if (now > litUntil) {
				if (calm) light(now, "compare", "adjust");
				else light(now, Math.floor(now / 450) % 2 ? "adjust" : "compare");
			}
			draw();
			if (history.length > limit) return set(false);
		}
		requestAnimationFrame(frame);
	};

	lab.addEventListener("click", (event) => {
		const what = event.target.closest("[data-do]")?.dataset.do;
		if (what === "run") {
			limit = history.length + LONGEST_RUN;
			set(!running);
		} else if (what === "step") {
			set(false);
			litUntil = 0;
			light(0, "compare");
			setTimeout(() => { learn(); light(0, "adjust"); draw(); }, calm ? 0 : 350);
		} else if (what === "reset") {
			set(false);
			begin("collect");
			draw();
		}
	});
	lab.addEventListener("input", (event) => {
		const stage = event.target.closest("[data-stage]").dataset.stage;
		const reading = event.target.parentElement.querySelector(".reading");
		if (reading) reading.textContent = event.target.value;
		if (stage === "adjust") return; // a new learning rate holds from the next step on
		begin(stage);
		limit = FIRST_RUN * 2;
		draw();
		if (!running && !calm) set(true);
	});
	new ResizeObserver(() => draw()).observe(find("canvas.field"));
	new MutationObserver(() => draw()).observe(document.documentElement, { attributeFilter: ["class"] });

	begin("collect");
	if (calm) for (let i = 0; i < FIRST_RUN; i++) learn(); // no motion: show it already learnt
	draw();
	if (!calm) set(true);
}
