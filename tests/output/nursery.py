"""Forks one child for each save it is asked for on standard input, so that hundreds are quick.

The child kills itself with SIGKILL before the file-system call number `die_at` (the audit hook sees
a call before the system does), or is killed by its parent after `seconds`.
"""

import json
import os
import signal
import sys
import time

from tokext.errors import OutputError
from tokext.output import place, whole_folder, write_whole

SEEN = {
    *("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.scandir"),
    *("os.listdir", "shutil.rmtree", "tempfile.mkdtemp", "tempfile.mkstemp", "os.fsync"),
}


def watch(die_at):
    n = 0

    def hook(event, arguments):
        nonlocal n
        if event in SEEN:
            n += 1
            if n == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    really = os.fsync  # raises no audit event of its own
    os.fsync = lambda descriptor: (hook("os.fsync", ()), really(descriptor))[1]
    sys.addaudithook(hook)


def save(target, n_files, force, fast, die_at, user):
    if not fast:
        place.exchange = lambda one, other: False
    if user is not None:
        os.setuid(user)
    if die_at is not None:
        watch(die_at)
    if not n_files:
        write_whole(target, "new" * 1000, force=force)
        return
    with whole_folder(target, force=force) as folder:
        (folder / "inner").mkdir()
        for i in range(n_files):
            (folder / "inner" / f"{i}.txt").write_text("new" * 1000)
            (folder / f"{i}.txt").write_text("new" * 1000)


def birth(seconds, **options):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        said = ""
        try:
            save(**options)
        except OutputError as error:
            said = f"{error} | {error.hint}"
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(1 if said else 0)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(reading) as said:
        return status, said.read()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(birth(**json.loads(line))), flush=True)
