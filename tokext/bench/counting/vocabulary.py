"""What counting has to know of every id, as arrays: is it a byte, was it added, does it end lines.

Any tokenizer can be looked at this way, also one whose vocabulary no SentencePiece model can say.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from tokext.records import EXTENSION_FILE, Extension
from tokext.tokenizer.load import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BYTE_PIECES = [f"<0x{byte:02X}>" for byte in range(256)]


@lru_cache(maxsize=8)
def vocabulary_of(tokenizer: Tokenizer) -> Vocabulary:
    """The vocabulary of a tokenizer, with all that counting needs loaded, once for many texts."""
    vocabulary = Vocabulary(tokenizer)
    vocabulary.warm_up()
    return vocabulary


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of the file that a tokenizer counts with.

    Arrays have one entry for each id, shape (size,).
    """

    tokenizer: Tokenizer

    def warm_up(self) -> None:
        """Load what is loaded at first use, so that no count pays for it."""
        self.tokenizer.encode("a")
        _ = self.is_byte, self.newlines, self.added_ids, self.digest

    @cached_property
    def size(self) -> int:
        """One more than the highest id, tokens of a fine-tune included."""
        fast, model = self.tokenizer.fast_file, self.tokenizer.model_file
        return max(fast.size if fast else 0, model.size if model else 0)

    @cached_property
    def texts(self) -> list[str]:
        """Every id's piece as the file has it; an id without a piece has an empty one."""
        texts = [""] * self.size
        for text, id_ in self._ids.items():
            texts[id_] = text
        return texts

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        files = self.tokenizer.found.files
        path = files.get("tokenizer.model") or files["tokenizer.json"]
        return hashlib.sha256(path.read_bytes()).hexdigest()

    @cached_property
    def is_byte(self) -> NDArray[np.bool_]:
        """Whether a token stands for bytes and not for characters.

        In SentencePiece and Llama-type vocabularies these are the pieces `<0x00>` to `<0xFF>` (a
        newline too, where no other piece spells it). In byte-level ones it is every piece whose
        bytes are not whole UTF-8 characters. Other kinds have none.
        """
        import numpy as np

        found = np.zeros(self.size, np.bool_)
        if self._is_byte_level:
            found[[id_ for id_, text in enumerate(self.texts) if is_partial_character(text)]] = True
        else:
            found[[self._ids[name] for name in _BYTE_PIECES if name in self._ids]] = True
        return found

    @cached_property
    def newlines(self) -> NDArray[np.int32]:
        """How many newlines a token holds."""
        import numpy as np

        newline = "Ċ" if self._is_byte_level else "\n"
        found = np.zeros(self.size, np.int32)
        for id_, text in enumerate(self.texts):
            if newline in text or text == "<0x0A>":
                found[id_] = text.count(newline) or 1
        return found

    @cached_property
    def extension(self) -> Extension | None:
        """What a merge added, where the tokenizer's folder says so."""
        path = self.tokenizer.found.files.get(EXTENSION_FILE)
        return Extension.read(path.parent) if path else None

    @cached_property
    def added_ids(self) -> frozenset[int]:
        """The ids of added pieces."""
        return frozenset(a.id for a in self.extension.added) if self.extension else frozenset()

    @property
    def _ids(self) -> dict[str, int]:
        model = self.tokenizer.model_file
        return model.ids if model is not None else self.tokenizer.fast.ids

    @property
    def _is_byte_level(self) -> bool:
        return self.tokenizer.kind == "byte-level BPE"


def is_partial_character(piece: str) -> bool:
    """Whether a byte-level piece holds anything but whole UTF-8 characters.

    Example:
        >>> is_partial_character("Ġthe"), is_partial_character("æĹ¥"), is_partial_character("æĹ")
        (False, False, True)
    """
    if piece.isascii():
        return False
    try:
        bytes(_byte_of(character) for character in piece).decode()
    except UnicodeDecodeError:
        return True
    except ValueError:  # an added token, written as it is read
        return False
    return False


def _byte_of(character: str) -> int:
    """The byte that byte-level vocabularies write as this character.

    Printable Latin-1 stands for itself; the other bytes were given 256, 257, ... in order.

    Raises:
        ValueError: It stands for no byte.
    """
    code = ord(character)
    return code if code < 256 else _UNPRINTABLE[code - 256] if code < 324 else _no_byte()


def _no_byte() -> int:
    raise ValueError


_UNPRINTABLE = [*range(0x21), *range(0x7F, 0xA1), 0xAD]
