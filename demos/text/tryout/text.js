// @ts-check
// Generate text, Try: the sheet that follows the writing, and the switch of the two exhibits.

/** Keeps the newest line in sight while it is written, and goes back to where that began at its end,
 *  unless the visitor has scrolled. */
export const follow = (element, watch) => {
	let below = true, busy = false, begun = 0, top = 0;
	element.addEventListener("scroll", ({ target: leaf }) => {
		if (!leaf.matches(".leaf")) return;
		top = leaf.scrollTop;
		below = leaf.scrollHeight - top - leaf.clientHeight < 24;
	}, true);
	watch("value", () => {
		const leaf = element.querySelector(".leaf");
		if (!leaf) return;
		const now = leaf.getAttribute("aria-busy") === "true";
		if (now && !busy) {
			below = true;
			const long = leaf.scrollHeight > leaf.clientHeight + 1;
			begun = long ? leaf.scrollHeight - leaf.clientHeight / 2 : 0;
		}
		if (now) leaf.scrollTop = below ? leaf.scrollHeight : top;
		else if (busy) leaf.scrollTop = below ? begun : top;
		busy = now;
	});
};

/** Text or pen: one choice for all rooms, on the page's column and in the address. */
export const exhibits = (element) => {
	const page = element.closest(".page");
	const asked = new URL(location.href).searchParams.get("exhibit");
	const show = (name) => {
		page.dataset.exhibit = name;
		for (const button of page.querySelectorAll("[data-exhibit-of]"))
			button.setAttribute("aria-pressed", String(button.dataset.exhibitOf === name));
	};
	show(page.dataset.exhibit || (asked === "pen" ? "pen" : "text"));
	element.addEventListener("click", ({ target }) => {
		const button = target.closest("[data-exhibit-of]");
		if (!button) return;
		show(button.dataset.exhibitOf);
		const address = new URL(location.href);
		address.searchParams.set("exhibit", button.dataset.exhibitOf);
		history.replaceState(history.state, "", address);
	});
};
