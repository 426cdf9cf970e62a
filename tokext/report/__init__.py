"""From results to a page that one wants to share. No torch, no transformers."""

from tokext.report.parts import Report as Report
from tokext.report.write import report_numbers as report_numbers
from tokext.report.write import write_report as write_report

__all__ = ["Report", "report_numbers", "write_report"]
