"""Leakage over sampler settings: the same prompts under each, measured and compared in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tokext.bench.leakage import FALSE_POSITIVES, read_samples
from tokext.bench.sampling.prompts import Prompt, as_prompts
from tokext.bench.sampling.templates import OWN, find_template
from tokext.bench.sweep_cells import SweptAnswer, compare_cells, read_answers
from tokext.errors import OutputError
from tokext.output import json_text, write_whole
from tokext.progress import bar, say
from tokext.records import (
    RECORD_FILE,
    Sweep,
    Which,
    file_record,
)

if TYPE_CHECKING:
    from tokext.model.load import LoadedModel

_PLAN_FILE = "plan.json"


def sweep_models(
    before: str | Path,
    after: str | Path | None,
    output: str | Path,
    *,
    prompts: Iterable[Prompt | str] | str | Path = "ja",
    temperature: Sequence[float] = (1.0, 0.7, 0.4),
    top_p: Sequence[float] = (1.0,),
    min_p: Sequence[float] = (0.0, 0.05, 0.1),
    repetition_penalty: Sequence[float] = (1.0,),
    n: int = 1,
    max_new_tokens: int = 128,
    batch_size: int = 8,
    template: str | Path = OWN,
    language: str = "ja",
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    force: bool = False,
) -> Sweep:
    """Sample under every combination of settings, and measure leakage and quality under each.

    The first value of each setting is the reference: every other cell is compared with it on the
    same prompts. The folder holds the samples of each model (`before.jsonl`, `after.jsonl`) and
    `tokext.json`; a start after a kill goes on with the samples that are there.

    Args:
        before: The checkpoint before extension; it also tells the bits per character of answers.
        after: The extended one, or None.
        output: The folder.
        prompts: A file, the name of one that comes with tokext, or prompts.
        temperature: Values of it, as of the three after it.
        n: Samples of each prompt under each setting.
        max_new_tokens: The most tokens of an answer.
        batch_size: Samples at a time.
        template: How prompts are put to the model.
        language: The language that answers are to be in.
        seed: Where all samples' seeds come from.
        device: Where to run.
        dtype: ``auto`` for that of the files.
        force: Begin anew if the folder holds another sweep; the same one is gone on with.

    Raises:
        InputError: Prompts or settings cannot be used.
        ModelError: A model cannot be loaded.
        OutputError: The folder holds another sweep and `force` is off, or cannot be written.
    """
    from tokext.bench.sampling.sample import sample_model
    from tokext.model.load import find_device, load_model

    asked = as_prompts(prompts)
    models: dict[Which, str | Path] = {"before": before}
    if after:
        models["after"] = after
    folder = Path(output)
    drawing: dict[str, Any] = {
        "temperature": list(temperature),
        "top_p": list(top_p),
        "min_p": list(min_p),
        "repetition_penalty": list(repetition_penalty),
        "n": n,
        "max_new_tokens": max_new_tokens,
        "seed": seed,
        "template": str(template),
    }
    plan = {
        **drawing,
        "models": {which: _seen(path) for which, path in models.items()},
        "prompts": [asdict(prompt) for prompt in asked],
        "template": OWN if str(template) == OWN else find_template(template).name,
        "device": find_device(device).type,
        "dtype": dtype,
    }
    begin_sweep(folder, plan, force=force)
    answers: list[SweptAnswer] = []
    base = load_model(before, device=device, dtype=dtype)
    for which, path in models.items():
        loaded = base if which == "before" else load_model(path, device=device, dtype=dtype)
        say(f"sweep: {loaded.name}, {which} the extension")
        file = folder / f"{which}.jsonl"
        sample_model(loaded, asked, file, batch_size=batch_size, **drawing)
        answers += read_answers(which, read_samples(file).samples, language)
    found = Sweep(
        before=Path(before).name,
        after=Path(after).name if after else "",
        language=language,
        n_prompts=len(asked),
        n_per_prompt=n,
        max_new_tokens=max_new_tokens,
        seed=seed,
        false_positive_low=FALSE_POSITIVES.low,
        false_positive_high=FALSE_POSITIVES.high,
        inputs=tuple(file_record(folder / f"{which}.jsonl") for which in models),
        cells=compare_cells(_with_bits(answers, base)),
    )
    write_whole(folder / RECORD_FILE, json_text(found.record()), force=True)
    return found


def begin_sweep(folder: Path, plan: Mapping[str, Any], *, force: bool) -> None:
    """Make the folder of a sweep, or go on in it; one of another plan is emptied or refused.

    Raises:
        OutputError: The folder holds something else, and `force` is off or it is no sweep's.
    """
    file = folder / _PLAN_FILE
    if folder.exists() and not file.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder} holds something else than a sweep.", hint="choose another -o.")
    if file.exists() and file.read_bytes() != json_text(plan).encode():
        if not force:
            raise OutputError(
                f"{folder} holds a sweep of other models, prompts or settings.",
                hint="choose another -o, or --force to begin anew.",
            )
        for name in (RECORD_FILE, *(f"{which}.jsonl" for which in get_args(Which)), _PLAN_FILE):
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(file, json_text(plan), force=True)


def _seen(model: str | Path) -> dict[str, Any]:
    """What answers of a checkpoint depend on: its name, its contents, and its chat templates."""
    from tokext.model.digest import checkpoint_digest
    from tokext.model.find import find_checkpoint

    found = find_checkpoint(model)
    templates = sorted(
        [*found.folder.glob("tokenizer_config.json"), *found.folder.rglob("*.jinja")]
    )
    return {
        "name": found.name,
        "revision": found.revision,
        "digest": checkpoint_digest(found.folder, found.folder),
        "templates": [file_record(path).sha256 for path in templates],
    }


def _with_bits(answers: Sequence[SweptAnswer], base: LoadedModel) -> list[SweptAnswer]:
    """The answers with the bits that the base needs for each character; empty ones without."""
    from tokext.model.bits import bits_per_char

    tokenizer = _Plain(base.tokenizer)
    scored = []
    with bar("scoring", total=len(answers), unit="answer") as progress:
        for answer in answers:
            progress.update(1)
            if answer.text:
                bits = {"bits_per_char": bits_per_char(base.model, tokenizer, answer.text)}
                scored.append(replace(answer, proxies={**answer.proxies, **bits}))
            else:
                scored.append(answer)
    return scored


class _Plain:
    """A tokenizer of transformers without the tokens that frame a text."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids
