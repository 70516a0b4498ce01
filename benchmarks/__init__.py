"""Speed beside the alternatives, measured in one run.

    python -m benchmarks                    every table
    python -m benchmarks startup --quick    a rough look, in a minute or two
    python -m benchmarks serving --json     one JSON object on standard output

    __main__.py   the command line
    startup.py    how soon the page and the first answer are there; what imports cost
    serving.py    many callers at once: the engine and the page beside other ways to serve
    overhead.py   what one call through the engine adds to the bare call
    ways.py       the ways to serve, each opened and then asked
    streaming.py  many texts at once: the engine and the page beside other ways to write
    streams.py    those ways, and their readers
    translation.py  sentences a second: translator and engine beside other translators
    sentences.py  what they translate
    images.py     pictures a second: the face models beside the loop and the pipeline
    detection.py  milliseconds a picture: the detector beside other detectors
    jobs.py       trainings whose worker, server and disk break at random moments
    replay.py     visitors' traffic against ways to choose who leaves memory
    soak.py       64 visitors who mix everything, break off and send what is no picture
    fake_training.py  a worker for them that needs no torch
    memory.py     what a batch takes at its peak
    load.py       the callers, and the bare loop that they are held against
    bare.py       that loop in a process of its own
    rivals/       the other servers, writers, translators and detectors, as their makers' guides
                  have them
    servers.py    a server in a process of its own, waited for, and always ended
    samples.py    the pictures that are asked about
    table.py      timings in, medians, spreads and ratios out
    hardware.py   what it was measured on

Every figure is a median of repeats with the lowest and the highest beside it. Every ratio is taken
within a repeat, against a reference measured seconds before, so that a machine that is busier now
than a minute ago does not favour anyone.
"""
