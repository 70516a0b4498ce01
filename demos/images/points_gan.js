// Two small networks set against each other over points in the square from -1 to 1.
//
// The game is that of Goodfellow et al. 2014 (arXiv 1406.2661) with the loss that they recommend for
// the generator: one network turns random numbers into points, the other gives each point the odds
// that it is one of the target's. Exact back-propagation through both, Adam (Kingma & Ba 2014), and a
// little noise on all that is judged, which keeps a shape without thickness learnable (Sønderby et
// al. 2016, arXiv 1610.04490). No library, no server: the browser computes it.

import { random } from "./home.js";

const LATENT = 2, WIDTH = 24; // random numbers that become a point; neurons in each hidden layer
const BATCH = 64, NOISE = 0.05; // points of each kind in a turn; noise on what is judged
const RATE = 0.004, MOMENTUM = 0.5, MEMORY = 0.99; // of Adam, where both learn alike
const NEAR = 0.12; // how near one point must be to another to count as being there

// ---- Targets -----------------------------------------------------------------------------------

const arc = (angle, x, y, size, r) => [
	x + size * Math.cos(angle) + 0.02 * r.normal(), y + size * Math.sin(angle) + 0.02 * r.normal(),
];
const SHAPES = {
	ring: (r) => arc(2 * Math.PI * r.uniform(), 0, 0, 0.72, r),
	moons: (r) => {
		const angle = Math.PI * r.uniform();
		return r.uniform() < 0.5 ? arc(angle, -0.24, -0.14, 0.5, r) : arc(-angle, 0.24, 0.14, 0.5, r);
	},
	blobs: (r) => [0, 0].map(() => 0.64 * (Math.floor(3 * r.uniform()) - 1) + 0.045 * r.normal()),
};

/** `amount` points [x, y] of a shape: ring, moons or blobs. */
export const collect = (shape, amount = 400, seed = 1) => {
	const r = random(seed);
	return Array.from({ length: amount }, () => SHAPES[shape](r));
};

/** The two learning rates at a balance: the discriminator's is 2^balance times the generator's. */
export const speeds = (balance) => ({
	judge: RATE * 2 ** (balance / 2), generator: RATE * 2 ** (-balance / 2),
});

// ---- A network of tanh layers, many points at once ---------------------------------------------

export class Network {
	constructor(sizes, r) {
		this.steps = 0;
		this.layers = sizes.slice(1).map((outputs, l) => {
			const inputs = sizes[l], row = inputs + 1; // the bias is the last of each row
			const weights = Float64Array.from({ length: outputs * row }, (_, k) =>
				k % row === inputs ? 0 : r.normal() / Math.sqrt(inputs));
			const zeros = () => new Float64Array(weights.length);
			return { inputs, outputs, weights, gradient: zeros(), mean: zeros(), square: zeros() };
		});
	}

	/** Rows of inputs, flat -> rows of outputs, flat; the last layer has no activation. */
	forward(rows) {
		this.passed = [rows];
		this.count = rows.length / this.layers[0].inputs;
		this.layers.forEach(({ inputs, outputs, weights }, l) => {
			const before = this.passed[l], after = new Float64Array(this.count * outputs);
			const last = l === this.layers.length - 1;
			for (let n = 0, at = 0; n < this.count; n++) for (let j = 0; j < outputs; j++, at++) {
				const row = j * (inputs + 1);
				let z = weights[row + inputs];
				for (let i = 0; i < inputs; i++) z += weights[row + i] * before[n * inputs + i];
				after[at] = last ? z : Math.tanh(z);
			}
			this.passed.push(after);
		});
		return this.passed.at(-1);
	}

	/** Slopes of a loss by the outputs of `forward` -> by its inputs; adds up those by the weights. */
	backward(slopes) {
		for (let l = this.layers.length - 1; l >= 0; l--) {
			const { inputs, outputs, weights, gradient } = this.layers[l];
			const before = this.passed[l], below = new Float64Array(this.count * inputs);
			for (let n = 0, at = 0; n < this.count; n++) for (let j = 0; j < outputs; j++, at++) {
				const row = j * (inputs + 1), slope = slopes[at];
				for (let i = 0; i < inputs; i++) {
					gradient[row + i] += slope * before[n * inputs + i];
					below[n * inputs + i] += slope * weights[row + i];
				}
				gradient[row + inputs] += slope;
			}
			if (l) for (let k = 0; k < below.length; k++) below[k] *= 1 - before[k] * before[k];
			slopes = below;
		}
		return slopes;
	}

	forget() {
		for (const { gradient } of this.layers) gradient.fill(0);
	}

