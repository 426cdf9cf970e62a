"""Outputs appear whole or not at all, whatever happens to the process that writes them."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tokext import output
from tokext.errors import OutputError
from tokext.output import refuse_taken, scratch_folder, whole_folder, write_whole

ROOT = Path(__file__).parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals, users or mounts")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to mount or to change user"
)

#: A process that forks one child for each save it is asked for, so that hundreds of them are quick.
#: The child kills itself with SIGKILL before the file-system call number `die_at` (the audit hook
#: sees a call before the system does), or is killed by its parent after `seconds`.
NURSERY = """
import json, os, signal, sys, time
from tokext import output

SEEN = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.scandir",
        "os.listdir", "shutil.rmtree", "tempfile.mkdtemp", "tempfile.mkstemp", "os.fsync"}

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
        output.exchange = lambda one, other: False
    if user is not None:
        os.setuid(user)
    if die_at is not None:
        watch(die_at)
    if not n_files:
        return output.write_whole(target, "new" * 1000, force=force)
    with output.whole_folder(target, force=force) as folder:
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
        except output.OutputError as error:
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

for line in sys.stdin:
    print(json.dumps(birth(**json.loads(line))), flush=True)
"""


@pytest.fixture(scope="module")
def save():
    """Save in a process of its own; gives its exit status, and the error it met."""
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )

    def ask(target, *, n_files=2, force=False, fast=True, die_at=None, seconds=None, user=None):
        options = {"n_files": n_files, "force": force, "fast": fast, "die_at": die_at}
        asked = options | {"target": str(target), "seconds": seconds, "user": user}
        nursery.stdin.write(json.dumps(asked) + "\n")
        nursery.stdin.flush()
        return tuple(json.loads(nursery.stdout.readline()))

    yield ask
    nursery.communicate()


DONE, KILLED = (0, ""), (-9, "")


def old_folder(path):
    path.mkdir()
    for i in range(2):
        (path / f"{i}.txt").write_text("old" * 1000)


def state(path):
    """`nothing`, `whole old`, `whole new`, or the list of what is wrong."""
    if not path.exists():
        return "nothing"
    files = {p.relative_to(path).as_posix(): p.read_text() for p in path.rglob("*.txt")}
    if files == {f"{i}.txt": "old" * 1000 for i in range(2)}:
        return "whole old"
    names = {f"{where}{i}.txt" for where in ("", "inner/") for i in range(2)}
    if files == dict.fromkeys(names, "new" * 1000):
        return "whole new"
    return sorted(files)


def everything(folder):
    return sorted(p.name for p in folder.iterdir())


def refused(path, **options):
    with pytest.raises(OutputError) as caught, whole_folder(path, **options) as folder:
        (folder / "a.txt").write_text("a")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


def fill(path, text="new", **options):
    with whole_folder(path, **options) as folder:
        (folder / "a.txt").write_text(text)


# A process killed at any moment


@POSIX
@pytest.mark.parametrize("fast", [True, False], ids=["exchange", "two renames"])
@pytest.mark.parametrize("force", [False, True], ids=["fresh", "force"])
def test_killed_before_any_call_of_a_save_it_leaves_the_old_or_the_new(tmp_path, save, force, fast):
    met = []
    for die_at in range(1, 200):
        place = tmp_path / str(die_at)
        place.mkdir()
        if force:
            old_folder(place / "out")
        status = save(place / "out", force=force, fast=fast, die_at=die_at)
        output.recover(place / "out")  # what the next start does first
        assert everything(place) in ([], ["out"])  # nothing else is left
        met.append(str(state(place / "out")))
        if status == DONE:
            break
        assert status == KILLED
    assert status == DONE
    assert die_at > 20
    assert set(met) == ({"whole old", "whole new"} if force else {"nothing", "whole new"})
    assert met == sorted(met, key="whole new".__eq__)  # once it is there, it stays


@POSIX
def test_with_the_exchange_the_name_is_never_empty(tmp_path, save):
    if not output.exchange(*two_folders(tmp_path)):
        pytest.skip("this file system cannot exchange two names")
    status = KILLED
    for die_at in range(1, 200):
        out = tmp_path / f"out{die_at}"
        old_folder(out)
        status = save(out, force=True, die_at=die_at)
        assert state(out) in ("whole old", "whole new")  # before any recovery
        if status == DONE:
            break
    assert status == DONE


def two_folders(place):
    for name in ("one", "two"):
        (place / name).mkdir()
    return place / "one", place / "two"


@POSIX
def test_killed_at_random_moments_it_leaves_the_old_or_the_new(tmp_path, save):
    draw = random.Random(1)
    out = tmp_path / "out"
    old_folder(out)
    for n in range(60):
        save(out, force=True, fast=n % 2 == 0, seconds=draw.uniform(0, 0.01))
        output.recover(out)
        assert state(out) in ("whole old", "whole new")
        assert everything(tmp_path) == ["out"]


@POSIX
@pytest.mark.parametrize("force", [False, True])
def test_a_file_killed_before_any_call_is_the_old_or_the_new(tmp_path, save, force):
    out = tmp_path / "out.json"
    old = "old" if force else None
    met = []
    for die_at in range(1, 50):
        out.unlink(missing_ok=True)
        if force:
            out.write_text("old")
        status = save(out, n_files=0, force=force, die_at=die_at)
        met.append(out.read_text() if out.exists() else None)
        output.recover(out)
        assert everything(tmp_path) in ([], ["out.json"])
        if status == DONE:
            break
    assert status == DONE
    assert set(met) == {old, "new" * 1000}


# The next start


def test_the_next_start_puts_the_old_folder_back(tmp_path):
    old_folder(tmp_path / ".out.old")  # killed between the two renames
    message = refused(tmp_path / "out")
    assert message.endswith("out exists already.")
    assert state(tmp_path / "out") == "whole old"


def test_the_next_start_drops_the_old_folder_where_the_new_one_stands(tmp_path):
    old_folder(tmp_path / ".out.old")
    fill(tmp_path / "out.tmp")
    (tmp_path / "out.tmp").rename(tmp_path / "out")
    fill(tmp_path / "out", "newer", force=True)
    assert everything(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "newer"


@POSIX
def test_the_folder_that_a_live_process_fills_is_left_alone(tmp_path, save):
    with whole_folder(tmp_path / "out") as staging:
        (staging / "a.txt").write_text("mine")
        assert save(tmp_path / "out") == DONE  # another process, to the same name
        assert (staging / "a.txt").read_text() == "mine"
        (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert everything(tmp_path) == ["elsewhere", "out"]


@POSIX
def test_of_two_processes_without_force_the_second_to_finish_is_refused(tmp_path, save):
    with pytest.raises(OutputError, match="exists already"), whole_folder(tmp_path / "out"):
        assert save(tmp_path / "out") == DONE
    assert state(tmp_path / "out") == "whole new"
    assert everything(tmp_path) == ["out"]


def test_a_leftover_of_another_machine_is_dropped_after_a_day(tmp_path):
    for name, age_hours in ((".out.elsewhere-1.fresh.new", 1), (".out.elsewhere-1.stale.new", 25)):
        (tmp_path / name).mkdir()
        then = time.time() - age_hours * 3600
        os.utime(tmp_path / name, (then, then))
    output.recover(tmp_path / "out")
    assert everything(tmp_path) == [".out.elsewhere-1.fresh.new"]


KILLED_AT_WORK = """
import os, signal, sys, tempfile
from tokext.output import SCRATCH_SUFFIX, scratch_folder, scratch_prefix
with scratch_folder("tokext-verify") as folder:
    (folder / "a.txt").write_text("a")
    copy = tempfile.mkstemp(prefix=scratch_prefix("tokext-verify"), suffix=SCRATCH_SUFFIX)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
