// @ts-check
// What is carried over into a page that is opened anew, in the other language say: it lies in this
// window's storage, is taken back once, and goes nowhere else.

/** Under `name`. A window that keeps nothing, or is full, carries nothing.
 *  @param {string} name */
export const carried = (name) => {
	const store = `breakthroughs.${name}`;
	return {
		/** @param {any} value what JSON can hold */
		put(value) {
			try { sessionStorage.setItem(store, JSON.stringify(value)); } catch { /* likewise */ }
		},
		/** What was put, or null. */
		take() {
			try {
				const value = JSON.parse(sessionStorage.getItem(store) ?? "null");
				sessionStorage.removeItem(store);
				return value;
			} catch { return null; }
		},
	};
};
