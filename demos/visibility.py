"""When a part of the page comes into sight: what is costly begins with a visitor's first look."""

from __future__ import annotations

import gradio as gr

# Fires "shown" when the element comes into sight from a hidden tab, room or exhibit (scrolling does
# not count).
SHOWN = """let inSight = false;
new IntersectionObserver((seen) => {
  const now = seen.at(-1).isIntersecting;
  if (now && !inSight) trigger('shown');
  inSight = now;
}, {rootMargin: '1000000px'}).observe(element);"""


def on_visible() -> gr.HTML:
    """An invisible piece of page whose event ``shown`` tells that its surroundings are in sight."""
    return gr.HTML("<span></span>", js_on_load=SHOWN, elem_classes="on-sight")
