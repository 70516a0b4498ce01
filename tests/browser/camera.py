"""A camera for pages that have none, to be added before they open."""

from __future__ import annotations

#: A camera that sees a red person walk.
CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
    const sheet = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    const pen = sheet.getContext("2d");
    let at = 0;
    setInterval(() => {
        pen.fillStyle = "#808080";
        pen.fillRect(0, 0, 640, 480);
        pen.fillStyle = "rgb(230, 20, 20)";
        pen.fillRect(50 + (at++ % 60) * 5, 100, 180, 300);
    }, 50);
    const stream = sheet.captureStream(20);
    window.tracks = stream.getTracks();
    return stream;
};"""