	/** One step of Adam down the slopes that were added up. */
	adjust(rate) {
		this.steps++;
		const settledMean = 1 - MOMENTUM ** this.steps, settledSquare = 1 - MEMORY ** this.steps;
		for (const { weights, gradient, mean, square } of this.layers)
			for (let k = 0; k < weights.length; k++) {
				mean[k] += (1 - MOMENTUM) * (gradient[k] - mean[k]);
				square[k] += (1 - MEMORY) * (gradient[k] ** 2 - square[k]);
				weights[k] -= (rate * mean[k]) / settledMean / (Math.sqrt(square[k] / settledSquare) + 1e-8);
			}
		this.forget();
	}
}

// ---- The game ----------------------------------------------------------------------------------

const odds = (score) => 1 / (1 + Math.exp(-score));
const surprise = (score) => Math.log1p(Math.exp(-Math.abs(score))) + Math.max(-score, 0); // -ln odds

export class Game {
	/** target: points [x, y]. The same seed plays the same game. */
	constructor(target, seed = 1) {
		this.target = Float64Array.from(target.flat());
		this.chance = random(seed);
		this.generator = new Network([LATENT, WIDTH, WIDTH, 2], this.chance);
		this.judge = new Network([2, WIDTH, WIDTH, 1], this.chance);
		this.shown = this.latents(256); // the same ones all along, so that their points can be followed
	}

	latents(count) {
		return Float64Array.from({ length: LATENT * count }, () => 2 * this.chance.uniform() - 1);
	}

	noisy(points) {
		return points.map((x) => x + NOISE * this.chance.normal());
	}

	/** What a turn of the discriminator compares: as many target points as drawn ones, flat. */
	batch() {
		const real = new Float64Array(2 * BATCH), count = this.target.length / 2;
		for (let n = 0; n < BATCH; n++) {
			const from = 2 * Math.floor(count * this.chance.uniform());
			real[2 * n] = this.target[from];
			real[2 * n + 1] = this.target[from + 1];
		}
		const drawn = this.generator.forward(this.latents(BATCH));
		return { real: this.noisy(real), drawn: this.noisy(drawn) };
	}

	/** The discriminator's loss in nats a point, ln 2 where it can only guess; its slopes are kept. */
	judged({ real, drawn }) {
		const both = new Float64Array(2 * real.length);
		both.set(real);
		both.set(drawn, real.length);
		const scores = this.judge.forward(both), half = scores.length / 2;
		let loss = 0;
		const slopes = scores.map((score, n) => {
			const sign = n < half ? 1 : -1; // a target point, or a drawn one
			loss += surprise(sign * score);
			return (-sign * odds(-sign * score)) / scores.length;
		});
		this.judge.forget();
		this.judge.backward(slopes);
		return loss / scores.length;
	}

	/** The generator's loss likewise; `noise` is added to its points before they are judged. */
	fooled(latents, noise) {
		const points = this.generator.forward(latents).map((x, k) => x + noise[k]);
		const scores = this.judge.forward(points);
		let loss = 0;
		const slopes = scores.map((score) => {
			loss += surprise(score);
			return -odds(-score) / scores.length;
		});
		this.generator.forget();
		this.generator.backward(this.judge.backward(slopes));
		this.judge.forget();
		return loss / scores.length;
	}

	/** One turn of the discriminator; its loss before it. */
	judgeTurn(rate) {
		const loss = this.judged(this.batch());
		this.judge.adjust(rate);
		return loss;
	}

	/** One turn of the generator; its loss before it. */
	generatorTurn(rate) {
		const loss = this.fooled(this.latents(BATCH), this.noisy(new Float64Array(2 * BATCH)));
		this.generator.adjust(rate);
		return loss;
	}

	/** The discriminator's odds that each of these points, flat, is one of the target's. */
	opinions(points) {
		return this.judge.forward(points).map(odds);
	}

	/** Where the generator puts the latents that are shown, flat. */
	cloud() {
		return this.generator.forward(this.shown);
	}

	/** Which way the discriminator would have each point of a cloud go: up its score, flat. */
	pushes(cloud) {
		const slopes = this.judge.forward(cloud).map((score) => odds(-score));
		const up = this.judge.backward(slopes);
		this.judge.forget();
		return up;
	}

	/** The share of the target that a cloud reaches, and the share of the cloud that is on it. */
	measure(cloud) {
		return { reached: share(this.target, cloud), hit: share(cloud, this.target) };
	}
}

/** The share of `points` that have one of `others` near them. */
const share = (points, others) => {
	let found = 0;
	for (let a = 0; a < points.length; a += 2)
		for (let b = 0; b < others.length; b += 2)
			if (Math.hypot(points[a] - others[b], points[a + 1] - others[b + 1]) < NEAR) {
				found++;
				break;
			}
	return found / (points.length / 2);
};
