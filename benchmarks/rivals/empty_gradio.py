"""The least that a Gradio app with tabs can be: what any page costs before it does anything.

python -m benchmarks.rivals.empty_gradio PORT
"""

import sys

import gradio as gr

if __name__ == "__main__":
    with gr.Blocks() as page:
        for name in ("one", "two"):
            with gr.Tab(name):
                pass
    page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), ssr_mode=False, quiet=True)