def test_what_a_killed_process_left_among_temporary_files_goes_with_the_next_start(
    tmp_path, monkeypatch
):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT_WORK],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (killed.returncode, len(everything(tmp_path))) == (-9, 2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder("tokext-verify") as one, scratch_folder("tokext-verify") as other:
        assert everything(tmp_path) == sorted([one.name, other.name])
    assert everything(tmp_path) == []


# The slow way, and interruptions


def test_without_the_exchange_the_new_folder_takes_the_place_of_the_old(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "exchange", lambda one, other: False)
    old_folder(tmp_path / "out")
    fill(tmp_path / "out", force=True)
    assert everything(tmp_path) == ["out"]
    assert everything(tmp_path / "out") == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("force", [False, True])
def test_an_interrupted_save_leaves_everything_as_it_was(tmp_path, error, force):
    if force:
        old_folder(tmp_path / "out")

    def save_half():
        with whole_folder(tmp_path / "out", force=force) as folder:
            (folder / "a.txt").write_text("half")
            raise error

    with pytest.raises(error):
        save_half()
    assert state(tmp_path / "out") == ("whole old" if force else "nothing")
    assert everything(tmp_path) == (["out"] if force else [])


def test_folders_made_above_an_output_that_fails_go_with_it(tmp_path):
    with pytest.raises(ValueError, match="no"), whole_folder(tmp_path / "a" / "b" / "out"):
        raise ValueError("no")
    assert everything(tmp_path) == []


def test_modes_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        fill(tmp_path / "out")
        write_whole(tmp_path / "out.json", "{}")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("out", "out.json")]
    assert modes == [0o750, 0o640]


