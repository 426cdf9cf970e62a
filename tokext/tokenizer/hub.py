"""A tokenizer's files from the hub's cache or the hub, without waiting for one that is silent."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from tokext.errors import OutputError, TokenizerError
from tokext.output import json_text, write_whole
from tokext.tokenizer.carried import HUB_PATTERNS

_HUB_SECONDS = 1.5
#: A hub that answers, and then sends nothing for so long, is given up.
_STALL_SECONDS = 8.0
#: The hub's client takes files in pieces of 10 MB, and a slow line would seem to stand still.
_CHUNK_BYTES = 1 << 16

Answer = TypeVar("Answer")


class HubRefusal(Exception):  # noqa: N818 - an answer, not a failure
    """The hub gave no files; `may_fall_back` unless it said that there is no such repository."""

    def __init__(self, reason: str, *, may_fall_back: bool) -> None:
        super().__init__(reason)
        self.may_fall_back = may_fall_back


def cached_folder(repository: str, revision: str) -> Path | None:
    """The folder of a revision in the hub's cache, where a tokenizer is in it."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=HUB_PATTERNS,
            local_files_only=True,
        )
    except (LocalEntryNotFoundError, HFValidationError, ValueError):
        return None
    names = ("tokenizer.model", "tokenizer.json")
    return Path(folder) if any(Path(folder, name).is_file() for name in names) else None


def is_whole(folder: Path) -> bool:
    """Whether a folder of the cache has all that the hub was seen to hold for a tokenizer.

    A download that was killed leaves less, and so does a program that fetched what it needed.
    """
    try:
        names = json.loads(_list_beside(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(names, list) and all(Path(folder, str(name)).is_file() for name in names)


def _remember(folder: Path, names: list[str]) -> None:
    """Keep a revision's list; where the cache cannot be written, the hub is asked again."""
    with contextlib.suppress(OSError, OutputError):
        write_whole(_list_beside(folder), json_text(names), force=True)


def _list_beside(folder: Path) -> Path:
    return folder.parents[1] / ".tokext" / f"{folder.name}.json"


def download(repository: str, revision: str) -> Path:
    """Ask the hub what the repository holds, and fetch the tokenizer's files at that revision.

    Returns:
        Their folder in the hub's cache, which has the revision's commit for its name.

    Raises:
        HubRefusal: It gave none.
        TokenizerError: It has no such revision.
    """
    from huggingface_hub import HfApi

    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}:
        raise HubRefusal("HF_HUB_OFFLINE is set", may_fall_back=True)
    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        api = HfApi(endpoint=endpoint)
        ask = functools.partial(
            api.model_info, repository, revision=revision or None, timeout=_HUB_SECONDS
        )
        info = _in_time(ask, _HUB_SECONDS)
        return _while_it_goes_on(lambda heard: _fetch(repository, revision, info, endpoint, heard))
    except Exception as error:
        raise _refusal(error, repository, revision) from error


def _fetch(
    repository: str, revision: str, info: Any, endpoint: str | None, heard: Callable[[], None]
) -> Path:
    """Fetch the files one by one, and say of every piece of one that it was heard.

    In this thread alone: those that the hub's client starts by itself are waited for at the end of
    the program, whether or not anything comes.
    """
    from huggingface_hub import constants, hf_hub_download, snapshot_download
    from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]

    class Heard(tqdm):
        def update(self, n: float | None = 1) -> Any:
            heard()
            return super().update(n)

    constants.DOWNLOAD_CHUNK_SIZE = min(constants.DOWNLOAD_CHUNK_SIZE, _CHUNK_BYTES)
    held = [sibling.rfilename for sibling in info.siblings]
    names = [name for name in held if any(fnmatchcase(name, p) for p in HUB_PATTERNS)]
    for name in names:
        hf_hub_download(repository, name, revision=info.sha, etag_timeout=_HUB_SECONDS,
                        endpoint=endpoint, tqdm_class=Heard)  # fmt: skip
        heard()
    # Asked for by its name, so that the cache remembers which commit the name stood for.
    folder = Path(
        snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=HUB_PATTERNS,
            etag_timeout=_HUB_SECONDS,
            endpoint=endpoint,
        )
    )
    _remember(folder, names)
    return folder


def _in_time(ask: Callable[[], Answer], seconds: float) -> Answer:
    """Ask, and give up after so long in all.

    A time-out of the client covers one read; a name server that is silent, or a hub that answers
    a byte at a time, would outlast it. The thread is left behind and ends with the program.

    Raises:
        TimeoutError: There was no whole answer in time. Any error of `ask` itself is passed on.
    """
    return _started(ask).result(timeout=seconds)


def _while_it_goes_on(work: Callable[[Callable[[], None]], Answer]) -> Answer:
    """Do something, and give up when nothing was heard of it for `_STALL_SECONDS`.

    Raises:
        _Stalled: It was given up. Any error of `work` itself is passed on.
    """
    news = threading.Event()
    answer = _started(lambda: work(news.set))
    answer.add_done_callback(lambda _: news.set())
    while not answer.done():
        news.clear()
        if not answer.done() and not news.wait(_STALL_SECONDS):
            raise _Stalled
    return answer.result()


class _Stalled(Exception):  # noqa: N818 - an answer, not a failure
    """The hub answered, and then sent nothing any more."""


def _started(work: Callable[[], Answer]) -> Future[Answer]:
    answer: Future[Answer] = Future()

    def settle() -> None:
        try:
            answer.set_result(work())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=settle, daemon=True).start()
    return answer


def _refusal(error: Exception, repository: str, revision: str) -> Exception:
    """What the hub's answer means; anything that is no answer at all means it is out of reach.

    The hub's client has changed its HTTP library more than once, so transport errors have no
    common class to name here.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    response = getattr(error, "response", None)
    status = response.status_code if response is not None else None
    if isinstance(error, RevisionNotFoundError):
        return TokenizerError(
            f"{repository} has no revision {revision!r}.", hint="give a commit, branch or tag."
        )
    if isinstance(error, GatedRepoError) or status in (401, 403):
        return HubRefusal(f"the hub refuses it ({status})", may_fall_back=True)
    if isinstance(error, RepositoryNotFoundError):
        return HubRefusal("there is no such repository", may_fall_back=False)
    if isinstance(error, _Stalled):
        reason = f"the hub answered, then sent nothing for {_STALL_SECONDS:.0f} s"
        return HubRefusal(reason, may_fall_back=True)
    if isinstance(error, HfHubHTTPError):
        return HubRefusal(f"the hub answered {status}", may_fall_back=True)
    return HubRefusal("the hub cannot be reached", may_fall_back=True)
