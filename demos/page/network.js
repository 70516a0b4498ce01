// @ts-check
// A small network that learns in the visitor's own browser: layers of weighted sums and an
// activation, exact back-propagation (Rumelhart, Hinton & Williams 1986), gradient descent or Adam.
// Many rows are computed at once, flat, one after the other. No library, no server.

/** @typedef {{ uniform: () => number, normal: () => number }} Random */
/** @typedef {ArrayLike<number>} Numbers */
/** @typedef {{ inputs: number, outputs: number, weights: Float64Array, gradient: Float64Array }} Layer */

/**
 * Random numbers that repeat: everyone meets the same example (mulberry32).
 * @param {number} seed
 * @returns {Random}
 */
export const random = (seed) => {
	const uniform = () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
	const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
	return { uniform, normal };
};

/** The probability that a logit stands for. @param {number} logit */
export const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

/** The negative log-likelihood, in nats, of what has this logit. @param {number} logit */
export const nll = (logit) => Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(-logit, 0);

/** Activations, and their derivative by what went in, told by what came out.
 * @type {Record<string, { f: (z: number) => number, slope: (out: number) => number }>} */
const ACTIVATIONS = {
	tanh: { f: Math.tanh, slope: (out) => 1 - out * out },
	relu: { f: (z) => Math.max(z, 0), slope: (out) => (out > 0 ? 1 : 0) },
	linear: { f: (z) => z, slope: () => 1 },
};

export class Network {
	/**
	 * Weights start at random with variance 1 / inputs (2 / inputs for ReLU), biases at 0.
	 * @param {number[]} sizes inputs, each hidden layer, outputs
	 * @param {Random} rng
	 * @param {string} [activation] of the hidden layers: tanh, relu or linear; the last has none
	 */
	constructor(sizes, rng, activation = "tanh") {
		this.sizes = sizes;
		this.activation = ACTIVATIONS[activation];
		const gain = activation === "relu" ? 2 : 1;
		/** @type {Layer[]} */
		this.layers = sizes.slice(1).map((outputs, l) => {
			const inputs = sizes[l], row = inputs + 1; // the bias is the last of each row
			const weights = Float64Array.from({ length: outputs * row }, (_, k) =>
				k % row === inputs ? 0 : rng.normal() / Math.sqrt(inputs / gain));
			return { inputs, outputs, weights, gradient: new Float64Array(weights.length) };
		});
		/** @type {Numbers[]} */
		this.passed = []; // what each layer was given, and what the last gave, at the last `forward`
		this.count = 0; // rows of it
	}

	get parameters() {
		return this.layers.reduce((sum, { weights }) => sum + weights.length, 0);
	}

	/** @param {Numbers} rows inputs @returns {Float64Array} outputs */
	forward(rows) {
		const { f } = this.activation;
		this.count = rows.length / this.sizes[0];
		this.passed = [rows];
		let after = new Float64Array();
		this.layers.forEach(({ inputs, outputs, weights }, l) => {
			const before = this.passed[l], last = l === this.layers.length - 1;
			after = new Float64Array(this.count * outputs);
			for (let n = 0, at = 0; n < this.count; n++) for (let j = 0; j < outputs; j++, at++) {
				const row = j * (inputs + 1);
				let z = weights[row + inputs];
				for (let i = 0; i < inputs; i++) z += weights[row + i] * before[n * inputs + i];
				after[at] = last ? z : f(z);
			}
			this.passed.push(after);
		});
		return after;
	}

	/**
	 * The gradient of a loss by the outputs of the last `forward` -> by its inputs; that by the weights
	 * is added to `gradient`.
	 * @param {Numbers} slopes
	 */
	backward(slopes) {
		const { slope: derivative } = this.activation;
		let below = new Float64Array();
		for (let l = this.layers.length - 1; l >= 0; l--) {
			const { inputs, outputs, weights, gradient } = this.layers[l];
			const before = this.passed[l];
			below = new Float64Array(this.count * inputs);
			for (let n = 0, at = 0; n < this.count; n++) for (let j = 0; j < outputs; j++, at++) {
				const row = j * (inputs + 1), slope = slopes[at];
				for (let i = 0; i < inputs; i++) {
					gradient[row + i] += slope * before[n * inputs + i];
					below[n * inputs + i] += slope * weights[row + i];
				}
				gradient[row + inputs] += slope;
			}
			if (l) for (let k = 0; k < below.length; k++) below[k] *= derivative(before[k]);
			slopes = below;
		}
		return below;
	}

	/** Forget the gradient. */
	clear() {
		for (const { gradient } of this.layers) gradient.fill(0);
	}

	/** One step of gradient descent, after which the gradient is forgotten. @param {number} rate */
	descend(rate) {
		for (const { weights, gradient } of this.layers)
			for (let k = 0; k < weights.length; k++) weights[k] -= rate * gradient[k];
		this.clear();
	}
}

/** Kingma & Ba 2014, arXiv 1412.6980. */
export class Adam {
	/** @param {Network} network @param {number} momentum @param {number} memory their beta 1 and 2 */
	constructor(network, momentum, memory) {
		this.network = network;
		this.momentum = momentum;
		this.memory = memory;
		this.steps = 0;
		this.moments = network.layers.map(({ weights }) => ({
			mean: new Float64Array(weights.length), square: new Float64Array(weights.length),
		}));
	}

	/** One step down the gradient, after which it is forgotten. @param {number} rate */
	step(rate) {
		this.steps++;
		const { momentum, memory } = this;
		const settledMean = 1 - momentum ** this.steps, settledSquare = 1 - memory ** this.steps;
		this.network.layers.forEach(({ weights, gradient }, l) => {
			const { mean, square } = this.moments[l];
			for (let k = 0; k < weights.length; k++) {
				mean[k] += (1 - momentum) * (gradient[k] - mean[k]);
				square[k] += (1 - memory) * (gradient[k] ** 2 - square[k]);
				weights[k] -= (rate * mean[k]) / settledMean / (Math.sqrt(square[k] / settledSquare) + 1e-8);
			}
		});
		this.network.clear();
	}
}
