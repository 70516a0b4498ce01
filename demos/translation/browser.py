"""What the browser does by itself under Try: notices pauses, clicks on examples, copies."""

from __future__ import annotations

PAUSE = 400  # ms without a key after which a text is asked for
# Fires "paused" once nothing has been typed for a while, and not while a word is being composed. A
# translation of what stands there no longer is dimmed until the next one comes.
TYPED = (
    """const page = element.closest('.page');
let waiting = 0;
const ours = (event) => event.target.closest?.('#say-text');
const later = (event) => {
  if (!ours(event)) return;
  clearTimeout(waiting);
  element.classList.add('stale');
  if (event.isComposing) return;
  waiting = setTimeout(() => trigger('paused'), event.target.value.trim() ? PAUSE : 0);
};
page.addEventListener('input', later);
page.addEventListener('compositionend', later);
watch('value', () => element.classList.remove('stale'));"""
).replace("PAUSE", str(PAUSE))
PICK = """element.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-pick], [data-direction]');
  if (!chosen) return;
  if (chosen.dataset.pick) trigger('pick', {number: chosen.dataset.pick});
  else trigger('turn', {direction: chosen.dataset.direction});
});"""
# The translation as plain text: through the clipboard where there is one, else selected.
COPY = """() => {
  const said = document.querySelector('#say-pane .said');
  const done = document.querySelector('#say-copied');
  if (!said) return;
  const select = () => getSelection().selectAllChildren(said);
  const tell = () => { done.hidden = false; setTimeout(() => { done.hidden = true; }, 1600); };
  if (navigator.clipboard) navigator.clipboard.writeText(said.textContent).then(tell, select);
  else select();
}"""
