"""You against the machine: a minute of rounds, two scores, and a link that challenges a friend to
the same items. Each tab says what a round is (`Contest`); the frame is the same everywhere.

What counts as right comes from labels or held-out data, never from the model. The page holds
nothing that tells it before the visitor has answered.
"""

from demos.contest.event import build
from demos.contest.play import dice, item
from demos.contest.rounds import Choice, Contest, Round, Said, dealing, own

__all__ = ["Choice", "Contest", "Round", "Said", "build", "dealing", "dice", "item", "own"]
