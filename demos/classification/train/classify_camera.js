// @ts-check
// Classify, Train: the camera, shared by whoever shows or records it, and pictures made small.

const SIDE = 512; // pixels of the longer side that a picture is sent with: the network looks at 224
const FRAME = 320; // of a frame of the camera

/** @param {CanvasImageSource} source @param {number} width @param {number} height @param {number} side */
const drawn = (source, width, height, side) => {
	const scale = Math.min(1, side / Math.max(width, height));
	const canvas = document.createElement("canvas");
	canvas.width = Math.max(1, Math.round(width * scale));
	canvas.height = Math.max(1, Math.round(height * scale));
	canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
	return new Promise((done) => canvas.toBlob(done, "image/jpeg", .9));
};

/** A picture file, smaller; what the browser cannot open is left for the server to judge. */
export const smaller = async (file) => {
	if (!file.type.startsWith("image/") && !/\.(heic|heif|jpe?g|png|webp|gif|bmp|tiff?)$/i.test(file.name)) return file;
	try {
		const bitmap = await createImageBitmap(file);
		const blob = await drawn(bitmap, bitmap.width, bitmap.height, SIDE);
		const large = Math.max(bitmap.width, bitmap.height) > SIDE;
		bitmap.close();
		return blob && (large || blob.size < file.size) ? blob : file;
	} catch {
		return file;
	}
};

/** Show a picture file in an `img`; what the browser cannot open is not shown, nor what was there before. */
export const show = async (picture, file) => {
	URL.revokeObjectURL(picture.src);
	const mine = picture.src = URL.createObjectURL(file);
	picture.hidden = true;
	const opened = await picture.decode().then(() => true, () => false);
	if (picture.src === mine) picture.hidden = !opened;
};

/** What a video shows now, as a JPEG; null before its first picture. */
export const frame = (video) => video.videoWidth ? drawn(video, video.videoWidth, video.videoHeight, FRAME) : Promise.resolve(null);

/** One camera for all: `open()` for somebody, on until all who opened it `leave()`, or off at once by
 *  `close()`; `other()` turns to the next one. `changed` is called with the stream, null when it is off. */
export const camera = (changed) => {
	const users = new Set();
	let stream = null, facing = "environment", device = null;
	const stop = () => {
		for (const track of stream?.getTracks() ?? []) track.stop();
		stream = null;
	};
	const start = async () => {
		if (stream?.active) return;
		const wish = device ? { deviceId: { exact: device } } : { facingMode: facing };
		stream = await navigator.mediaDevices.getUserMedia({ video: { ...wish, width: { ideal: 640 }, height: { ideal: 480 } } });
		changed(stream);
	};
	const close = () => {
		users.clear();
		stop();
		changed(null);
	};
	return {
		async open(user = "") {
			if (!stream?.active) users.clear();
			await start();
			users.add(user);
		},
		leave(user) {
			users.delete(user);
			if (!users.size) close();
		},
		close,
		get stream() {
			return stream;
		},
		get on() {
			return !!stream?.active;
		},
		/** Whether there is another one to turn to. */
		async more() {
			const found = await navigator.mediaDevices.enumerateDevices();
			return found.filter(({ kind }) => kind === "videoinput").length > 1;
		},
		async other() {
			const found = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
			const now = stream?.getVideoTracks()[0]?.getSettings().deviceId;
			const at = found.findIndex(({ deviceId }) => deviceId === now);
			device = found[(at + 1) % found.length]?.deviceId || null;
			facing = facing === "user" ? "environment" : "user";
			stop();
			return start();
		},
	};
};

/** Why there is no camera: "insecure" where the page came by plain http, else "no_camera". */
export const why = () => navigator.mediaDevices?.getUserMedia ? "no_camera" : "insecure";
