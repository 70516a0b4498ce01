// @ts-check
// Classify, Train: the classes as cards: the name, the pictures, and the camera that records into one.

import { frame } from "./classify_camera.js";
import { filled, part } from "./dom.js";

const EVERY = 160; // ms between two pictures of a burst
const BATCH = 6; // pictures of a burst that are sent at a time
const SHOWN = 48; // thumbnails of a class, the latest first

/** The small picture of one that lies on the server. */
export const thumbnail = ({ upload, key }, id, name) => part("img", "", {
	src: new URL(`train/classify/${upload}/pictures/${id}?key=${key}`, document.baseURI).href,
	alt: name, loading: "lazy", width: 64, height: 64,
});

/** The cards in `list`; gives a function that paints them anew.
 *  now        what the room shows: the state on the server
 *  change     ask the server for a change, by a path that is told once the classes lie there
 *  real       a class's id there
 *  send       pictures into a class
 *  cam, open  the camera; the same, opened for somebody, or false where that was refused
 *  paint      the room anew */
export const cards = (list, words, { now, change, real, send, cam, open, paint }) => {
	const made = []; // by place: what follows a class that is removed moves up into its card
	/** @type {number | null} */
	let recorder = null; // the id of the class that shows the camera
	let holding = false;
	const hold = async (card, counter) => {
		if (holding) return;
		holding = true;
		/** @type {[Blob, string][]} */
		const batch = [];
		const id = Number(card.dataset.class), shots = card.querySelector("video"), sent = [];
		let count = 0;
		while (holding && cam.on) {
			const began = performance.now();
			const blob = await frame(shots);
			if (blob) {
				batch.push([blob, `${Date.now()}.jpg`]);
				counter.textContent = filled(words.recording, { count: ++count });
			}
			if (batch.length >= BATCH) sent.push(send(batch.splice(0), id));
			await new Promise((done) => setTimeout(done, Math.max(0, EVERY - (performance.now() - began))));
		}
		if (batch.length) sent.push(send(batch, id));
		await Promise.all(sent);
		counter.textContent = words.hold;
	};
	const release = () => (holding = false);
	addEventListener("pointerup", release);
	addEventListener("pointercancel", release);
	addEventListener("blur", release);

	const build = (at) => {
		const card = part("div", "", { className: "classroom-class" });
		card.innerHTML = `<p class="classroom-name"><input maxlength="60" autocomplete="off" spellcheck="false"><span class="quiet"></span>
<button type="button" class="link" data-do="drop-class">×</button></p>
<p class="classroom-more"><label class="ghost"><span></span><input type="file" accept="image/*,.zip" multiple class="sr-only" data-give="class"></label>
<button type="button" class="ghost" data-do="webcam"></button></p>
<div class="classroom-record" hidden><video muted playsinline autoplay></video><button type="button" class="btn" data-do="hold"></button></div>
<div class="classroom-strip"></div>`;
		const name = card.querySelector(".classroom-name input");
		name.setAttribute("aria-label", words.name);
		card.querySelector("label span").textContent = words.upload;
		name.addEventListener("change", async () => {
			const one = now().classes[at], value = name.value.trim();
			if (!one || value === one.name) return;
			if (now().upload) {
				await change(() => `classes/${one.id}`, { method: "PATCH", json: { name: value } });
				name.value = now().classes[at]?.name ?? "";
			} else if (value) one.name = value;
			else name.value = one.name;
		});
		card.querySelector("[data-do=drop-class]").onclick = async () => {
			const one = now().classes[at], count = one.pictures.length + one.waiting;
			if (count && !confirm(filled(words.sure_class, { name: one.name, count }))) return;
			await change(() => `classes/${real(one.id)}`, { method: "DELETE" });
		};
		card.querySelector("[data-do=webcam]").onclick = async () => {
			const { id } = now().classes[at];
			if (recorder === id) {
				recorder = null;
				cam.leave("record");
			} else if (await open("record")) recorder = id;
			paint();
		};
		const shutter = card.querySelector("[data-do=hold]");
		shutter.textContent = words.hold;
		shutter.onpointerdown = (event) => {
			event.preventDefault();
			shutter.focus();
			hold(card, shutter);
		};
		shutter.oncontextmenu = (event) => event.preventDefault();
		shutter.onkeydown = (event) => {
			if (event.key !== " " && event.key !== "Enter") return;
			event.preventDefault();
			if (!event.repeat) hold(card, shutter);
		};
		shutter.onkeyup = release;
		card.querySelector(".classroom-strip").addEventListener("click", ({ target }) => {
			const one = target.closest("[data-picture]");
			if (one) change(() => `pictures/${one.dataset.picture}`, { method: "DELETE" });
		});
		return card;
	};

	const paintStrip = (strip, one) => {
		const { upload } = now(), there = new Map([...strip.children].map((button) => [Number(button.dataset.picture), button]));
		const wanted = one.pictures.slice(-SHOWN).reverse();
		for (const [id, button] of there) if (!wanted.includes(id) || button.dataset.of !== upload) button.remove();
		wanted.forEach((id, place) => {
			let button = there.get(id);
			if (!button?.isConnected) {
				button = part("button", "", { type: "button" });
				button.dataset.picture = String(id);
				button.dataset.of = upload;
				button.append(thumbnail(now(), id, filled(words.picture_of, { name: one.name, n: one.pictures.indexOf(id) + 1 })), part("span", "×"));
				button.setAttribute("aria-label", filled(words.remove_picture, { name: one.name }));
			}
			if (strip.children[place] !== button) strip.insertBefore(button, strip.children[place] ?? null);
		});
		const more = one.pictures.length - wanted.length;
		strip.dataset.more = more > 0 ? `+${more}` : "";
	};
	return () => {
		const { classes } = now();
		recorder = cam.on && recorder !== null ? real(recorder) : null;
		if (recorder !== null && !classes.some(({ id }) => id === recorder)) {
			recorder = null;
			cam.leave("record"); // which paints anew
		}
		for (const card of made.splice(classes.length)) card.remove();
		classes.forEach((one, at) => {
			if (!made[at]) list.append(made[at] = build(at));
			const card = made[at];
			card.dataset.class = String(one.id);
			const name = card.querySelector(".classroom-name input");
			if (document.activeElement !== name && name.value !== one.name) name.value = one.name;
			const count = one.pictures.length, said = count === 1 ? words.one : count ? filled(words.count, { count }) : words.none;
			card.querySelector(".classroom-name .quiet").textContent = one.waiting ? `${said} · ${filled(words.looking, { count: one.waiting })}` : said;
			card.querySelector("[data-do=drop-class]").setAttribute("aria-label", filled(words.remove_class, { name: one.name }));
			card.querySelector("[data-do=webcam]").textContent = recorder === one.id ? words.close : words.webcam;
			card.querySelector(".classroom-record").hidden = recorder !== one.id;
			paintStrip(card.querySelector(".classroom-strip"), one);
		});
	};
};
