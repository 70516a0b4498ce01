// @ts-check
// Measure again: an evaluation as a job on the server, and claimed beside measured when it is done.
// It goes on without this page; whoever opens the model again sees it.

import { filled, part } from "./dom.js";
import { ask } from "./training.js";

const AGAIN = 1000, RETRY = 3000; // ms between two looks, and after one that failed

const wordsOf = (place) => JSON.parse(place.closest("[data-words]").dataset.words);

/** Claimed and measured, a row for each figure. */
const table = (job, words) => {
	const sheet = part("table", "", { className: "sheet figures again-table" });
	const head = part("tr");
	for (const name of ["measure", "card", "now", "verdict"]) head.append(part("th", words[name], { scope: "col" }));
	const top = part("thead"), rows = part("tbody");
	top.append(head);
	for (const { label, card, now, verdict, code } of job.rows) {
		const row = part("tr");
		row.append(part("th", label, { scope: "row" }));
		for (const [name, text] of Object.entries({ card, now, verdict })) {
			const cell = part("td", text, { className: name === "verdict" ? `verdict-${code}` : "" });
			cell.dataset.label = words[name];
			row.append(cell);
		}
		rows.append(row);
	}
	sheet.append(top, rows);
	return sheet;
};

/** Shows one evaluation in its place until it has ended. */
const follow = async (again, job) => {
	const words = wordsOf(again), shown = again.querySelector(".again-shown"), state = part("p");
	const stop = part("button", words.cancel, { type: "button", className: "ghost" });
	stop.onclick = () => ask(`jobs/${job.id}/cancel`, { method: "POST" }).catch(() => {});
	shown.replaceChildren(state, stop);
	const say = (text) => { if (state.textContent !== text) state.textContent = text; };
	while (["queued", "running", "paused"].includes(job.state) && again.isConnected) {
		const seconds = Math.round((Date.now() - began(again, job)) / 1000);
		say(job.state === "running" ? filled(words.running, { seconds }) : filled(words.queued, { place: job.place ?? "" }));
		await new Promise((done) => setTimeout(done, AGAIN));
		try {
			job = await ask(`evaluations/${job.id}`);
		} catch (error) {
			if (/** @type {any} */ (error).told) return refuse(again, error);
			say(words.lost);
			await new Promise((done) => setTimeout(done, RETRY));
		}
	}
	if (job.state === "done") shown.replaceChildren(table(job, words), part("p", job.on, { className: "quiet" }));
	else if (job.state === "cancelled") shown.replaceChildren(part("p", words.cancelled));
	else refuse(again, new Error(job.error || words.failed));
};

/** When this page first saw a job run, in ms. */
const began = (again, job) => {
	if (job.state === "running") again.dataset.began ||= String(Date.now());
	else delete again.dataset.began;
	return Number(again.dataset.began ?? Date.now());
};

const refuse = (again, error) => again.querySelector(".again-shown")
	.replaceChildren(part("p", error.message || wordsOf(again).lost, { className: "refusal", role: "alert" }));

const start = async (again, upload = "") => {
	if (again.dataset.busy) return;
	again.dataset.busy = "1";
	try {
		const { key, number } = again.dataset;
		await follow(again, await ask("evaluations", { json: { key, number: Number(number), upload } }));
	} catch (error) {
		refuse(again, error);
	} finally {
		delete again.dataset.busy;
	}
};

/** On the host's data. */
export const click = (at) => {
	if (at.dataset.measure === "here") start(at.closest(".again"));
};

/** On the visitor's files. */
export const change = async (at) => {
	const again = at.closest(".again"), files = [...at.files], words = wordsOf(again);
	if (!files.length) return;
	at.value = "";
	try {
		const { upload } = await ask("uploads", { method: "POST" });
		for (const file of files) {
			again.querySelector(".again-shown").replaceChildren(part("p", filled(words.sending, { name: file.name })));
			const body = new FormData();
			body.append("files", file, file.name);
			await ask(`uploads/${upload}`, { method: "POST", body });
		}
		await start(again, upload);
	} catch (error) {
		refuse(again, error);
	}
};

/** A model was opened: what goes on there, or came out last, is shown. */
export const toggle = async (details) => {
	if (!details.querySelector(".again")) return;
	const { evaluations } = await ask("evaluations").catch(() => ({ evaluations: [] }));
	for (const again of details.querySelectorAll(".again")) {
		const { key, number } = again.dataset;
		const job = evaluations.find((one) => one.key === key && String(one.number) === number);
		if (!job || again.dataset.busy) continue;
		again.dataset.busy = "1";
		follow(again, job).catch((error) => refuse(again, error)).finally(() => delete again.dataset.busy);
	}
};
