"""Progress goes to standard error, and only where somebody looks."""

import contextvars

from tokext import progress


def in_a_context(shown, function):
    def run():
        progress.shown.set(shown)
        function()

    contextvars.copy_context().run(run)


def test_the_library_is_silent(capsys):
    progress.say("hello")
    with progress.bar("work", 10) as bar:
        bar.update(10)
    assert capsys.readouterr() == ("", "")


def test_what_is_said_goes_to_standard_error(capsys):
    in_a_context(True, lambda: progress.say("hello"))
    assert capsys.readouterr() == ("", "hello\n")


def test_quiet_says_nothing(capsys):
    in_a_context(False, lambda: progress.say("hello"))
    assert capsys.readouterr() == ("", "")


def test_a_long_task_shows_how_far_it_is_and_the_time_left(capsys):
    def work():
        with progress.bar("counting", 100, "B") as bar:
            bar.delay = 0  # instead of two seconds of work
            bar.start_t -= 3
            bar.update(25)
            bar.refresh()

    in_a_context(True, work)
    out, err = capsys.readouterr()
    assert out == ""
    assert "counting:  25%" in err
    assert "25.0/100" in err
    assert "<" in err  # elapsed<left


def test_a_task_of_a_moment_shows_nothing(capsys):
    def work():
        with progress.bar("counting", 100) as bar:
            bar.update(100)

    in_a_context(True, work)
    assert capsys.readouterr() == ("", "")
