"""What a stage is: the command it stands for, the options it takes, what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tokext.bench.sampling.prompts import embedded_prompts


@dataclass(frozen=True)
class Kind:
    """What an option's value must be.

    Attributes:
        types: What TOML makes of a right value.
        example: A right value, as one writes it.
        several: The value is a list of such.
        reads: What the value names, so that the stage is done again when it changes: a `text`, a
            `tokenizer`, a `checkpoint`, any other `file`. Names are relative to the recipe; a hub
            id stays one, and a text may be `embedded:`.
        known: Names that stand for something that comes with tokext, not for a file.
    """

    types: tuple[type, ...]
    example: str
    several: bool = False
    reads: str = ""
    known: frozenset[str] = frozenset()

    def fits(self, value: object) -> bool:
        """Whether a value is of this kind.

        Example:
            >>> INTEGER.fits(64), INTEGER.fits(True), TEXTS.fits(["a.txt", 5])
            (True, False, False)
        """
        if self.several:
            return isinstance(value, list) and all(map(self._fits_one, value))
        return self._fits_one(value)

    def _fits_one(self, value: object) -> bool:
        # A boolean is an int to Python, not to whoever writes a recipe.
        return isinstance(value, self.types) and isinstance(value, bool) == (bool in self.types)


STRING: Final = Kind((str,), '"text"')
STRINGS: Final = Kind((str,), '["one", "two"]', several=True)
SWITCH: Final = Kind((bool,), "true")
INTEGER: Final = Kind((int,), "64")
NUMBER: Final = Kind((int, float), "0.01")
SIZE: Final = Kind((int, str), '"8GB"')
INTEGERS: Final = Kind((int,), "[1, 8]", several=True)
NUMBERS: Final = Kind((int, float), "[0.2, 0.7]", several=True)
TEXTS: Final = Kind((str,), '["one", "two"]', several=True, reads="text")
TOKENIZER: Final = Kind((str,), '"text"', reads="tokenizer")
TOKENIZERS: Final = Kind((str,), '["one", "two"]', several=True, reads="tokenizer")
CHECKPOINT: Final = Kind((str,), '"text"', reads="checkpoint")
FILE: Final = Kind((str,), '"text"', reads="file")
FILES: Final = Kind((str,), '["one", "two"]', several=True, reads="file")
PROMPTS: Final = Kind((str,), '["ja", "mine.toml"]', several=True, reads="file",
                      known=frozenset(embedded_prompts()))  # fmt: skip

#: Options that stand at the top of a recipe, for each stage that takes them.
SHARED: Final[Mapping[str, Kind]] = {
    "base": TOKENIZER,
    "language": STRING,
    "seed": INTEGER,
    "model": CHECKPOINT,
}


@dataclass(frozen=True)
class Stage:
    """One step of a recipe.

    Attributes:
        name: The command it stands for; `bench X` stands in a recipe as `[bench.X]`.
        output: What `do` writes in the folder of the run: a folder, or a file.
        do: Gets the options, texts as paths, and the folder of the run.
        options: Its own options.
        shared: Those of `SHARED` that it takes as well.
        needs: Options that it cannot do without.
        after: The stages whose outputs it reads; it is done again when one of them is another.
        reported: The report reads its output.
        resumes: Files in its output that it goes on with after a kill; what other options left of
            them is removed before it begins.
    """

    name: str
    output: str
    do: Callable[[Mapping[str, Any], Path], None]
    options: Mapping[str, Kind]
    shared: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reported: bool = False
    resumes: tuple[str, ...] = ()

    @property
    def takes(self) -> dict[str, Kind]:
        """All options that may stand in the stage's table."""
        return {name: SHARED[name] for name in self.shared} | dict(self.options)
