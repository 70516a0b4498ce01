// @ts-check
// Home: six small living pictures, each a door to its tab. What moves are answers that the bundled
// models gave (living.json); where less motion is asked for, each stands at its end.

import { part, svg } from "./dom.js";

const SECONDS = { classify: 3.4, detect: 3.6, write: 6.5, pen: 5, translate: 4.6, images: 9.6 };
const REST = 1.6; // seconds that an answer stands before it is played again

const ease = (share) => 1 - (1 - Math.min(1, Math.max(0, share))) ** 3;

/** Each lays its picture out and gives a function that draws it at a share of its time, 0 to 1. */
const pictures = {
	classify(place, rows, { names }) {
		const list = part("div", "", { className: "living-bars" });
		const bars = rows.map(([label, share]) => {
			const line = part("span"), bar = part("i");
			line.append(part("em", names.classify[label] ?? label), bar);
			list.append(line);
			return [bar, share];
		});
		place.append(list);
		return (at) => bars.forEach(([bar, share]) => (bar.style.width = `${100 * share * ease((at - .2) / .5)}%`));
	},
	detect(place, rows, { names }) {
		const frame = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none" });
		const boxes = rows.map(([label, [x0, y0, x1, y1]], number) => {
			const box = svg("rect", { x: 100 * x0, y: 100 * y0, width: 100 * (x1 - x0), height: 100 * (y1 - y0) });
			const tag = part("em", names.detect[label] ?? label);
			tag.style.cssText = `left:${100 * x0}%;top:${100 * y0}%`;
			frame.append(box);
			place.append(tag);
			return [box, tag, number];
		});
		place.append(frame);
		return (at) => boxes.forEach(([box, tag, number]) => {
			const share = ease((at - .2 - .1 * number) / .35);
			box.style.transform = `translateY(${-40 * (1 - share)}px)`;
			box.style.opacity = tag.style.opacity = String(share);
		});
	},
	write(place, texts, { lang }) {
		const leaf = part("p", "", { className: "living-leaf", lang });
		const text = texts[lang].replace(/(?<=[，。])(?=.)/g, "\n"); // a verse a line
		place.append(leaf);
		return (at) => (leaf.textContent = text.slice(0, Math.round(text.length * Math.min(1, at / .95))));
	},
	pen(place, { frame, strokes }) {
		const drawing = svg("svg", { viewBox: frame });
		const paths = strokes.map((d) => drawing.appendChild(svg("path", { d, pathLength: 1 })));
		place.append(drawing);
		return (at) => paths.forEach((path, number) => {
			const share = Math.min(1, Math.max(0, at / .92 * paths.length - number));
			path.style.strokeDashoffset = String(1 - share);
			path.style.visibility = share ? "visible" : "hidden";
		});
	},
	translate(place, pairs, { lang }) {
		const [into, from, to] = pairs[lang];
		const source = part("p", from, { lang: "en" }), target = part("p", "", { lang: into });
		const pieces = into === "zh" ? [...to] : to.split(/(?<= )/);
		const words = pieces.map((word) => target.appendChild(part("span", word)));
		place.append(source, target);
		return (at) => words.forEach((word, number) => (word.style.opacity = String(ease(at / .9 * (words.length + 1) - number - .6))));
	},
	images(place, faces) {
		const shown = faces.map((face) => place.appendChild(part("img", "", { src: `data:image/jpeg;base64,${face}`, alt: "" })));
		return (at) => shown.forEach((face, number) => (face.style.opacity = String(number === 0 ? 1 : ease((at * faces.length - number) * 1.6))));
	},
};

export const mount = async (element) => {
	const list = element.querySelector(".tiles"), names = JSON.parse(list.dataset.names), { lang } = list;
	const answer = await fetch(new URL("house/living.json", document.baseURI)).catch(() => null);
	if (!answer?.ok) return; // the doors open without
	const told = await answer.json();
	const still = matchMedia("(prefers-reduced-motion: reduce)");
	const playing = [...list.querySelectorAll("[data-living]")].map((place, number) => {
		const name = place.dataset.living;
		const draw = pictures[name](place, told[name], { names, lang });
		draw(still.matches ? 1 : 0);
		return { draw, seconds: SECONDS[name], begun: performance.now() + 250 * number };
	});
	let seen = false, frame = 0;
	const step = (now) => {
		for (const one of playing) {
			const share = (now - one.begun) / 1000 / one.seconds;
			if (share * one.seconds > one.seconds + REST) one.begun = now;
			else if (share >= 0) one.draw(Math.min(1, share));
		}
		frame = seen && !document.hidden && !still.matches && list.isConnected ? requestAnimationFrame(step) : 0;
	};
	const go = () => {
		if (!frame && seen && !still.matches) frame = requestAnimationFrame(step);
		if (still.matches) for (const one of playing) one.draw(1);
	};
	new IntersectionObserver((entries) => {
		seen = entries.at(-1)?.isIntersecting ?? false;
		go();
	}).observe(list);
	document.addEventListener("visibilitychange", go);
	still.addEventListener("change", go);
};
