// @ts-check
// The list of contents beside an article: open where there is room for it, folded on a phone; the
// section that is read is marked, and the one that the address names comes into sight.
const WIDE = "(min-width: 1100px)"; // as in page.css
const PATIENCE = 10000; // ms that a fetched article may take to be on the page
const wide = matchMedia(WIDE);

/** @param {Element} list */
const wire = (list) => {
	const fold = list.querySelector("details");
	const follow = () => {
		fold.open = wide.matches;
		fold.querySelector("summary").tabIndex = wide.matches ? -1 : 0; // there it is but a title
	};
	wide.addEventListener("change", follow);
	follow();
	/** @type {Map<Element, HTMLAnchorElement>} */
	const links = new Map();
	for (const link of list.querySelectorAll("a")) {
		const section = document.getElementById(link.hash.slice(1));
		if (section) links.set(section, link);
	}
	// The last section that has begun by a third of the window.
	const mark = () => {
		if (!list.isConnected) return removeEventListener("scroll", mark);
		const now = [...links.keys()].findLast((section) => section.getBoundingClientRect().top < innerHeight / 3);
		for (const [section, link] of links)
			if (section === now) link.setAttribute("aria-current", "true");
			else link.removeAttribute("aria-current");
	};
	addEventListener("scroll", mark, { passive: true });
	mark();
	list.addEventListener("click", (/** @type {any} */ event) => {
		const link = event.target.closest("a");
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault(); // the address keeps what else it tells
		fold.open = wide.matches; // first, so that the browser goes to where the section is then
		const section = document.getElementById(link.hash.slice(1));
		location.hash = link.hash;
		section.scrollIntoView(); // also where the address named it before
		section.tabIndex = -1; // the keyboard goes on from there
		section.focus({ preventScroll: true });
	});
};

/** Wire the lists of the article that is about to be on the page. */
export const arrive = () => {
	const until = Date.now() + PATIENCE;
	const look = () => {
		const lists = document.querySelectorAll(".contents:not([data-wired])");
		for (const list of lists) {
			list.setAttribute("data-wired", "");
			wire(list);
		}
		if (lists.length) {
			const asked = document.getElementById(location.hash.slice(1));
			if (asked?.closest(".article, .questions")) asked.scrollIntoView();
		} else if (Date.now() < until) setTimeout(look, 100);
	};
	look();
};
