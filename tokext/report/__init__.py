"""From results to a page that one wants to share. No torch, no transformers."""

from tokext.report.parts import Report as Report
from tokext.report.write import write_report as write_report

__all__ = ["Report", "write_report"]
