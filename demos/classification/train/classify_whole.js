// @ts-check
// Classify, Train: every layer is trained on a copy of the pictures, and the visitor's trainings are
// listed. However often the button is pressed, one training is asked for.

import { ask, linkTo, listed } from "./training.js";

/** `now` gives the state of the room. Gives `paint`, and `open`, which shows a training by its id. */
export const whole = (room, words, panel, { now, attempt, refuse, relist, paint: repaint }) => {
	const section = room.querySelector(".classroom-whole"), form = section.querySelector(".train-form");
	const button = form.querySelector("[data-do=whole_start]"), mine = room.querySelector(".train-mine");
	let shown = "", end = null;

	// What was kept without one, or came back as a zip, stands among the classifiers.
	const ours = (job) => job.task === "classification" && "minutes" in job.options;
	const list = () => listed(mine, panel, ours, (id) => {
		open(id);
		section.scrollIntoView({ block: "nearest" });
	});
	const paint = () => (section.hidden = !now().learnt && !shown);
	const left = () => {
		shown = "";
		form.hidden = false;
		linkTo(null, room);
		relist();
		list();
		repaint();
	};
	const open = async (id) => {
		end?.();
		end = null;
		shown = id;
		linkTo(id, room);
		form.hidden = true;
		repaint();
		list();
		const live = await import("./training_live.js").catch(() => null);
		if (shown !== id) return;
		if (!live) {
			left();
			return refuse(words.lost);
		}
		let state = "";
		end = live.follow(section.querySelector(".train-run"), id, panel, {
			left,
			relist: list,
			changed(job) {
				if (job.state === state) return;
				state = job.state;
				if (state === "done") relist();
			},
		});
	};
	button.onclick = () => {
		button.disabled = true; // until the server has answered
		attempt(async () => {
			const minutes = Number(form.querySelector("[name=minutes]").value);
			await open((await ask(`classify/${now().upload}/whole`, { json: { minutes } })).id);
		}).finally(() => (button.disabled = false));
	};
	list();
	return { paint, open };
};
