// @ts-check
// The guided tour of a tab: a panel beside one control after another. A step waits until the visitor
// has used what it points at and the page has answered, then the tour goes on by itself. What it says
// and where it points comes from the server (demos/tour); the step stands in the address (?tour=).

const QUIET = 900; // ms without anything new after which an answer counts as whole
const LOOK = 2500, LEAVE = 5000; // ms to look at an answer before the next step, before another room opens
const LATE = 3000; // ms that a target may take until the panel says that it is missing
const EDGE = 12, GAP = 16, RING = 6; // pixels: to the window's edge, to the target, of the ring around it
const SEEN = 120; // pixels of an answer that are enough to know that it is there
const TEXT = "textarea, input:not([type=radio], [type=checkbox], [type=range], [type=button], [type=file])";
const CONTROLS = `button, a[href], textarea, select, summary, [tabindex="0"], input:not([type=hidden])`;
const ACTS = ["click", "input", "change", "drop", "paste"];
const BUSY = "progress, [aria-busy=true]";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const { house } = window;
const visible = (selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]).find((one) => one.offsetParent);
const tabbable = (element) => [element, ...element.querySelectorAll(CONTROLS)]
	.filter((one) => one.matches(CONTROLS) && one.tabIndex >= 0 && !one.disabled && one.offsetParent);
const address = (number) => {
	const here = new URL(location.href);
	if (number) here.searchParams.set("tour", String(number));
	else here.searchParams.delete("tour");
	if (here.href !== location.href) history.replaceState(history.state, "", here);
};

let ended = () => {};

/** Begin the tour of the tab that `button` stands in; without one, go on where the address says. */
export async function begin(button) {
	const asked = new URL(location.href).searchParams;
	button ??= await arrived(`#${CSS.escape(asked.get("tab") ?? "")} [data-tour]`);
	if (!button) return address(0); // Home, say, has none
	ended();
	const [tab, key] = button.dataset.tour.split("/");
	const [told] = await Promise.all([house.text(key), styled()]);
	const holder = document.createElement("div");
	holder.innerHTML = told;
	const panel = holder.querySelector(".tour");
	if (panel) lead(tab, panel, button, Number(asked.get("tour")) || 1);
}

/** An element that may still be on its way; undefined where its tab has none. */
const arrived = (selector) => new Promise((done) => {
	const look = () => {
		const found = document.querySelector(selector);
		const built = document.querySelector("[data-footer]") && visible("h1");
		if (found || built) [watch.disconnect(), done(found ?? undefined)];
	};
	const watch = new MutationObserver(look);
	watch.observe(document.body, { childList: true, subtree: true });
	look();
});

const styled = () => new Promise((done) => {
	if (document.querySelector("[data-tour-sheet]")) return done(undefined);
	const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "house/tour.css", onload: done, onerror: done });
	sheet.dataset.tourSheet = "";
	document.body.append(sheet);
});

