"""Special ids that a config states, and that would come to mean something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tokext.errors import ModelError
from tokext.records import Extension

_ENDINGS = ("_token_id", "_token_ids")


def check_special_ids(
    configs: Mapping[str, Mapping[str, Any] | None], extension: Extension, n_rows: int
) -> None:
    """Refuse a config whose special ids have no piece in the base, and rows in the extension.

    Such an id (the end of a turn, padding) has a row above the base's vocabulary. After the resize
    the row would be an added piece's, and generation would end at a Japanese word.

    Args:
        configs: The tables that may state special ids, by a name for each.
        extension: Which ids are added.
        n_rows: How many rows there will be.

    Raises:
        ModelError: One does; the id, its key and the piece are named.

    Example:
        >>> from tokext.records import AddedPiece, BaseInfo
        >>> base = BaseInfo("base", "", "", size=400)
        >>> extension = Extension(base, 401, 401, (AddedPiece("東京", 9, 400, (7,)),), ())
        >>> check_special_ids({"config.json": {"pad_token_id": 400}}, extension, 401)
        Traceback (most recent call last):
        ...
        tokext.errors.ModelError: pad_token_id in config.json is 400, where '東京' would go.
    """
    first = extension.base.size
    for name, config in configs.items():
        for key, id_ in _special_ids(config or {}):
            if not first <= id_ < n_rows:
                continue
            there = extension.added[id_ - first].piece if id_ < extension.size else None
            what = "padding" if there is None else repr(there)
            raise ModelError(
                f"{key} in {name} is {id_}, where {what} would go.",
                hint=f"set it to the id of a piece of the base (below {first:,}), or add that "
                "token to the checkpoint's tokenizer and merge again with it as --base.",
            )


def _special_ids(config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    text = config.get("text_config")
    for key, value in (*config.items(), *(text.items() if isinstance(text, dict) else ())):
        if key.endswith(_ENDINGS):
            ids = value if isinstance(value, list | tuple) else [value]
            yield from ((key, id_) for id_ in ids if type(id_) is int)
