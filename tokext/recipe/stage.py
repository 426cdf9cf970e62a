"""What a stage is: the command it stands for, the options it takes, what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True)
class Kind:
    """What an option's value must be.

    Attributes:
        types: What TOML makes of a right value.
        example: A right value, as one writes it.
        files: The value names files, so that the stage is done again when one of them changes.
        beside: These names are relative to the recipe, or `embedded:`.
    """

    types: tuple[type, ...]
    example: str
    files: bool = False
    beside: bool = False

    def fits(self, value: object) -> bool:
        """Whether a value is of this kind; a list must hold strings only.

        Example:
            >>> INTEGER.fits(64), INTEGER.fits(True), TEXTS.fits(["a.txt", 5])
            (True, False, False)
        """
        if isinstance(value, bool) != (bool in self.types):
            return False
        strings = not isinstance(value, list) or all(isinstance(item, str) for item in value)
        return isinstance(value, self.types) and strings


STRING: Final = Kind((str,), '"text"')
SWITCH: Final = Kind((bool,), "true")
INTEGER: Final = Kind((int,), "64")
NUMBER: Final = Kind((int, float), "0.01")
TEXTS: Final = Kind((list,), '["one", "two"]', files=True, beside=True)
TOKENIZERS: Final = Kind((list,), '["one", "two"]', files=True)

#: Options that stand at the top of a recipe, for each stage that takes them.
SHARED: Final[Mapping[str, Kind]] = {"base": STRING, "language": STRING, "seed": INTEGER}


@dataclass(frozen=True)
class Stage:
    """One step of a recipe.

    Attributes:
        name: The command it stands for; `bench X` stands in a recipe as `[bench.X]`.
        output: What `do` writes in the folder of the run: a folder, or a file.
        do: Gets the options, texts as paths, and the folder of the run.
        options: Its own options.
        shared: Those of `SHARED` that it takes as well.
        after: The stages whose outputs it reads; it is done again when one of them is another.
        reported: The report reads its output.
    """

    name: str
    output: str
    do: Callable[[Mapping[str, Any], Path], None]
    options: Mapping[str, Kind]
    shared: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reported: bool = False

    @property
    def takes(self) -> dict[str, Kind]:
        """All options that may stand in the stage's table."""
        return {name: SHARED[name] for name in self.shared} | dict(self.options)
