"""The stages in order, skipping what is done: `stages.py` is the table to add one to."""

from tokext.recipe.read import Recipe, read_recipe
from tokext.recipe.run import run_recipe

__all__ = ["Recipe", "read_recipe", "run_recipe"]
