// @ts-check
// Rewind: what a training's network answers to one input at every moment that was kept of it. Each
// moment is a model of /v1, `<task>/<job>@<moment>` (`demos.training.models`).

import { asked, bars, boxes, continued, faces, reduced } from "./asking.js";
import { filled, part, svg } from "./dom.js";

const PACE = 700; // ms that an answer stays while they are played
const LATER = 400; // ms after the last letter that was typed
const KINDS = 8; // of a classifier that are shown
const SURE = .3, TRY = .5; // score from which an object is shown: less than in Try, so that one sees it come
const THUMBS = 6; // pictures of the room that can be asked about
const MOST = 300; // answers that are kept
const GIVEN = { en: "Where is the station?", fr: "Où est la gare ?", zh: "车站在哪里？" };
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const form = (fields) => {
	const made = new FormData();
	for (const [name, value] of Object.entries(fields)) made.append(name, value, ...(value instanceof Blob ? ["picture.jpg"] : []));
	return made;
};

/** What a task answers to an input, drawn. */
const answers = {
	async classification({ blob, order }, model, words) {
		const { confidences } = await asked("classify", form({ image: blob, model, top_k: KINDS }), words.lost);
		// A kind stays in its line from moment to moment, where all of them are shown.
		for (const { label } of confidences) if (!order.includes(label)) order.push(label);
		if (order.length <= KINDS) confidences.sort((a, b) => order.indexOf(a.label) - order.indexOf(b.label));
		return [bars(confidences.map(({ label, confidence }) => [label, confidence]))];
	},
	async detection({ blob, address, width, height }, model, words) {
		const { objects } = await asked("detect", form({ image: blob, model, threshold: SURE }), words.lost);
		const figure = part("div", "", { className: "rewind-picture" }), drawing = svg("svg", { "aria-hidden": "true" });
		boxes(drawing, objects, { width, height });
		figure.append(part("img", "", { src: address, alt: words.shown }), drawing);
		const told = part("p", filled(words.sure, { sure: `${SURE * 100}%`, tries: `${TRY * 100}%` }), { className: "quiet" });
		return [figure, told, objects.length ? bars(objects.slice(0, KINDS).map(({ label, score }) => [label, score])) : part("p", words.nothing, { className: "quiet" })];
	},
	async text({ text }, model, words) {
		const read = await asked("write", { prompt: text, model, length: 160, temperature: .7, seed: 1, stream: false }, words.lost);
		return [continued(text, read.text)];
	},
	async translation({ text, direction }, model, words) {
		const [source, target] = direction.split("-");
		const read = await asked("translate", { text, source, target, model }, words.lost);
		return [part("p", read.translation, { className: "answer", lang: target })];
	},
	async handwriting({ text }, model, words) {
		const { svgs } = await asked("handwrite", { text, model, seed: 1 }, words.lost);
		return svgs.map((drawn) => part("img", "", { className: "rewind-ink", src: `data:image/svg+xml,${encodeURIComponent(drawn)}`, alt: text }));
	},
	async images({ seed }, model, words) {
		return [faces((await asked("images", { model, seed, count: 4 }, words.lost)).images, `${words.seed}: {seed}`)];
	},
};

