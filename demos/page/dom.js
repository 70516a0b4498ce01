// @ts-check
// What every script that builds a part of the page needs: an element, one of SVG, a sentence.

const SVG = "http://www.w3.org/2000/svg";

/** An element with its text and other properties.
 *  @param {string} tag @param {string | number} [text] @param {Record<string, any>} [more] @returns {any} */
export const part = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more });

/** An element of SVG with its attributes, at the end of `parent` where one is given.
 *  @param {string} name @param {Record<string, any>} [attributes] @param {Element} [parent] @returns {any} */
export const svg = (name, attributes = {}, parent) => {
	const made = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
	parent?.append(made);
	return made;
};

/** A sentence with its {fields}; what is not given stays as it stands. */
export const filled = (text, fields = {}) => text.replace(/\{(\w+)\}/g, (whole, name) => fields[name] ?? whole);
