// @ts-check
// Look inside of Translate. What a visitor points at, by pointer or by arrow keys, is told beside the
// figure. The server has written every sentence (pointing.py): a mark has `said`, `facts` to list,
// the numbers of the pieces that light `on`, and where keys `go`.

export function mount(element, watch) {
  let at = -1, view = "";
  const figure = () => element.querySelector("[data-marks]");

  const marks = (box) => {
    if (box.read !== box.dataset.marks) box.marks = JSON.parse((box.read = box.dataset.marks));
    return box.marks;
  };

  const tell = (mark) => {
    const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    const list = document.createElement("ul");
    for (const [name, share] of mark.facts) {
      const row = make("li", "");
      row.append(make("b", name), make("span", share));
      list.append(row);
    }
    element.querySelector(".readout").replaceChildren(make("p", mark.said), list);
  };

  const point = (number, scroll) => {
    const box = figure(), mark = marks(box)[number];
    if (!mark) return;
    at = number;
    const lit = new Set();
    for (let one = mark; one; one = box.marks[one.back])
      for (const piece of one.on) lit.add(String(piece));
    for (const piece of box.querySelectorAll("[data-piece]"))
      piece.classList.toggle("on", lit.has(piece.dataset.piece));
    for (const piece of box.querySelectorAll("[data-i]")) {
      const here = +piece.dataset.i === at;
      piece.classList.toggle("at", here);
      if (here && scroll) piece.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    box.classList.add("pointing");
    tell(mark);
  };

  const show = () => {
    const section = element.querySelector("[data-view]");
    if (!section) return;
    view = view || section.dataset.view;
    section.dataset.view = view;
    for (const button of element.querySelectorAll("[data-show]"))
      button.setAttribute("aria-pressed", String(button.dataset.show === view));
    for (const piece of element.querySelectorAll("[data-in]"))
      piece.classList.toggle("chosen", piece.dataset.in === view);
  };

  const over = (event) => {
    const piece = event.target.closest("[data-i]");
    if (piece && figure()?.contains(piece)) point(+piece.dataset.i);
  };
  element.addEventListener("pointerover", over);
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return over(event);
    view = button.dataset.show === view && "again" in button.dataset ? button.dataset.again
      : button.dataset.show;
    show();
  });
  element.addEventListener("focusin", (event) => {
    if (event.target === figure() && at < 0) point(0, true);
  });
  element.addEventListener("keydown", (event) => {
    if (event.target !== figure()) return;
    const last = marks(figure()).length - 1;
    const next = { Home: 0, End: last, ...marks(figure())[Math.max(0, at)]?.go }[event.key];
    if (next === undefined) return;
    point(next, true);
    event.preventDefault();
  });
  watch("value", () => { at = -1; show(); });
  show();
}

// One of several sentences.
export function list(element, chosen) {
  element.addEventListener("change", (event) => {
    if (event.target.matches("select")) chosen({ at: event.target.selectedIndex });
  });
}

// A word of the translation, what may stand in its place, and the way back. Everything is drawn anew
// after each choice: whoever uses the keyboard stays where he was.
export function choose(element, watch, events) {
  let held = "";
  element.addEventListener("click", (event) => {
    const word = event.target.closest("[data-word]"), taken = event.target.closest("[data-take]");
    if (word) {
      held = "[aria-pressed=true]";
      events.word({ at: +word.dataset.word });
    } else if (taken) {
      held = "[data-back]";
      events.take({ text: taken.dataset.take });
    } else if (event.target.closest("[data-back]")) {
      held = "[data-word]";
      events.back();
    }
  });
  watch("value", () => {
    if (held) element.querySelector(held)?.focus();
    held = "";
  });
}