/** A picture from a file, from the camera, or one that the room shows; `given` is called with it. */
const pictures = (place, given, words) => {
	const row = part("p", "", { className: "rewind-give" }), shown = part("img", "", { alt: words.shown, hidden: true, onerror: () => (shown.hidden = true) });
	const label = part("label", words.picture, { className: "ghost" }), input = part("input", "", { type: "file", accept: "image/*", className: "sr-only" });
	const look = part("button", words.camera, { type: "button", className: "ghost", hidden: !navigator.mediaDevices }), video = part("video", "", { muted: true, playsInline: true, autoplay: true, hidden: true });
	const problem = part("span", "", { className: "quiet" });
	let camera = null, stream = null;
	const take = async (source) => {
		const made = await reduced(source).catch(() => ({ blob: source, width: 1, height: 1 })); // the server says what is wrong
		if (shown.src) URL.revokeObjectURL(shown.src);
		shown.src = URL.createObjectURL(made.blob);
		shown.hidden = false;
		given({ ...made, address: shown.src, order: [] });
	};
	const off = () => camera?.close();
	input.onchange = () => input.files[0] && take(input.files[0]);
	look.onclick = async () => {
		problem.textContent = "";
		const { camera: made, frame } = await import("./classify_camera.js");
		camera ??= made((now) => {
			stream = now;
			video.srcObject = now;
			video.hidden = !now;
			look.textContent = now ? words.snap : words.camera;
		});
		if (!stream) return camera.open().catch(() => (problem.textContent = words.no_camera));
		const still = await frame(video);
		off();
		if (still) await take(still);
	};
	label.append(input);
	row.append(label, look, problem, video, shown);
	const all = [...place.closest(".train").querySelectorAll(".classroom-classes img, .scored-picture img")];
	const ours = [...new Set(all.map(({ src }) => src))].slice(0, THUMBS); // before and now show the same
	for (const src of ours) {
		const button = part("button", "", { type: "button", className: "rewind-thumb" });
		button.append(part("img", "", { src, alt: words.yours, onerror: () => button.remove() }));
		button.onclick = async () => {
			const answer = await fetch(src);
			if (answer.ok) await take(await answer.blob());
		};
		row.append(button);
	}
	if (ours.length) row.querySelector(".rewind-thumb").click();
	return { row, off };
};

/** A field with its label. */
const field = (text, made) => {
	const label = part("label", "", { className: "rewind-field" });
	label.append(part("span", text), made);
	return label;
};

/** What is typed or chosen: `given` is called with it at first, and when it has changed. */
const fields = (place, job, given, words) => {
	const row = part("div", "", { className: "rewind-give" });
	if (job.task === "images") {
		const seed = part("input", "", { type: "number", min: 0, max: 1e6, value: 1 });
		seed.oninput = () => seed.validity.valid && seed.value && given({ seed: +seed.value });
		row.append(field(words.seed, seed));
		given({ seed: 1 });
		return row;
	}
	const text = part("textarea", "", { rows: 2, spellcheck: false }), chosen = part("select");
	let timer = 0;
	const give = () => given({ text: text.value, direction: chosen.value });
	text.oninput = () => {
		clearTimeout(timer);
		timer = setTimeout(() => (text.value.trim() || job.task === "text") && give(), LATER);
	};
	row.append(field({ text: words.text, translation: words.sentence, handwriting: words.line }[job.task], text));
	if (job.task === "translation") {
		const [a, b] = /(en|fr|zh)-(en|fr|zh)/.exec(job.key)?.slice(1) ?? ["en", "fr"], named = new Intl.DisplayNames([window.house.lang], { type: "language" });
		for (const [from, to] of [[a, b], [b, a]]) chosen.append(part("option", `${named.of(from)} → ${named.of(to)}`, { value: `${from}-${to}` }));
		text.value = GIVEN[a];
		chosen.onchange = () => {
			if (Object.values(GIVEN).includes(text.value)) text.value = GIVEN[chosen.value.split("-")[0]];
			give();
		};
		row.append(field(words.direction, chosen));
	} else if (job.task === "handwriting") text.value = "Dear reader,";
	else { // as the room's own samples begin
		const [line = ""] = place.closest(".train").querySelector(".train-samples pre")?.textContent.trim().split("\n") ?? [];
		text.value = line.slice(0, 16).replace(/(\S+\s)\S*$/, "$1").trimEnd();
	}
	give();
	return row;
};

/** The slider of one training in `place`: {told, pause}. `told` is called with what is known by now,
 *  again and again while it runs. */
