"""Answers under many settings, put together cell by cell and compared with a reference in pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tokext.bench.leakage import Rate, Sample, scan
from tokext.bench.leakage.stats import holm, mcnemar, pairs_needed
from tokext.bench.quality import distinct, mean, repetition
from tokext.records import PROXIES, Estimate, SweepCell, Which

#: What a sweep varies; the first value of each is the reference.
AXES = ("temperature", "top_p", "min_p", "repetition_penalty")

#: At which all comparisons of a sweep hold together.
LEVEL = 0.05


@dataclass(frozen=True)
class SweptAnswer:
    """One answer, what was found in it, and what stands for its quality."""

    which: Which
    setting: tuple[float, ...]
    prompt: str
    number: int
    text: str
    leaked: bool
    is_code: bool
    proxies: Mapping[str, float]


def read_answers(which: Which, samples: Sequence[Sample], language: str) -> list[SweptAnswer]:
    """Scan the samples that a model gave, whose ids are ``prompt/setting/number``."""
    answers = []
    for sample in samples:
        found = scan(sample.text, language, sample.prompt, sample.allowed)
        sampling = sample.fields["sampling"]
        proxies = {
            "repetition": repetition(sample.text),
            "distinct": distinct(sample.text),
            "chars": float(len(sample.text)),
        }
        number = int(sample.id.rpartition("/")[2])
        setting = tuple(float(sampling[name]) for name in AXES)
        prompt = sample.id.partition("/")[0]
        answers.append(
            SweptAnswer(
                which, setting, prompt, number, sample.text, found.leaked, found.is_code, proxies
            )
        )
    return answers


def compare_cells(answers: Sequence[SweptAnswer]) -> tuple[SweepCell, ...]:
    """Every model under every setting, in the order they came, each against its reference.

    That a setting cuts or raises leakage is said at 5 % over all comparisons (Holm's method).
    """
    groups: dict[tuple[Which, tuple[float, ...]], list[SweptAnswer]] = {}
    for answer in answers:
        groups.setdefault((answer.which, answer.setting), []).append(answer)
    first = dict(reversed(list(groups)))
    cells = []
    n_compared = sum(setting != first[which] for which, setting in groups)
    for (which, setting), own in groups.items():
        reference = groups[which, first[which]] if setting != first[which] else None
        unextended = groups.get(("before", setting)) if which == "after" else None
        cells.append(_cell(own, reference, unextended, level=LEVEL / max(1, n_compared)))
    clear = holm([cell.p_value for cell in cells], LEVEL)
    return tuple(
        replace(cell, cuts=is_clear and cell.cuts, raises=is_clear and cell.raises)
        for cell, is_clear in zip(cells, clear, strict=True)
    )


def _cell(
    own: Sequence[SweptAnswer],
    reference: Sequence[SweptAnswer] | None,
    unextended: Sequence[SweptAnswer] | None,
    *,
    level: float,
) -> SweepCell:
    prose = [answer for answer in own if not answer.is_code]
    rate = Rate(sum(answer.leaked for answer in prose), len(prose))
    worse, better, n_pairs = _discordant(reference or [], own)
    is_cut = worse > better
    needed = pairs_needed(worse / n_pairs, better / n_pairs, level) if is_cut else None
    lost, won, _ = _discordant(unextended or [], own)
    return SweepCell(
        which=own[0].which,
        setting=dict(zip(AXES, own[0].setting, strict=True)),
        n=rate.total,
        leaked=rate.n,
        low=rate.low,
        high=rate.high,
        proxies={name: mean(list(_by_prompt(own, name).values())) for name in PROXIES},
        changes=_changes(reference, own) if reference else {},
        p_value=mcnemar(worse, better) if reference else None,
        p_extension=mcnemar(lost, won) if unextended else None,
        pairs_needed=needed,
        cuts=is_cut,
        raises=better > worse,
    )


def _discordant(old: Sequence[SweptAnswer], new: Sequence[SweptAnswer]) -> tuple[int, int, int]:
    """Pairs in which only the old answer leaks, only the new one, and all pairs."""
    before = {(a.prompt, a.number): a.leaked for a in old if not a.is_code}
    after = {(a.prompt, a.number): a.leaked for a in new if not a.is_code}
    shared = before.keys() & after.keys()
    only_old = sum(before[key] and not after[key] for key in shared)
    only_new = sum(after[key] and not before[key] for key in shared)
    return only_old, only_new, len(shared)


def _by_prompt(answers: Sequence[SweptAnswer], proxy: str) -> dict[str, float]:
    """The mean of a proxy over the answers to each prompt."""
    values: dict[str, list[float]] = {}
    for answer in answers:
        if proxy in answer.proxies:
            values.setdefault(answer.prompt, []).append(answer.proxies[proxy])
    return {prompt: sum(found) / len(found) for prompt, found in values.items()}


def _changes(old: Sequence[SweptAnswer], new: Sequence[SweptAnswer]) -> dict[str, Estimate]:
    """How much each proxy differs on the same prompts."""
    found = {}
    for name in PROXIES:
        before, after = _by_prompt(old, name), _by_prompt(new, name)
        found[name] = mean([after[key] - before[key] for key in before if key in after])
    return found
