// @ts-check
// Five questions at the end of Learn. The first choice counts; nothing leaves the page.

/** Whatever stands in `element`, now or later, is answered by clicks. */
export const mount = (element) => element.addEventListener("click", ({ target }) => {
	const see = target.closest("[data-see]");
	if (see) {
		const [tab, room] = see.dataset.see.split("/");
		/** @type {any} */ (document.querySelector(`#${tab}-rooms > .tab-wrapper [data-tab-id=${room}]`))?.click();
		document.getElementById(`${tab}-rooms`)?.scrollIntoView({ block: "start" });
		return;
	}
	const button = target.closest("[data-answer]"), question = button?.closest("[data-question]");
	if (!question || "done" in question.dataset) return;
	const right = button.dataset.answer === "1";
	question.dataset.done = right ? "1" : "0";
	for (const one of question.querySelectorAll("[data-answer]")) {
		one.setAttribute("aria-disabled", "true");
		if (one.dataset.answer === "1") one.classList.add("right");
	}
	if (!right) button.classList.add("wrong");
	button.setAttribute("aria-pressed", "true");
	const why = question.querySelector(".questions-why"), said = why.querySelector("b");
	said.textContent = right ? said.dataset.right : said.dataset.wrong;
	why.hidden = false;
	const all = [...element.querySelectorAll("[data-question]")], done = all.filter((one) => "done" in one.dataset);
	const score = element.querySelector("[data-score]");
	if (done.length === all.length)
		score.textContent = score.dataset.score
			.replace("{right}", done.filter((one) => one.dataset.done === "1").length)
			.replace("{all}", all.length);
});
