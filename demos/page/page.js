// @ts-check
// What the page does by itself: the two switches, copy buttons, long texts, arrow keys, the footer.
(() => {
	const { house } = window;
	const store = (name, value) => {
		try { localStorage.setItem("breakthroughs." + name, value); } catch { /* private window */ }
	};

	// Gradio sets the theme's class on <body> from the system's preference; ours wins.
	new MutationObserver(house.paint).observe(document.body, { attributeFilter: ["class"] });
	house.paint();

	const label = () => {
		for (const button of document.querySelectorAll("[data-switch=theme]"))
			if (button.textContent !== (house.dark() ? button.dataset.light : button.dataset.dark))
				button.textContent = house.dark() ? button.dataset.light : button.dataset.dark;
	};

	document.addEventListener("click", async (/** @type {any} */ event) => {
		const button = event.target.closest?.("[data-switch], [data-copy], [data-tab], [data-tour], [data-api], .share .link");
		if (!button) return;
		if (button.dataset.switch === "lang") {
			const address = new URL(location.href);
			address.searchParams.set("lang", house.lang === "zh" ? "en" : "zh");
			carry(address.searchParams);
			dispatchEvent(new CustomEvent("house:language", { detail: address }));
			location.assign(address);
		} else if (button.dataset.switch === "theme") {
			store("theme", house.dark() ? "light" : "dark");
			const address = new URL(location.href);
			address.searchParams.delete("__theme"); // what is pressed outdoes what the address asked for
			history.replaceState(history.state, "", address);
			house.paint();
			label();
		} else if ("api" in button.dataset) {
			/** @type {HTMLElement} */ (document.querySelector("footer button.show-api"))?.click();
		} else if (button.dataset.tab) {
			event.preventDefault();
			house.show(button.dataset.tab);
		} else if (button.dataset.tour) {
			tour(button);
		} else if (button.closest(".share")) {
			share(button);
		} else {
			const clipboard = await copying();
			if (await clipboard.copied(button.dataset.copy, () => select(button))) clipboard.done(button);
		}
	});

	// What stands in each task's list of models, and of which tasks the visitor has chosen it there: the
	// page in the other language has the same chosen.
	const stands = new Map(), picked = new Set();
	const task = (key) => key?.split("/")[0];
	house.stands = (key) => { stands.set(task(key), key); };
	house.picked = (key) => { picked.add(task(key)); };
	const carry = (told) => {
		const tab = told.get("tab");
		if (tab === "text" && told.get("exhibit") === "pen") return; // `pen.js` carries its hand
		if (picked.has(tab) && stands.has(tab)) told.set("model", stands.get(tab));
	};

	// The guided tour of a tab begins at its button, or goes on where the address says (?tour=3).
	const tour = (button) => import(new URL("house/tour.js", document.baseURI).href).then((it) => it.begin(button));
	if (new URL(location.href).searchParams.has("tour")) tour();

	const share = (button) => import(new URL("house/share.js", document.baseURI).href).then((it) => it.take(button));

	// Fetched when a button that copies is pointed at: some browsers copy only at once.
	const copying = () => import(new URL("house/clipboard.js", document.baseURI).href);
	for (const name of ["pointerover", "focusin"]) addEventListener(name, ({ target }) => target instanceof Element && target.closest("[data-copy]") && copying());
	const select = (button) =>
		getSelection().selectAllChildren(button.parentElement.querySelector("code"));

	// A click on a part that carries data-EVENT becomes that event, with what stands there as its name.
	house.pick = (element, trigger, event) => element.addEventListener("click", ({ target }) => {
		const chosen = target.closest(`[data-${event}]`);
		if (chosen && !chosen.disabled) trigger(event, { name: chosen.dataset[event] });
	});

	// A long piece of page that comes when it is looked at; asked for once.
	const texts = new Map();
	house.text = (key) => {
		const address = new URL(`house/words/${key}.${house.lang}`, document.baseURI);
		const ask = async () => {
			try {
				const answer = await fetch(address);
				if (answer.ok) return await answer.text();
			} catch { /* said below */ }
			texts.delete(key); // asked for again when it is looked at again
			return `<p class="refusal" role="alert">${document.querySelector("[data-lost]").dataset.lost}</p>`;
		};
		if (!texts.has(key)) texts.set(key, ask());
		return texts.get(key);
	};

	// Arrow keys move between the tabs of a row, as people who use a keyboard expect.
	document.addEventListener("keydown", (/** @type {any} */ event) => {
		const tab = event.target.closest?.("[role=tab]");
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!tab || !step) return;
		const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]:not([disabled])")];
		const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
		event.preventDefault();
		next.focus();
		next.click();
	});

	const LIST = "input[aria-controls][aria-expanded]";
	// Tab and Shift+Tab leave a list of choices. Gradio takes both keys for letters that narrow the list, and
	// opens it again once it is left.
	document.addEventListener("keydown", (/** @type {any} */ event) => {
		if (["Tab", "Shift"].includes(event.key) && event.target.matches?.(LIST)) event.stopPropagation();
	}, true);
	// It hears an arrow key a moment late, too, and opens a list that has been left in the meantime.
	new MutationObserver(changes => {
		for (const { target } of /** @type {any} */ (changes))
			if (target.matches(`${LIST}[aria-expanded=true]:not(:focus)`)) target.dispatchEvent(new FocusEvent("blur"));
	}).observe(document.body, { subtree: true, attributeFilter: ["aria-expanded"] });

	// A file that is dropped beside its place does not take the visitor away from the page.
	for (const name of ["dragover", "drop"])
		document.addEventListener(name, (/** @type {any} */ event) => {
			if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
		});

	// Footer: the device and the warm models. Asked for every second while the first model warms; then
	// while the page is in sight, soon after anything was answered, and every 15 seconds.
	const WARMING = 1000, SOON = 3000, AGAIN = 5000, RESTING = 15000;
	let timer = 0, due = Infinity;
	const footer = async () => {
		let wait = RESTING;
		try {
			const health = await (await fetch(new URL("healthz", document.baseURI))).json();
			const place = document.querySelector("[data-footer]");
			const say = (key, fields) =>
				place.dataset[key].replace(/\{(\w+)\}/g, (_, name) => fields[name]);
			const show = (name, text) => (place.querySelector(`[data-show=${name}]`).textContent = text);
			show("device", health.device ? say("device", health) : "");
			show("warm", health.warming
				? place.dataset.warming
				: say("models", { warm: health.warm.length, total: health.models }));
			place.classList.toggle("warming", health.warming);
			if (health.warming) wait = WARMING;
		} catch {
			wait = AGAIN;
		}
		due = Infinity;
		ask(wait);
	};
	// At most one question is waiting at a time: the earlier one.
	const ask = (wait) => {
		if (document.hidden || Date.now() + wait >= due) return;
		clearTimeout(timer);
		due = Date.now() + wait;
		timer = setTimeout(footer, wait);
	};
	document.addEventListener("visibilitychange", () => {
		clearTimeout(timer);
		due = Infinity;
		ask(0);
	});
	const ANSWERED = "[aria-live], [role=alert]";
	const answered = (change) =>
		[...change.addedNodes].some((node) => node.matches?.(ANSWERED) || node.querySelector?.(ANSWERED));

	// Names of Gradio's own buttons and messages that it does not translate.
	const rename = () => {
		const labels = JSON.parse(document.querySelector("[data-labels]")?.dataset.labels ?? "{}");
		for (const message of document.querySelectorAll(".toast-text")) {
			const own = labels[message.textContent.trim()];
			if (own && own !== message.textContent) message.textContent = own;
		}
		for (const element of document.querySelectorAll("[aria-label], [title]"))
			for (const name of ["aria-label", "title"]) {
				const given = element.getAttribute(name) ?? "";
				const own = labels[given] ?? given.replace(/^(number input|range slider) for /, "");
				if (own !== given) element.setAttribute(name, own);
			}
	};

	// Gradio puts the header, the footer and its buttons in place after this file has run.
	let waiting = false;
	let built = false;
	new MutationObserver((changes) => {
		if (built && changes.some(answered)) ask(SOON);
		if (waiting) return;
		waiting = true;
		requestAnimationFrame(() => {
			waiting = false;
			label();
			rename();
			if (built || !document.querySelector("[data-footer]")) return;
			built = true;
			ask(0);
		});
	}).observe(document.body, { childList: true, subtree: true });
})();
