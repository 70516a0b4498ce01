// @ts-check
// Where a visitor is: the tab and the room stand in the address (?tab=, ?room=), every change of them
// is a step in the browser's history, the page's title follows, and a reload keeps what was typed.
(() => {
	const { house } = window;
	const row = (id) => document.querySelector(`#${id} > .tab-wrapper`);
	/** @returns {HTMLElement[]} */
	const buttons = (id) => /** @type {any} */ ([...(row(id)?.querySelectorAll("[role=tab]") ?? [])]);
	const chosen = (id) => buttons(id).find((tab) => tab.ariaSelected === "true");
	const asked = (name) => new URL(location.href).searchParams.get(name);

	// Before Gradio builds the page (this file is deferred, as its own is, and stands before it): what
	// the address asks for is what is open.
	const { components } = window.gradio_config;
	const known = (id) => components.some(({ type, props }) => type === "tabitem" && props.id === id);
	const open = (elem_id, id) => {
		const tabs = components.find(({ type, props }) => type === "tabs" && props.elem_id === elem_id);
		if (tabs && known(id)) tabs.props.selected = id;
	};
	open("site", asked("tab"));
	open(`${asked("tab")}-rooms`, asked("room"));
	// A friend's challenge (?game=text-123-7) opens the game of its tab.
	for (const { props } of components) if (props.elem_id && props.elem_id === `${asked("game")?.split("-")[0]}-game`) props.open = true;

	const here = () => {
		const tab = chosen("site");
		const room = tab && chosen(`${tab.dataset.tabId}-rooms`);
		return { tab, room, id: tab?.dataset.tabId, in: room?.dataset.tabId };
	};

	const name = document.querySelector('meta[property="og:site_name"]').getAttribute("content");
	const entitle = ({ tab, room, id, in: where }) => {
		const parts = [where !== "try" && room?.textContent, id !== first() && tab.textContent, name];
		const title = parts.filter(Boolean).join(" · ");
		if (document.title !== title) document.title = title;
	};
	const first = () => buttons("site")[0]?.dataset.tabId;

	// Where a row of tabs scrolls, as on a phone, the chosen one is in sight: also once its letters have come.
	const narrow = matchMedia("(max-width: 720px)");
	const reveal = (tab) => {
		if (!narrow.matches) return; // measuring makes the browser lay the page out at once
		const bar = tab.parentElement, MARGIN = 48; // pixels
		const left = tab.offsetLeft - bar.offsetLeft;
		if (left < bar.scrollLeft) bar.scrollLeft = left - MARGIN;
		else if (left + tab.offsetWidth + MARGIN > bar.scrollLeft + bar.clientWidth)
			bar.scrollLeft = left + tab.offsetWidth + MARGIN - bar.clientWidth;
	};
	const widths = new ResizeObserver((chosen) => {
		for (const { target } of chosen) reveal(target);
	});

	let heading = null; // where Back or Forward leads, until it is reached
	const follow = () => {
		const place = here();
		if (!place.id) return;
		if (heading && !arrived(place)) return;
		heading = null;
		entitle(place);
		widths.disconnect();
		for (const tab of [place.tab, place.room]) if (tab) widths.observe(tab); // and once at first
		const address = new URL(location.href);
		const [tab, room] = [asked("tab"), asked("room")];
		if (tab === null && place.id === first()) return;
		if (tab === place.id && room === (place.in ?? null)) return;
		// A room that is named for the first time, and what was never here, is no step.
		const step = tab === null || (known(tab) && (tab !== place.id || (known(room) && place.in)));
		address.searchParams.set("tab", place.id);
		if (place.in) address.searchParams.set("room", place.in);
		else address.searchParams.delete("room");
		if (tab !== place.id) address.searchParams.delete("job"); // a training of the tab that is left
		dispatchEvent(new CustomEvent("house:place", { detail: address }));
		if (step && /-learn-(\d+|questions)$/.test(address.hash)) address.hash = ""; // a section of the room that is left
		history[step ? "pushState" : "replaceState"](null, "", address);
	};
	const arrived = (place) => {
		if (Date.now() > heading.until) return true;
		if (place.id !== heading.tab) buttons("site").find((one) => one.dataset.tabId === heading.tab)?.click();
		else if (heading.room && place.in !== heading.room)
			buttons(`${heading.tab}-rooms`).find((one) => one.dataset.tabId === heading.room)?.click();
		else return true;
		return false;
	};
	addEventListener("popstate", () => {
		const tab = asked("tab");
		heading = { tab: known(tab) ? tab : first(), room: asked("room"), until: Date.now() + 3000 };
		follow();
	});
	house.show = (tab) => {
		document.getElementById(tab + "-button")?.click();
		scrollTo({ top: 0 });
	};

	// What was typed, kept in this visit's storage when the page is left, by the field's nearest id.
	const MOST = 20000; // characters of a field: what is longer would be refused anyway
	const FIELDS = "textarea, input:is(:not([type]), [type=text], [type=number], [type=search])";
	const STORE = "breakthroughs.typed";
	// The faces stand in the address, with the one that was picked; the pen keeps its form by itself.
	const ELSEWHERE = "#face-seed, #pen-form";
	// What answers a field that does not answer by itself: else another text's answer would stand there.
	const ASKED_BY = { "write-prompt": "write-go", "write-acrostic": "write-go" };
	// A link that says what is to stand in a field is another page than the one that was typed on.
	const linked = () => ["source", "text_seed"].map(asked).join();
	let kept = {};
	try { kept = JSON.parse(sessionStorage.getItem(STORE)) ?? {}; } catch { /* a private window */ }
	if (kept.linked !== linked()) kept = {};
	delete kept.linked;
	const typed = new Set();
	const block = (field) => field.closest("[id]");
	const key = (field) => {
		const at = [...block(field).querySelectorAll(FIELDS)].indexOf(field);
		return `${block(field).id}/${at}`;
	};
	/** @returns {HTMLInputElement} */
	const field = (key) => {
		const [id, at] = key.split("/");
		return /** @type {any} */ (document.getElementById(id)?.querySelectorAll(FIELDS)[at]);
	};
	addEventListener("input", (/** @type {any} */ { isTrusted, target }) => {
		if (isTrusted && target.matches(FIELDS) && !target.role && block(target) && !target.closest(ELSEWHERE)) typed.add(key(target));
	}, true);
	addEventListener("pagehide", () => {
		for (const one of typed) {
			const value = field(one)?.value;
			if (value?.length <= MOST) kept[one] = value;
		}
		try { sessionStorage.setItem(STORE, JSON.stringify({ ...kept, linked: linked() })); } catch { /* full */ }
	});
	// Given back when the field is in sight, and again where the page's own opening words come after;
	// until the visitor does anything.
	const AGAIN = 30000; // ms
	let touched = false;
	for (const kind of ["pointerdown", "keydown"])
		addEventListener(kind, ({ isTrusted }) => (touched ||= isTrusted), true);
	const restoring = new Map(Object.entries(kept).map(([key, value]) => [key, { value, until: 0 }]));
	const restore = () => {
		for (const [key, { value, until }] of restoring) {
			const place = field(key);
			if (!place?.offsetParent) continue;
			if (until && (touched || Date.now() > until)) restoring.delete(key);
			else if (place.value !== value) {
				place.value = value;
				place.dispatchEvent(new Event("input", { bubbles: true }));
				typed.add(key);
				const go = ASKED_BY[block(place).id];
				if (go) setTimeout(() => document.getElementById(go)?.click(), 100); // once Gradio knows it
			}
			if (!until) restoring.get(key).until = Date.now() + AGAIN;
		}
		if (restoring.size) setTimeout(restore, 250);
	};

	let waiting = false;
	new MutationObserver(() => {
		if (waiting) return;
		waiting = true;
		requestAnimationFrame(() => {
			waiting = false;
			follow();
		});
	}).observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-selected"] });
	restore();
})();
