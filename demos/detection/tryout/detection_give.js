// @ts-check
// Try of Detect objects: pictures that are chosen, dropped, pasted, or seen by the camera.

import { follow, paint, room } from "./detection_shown.js";
import { own } from "./own_picture.js";

// Pixels of the camera's frames; ms between two of them at least, and after which one counts as lost.
const FRAME = 640, PAUSE = 200, LOST = 15_000;
const camera = { number: 0, stream: null, frame: "", sent: 0, wait: 0 };

/** Files that are chosen, dropped or pasted are sent as they are, but for those that cannot be, which
 *  are named; the camera's frames one at a time: the next when the last is answered. Where nothing
 *  can be sent the server is told, so that the answer to another picture goes. */
export function mountGive(element, upload, send, look, refused) {
	const box = element.querySelector(".give"), input = element.querySelector("input[type=file]");
	const said = element.querySelector(".refusal"), mine = own("detection");
	const refuse = (text, wrong = []) => {
		said.textContent = text ?? "";
		for (const [name, reason] of wrong) {
			if (said.textContent) said.append(document.createElement("br"));
			said.append(Object.assign(document.createElement("b"), { textContent: name }), ` ${reason}`);
		}
		said.hidden = !said.textContent;
		document.querySelectorAll("#detect-live [data-over], #detect-bar .refusal").forEach((old) => old.remove());
	};
	const give = async (files) => {
		const { limit, most, empty, heavy, other, lost } = box.dataset;
		const reason = (file) => (file.size === 0 ? empty
			: file.size > +limit ? heavy.replace("{size}", Math.round(file.size / 1e6))
			: files.length === 1 && file.type && !file.type.startsWith("image/") ? other : "");
		const wrong = files.filter(reason).slice(0, +most);
		const good = files.filter((file) => !reason(file)).slice(0, +most + 1);
		if (files.length === 1) refuse(reason(files[0]));
		else refuse("", wrong.map((file) => [file.name, reason(file)]));
		if (wrong.length && !good.length) {
			stop();
			mine.shown();
			refused();
		}
		if (!good.length) return;
		stop();
		try {
			const sent = await Promise.all(good.map(async (file) => ({ ...(await upload(file)), orig_name: file.name })));
			send(sent);
			mine.shown(...good.slice(0, +most));
		} catch {
			refuse(lost);
		}
	};
	input.addEventListener("change", () => {
		give([...input.files]);
		input.value = "";
	});
	element.addEventListener("click", (event) => {
		if (event.target.closest("[data-choose]")) input.click();
		if (event.target.closest("[data-camera]")) camera.stream ? keep() : start();
	});
	const where = element.closest(".room-try") ?? document;
	where.addEventListener("click", (event) => {
		if (!event.target.closest("[data-pick], [data-choose]")) return;
		refuse("");
		if (event.target.closest("#detect-examples")) mine.shown();
		stop();
	});
	for (const name of ["dragover", "drop"])
		where.addEventListener(name, (event) => {
			if (!event.dataTransfer?.types.includes("Files")) return;
			event.preventDefault();
			if (name === "drop") give([...event.dataTransfer.files]);
		});
	document.addEventListener("paste", (event) => {
		const files = [...(event.clipboardData?.files ?? [])];
		if (!files.length || !where.checkVisibility?.()) return;
		event.preventDefault();
		give(files);
	});

	const button = element.querySelector("[data-camera]"), start_text = button.textContent;
	const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
	const start = async () => {
		refuse("");
		if (!navigator.mediaDevices?.getUserMedia) return refuse(box.dataset.noCamera);
		try {
			const wanted = { width: { ideal: FRAME }, facingMode: "environment" };
			camera.stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
			video.srcObject = camera.stream;
			await video.play();
		} catch (error) {
			stop();
			return refuse(error.name === "NotAllowedError" ? box.dataset.denied : box.dataset.noCamera);
		}
		button.textContent = box.dataset.stop;
		room().classList.add("live");
		next();
	};
	const picture = () => {
		const scale = Math.min(1, FRAME / Math.max(video.videoWidth, video.videoHeight));
		const canvas = document.createElement("canvas");
		canvas.width = Math.round(video.videoWidth * scale);
		canvas.height = Math.round(video.videoHeight * scale);
		canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
		return canvas.toDataURL("image/jpeg", 0.85);
	};
	const next = () => {
		if (!camera.stream) return;
		if (!where.checkVisibility?.() || document.hidden) return stop(); // nobody watches
		camera.frame = picture();
		camera.sent = performance.now();
		look(String(++camera.number), camera.frame);
		camera.wait = setTimeout(next, LOST);
	};
	const stop = () => {
		clearTimeout(camera.wait);
		camera.stream?.getTracks().forEach((track) => track.stop());
		camera.stream = null;
		button.textContent = start_text;
		room().classList.remove("live");
	};
	// What the camera saw last becomes the picture.
	const keep = () => {
		const url = picture(), orig_name = "camera.jpg";
		const bytes = Uint8Array.from(atob(url.split(",")[1]), (sign) => sign.charCodeAt(0));
		stop();
		send([{ url, orig_name }]);
		mine.shown(new File([bytes], orig_name, { type: "image/jpeg" }));
	};
	mine.restore(() => document.querySelector("#detect-found .found"), give);
	Object.assign(camera, { next, stop });
}

/** What is found in the camera's frames, over the very frame that was answered. */
export function mountLive(element, watch) {
	follow(element);
	watch("value", () => {
		const answer = element.querySelector("[data-answer]");
		if (!camera.stream) return;
		if (!answer) return camera.stop();
		const figure = answer.querySelector("[data-found]");
		if (answer.dataset.answer !== String(camera.number)) return; // of a camera that was stopped
		figure.querySelector("img").src = camera.frame;
		paint(figure);
		clearTimeout(camera.wait);
		camera.wait = setTimeout(camera.next, Math.max(0, PAUSE - (performance.now() - camera.sent)));
	});
}
