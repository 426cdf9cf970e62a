"""Pages are run by what runs those of the systems, against the server that tests have."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("systems", "bench")]
