"""Training started from the page: in a process of its own, on disk, outliving page and server.

    jobs = Jobs(Limits.of(settings))     raises JobsElsewhere; `jobs.start()` lets workers run
    upload = jobs.upload(owner)          a folder of one visitor's
    jobs.intake(upload).receive([(path, name), ...], under="cats")     files, folders, zips
    job = jobs.submit("classification/imagenet", upload, {"epochs": 8}, owner=owner, address=ip)
    jobs.get(id, owner)   jobs.list(owner)   jobs.events(id, after)   jobs.follow(id, after)
    jobs.pause(id, owner)  jobs.resume(id, owner)  jobs.cancel(id, owner)  jobs.remove(id, owner)
    jobs.rename(id, owner, name)         what its model is called
    jobs.moment(id, name)                a checkpoint folder of an earlier moment (rewind)
    jobs.evaluate(key, data, {"options": {}}, owner=owner)     measures, and leaves out/result.json
    jobs.take_home(id)                   a zip of the model; `jobs.adopt(zip, owner, ip)` loads it
    jobs.close()                         workers keep what they learnt; their jobs wait for `start`

**States.** queued (with ``place``, 1 is next), running, paused, done, failed (``error`` has the
code and the fields of a `Refusal`), cancelled. A paused, failed or cancelled job can be resumed
from what it kept; one that is cancelled when it has learnt its last becomes a model all the same.

**Events** are numbered from 1; a page asks for those after the last that it has. Kinds: ``state``
(state, error), ``step`` (step, epoch, progress 0 to 1, seconds, loss), ``row`` (a line of
history.jsonl; of two rows of one epoch the later counts), ``moment`` (name, step, epoch, progress),
``no_moments`` (bytes that one would take, most_bytes of all: none are kept), ``sample`` (name of a
file in ``out/samples``).

**Who may what.** ``owner`` is a secret of the visitor's browser, which the page makes
(`secrets.token_urlsafe`) and keeps. The id of a job is unguessable: whoever has it, from a link,
may look (`get`, `events`, `moment`, `take_home`) and nothing else; changing, removing, its log and
`list` need the owner's token. Each owner has a few jobs, each address half of the queue, and turns
go round among addresses and then owners, so that nobody fills up or holds up another's.

**What breaks.** A worker is `python -m pretrained train ... --resume`: it replaces its files as a
whole, and keeps its state at every epoch, every minute and on SIGTERM. One that is killed is
started again, unless it was so `PATIENCE` times without having kept anything new. When the server
is killed its workers end by themselves, and the next one queues their jobs. On a full disk the
worker's last state stays, the job fails with a sentence, and what the store could not write down is
written at a later look. What is left out here: a job's outputs are not guarded against another
program that writes into its folder.

service.py  `Jobs`             queue.py    whose turn, room, upkeep
store.py    SQLite             scheduler.py  starts, watches      worker.py   the process
commands.py  what it runs      folder.py   files to events        moments.py  rewind
uploads.py  not trained on yet   intake.py  safe zips and folders
errors.py   every refusal      limits.py   settings
take_home/  the model's zip, and its way back
"""

from jobs.intake import Intake, Received
from jobs.limits import Limits
from jobs.queue import Job
from jobs.service import Jobs
from jobs.store import Event

__all__ = ["Event", "Intake", "Job", "Jobs", "Limits", "Received"]
