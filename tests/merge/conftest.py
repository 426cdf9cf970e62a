"""Extensions of tiny bases, made once for all tests."""

import pytest
from tiny_bases import CONFIGURATIONS, extend_base, write_base


@pytest.fixture(scope="session", params=CONFIGURATIONS)
def tiny(request, tmp_path_factory):
    """An extension of each kind of base."""
    folder = tmp_path_factory.mktemp(request.param)
    base = write_base(folder / "trained", **CONFIGURATIONS[request.param])
    return extend_base(base, folder)


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """The extension of a plain base. Not to be changed: copy its folders first."""
    folder = tmp_path_factory.mktemp("plain")
    return extend_base(write_base(folder / "trained", **CONFIGURATIONS["plain"]), folder)
