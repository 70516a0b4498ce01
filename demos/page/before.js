// @ts-check
// Runs before Gradio does, at the start of <head>: decides the language and the theme.
// The language is ?lang=, else what was chosen here before, else the browser's; so is the theme, by
// Gradio's own ?__theme=. Gradio translates by
// navigator.language, so that is what it is told; the address carries it to the server's callbacks.
(() => {
	const { lang: fallback, sent } = document.currentScript.dataset;
	const stored = (name) => {
		try { return localStorage.getItem("breakthroughs." + name); } catch { return null; }
	};
	const known = (tag) => (/^zh/i.test(tag) ? "zh" : /^en/i.test(tag) ? "en" : null);
	const address = new URL(location.href);
	const lang =
		known(address.searchParams.get("lang") || "") ||
		known(stored("lang") || "") ||
		navigator.languages.map(known).find(Boolean) ||
		fallback;
	const locale = lang === "zh" ? "zh-CN" : "en";
	Object.defineProperty(navigator, "language", { get: () => locale, configurable: true });
	Object.defineProperty(navigator, "languages", { get: () => [locale], configurable: true });
	document.documentElement.lang = locale;
	try { localStorage.setItem("breakthroughs.lang", lang); } catch { /* private window */ }
	if (address.searchParams.get("lang") !== lang) {
		address.searchParams.set("lang", lang);
		// The page came with the words of another language than was chosen here before.
		if (sent !== lang) return location.replace(address);
		history.replaceState(history.state, "", address);
	}

	if (address.searchParams.has("present")) return location.replace(`present?lang=${lang}`);

	const system = matchMedia("(prefers-color-scheme: dark)");
	const THEMES = ["light", "dark", "system"];
	const dark = () => {
		const asked = new URL(location.href).searchParams.get("__theme");
		const theme = THEMES.includes(asked) ? asked : stored("theme");
		return theme === "dark" || (theme !== "light" && system.matches);
	};
	const paint = () => {
		for (const element of [document.documentElement, document.body])
			if (element && element.classList.contains("dark") !== dark())
				element.classList.toggle("dark", dark());
	};
	paint();
	system.addEventListener("change", paint);
	window.house = { lang, dark, paint };
})();
