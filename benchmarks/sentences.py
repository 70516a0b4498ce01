"""The sentences that are translated: our own words, everyday ones, from two words to two dozen."""

from __future__ import annotations

from dataclasses import dataclass, field

TEXTS = (
    "I am a student.",
    "Good morning!",
    "Where is the station?",
    "The soup is still too hot to eat.",
    "She gave her brother the red bicycle.",
    "It has been raining since Monday.",
    "Who left the window open last night?",
    "My grandmother grew up on an island where nobody owned a car.",
    "Please close the door.",
    "He forgot his keys again.",
    "We would have come earlier if the bridge had not been closed for repairs.",
    "Can you hear the birds?",
    "This is the best bread I have ever tasted, and I have tasted a lot of bread.",
    "They sold the house and moved to the coast.",
    "I do not understand the question.",
    "The train that leaves at seven is always full of people who work in the city.",
    "Tomorrow is her birthday.",
    "How much does this lamp cost?",
    "When the music stopped, everybody in the room looked at the old man by the piano.",
    "You look tired.",
    "The children built a snowman in front of the school.",
    "I have never been to China, but I would like to go there one day.",
    "Nobody answered.",
    "He speaks slowly so that we can follow him.",
    "The doctor told me to drink more water and to sleep with the window open.",
    "What are you reading?",
    "There are three apples in the basket and two on the table.",
    "She learnt to swim when she was forty.",
    "If you find my umbrella, please leave it with the woman at the desk.",
    "The film was too long.",
    "I bought these shoes in a small shop behind the market.",
    "Do not wake the baby.",
    "My neighbour waters our plants when we are away.",
    "The letter that you sent me in March only arrived this morning.",
    "It is dark outside.",
    "He asked whether the library would be open on Sunday.",
    "Let us go home.",
    "The mountain looks different every time I see it.",
    "She can play the violin better than anyone else in the orchestra.",
    "I will call you as soon as I know when the meeting begins.",
    "That is not my coat.",
    "The cat is asleep on the warm stones.",
    "We were so busy talking that we missed our stop and had to walk back.",
    "Could you say that again?",
    "The price of coffee has doubled.",
    "Her father drives a bus.",
    "I think that the man in the blue shirt is waiting for somebody.",
    "Some people never change their minds.",
    "The river was frozen.",
    "He washed the dishes while she dried them and put them away.",
    "Have you ever seen a whale?",
    "The shop on the corner sells newspapers, stamps and the sweetest oranges in town.",
    "I miss you.",
    "The old clock in the hall has not worked for years, but nobody wants to throw it away.",
    "They are learning French together.",
    "The ladder is too short to reach the roof.",
    "You may keep the book until the end of the month.",
    "It took us two hours to find a place to park.",
    "My sister and her husband are going to open a restaurant near the harbour next spring.",
    "The answer is no.",
    "He cut the cake into twelve pieces.",
    "Why are you laughing?",
    "Although the path was steep and the bags were heavy, we reached the hut before sunset.",
    "Thank you for your help.",
)


@dataclass(frozen=True)
class Sentence:
    """One sentence for everybody: as text for those who read text, as token numbers for the rest.

    ``tokens``: with the end. ``written``: by beams, how many tokens the served translator writes,
    the end included; ways that never learnt anything are made to write as many.
    """

    text: str
    tokens: tuple[int, ...]
    written: dict[int, int] = field(default_factory=dict)