# What is refused


def test_an_output_that_exists_is_refused_and_untouched(tmp_path):
    old_folder(tmp_path / "out")
    assert refused(tmp_path / "out").endswith("out exists already.")
    assert state(tmp_path / "out") == "whole old"
    (tmp_path / "out.json").write_text("old")
    with pytest.raises(OutputError, match=r"out.json exists already\."):
        write_whole(tmp_path / "out.json", "new")
    assert (tmp_path / "out.json").read_text() == "old"


@pytest.mark.parametrize("force", [False, True])
def test_a_file_where_a_folder_should_go_is_never_replaced(tmp_path, force):
    (tmp_path / "corpus.txt").write_text("precious")
    message = refused(tmp_path / "corpus.txt", force=force)
    assert message.endswith("corpus.txt is a file; the output is a folder.")
    assert (tmp_path / "corpus.txt").read_text() == "precious"
    with pytest.raises(OutputError, match="is a folder; the output is a file"):
        write_whole(tmp_path, "new", force=force)


def test_a_file_never_takes_the_place_of_an_input(tmp_path):
    (tmp_path / "corpus").mkdir()
    given = tmp_path / "corpus" / "in.txt"
    given.write_text("text")
    (tmp_path / "link.txt").symlink_to(given)
    for place, inputs in (
        (given, [given]),
        (given, [tmp_path / "link.txt"]),
        (tmp_path / "link.txt", [given]),
        (tmp_path / "corpus" / "out.txt", [tmp_path / "corpus"]),
    ):
        with pytest.raises(OutputError, match=r"would replace the input|lies inside the input"):
            write_whole(place, "new", force=True, inputs=inputs)
    assert given.read_text() == "text"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["corpus", "in.txt", "link.txt"]


def test_a_file_among_the_folders_above_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(tmp_path / "file" / "out")


@pytest.mark.parametrize("force", [False, True])
def test_an_output_inside_an_input_is_refused(tmp_path, force):
    (tmp_path / "corpus").mkdir()
    inside = tmp_path / "corpus" / "deep" / "out"
    assert "lies inside the input" in refused(inside, inputs=[tmp_path / "corpus"], force=force)
    (tmp_path / "link").symlink_to(tmp_path / "corpus")
    assert "lies inside" in refused(tmp_path / "link" / "out", inputs=[tmp_path / "corpus"])
    assert everything(tmp_path / "corpus") == []


