// @ts-check
// What the browser does by itself under Try of Translate: notices pauses, copies, keeps a draft while the page turns into another language or is reloaded.

import { carried } from "./carried.js";
import { copied } from "./clipboard.js";

const PAUSE = 400; // ms without a key after which a text is asked for
const MOST = 20_000; // characters of a draft: a text that is longer would be refused anyway
const draft = carried("translation");

// Calls `paused` once nothing has been typed for a while, and not while a word is being composed. A
// translation of what stands there no longer is dimmed until the next one comes.
export function typed(element, watch, paused) {
  const page = element.closest(".page");
  let waiting = 0;
  const later = (event) => {
    if (!event.target.closest?.("#say-text")) return;
    clearTimeout(waiting);
    element.classList.add("stale");
    if (event.isComposing) return;
    waiting = setTimeout(paused, event.target.value.trim() ? PAUSE : 0);
  };
  page.addEventListener("input", later);
  page.addEventListener("compositionend", later);
  watch("value", () => element.classList.remove("stale"));
  addEventListener("pagehide", keepDraft);
}

/** @returns {HTMLInputElement} */
const field = (selector) => document.querySelector(selector);

// What a link asks to be translated, if it is one: a draft of another page does not take its place.
const linked = () => {
  const told = new URL(location.href).searchParams;
  return `${told.get("source")} ${told.get("direction")}`;
};

// The draft stays in the browser, for this visit of this tab; neither address nor server sees it.
function keepDraft() {
  const text = field("#say-text textarea")?.value;
  const direction = field("#say-direction input:checked")?.value;
  if (!text || text.length > MOST || !direction) return;
  draft.put({ text, direction, at: linked() });
}

// A draft, read once and forgotten, in place of what the fields of a new page hold: (opened, text,
// model, direction or null).
export function takeDraft(opened, text, model) {
  const kept = draft.take();
  return kept?.at === linked() ? [opened, kept.text, model, kept.direction] : [opened, text, model, null];
}

// The translation as plain text.
export async function copy() {
  const said = document.querySelector("#say-pane .said");
  const told = field("#say-copied");
  if (!said || !(await copied(said.textContent, () => getSelection().selectAllChildren(said)))) return;
  told.hidden = false;
  clearTimeout(telling);
  telling = setTimeout(() => { told.hidden = true; }, 1600);
}
let telling = 0;
