"""Train your own, as far as tabs share it: `jobs` over plain HTTP, and the room that shows one.

    training.room(words, jobs, Recipe("text/shakespeare", kind="text", ...))     the third room
    training.routes(engine, words, jobs)                                         what it talks to
    training.unlisted(jobs)                    how the engine finds what visitors have trained
    training.mine(jobs, engine, "text", owner)             what one of them has, for that one only

The page talks to these routes by itself (`training.js`) and not by Gradio's events: a training
outlives the page, so whatever shows it must be able to come back, and a link must be enough.

routes.py   HTTP            answering.py   its answers and refusals
models.py   a training that is done is a model of the app
previews.py what a recipe will make of the data   figures.py   what it reached
room.py     the room        training.js, training.css   what happens in it
training_live.js   one training as it goes on     rewind.js   its earlier moments
"""

from demos.training.answering import answering, owner
from demos.training.models import key_of, mine, unlisted
from demos.training.room import Recipe, room
from demos.training.routes import routes

__all__ = [
    "Recipe",
    "answering",
    "key_of",
    "mine",
    "owner",
    "room",
    "routes",
    "unlisted",
]
