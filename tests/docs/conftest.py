"""Pages are run by what runs those of the systems."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "systems")]
