"""The records that rooms hand on, and ``tokext.json``: what a folder is and how it came to be."""

from tokext.records.compression import (
    CompressionRow,
    CurvePoint,
    Segmentation,
    SegmentedToken,
    TokensPerDocument,
    Unusable,
    WordMetrics,
    read_compression,
)
from tokext.records.extension import EXTENSION_FILE, AddedPiece, BaseInfo, Extension
from tokext.records.guarantee import Guarantee
from tokext.records.plan import Plan, PlanRow, knee, read_plan
from tokext.records.record import (
    RECORD_FILE,
    SCHEMA_VERSION,
    InputFile,
    Kind,
    command_line,
    file_record,
    read_json,
    read_record,
    run_record,
    write_record,
)
from tokext.records.rules import MergeRules, MergeRun, merge_runs
from tokext.records.served import ServedRow
from tokext.records.sweep import PROXIES, Estimate, Sweep, SweepCell, Which
from tokext.records.throughput import Prediction, ThroughputRow, read_throughput
from tokext.records.uncollected import uncollected
from tokext.records.use import ChangedLine, PieceUse

__all__ = [
    "EXTENSION_FILE",
    "PROXIES",
    "RECORD_FILE",
    "SCHEMA_VERSION",
    "AddedPiece",
    "BaseInfo",
    "ChangedLine",
    "CompressionRow",
    "CurvePoint",
    "Estimate",
    "Extension",
    "Guarantee",
    "InputFile",
    "Kind",
    "MergeRules",
    "MergeRun",
    "PieceUse",
    "Plan",
    "PlanRow",
    "Prediction",
    "Segmentation",
    "SegmentedToken",
    "ServedRow",
    "Sweep",
    "SweepCell",
    "ThroughputRow",
    "TokensPerDocument",
    "Unusable",
    "Which",
    "WordMetrics",
    "command_line",
    "file_record",
    "knee",
    "merge_runs",
    "read_compression",
    "read_json",
    "read_plan",
    "read_record",
    "read_throughput",
    "run_record",
    "uncollected",
    "write_record",
]
