"""What a merge did: `extension.json`, with the base that it began from and the pieces it added."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.output import json_lines, json_text
from tokext.records.record import read_json
from tokext.records.typed import typed
from tokext.records.uncollected import uncollected

EXTENSION_FILE = "extension.json"


@dataclass(frozen=True)
class AddedPiece:
    """A piece that training or a merge added.

    `constituents` are the base ids that spell the piece without the dummy prefix.
    `id` is -1 while the piece has no place in a tokenizer yet.
    """

    piece: str
    count: int
    id: int = -1
    constituents: tuple[int, ...] = ()


@dataclass(frozen=True)
class BaseInfo:
    """Which base a vocabulary belongs to: `vocabulary_digest` covers (id, piece, type) alone.

    `revision` is the commit or digest that a hub id stood for, and empty where `name` is a path;
    `license` is what the base's own card says of its terms, by the hub's name for them.
    """

    name: str
    sha256: str
    vocabulary_digest: str
    size: int
    revision: str = ""
    license: str = ""


@dataclass(frozen=True)
class Extension:
    """What a merge did, as ``extension.json`` holds it.

    `base.size` counts the ids the base uses, tokens of a fine-tune included; `size` counts them and
    the added pieces; ids from `size` to `padded_size` are the `padding`.
    """

    base: BaseInfo
    size: int
    padded_size: int
    added: tuple[AddedPiece, ...]
    padding: tuple[int, ...]

    def write(self, folder: Path) -> None:
        """Write ``extension.json`` into a folder that is being filled."""
        fields = {
            "base": dataclasses.asdict(self.base),
            "size": self.size,
            "padded_size": self.padded_size,
            "added": [],
            "padding": self.padding,
        }
        text = json_text(fields)
        if self.added:  # a line a piece: readable
            lines = json_lines([_added_fields(a) for a in self.added], indent="    ")
            text = text.replace('"added": []', f'"added": [\n    {lines}\n  ]', 1)
        (folder / EXTENSION_FILE).write_text(text, encoding="utf-8", newline="\n")

    @staticmethod
    @uncollected()
    def read(folder: str | Path) -> Extension:
        """Read ``extension.json`` from a folder.

        Raises:
            InputError: The folder has none, or it does not follow the schema.
        """
        path = Path(folder) / EXTENSION_FILE
        fields = read_json(path)
        try:
            added = [
                AddedPiece(a["piece"], a["count"], a["id"], tuple(a["constituents"]))
                for a in fields["added"]
            ]
            base, padding = BaseInfo(**fields["base"]), tuple(fields["padding"])
            sizes = fields["size"], fields["padded_size"]
            return typed(Extension(base, *sizes, tuple(added), padding))
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{path} is not an extension record: {error}.",
                hint="make the tokenizer folder again with tokext merge.",
            ) from error


def _added_fields(a: AddedPiece) -> dict[str, Any]:
    return {"id": a.id, "piece": a.piece, "count": a.count, "constituents": a.constituents}