function lead(tab, panel, button, number) {
	const steps = [...panel.querySelectorAll("ol > li")], count = steps.length - 1;
	const ring = Object.assign(document.createElement("div"), { className: "tour-ring" });
	const stop = new AbortController(), { signal } = stop;
	const part = (name) => panel.querySelector(`[data-show=${name}], [data-do=${name}]`);
	let step, target, opened, acted, pressed, moved, going, overdue, rest, late, at;

	const over = () => number > count;
	const answered = () => step.answer ? [...document.querySelectorAll(step.answer)].find((/** @type {any} */ one) => one.offsetHeight) : null;
	const within = (where, selector) => selector && where.closest?.(selector);
	const room = (name) => document.querySelector(`#${tab}-rooms > .tab-wrapper [data-tab-id=${name}]`);

	const show = (next, aloud = false) => {
		number = Math.min(Math.max(next, 1), count + 1);
		clearTimeout(rest);
		clearTimeout(late);
		step = steps[number - 1].dataset;
		[target, opened, acted, moved, going, overdue, at] = [null, {}, false, false, false, false, null];
		panel.querySelector("h2").textContent = steps[number - 1].querySelector("b").textContent;
		panel.querySelector("#tour-text").textContent = steps[number - 1].querySelector("p").textContent;
		part("count").textContent = over() ? "" : panel.dataset.step.replace("{number}", number).replace("{count}", count);
		part("next").textContent = over() ? panel.dataset.done : number === count ? panel.dataset.last : panel.dataset.skip;
		part("back").disabled = number === 1;
		part("end").hidden = part("there").hidden = over();
		part("waiting").hidden = part("whole").hidden = part("missing").hidden = true;
		part("aloud").textContent = "";
		ring.hidden = true;
		if (over()) address(0);
		else late = setTimeout(() => {
			overdue = true;
			look();
		}, LATE);
		// Whoever is writing goes on writing, and hears of it.
		if (aloud && document.activeElement?.matches(TEXT)) part("aloud").textContent = `${part("count").textContent}. ${panel.querySelector("h2").textContent}. ${panel.querySelector("#tour-text").textContent}`;
		else panel.focus({ preventScroll: true });
		look();
	};

	// The target comes when Gradio has rendered it: its room is opened first, then its switch turned.
	const open = (name, control, on) => {
		if (!control || opened[name]) return;
		opened[name] = true;
		if (!on(control)) control.click();
	};
	const look = () => {
		if (visible("#site > .tab-wrapper [aria-selected=true]")?.dataset.tabId !== tab) {
			if (document.querySelector("#site > .tab-wrapper [aria-selected=true]")) end();
			return;
		}
		if (!over()) {
			open("room", room(step.room), (one) => one.ariaSelected === "true");
			if (step.first) open("first", visible(step.first), (one) => one.ariaPressed === "true");
			const found = visible(step.target);
			if (found && found !== target) address(number);
			target = found;
			part("missing").hidden = !overdue || target || acted;
		}
		place();
		if (target && !moved) reach(target);
		if (target && going) {
			going = false;
			tabbable(target)[0]?.focus({ preventScroll: true });
		}
	};

	// Beside the target, over nothing that is to be used; rather not over its answer either.
	const overlap = (one, other) => Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left))
		* Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));
	const box = (left, top) => ({ left, top, right: left + panel.offsetWidth, bottom: top + panel.offsetHeight });
	const narrow = () => document.documentElement.clientWidth <= 720;
	const place = () => {
		const width = document.documentElement.clientWidth, height = innerHeight;
		const most = [width - panel.offsetWidth - EDGE, height - panel.offsetHeight - EDGE];
		document.documentElement.style.setProperty("--tour-room", `${panel.offsetHeight + 2 * EDGE}px`);
		const corners = [[most[0], most[1]], [most[0], EDGE], [EDGE, most[1]], [EDGE, EDGE]];
		ring.hidden = !target;
		let places = corners;
		const around = target?.getBoundingClientRect(), answer = target && answered()?.getBoundingClientRect();
		if (target) {
			const { left, top, right, bottom } = around, base = panel.parentElement.getBoundingClientRect();
			const from = Math.max(left - RING, 2), to = Math.min(right + RING, width - 2);
			Object.assign(ring.style, {
				left: `${from - base.left}px`, top: `${top - RING - base.top}px`, width: `${to - from}px`, height: `${bottom - top + 2 * RING}px`,
			});
			const x = Math.min(Math.max(left, EDGE), most[0]), y = Math.min(Math.max(top, EDGE), most[1]);
			if (!narrow()) places = [[right + GAP, y], [left - GAP - panel.offsetWidth, y], [x, bottom + GAP], [x, top - GAP - panel.offsetHeight], ...corners];
		}
		const used = target ? [...document.querySelectorAll(step.used)].map((one) => one.getBoundingClientRect()) : [];
		const cost = (/** @type {number[]} */ [left, top]) => {
			if (left < EDGE - 1 || top < EDGE - 1 || left > most[0] + 1 || top > most[1] + 1) return Infinity;
			const mine = box(left, top);
			return used.reduce((sum, one) => sum + 1e3 * overlap(mine, one), (answer ? overlap(mine, answer) : 0) + (around ? 1e6 * overlap(mine, around) : 0));
		};
		// Once the visitor moves the page, the panel stays where it is as long as it may.
		if (moved && at && cost(at) === 0) places = [at];
		at = places.reduce((best, one) => (cost(one) < cost(best) ? one : best));
		Object.assign(panel.style, { left: `${Math.max(EDGE, at[0])}px`, top: `${Math.max(EDGE, at[1])}px` });
	};

	// An element is brought into the part of the window that the panel leaves free.
	const reach = (element) => {
		let { top, bottom, height } = element.getBoundingClientRect();
		const free = innerHeight - (narrow() ? panel.offsetHeight + EDGE : 0);
		// Together with its answer, where both have room.
		const answer = answered()?.getBoundingClientRect();
		const [first, last] = [Math.min(top, answer?.top ?? top), Math.max(bottom, answer?.bottom ?? bottom)];
		if (answer?.height && last - first <= free - 2 * EDGE) [top, bottom, height] = [first, last, last - first];
		if (top >= EDGE && bottom <= free - EDGE) return;
		if (height > free - 2 * EDGE && Math.abs(top - EDGE) < 2) return;
		dispatchEvent(new Event("wheel")); // so that answer.js does not bring its answer into view instead
		scrollTo({ top: scrollY + top - Math.max(EDGE, (free - height) / 2), behavior: calm.matches ? "auto" : "smooth" });
	};

	// Done: the visitor did something there, the answer changed since, and now it is whole.
	const settle = (change) => {
		if (change) acted = "answered";
		if (change && rest && step.live && visible(step.live)) return; // it never comes to rest
		clearTimeout(rest);
		rest = setTimeout(whole, QUIET);
	};
	const whole = () => {
		rest = 0;
		if (acted !== "answered" || pressed || (step.answer && visible(`:is(${step.answer}) :is(${BUSY})`))) return;
		part("waiting").hidden = true;
		part("whole").hidden = false;
		part("next").textContent = panel.dataset.on;
		place();
		const answer = answered(), shown = answer?.getBoundingClientRect();
		if (answer && Math.min(shown.bottom, innerHeight) - Math.max(shown.top, 0) < Math.min(shown.height, SEEN)) reach(answer);
		rest = setTimeout(() => show(number + 1, true), steps[number].dataset.room === step.room ? LOOK : LEAVE);
	};
	const act = (/** @type {any} */ { type, isTrusted, target: where, clipboardData, dataTransfer }) => {
		if (type !== "input" && where.matches?.("[type=range]")) return; // held, but not moved
		// Files may be dropped and pasted beside the place that is pointed at.
		const given = step.files && target && (clipboardData ?? dataTransfer)?.files.length;
		if (!isTrusted || over() || !(given || within(where, step.used))) return;
		acted ||= "used";
		part("waiting").hidden = !step.answer;
		place();
		settle(!step.answer || where.closest?.("[aria-pressed=true]")); // what is chosen already changes nothing
	};
	for (const kind of ACTS) addEventListener(kind, act, { capture: true, signal });
	for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(kind, ({ isTrusted, target: where }) => {
		if (!isTrusted || within(where, ".tour")) return;
		moved = true; // from now on the page is the visitor's, who may still be looking
		if (acted === "answered") settle(false);
	}, { capture: true, passive: true, signal });
	addEventListener("pointerdown", () => { pressed = true; }, { capture: true, signal });
	for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => {
		pressed = false;
		if (acted) settle(false);
	}, { capture: true, signal });

	panel.addEventListener("click", ({ target: where }) => {
		const asked = where.closest("[data-do]")?.dataset.do;
		if (asked === "end" || (asked === "next" && over())) end();
		else if (asked === "next") show(number + 1);
		else if (asked === "back") show(number - 1);
		else if (asked === "there") {
			[opened, moved, going] = [{}, false, true];
			look();
		}
	});
	addEventListener("keydown", (event) => {
		const where = /** @type {any} */ (event.target), inside = within(where, ".tour");
		if (event.key === "Escape" && !event.defaultPrevented && !within(where, "[aria-expanded=true], [role=listbox], dialog")) return end();
		if (inside && event.key === "ArrowRight" && !over()) show(number + 1);
		else if (inside && event.key === "ArrowLeft") show(number - 1);
		else if (!inside && event.key.startsWith("Arrow")) act(event);
		else if (event.key === "Tab" && target) {
			// The panel stands at the end of the page, but next to its target for whoever tabs.
			const there = tabbable(target), mine = tabbable(panel);
			const to = inside ? event.shiftKey && (where === panel || where === mine[0]) && there.at(-1)
				: !event.shiftKey && where === there.at(-1) && panel;
			if (!to) return;
			event.preventDefault();
			to.focus();
		} else return;
		if (event.key !== "Tab" && inside) event.preventDefault();
	}, { signal });

	// The address of another step, by Back or Forward; one that has none ends the tour.
	addEventListener("popstate", () => {
		const asked = Number(new URL(location.href).searchParams.get("tour"));
		if (!asked) end();
		else if (asked !== number) show(asked);
	}, { signal });

	let waiting = false;
	const soon = () => {
		if (waiting) return;
		waiting = true;
		requestAnimationFrame(() => {
			waiting = false;
			if (!signal.aborted) look();
		});
	};
	for (const kind of ["scroll", "resize"]) addEventListener(kind, soon, { capture: true, passive: true, signal });
	const watch = new MutationObserver((changes) => {
		const elsewhere = changes.filter(({ target: where }) => {
			const element = where instanceof Element ? where : where.parentElement;
			return element && !element.closest(".tour, .tour-ring");
		});
		if (!elsewhere.length) return;
		if (acted && step.answer && elsewhere.some(({ target: where }) => within(where instanceof Element ? where : where.parentElement, step.answer))) settle(true);
		soon();
	});
	const end = () => {
		if (signal.aborted) return;
		const mine = panel.contains(document.activeElement);
		stop.abort();
		watch.disconnect();
		clearTimeout(rest);
		clearTimeout(late);
		panel.remove();
		ring.remove();
		address(0);
		if (mine && button.isConnected) button.focus({ preventScroll: true });
	};
	ended = end;

	document.querySelector(".gradio-container").append(ring, panel);
	watch.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
	show(number);
}
