// @ts-check
// Two small networks set against each other over points in the square from -1 to 1.
//
// The game is that of Goodfellow et al. 2014 (arXiv 1406.2661) with the loss that they recommend for
// the generator: one network turns random numbers into points, the other gives each point the
// probability that it is one of the target's. Exact back-propagation through both, Adam, and a little
// noise on all that is scored, which keeps a shape without thickness learnable (Sønderby et al. 2016,
// arXiv 1610.04490).

import { Adam, Network, nll, random, sigmoid } from "./network.js";

/** @typedef {import("./network.js").Random} Random */
/** @typedef {[number, number]} Point */

const LATENT = 2, WIDTH = 24; // random numbers that become a point; neurons in each hidden layer
const BATCH = 64, NOISE = 0.05; // points of each kind in a turn; noise on what is scored
const RATE = 0.004, MOMENTUM = 0.5, MEMORY = 0.99; // of Adam, where both learn alike
const NEAR = 0.12; // how near one point must be to another to count as being there

// ---- Targets -----------------------------------------------------------------------------------

/** @param {number} angle @param {number} x @param {number} y @param {number} size @param {Random} r
 * @returns {Point} */
const arc = (angle, x, y, size, r) => [
	x + size * Math.cos(angle) + 0.02 * r.normal(), y + size * Math.sin(angle) + 0.02 * r.normal(),
];
/** @param {Random} r */
const blob = (r) => 0.64 * (Math.floor(3 * r.uniform()) - 1) + 0.045 * r.normal();
/** @type {Record<string, (r: Random) => Point>} */
const SHAPES = {
	ring: (r) => arc(2 * Math.PI * r.uniform(), 0, 0, 0.72, r),
	moons: (r) => {
		const angle = Math.PI * r.uniform();
		return r.uniform() < 0.5 ? arc(angle, -0.24, -0.14, 0.5, r) : arc(-angle, 0.24, 0.14, 0.5, r);
	},
	blobs: (r) => [blob(r), blob(r)],
};

/** `amount` points of a shape: ring, moons or blobs. @param {string} shape */
export const collect = (shape, amount = 400, seed = 1) => {
	const r = random(seed);
	return Array.from({ length: amount }, () => SHAPES[shape](r));
};

/** The two learning rates at a balance: the discriminator's is 2^balance times the generator's.
 * @param {number} balance */
export const speeds = (balance) => ({
	discriminator: RATE * 2 ** (balance / 2), generator: RATE * 2 ** (-balance / 2),
});

// ---- The game ----------------------------------------------------------------------------------

export class Game {
	/** The same seed plays the same game. @param {Point[]} target */
	constructor(target, seed = 1) {
		this.target = Float64Array.from(target.flat());
		this.rng = random(seed);
		this.generator = new Network([LATENT, WIDTH, WIDTH, 2], this.rng);
		this.discriminator = new Network([2, WIDTH, WIDTH, 1], this.rng);
		this.adam = {
			generator: new Adam(this.generator, MOMENTUM, MEMORY),
			discriminator: new Adam(this.discriminator, MOMENTUM, MEMORY),
		};
		this.shown = this.latents(256); // the same ones all along, so that their points can be followed
	}

	/** @param {number} count */
	latents(count) {
		return Float64Array.from({ length: LATENT * count }, () => 2 * this.rng.uniform() - 1);
	}

	/** @param {Float64Array} points */
	noisy(points) {
		return points.map((x) => x + NOISE * this.rng.normal());
	}

	/** What a turn of the discriminator compares: as many target points as drawn ones, flat. */
	batch() {
		const real = new Float64Array(2 * BATCH), count = this.target.length / 2;
		for (let n = 0; n < BATCH; n++) {
			const from = 2 * Math.floor(count * this.rng.uniform());
			real[2 * n] = this.target[from];
			real[2 * n + 1] = this.target[from + 1];
		}
		const drawn = this.generator.forward(this.latents(BATCH));
		return { real: this.noisy(real), drawn: this.noisy(drawn) };
	}

	/** The discriminator's loss in nats a point, ln 2 where it can only guess; its gradient is kept.
	 * @param {{ real: Float64Array, drawn: Float64Array }} batch */
	discriminatorLoss({ real, drawn }) {
		const both = new Float64Array(2 * real.length);
		both.set(real);
		both.set(drawn, real.length);
		const scores = this.discriminator.forward(both), half = scores.length / 2;
		let loss = 0;
		const slopes = scores.map((score, n) => {
			const sign = n < half ? 1 : -1; // a target point, or a drawn one
			loss += nll(sign * score);
			return (-sign * sigmoid(-sign * score)) / scores.length;
		});
		this.discriminator.clear();
		this.discriminator.backward(slopes);
		return loss / scores.length;
	}

	/** The generator's loss likewise; `noise` is added to its points before they are scored.
	 * @param {Float64Array} latents @param {Float64Array} noise */
	generatorLoss(latents, noise) {
		const points = this.generator.forward(latents).map((x, k) => x + noise[k]);
		const scores = this.discriminator.forward(points);
		let loss = 0;
		const slopes = scores.map((score) => {
			loss += nll(score);
			return -sigmoid(-score) / scores.length;
		});
		this.generator.clear();
		this.generator.backward(this.discriminator.backward(slopes));
		this.discriminator.clear();
		return loss / scores.length;
	}

	/** One turn of the discriminator; its loss before it. @param {number} rate */
	discriminatorTurn(rate) {
		const loss = this.discriminatorLoss(this.batch());
		this.adam.discriminator.step(rate);
		return loss;
	}

	/** One turn of the generator; its loss before it. @param {number} rate */
	generatorTurn(rate) {
		const loss = this.generatorLoss(this.latents(BATCH), this.noisy(new Float64Array(2 * BATCH)));
		this.adam.generator.step(rate);
		return loss;
	}

	/** The discriminator's probability that each of these points, flat, is one of the target's.
	 * @param {Float64Array} points */
	probabilities(points) {
		return this.discriminator.forward(points).map(sigmoid);
	}

	/** Where the generator puts the latents that are shown, flat. */
	cloud() {
		return this.generator.forward(this.shown);
	}

	/** Which way the discriminator would have each point of a cloud go: up its score, flat.
	 * @param {Float64Array} cloud */
	pushes(cloud) {
		const slopes = this.discriminator.forward(cloud).map((score) => sigmoid(-score));
		const up = this.discriminator.backward(slopes);
		this.discriminator.clear();
		return up;
	}

	/** The share of the target that a cloud reaches, and the share of the cloud that is on it.
	 * @param {Float64Array} cloud */
	measure(cloud) {
		return { reached: share(this.target, cloud), hit: share(cloud, this.target) };
	}
}

/** The share of `points` that have one of `others` near them.
 * @param {Float64Array} points @param {Float64Array} others */
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