export const rewinding = (place, first) => {
	const words = JSON.parse(place.dataset.words), kept = new Map();
	let job = first, moments = [], epochs = 0, at = -1, input = null, number = 0, busy = false, playing = false;
	const slider = part("input", "", { type: "range", min: 0, max: 0, value: 0 }), said = part("output", "", { className: "quiet" });
	slider.setAttribute("aria-label", words.slider);
	const button = part("button", words.play, { type: "button", className: "ghost", hidden: calm() });
	const shown = part("div", "", { className: "rewind-answer", ariaLive: "polite" }), bar = part("div", "", { className: "rewind-bar" });

	const sentence = ({ step, epoch, progress }) => {
		if (!step) return words.begin;
		const text = progress >= 1 ? words.end : epochs > 1 ? words.epoch_of : words.epoch;
		return filled(text, { step, epoch: epoch + 1, epochs, percent: `${Math.round(progress * 100)}%` });
	};
	/** Shows the chosen moment, and asks where its answer is not known; one request at a time, and
	 *  whatever was chosen meanwhile is asked next. */
	const show = async () => {
		const moment = moments[at];
		if (!moment) return;
		slider.max = String(moments.length - 1);
		slider.value = String(at);
		said.textContent = sentence(moment);
		slider.setAttribute("aria-valuetext", said.textContent);
		if (!input) return;
		const name = `${number} ${moment.name}`, current = () => name === `${number} ${moments[at].name}`;
		if (!kept.has(name)) {
			shown.classList.add("asking");
			if (!shown.childElementCount) shown.append(part("p", words.asking, { className: "quiet" }));
			if (busy) return;
			busy = true;
			let found, right = true;
			try {
				found = await answers[job.task](input, `${job.task}/${job.link}@${moment.name}`, words);
			} catch (error) {
				right = false;
				found = [part("p", error instanceof TypeError ? words.lost : error.message, { className: "refusal" })];
			}
			busy = false;
			if (right) kept.set(name, found);
			if (kept.size > MOST) kept.delete(kept.keys().next().value);
			if (!current()) return show();
			shown.replaceChildren(...found);
		} else shown.replaceChildren(...kept.get(name));
		shown.classList.remove("asking");
		shown.dataset.moment = moment.name;
	};
	const pause = () => {
		playing = false;
		button.textContent = words.play;
		shown.ariaLive = "polite";
	};
	const play = async () => {
		playing = true;
		button.textContent = words.pause;
		shown.ariaLive = "off"; // nobody could listen to all of them
		if (at === moments.length - 1) at = 0;
		while (playing && place.isConnected) {
			await show();
			await new Promise((done) => setTimeout(done, PACE));
			if (!playing || at >= moments.length - 1) break;
			at++;
		}
		pause();
	};
	button.onclick = () => playing ? pause() : play();
	slider.oninput = () => {
		pause();
		at = +slider.value;
		show();
	};
	const given = (what) => {
		input = what;
		number++;
		show();
	};
	const pictured = ["classification", "detection"].includes(job.task) ? pictures(place, given, words) : null;
	const row = pictured?.row ?? fields(place, job, given, words);
	bar.append(button, slider);
	place.querySelector("[data-rewound]").replaceChildren(row, bar, said, shown);
	return {
		told(now, found, rows) {
			job = now;
			epochs = now.state === "done" ? Math.max(0, ...rows.keys()) : 0;
			if (found.length === moments.length) {
				if (moments[at]) said.textContent = sentence(moments[at]);
				return;
			}
			const last = at === moments.length - 1; // whoever looks at the newest goes on with it
			const [before] = moments[at] ? [moments[at].name] : [""];
			moments = [...found].sort((a, b) => a.progress - b.progress);
			at = last && !playing ? moments.length - 1 : Math.max(0, moments.findIndex(({ name }) => name === before));
			show();
		},
		pause() {
			pause();
			pictured?.off();
		},
	};
};
