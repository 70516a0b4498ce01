// @ts-check
// Classify, Train: classifiers that were kept: the page of each, its link and QR code, and taking back.

import { filled, part } from "./dom.js";
import { ask, kept as tell, takes, use } from "./training.js";

/** Lists this visitor's classifiers; gives a function that lists them anew. */
export const kept = (room, words, panel, refuse) => {
	const section = room.querySelector(".classroom-kept"), place = section.querySelector("div");
	const list = async () => {
		const { jobs } = await ask("jobs").catch(() => ({ jobs: [] }));
		const ours = jobs.filter((job) => job.task === "classification" && job.state === "done");
		const cards = await Promise.all(ours.map(async (job) => {
			const told = await fetch(new URL(`use/${job.link}/link?lang=${window.house.lang}`, document.baseURI)).then((answer) => answer.ok ? answer.json() : null, () => null);
			return told && card(job, told);
		}));
		place.replaceChildren(...cards.filter(Boolean));
		section.hidden = !place.childElementCount;
	};
	const card = (job, { title, address, qr, local }) => {
		const name = title || job.base, made = part("article", "", { className: "classroom-card" });
		const told = part("div");
		const link = part("input", "", { readOnly: true, value: address });
		link.setAttribute("aria-label", words.link);
		link.onfocus = () => link.select();
		const buttons = part("p", "", { className: "train-buttons" });
		const open = part("a", words.open, { className: "btn", href: `use/${job.link}?lang=${window.house.lang}`, target: "_blank", rel: "noopener" });
		const tried = part("button", words.use, { type: "button", className: "ghost" });
		tried.onclick = () => use(job);
		const take = part("a", words.take, { className: "ghost", download: "" });
		takes(take, job.id, panel, refuse);
		const back = part("button", words.back, { type: "button", className: "ghost" });
		back.onclick = async () => {
			if (!confirm(filled(words.sure_back, { name }))) return;
			const gone = await ask(`jobs/${job.id}`, { method: "DELETE" }).then(() => job.link, (error) => refuse(error.message || words.lost));
			relist(gone);
		};
		buttons.append(open, tried, take, back);
		told.append(part("h3", name), link, ...(local ? [part("p", local, { className: "note" })] : []), buttons);
		if (qr) {
			const code = part("div", "", { className: "qr", role: "img", innerHTML: qr }); // made by our server
			code.setAttribute("aria-label", filled(words.qr, { name }));
			made.append(code);
		}
		made.append(told);
		return made;
	};
	// Try lists them too: there they are looked for again.
	const relist = async (gone = "") => {
		await list();
		tell(gone);
	};
	list();
	return relist;
};
