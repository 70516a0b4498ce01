// What the page's scripts share, for the checker of types only (`make check-js`).

interface Window {
	/** See before.js, page.js and history.js. */
	house: Record<string, any>;
	/** Gradio's. */
	gradio_config: any;
}

interface WindowEventMap {
	"house:language": CustomEvent<URL>;
	"house:kept": CustomEvent;
}

// All that stands in a page is HTML or SVG.
interface Element extends HTMLOrSVGElement, ElementCSSInlineStyle {}
