// @ts-check
// You against the machine: what a visitor answers, by pointer or by keys, and how long it took. Fetched
// when a game comes into sight; the boxes' part when the first box is asked for.

import { carried } from "./carried.js";
import { filled } from "./dom.js";
import { copyLink, linkTo } from "./share.js";

/** A friend's challenge comes into view, and stays there while what is above it is still being laid out. */
function come(element) {
	const SETTLING = 4000, EVERY = 250; // ms
	const until = Date.now() + SETTLING;
	let touched = false;
	for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(kind, () => (touched = true), { once: true, passive: true });
	(function look() {
		if (touched || Date.now() > until) return;
		element.scrollIntoView({ block: "center" });
		setTimeout(look, EVERY);
	})();
}

/** The game of the tab `name` in `element`. Digits choose an option; so do left and right among two. */
export function mount(element, name, next, answered, watch) {
	const asked = new URL(location.href).searchParams.get("game") ?? "";
	const over = carried(`game.${name}`);
	let before = over.take();
	let challenge = asked.startsWith(`${name}-`) ? asked : null, since = performance.now();
	if (challenge && before?.game !== challenge) before = null; // a friend's game is another
	const options = () => [...element.querySelectorAll("button[data-choice]")];
	const choose = (answer) => answered(answer, Math.round(performance.now() - since));

	element.addEventListener("click", ({ target }) => {
		const option = target.closest("[data-choice]"), link = target.closest("[data-link]");
		if (option) choose(+option.dataset.choice);
		else if (link) copyLink(link, linkTo({ tab: name, room: "try", game: link.dataset.link }));
		else if (target.closest("[data-next]")) {
			next({ game: challenge });
			challenge = null; // what is played next is the visitor's own
		}
	});
	element.addEventListener("keydown", (event) => {
		const all = options(), { key } = event;
		if (!all.length || event.ctrlKey || event.metaKey || event.altKey) return;
		const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[key];
		if (/^[1-9]$/.test(key) && all[+key - 1]) all[+key - 1].click();
		else if (all.length === 2 && (key === "ArrowLeft" || key === "ArrowRight")) all[step < 0 ? 0 : 1].click();
		else if (step) all[(all.indexOf(event.target.closest("[data-choice]")) + step + all.length) % all.length].focus();
		else return;
		event.preventDefault();
	});

	// Each round is drawn anew: whoever plays by keys stays in the game, and what came of it is read aloud.
	const aloud = Object.assign(document.createElement("p"), { className: "sr-only" });
	aloud.setAttribute("role", "status");
	element.after(aloud);
	let playing = element.contains(document.activeElement); // whoever pressed before this was fetched plays too
	element.addEventListener("focusin", () => (playing = true));
	element.addEventListener("focusout", ({ relatedTarget }) => {
		if (relatedTarget) playing = element.contains(relatedTarget);
	});
	/** @type {Promise<() => void>} what is called when another round stands there, in a game of boxes */
	let boxed = null;
	// The clock runs: a round that is being played and does not stand in sight is brought there.
	const bring = () => {
		const { top, bottom } = element.getBoundingClientRect();
		if (playing && (top < 0 || bottom > innerHeight))
			element.scrollIntoView({ block: bottom - top > innerHeight ? "start" : "nearest" });
	};
	// The page in the other language goes on with the game; the address opens its fold there.
	addEventListener("house:language", ({ detail: { searchParams } }) => {
		const told = element.querySelector("[data-under-way]")?.dataset.underWay;
		if (!told) return;
		const game = JSON.parse(told);
		over.put(game);
		if (searchParams.get("tab") === name) searchParams.set("game", game.game);
	});
	const shown = () => {
		if (before && element.querySelector("[data-next]")) {
			const here = new URL(location.href);
			here.searchParams.delete("game");
			history.replaceState(history.state, "", here);
			next(before);
			before = challenge = null;
			return;
		}
		const friend = element.querySelector("[data-friend]"), score = challenge?.split("-")[2];
		if (friend && /^[\d.]+$/.test(score ?? "")) {
			friend.textContent = filled(friend.dataset.friend, { score });
			friend.hidden = false;
		}
		const box = element.querySelector("[data-box]");
		if (box) boxed ??= import("./contest_box.js").then(({ boxes }) => boxes(element, choose));
		boxed?.then((again) => again());
		const said = element.querySelector(".verdict")?.textContent ?? "";
		if (aloud.textContent !== said) aloud.textContent = said;
		if (options().length || box) {
			since = performance.now();
			const picture = element.querySelector(".item img");
			if (picture && !picture.complete) picture.addEventListener("load", bring, { once: true });
			bring();
		}
		if (!playing || element.contains(document.activeElement)) return;
		element.querySelector("[data-next], [data-choice], [data-box]")?.focus({ preventScroll: true });
	};
	watch("value", shown);
	shown();
	if (challenge) come(element);
}
