// @ts-check
// Classify, Train: the live answer: what the classifier says of the camera, or of one picture.

import { frame, show, smaller } from "./classify_camera.js";
import { part } from "./dom.js";
import { ask } from "./training.js";

const AGAIN = 60, UNSEEN = 300, RETRY = 2000; // ms to the next look; where nobody sees it; after a failure

/** `now`, `cam`, `open` as `cards` takes them. Gives `paint`, and `asked`, which is given a picture. */
export const answer = (room, words, { now, cam, open, attempt }) => {
	const video = room.querySelector(".classroom-see video"), picture = room.querySelector(".classroom-see img");
	const bars = room.querySelector(".classroom-live .bars"), why = room.querySelector("[data-show=why]");
	const refusal = room.querySelector("[data-show=asked]");
	const button = (name) => room.querySelector(`[data-do="${name}"]`);
	let live = false, looking = false;

	const paint = () => {
		if (!cam.on) live = false;
		video.hidden = !live;
		if (live) picture.hidden = true;
		button("camera").hidden = live;
		button("off").hidden = !live;
		if (!cam.on) button("other_camera").hidden = true;
		why.hidden = !(video.hidden && picture.hidden);
		why.textContent = now().learnt ? words.ask : words.not_yet;
		if (!now().learnt) bars.replaceChildren();
		else if (refusal.textContent === words.not_yet) say(""); // it has learnt since
		if (now().learnt && live && !looking) look();
	};
	const answered = ({ answers }) => {
		const names = Object.fromEntries(now().classes.map((one) => [one.id, one.name]));
		const best = Math.max(...answers.map((one) => one.probability));
		if (bars.children.length !== answers.length)
			bars.replaceChildren(...answers.map(() => {
				const line = part("li", "", { className: "bar" }), track = part("div");
				track.setAttribute("aria-hidden", "true");
				track.append(part("i"));
				line.append(part("b"), track, part("span"));
				return line;
			}));
		answers.forEach((one, at) => {
			const line = bars.children[at];
			line.classList.toggle("best", one.probability === best);
			line.querySelector("b").textContent = names[one.class] ?? "–";
			line.querySelector("i").style.width = `${100 * one.probability}%`;
			line.querySelector("span").textContent = `${Math.round(100 * one.probability)}%`;
		});
	};
	const question = (blob) => ask(`classify/${now().upload}/answer`, { method: "POST", body: blob });
	const look = async () => {
		looking = true;
		while (live && cam.on && now().learnt && room.isConnected) {
			const blob = room.offsetParent && !document.hidden ? await frame(video) : null;
			if (blob)
				try {
					const told = await question(blob);
					if (!live) break; // a picture is asked about by now
					say("");
					answered(told);
				} catch (error) {
					if (live && error.told && error.status !== 503 && error.status !== 429 && refusal.textContent !== error.message) say(error.message);
					await new Promise((done) => setTimeout(done, RETRY));
				}
			await new Promise((done) => setTimeout(done, blob ? AGAIN : UNSEEN));
		}
		looking = false;
	};
	const off = () => {
		live = false;
		cam.leave("live");
		paint();
	};
	const say = (sentence) => {
		refusal.hidden = !sentence;
		refusal.textContent = sentence;
		if (sentence) refusal.scrollIntoView({ block: "nearest" });
	};
	let latest = 0;
	const asked = async (file) => {
		const mine = ++latest;
		if (live) off();
		picture.hidden = true;
		bars.replaceChildren(); // of what was asked before
		say("");
		paint();
		try {
			const small = await smaller(file);
			if (mine === latest) await show(picture, small);
			paint();
			if (mine !== latest) return;
			if (!now().learnt) return say(words.not_yet);
			const told = await question(small);
			if (mine === latest) answered(told);
		} catch (error) {
			if (!error.told) console.warn(error);
			if (mine === latest) say(error.told ? error.message : words.lost);
		}
	};
	button("camera").onclick = async () => {
		if (!await open("live")) return;
		live = true;
		latest++; // what is asked of a picture is no longer wanted
		say("");
		paint();
	};
	button("off").onclick = off;
	button("other_camera").onclick = () => attempt(() => cam.other());
	return { paint, asked };
};
