"""Outputs that appear whole or not at all.

A folder is filled beside its final name and then put in place. With ``force`` the old and the new
folder change places in one step where the system can do that (Linux); elsewhere the old one waits
under a known name for the moment between two renames, and the next start puts it back.
"""

from tokext.output.disk import full_disk, is_full
from tokext.output.leftovers import SCRATCH_SUFFIX, scratch_folder, scratch_prefix
from tokext.output.refuse import refuse_inputs, refuse_taken
from tokext.output.whole import copy_into, json_lines, json_text, whole_folder, write_whole

__all__ = [
    "SCRATCH_SUFFIX",
    "copy_into",
    "full_disk",
    "is_full",
    "json_lines",
    "json_text",
    "refuse_inputs",
    "refuse_taken",
    "scratch_folder",
    "scratch_prefix",
    "whole_folder",
    "write_whole",
]
