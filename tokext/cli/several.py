"""Options that take several values in a row: `--text a.txt b.txt`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import click


class SeveralValues(click.Command):
    """A command whose repeatable options need their name only once.

    Those of pairs, such as NAME=W, need it each time: they belong to one input, and others follow.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = [
            name
            for param in self.params
            if isinstance(param, click.Option)
            and param.multiple
            and "=" not in (param.metavar or "")
            for name in param.opts
        ]
        return super().parse_args(ctx, repeat_names(args, repeatable))


def repeat_names(args: Iterable[str], names: Collection[str]) -> list[str]:
    """Write an option's name before each of the values that follow it.

    Example:
        >>> repeat_names(["tok", "--text", "a", "b", "-o", "out", "c"], ["--text"])
        ['tok', '--text', 'a', '--text', 'b', '-o', 'out', 'c']
    """
    repeated: list[str] = []
    current = ""
    for arg in args:
        is_value = arg == "-" or not arg.startswith("-") or arg[1].isdigit()  # -5 is no option
        if arg in names:
            current = arg
        elif is_value and current:
            repeated += [current, arg]
        else:
            repeated.append(arg)
            current = ""
    return repeated
