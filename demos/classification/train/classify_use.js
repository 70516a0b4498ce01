// @ts-check
// The page of one classifier: the camera fills it, or a picture that was chosen; what it sees stands
// beneath in large letters.

import { camera as cameras, frame, show, smaller, why } from "./classify_camera.js";

const RETRY = 1500; // ms
const { labels, words, unsure } = JSON.parse(document.body.dataset.told || '{"labels":{},"words":{}}');
const find = (query) => /** @type {any} */ (document.querySelector(query));
const video = find("video"), picture = find(".see img"), said = find(".why"), box = find(".frame");
const id = location.pathname.split("/").filter(Boolean).pop();
const gone = document.documentElement.dataset.state === "gone";

const paint = (answers) => {
	const [best] = answers, certain = best.confidence >= unsure;
	const title = find(".answer"), text = certain ? labels[best.label] ?? best.label : `${words.unsure}: ${labels[best.label] ?? best.label}`;
	if (title.textContent !== text) title.textContent = text;
	title.classList.toggle("unsure", !certain);
	const list = find(".get ul");
	if (list.children.length !== answers.length)
		list.replaceChildren(...answers.map(() => {
			const line = document.createElement("li");
			line.innerHTML = "<span></span><div aria-hidden=\"true\"><i></i></div><b></b>";
			return line;
		}));
	const order = Object.keys(labels);
	[...answers].sort((a, b) => order.indexOf(a.label) - order.indexOf(b.label)).forEach((one, at) => {
		const line = list.children[at];
		line.querySelector("span").textContent = labels[one.label] ?? one.label;
		line.querySelector("i").style.width = `${100 * one.confidence}%`;
		line.querySelector("b").textContent = `${Math.round(100 * one.confidence)}%`;
	});
};
const refuse = (sentence = "") => (find(".refusal").textContent = sentence);
const ask = async (blob) => {
	const answer = await fetch(new URL(`use/${id}/answer?lang=${document.documentElement.lang.slice(0, 2)}`, document.baseURI), { method: "POST", body: blob });
	const told = await answer.json().catch(() => ({}));
	if (!answer.ok) throw Object.assign(new Error(told.error?.sentence ?? words.lost), { status: answer.status });
	refuse();
	paint(told.answers);
};

let live = false;
const cam = cameras((stream) => {
	video.srcObject = stream;
	live = !!stream;
	video.hidden = !stream;
	box.hidden = !stream;
	if (stream) picture.hidden = true;
	find("[data-do=camera]").hidden = !!stream;
	if (!stream) find("[data-do=switch]").hidden = true;
});
const look = async () => {
	while (live) {
		const blob = document.hidden ? null : await frame(video);
		if (blob)
			try {
				await ask(blob);
			} catch (error) {
				refuse(error instanceof TypeError ? words.lost : error.message);
				if (error.status === 404) return cam.close();
				await new Promise((done) => setTimeout(done, RETRY));
			}
		await new Promise((done) => setTimeout(done, blob ? 80 : 300));
	}
};
const open = async () => {
	said.textContent = words.asking;
	try {
		await cam.open();
		said.textContent = "";
		find("[data-do=switch]").hidden = !await cam.more();
		look();
	} catch {
		if (picture.hidden) said.textContent = words[why()]; // else one was chosen meanwhile
		video.hidden = true;
		find("[data-do=camera]").hidden = why() === "insecure";
	}
};
find("[data-do=switch]").onclick = () => cam.other().then(look, () => refuse(words.no_camera));
find("[data-do=camera]").onclick = open;
find("input[type=file]").onchange = async ({ target }) => {
	const [file] = target.files;
	if (!file) return;
	cam.close();
	find(".answer").textContent = ""; // of what was asked before
	find(".get ul").replaceChildren();
	const small = await smaller(file);
	await show(picture, small);
	said.textContent = "";
	await ask(small).catch((error) => refuse(error instanceof TypeError ? words.lost : error.message));
	target.value = "";
};
if (!gone) open();
