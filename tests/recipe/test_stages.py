"""The table of stages: what a recipe can say is what commands can, and no less."""

import importlib
import inspect

import pytest

from tokext.bench.sweep import sweep_models
from tokext.recipe.stages import STAGES

#: What the run decides for every stage.
DECIDED = {"output", "force", "as_json", "quiet", "debug"}

#: Of a server: the stages of a recipe run models here.
SERVED = {"concurrency", "timeout_seconds", "n_tries"}

#: What else a command takes and its stage does not: it has made or named it before, draws nothing,
#: or writes nothing.
LEFT_OUT = {
    "train-vocab": set(),
    "merge": {"added"},
    "bench compression": {"seed"},
    "resize": {"tokenizer"},
    "bench throughput": {"models", "n_requests", "api", *SERVED},
    "sample": {"source", "tokenizer", *SERVED},
    "report": {"compare", "max_english_change", "min_gain"},
}
TAKES = {stage.name: set(stage.takes) for stage in STAGES}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_recipe_can_say_all_that_the_command_can(name):
    module = name.replace("-", "_").replace(" ", "_")
    command = importlib.import_module(f"tokext.cli.{module}").command
    said = {parameter.name for parameter in command.params}
    assert said - DECIDED - TAKES[name] == LEFT_OUT[name]


def test_a_recipe_can_say_of_a_sweep_all_that_its_caller_can():
    said = set(inspect.signature(sweep_models).parameters)
    assert said - DECIDED - TAKES["sweep"] == {"before", "after"}