def test_an_output_that_would_replace_an_input_is_refused(tmp_path):
    fill(tmp_path / "corpus", "text")
    for given in (tmp_path / "corpus", tmp_path / "corpus" / "a.txt"):
        message = refused(tmp_path / "corpus", inputs=[given], force=True)
        assert message.endswith(f"would replace the input {given}.")
    assert (tmp_path / "corpus" / "a.txt").read_text() == "text"


def test_the_folder_one_stands_in_is_never_replaced(tmp_path, monkeypatch):
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "work")
    for path in (".", "..", tmp_path / "home"):
        assert "the folder that this runs in" in refused(path, force=True)


def test_a_link_to_a_folder_stays_and_the_folder_is_replaced(tmp_path):
    old_folder(tmp_path / "there")
    (tmp_path / "out").symlink_to(tmp_path / "there")
    fill(tmp_path / "out", force=True)
    assert (tmp_path / "out").is_symlink()
    assert everything(tmp_path / "there") == ["a.txt"]
    assert everything(tmp_path) == ["out", "there"]


def test_a_name_that_is_too_long_is_one_clear_error(tmp_path):
    assert "cannot be written: File name too long" in refused(tmp_path / ("x" * 300))


def test_refuse_taken_says_it_before_the_work(tmp_path):
    refuse_taken(tmp_path / "free", force=False)
    (tmp_path / "taken").write_text("")
    refuse_taken(tmp_path / "taken", force=True)
    with pytest.raises(OutputError, match="exists already"):
        refuse_taken(tmp_path / "taken", force=False)


# Disks and permissions


@pytest.fixture
def tiny_disk(tmp_path):
    """A real file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@AS_ROOT
def test_a_full_disk_is_named_and_nothing_is_left_on_it(tiny_disk):
    out = tiny_disk / "out"
    with pytest.raises(OutputError, match=f"the disk of {out} is full"), whole_folder(out) as new:
        (new / "a.txt").write_text("x" * 1_000_000)
    assert everything(tiny_disk) == []
    with pytest.raises(OutputError, match="is full"):
        write_whole(tiny_disk / "out.json", "x" * 1_000_000)
    assert everything(tiny_disk) == []


@AS_ROOT
def test_a_full_disk_for_temporary_files_is_named_instead_of_the_output_s(
    tiny_disk, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tiny_disk))

    def fill_both():
        with whole_folder(tmp_path / "out") as new, scratch_folder("runs") as scratch:
            (new / "a.txt").write_text("a")
            (scratch / "a.txt").write_text("x" * 1_000_000)

    with pytest.raises(OutputError, match=f"the disk of {tiny_disk} is full") as raised:
        fill_both()
    assert "TMPDIR" in raised.value.hint
    assert everything(tiny_disk) == []
    assert everything(tmp_path) == ["disk"]


@AS_ROOT
def test_a_full_disk_leaves_the_old_folder_whole(tiny_disk):
    old_folder(tiny_disk / "out")
    with (
        pytest.raises(OutputError, match="is full"),
        whole_folder(tiny_disk / "out", force=True) as folder,
    ):
        (folder / "a.txt").write_text("x" * 1_000_000)
    assert state(tiny_disk / "out") == "whole old"
    assert everything(tiny_disk) == ["out"]


@AS_ROOT
def test_a_disk_mounted_read_only_is_one_clear_error(tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    assert "cannot be written: Read-only file system" in refused(tiny_disk / "out")


@AS_ROOT
@pytest.mark.parametrize("n_files", [0, 2], ids=["file", "folder"])
def test_no_permission_is_one_clear_line_for_a_user_who_is_not_root(save, n_files):
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        Path(place).chmod(0o755)
        status, said = save(Path(place, "out"), n_files=n_files, user=65534)
        message, hint = said.split(" | ")
        assert status == 1
        assert message == f"no permission for {Path(place, 'out')}."
        assert hint == "choose an -o in a folder of yours."
        assert everything(Path(place)) == []
