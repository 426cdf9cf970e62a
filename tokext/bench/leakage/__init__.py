"""Language leakage: where an answer leaves the language it was asked in."""

from tokext.bench.leakage.find import find_leaks, scan
from tokext.bench.leakage.spans import Leak, Scan

__all__ = ["Leak", "Scan", "find_leaks", "scan"]
