"""Language leakage: where an answer leaves the language it was asked in, and how often."""

from tokext.bench.leakage.compare import Comparison, compare_leakage
from tokext.bench.leakage.details import write_details
from tokext.bench.leakage.examples import examples
from tokext.bench.leakage.fieldmetric import FieldMetric
from tokext.bench.leakage.find import find_leaks, scan
from tokext.bench.leakage.floor import FALSE_POSITIVES, FIRST_LOOKS, Floor
from tokext.bench.leakage.measure import Leakage, measure_leakage
from tokext.bench.leakage.page import write_html
from tokext.bench.leakage.rates import GroupRates
from tokext.bench.leakage.samples import Sample, SampleFile, models_of, read_samples
from tokext.bench.leakage.spans import Leak, Scan
from tokext.bench.leakage.stats import Rate

__all__ = [
    "FALSE_POSITIVES",
    "FIRST_LOOKS",
    "Comparison",
    "FieldMetric",
    "Floor",
    "GroupRates",
    "Leak",
    "Leakage",
    "Rate",
    "Sample",
    "SampleFile",
    "Scan",
    "compare_leakage",
    "examples",
    "find_leaks",
    "measure_leakage",
    "models_of",
    "read_samples",
    "scan",
    "write_details",
    "write_html",
]
