"""The smallest honest model: a tiny Mistral, trained on a corpus until it beats a unigram model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tokext.errors import InputError, ModelError
from tokext.merge.write import write_tokenizer
from tokext.model.bits import bits_per_char, unigram_bits_per_char
from tokext.model.pretrained import no_progress_bars
from tokext.output import whole_folder
from tokext.progress import bar
from tokext.records import write_record
from tokext.tokenizer.load import Tokenizer, load_tokenizer

_WARMUP_SHARE = 0.05
_LAST_RATE_SHARE = 0.1
#: A model that is no better than a unigram model after so many rounds of steps will not be.
_MOST_ROUNDS = 4


@dataclass(frozen=True)
class TinyResult:
    """A trained model: its folder, its size, and the loss in nats per token at the end.

    `held_out` has for each held-out text the bits per character of this `model`, and of a
    `unigram` model of the same corpus.
    """

    output: Path
    n_parameters: int
    n_tokens_seen: int
    last_loss: float
    held_out: dict[str, dict[str, float]]


@dataclass(frozen=True)
class TinyOptions:
    """The shape of a tiny Mistral and how it is trained; the defaults suit a minute or two of CPU.

    `steps` batches of `batch_size` windows of `window` tokens; `rate` is the highest learning rate,
    reached after a short warm-up and left along a cosine; `decay` is AdamW's weight decay.
    """

    width: int = 128
    n_layers: int = 2
    n_heads: int = 4
    steps: int = 400
    batch_size: int = 8
    window: int = 64
    rate: float = 5e-3
    decay: float = 0.01
    seed: int = 0


def train_tiny(
    corpus_lines: Iterable[str],
    tokenizer_file: str | Path,
    output: str | Path,
    *,
    options: TinyOptions | None = None,
    held_out: Mapping[str, Sequence[str]] | None = None,
    device: str = "cpu",
    force: bool = False,
) -> TinyResult:
    """Train a tiny Mistral (tied embeddings) on a corpus, and save it as a checkpoint.

    Same corpus, options and machine give the same model.

    Args:
        corpus_lines: Documents; each begins with the begin-of-sequence token.
        tokenizer_file: A tokenizer's folder, file or hub id.
        output: The folder to make: a checkpoint with its tokenizer.
        options: Shape and training; a minute or two of CPU if not given.
        held_out: Texts by name, none of them in the corpus. Training goes on, `steps` at a time,
            until the model needs fewer bits per character than a unigram model on each of them.
        device: Where to train.
        force: Replace an existing output.

    Raises:
        ModelError: On a held-out text it does not get there.
        InputError: The corpus is shorter than one window.
        OutputError: The output cannot be written.
    """
    chosen = options or TinyOptions()
    tokenizer = load_tokenizer(tokenizer_file)
    lines = list(corpus_lines)
    stream = token_stream(lines, tokenizer)
    if len(stream) <= chosen.window:
        raise InputError(
            f"the corpus has {len(stream)} tokens, fewer than a window of {chosen.window}.",
            hint="give more text.",
        )
    with whole_folder(output, force=force) as folder:
        model = build_tiny(tokenizer.size, chosen).to(device)
        bars = [
            HeldOut(name, texts, unigram_bits_per_char(lines, texts, tokenizer, tokenizer.size))
            for name, texts in (held_out or {}).items()
        ]
        loss, n_rounds, figures = _train_until_better(model, stream, chosen, tokenizer, bars)
        with no_progress_bars():
            model.cpu().save_pretrained(folder)
        write_tokenizer(folder, tokenizer)
        result = TinyResult(
            Path(output),
            sum(p.numel() for p in model.parameters()),
            n_rounds * chosen.steps * chosen.batch_size * chosen.window,
            loss,
            figures,
        )
        fields = {k: v for k, v in asdict(result).items() if k != "output"}
        write_record(
            folder,
            "checkpoint",
            options=asdict(chosen),
            inputs=[],
            result=fields,
            device=device,
        )
    return result


@dataclass(frozen=True)
class HeldOut:
    """Texts that are not trained on, and a unigram model's bits per character on them."""

    name: str
    texts: Sequence[str]
    unigram: float


def _train_until_better(
    model: Any, stream: Tensor, options: TinyOptions, tokenizer: Tokenizer, bars: Sequence[HeldOut]
) -> tuple[float, int, dict[str, dict[str, float]]]:
    """Train in rounds until the model is below every bar: the last loss, rounds, and figures."""
    for n_rounds in range(1, _MOST_ROUNDS + 1):
        loss = train(model, stream, replace(options, seed=options.seed + n_rounds - 1))
        figures = {
            b.name: {"model": bits_per_char(model, tokenizer, b.texts), "unigram": b.unigram}
            for b in bars
        }
        worse = [n for n, bits in figures.items() if bits["model"] >= bits["unigram"]]
        if not worse:
            return loss, n_rounds, figures
    bits = figures[worse[0]]
    raise ModelError(
        f"after {n_rounds * options.steps} steps the model needs {bits['model']:.2f} bits per "
        f"character on {worse[0]}, and a unigram model {bits['unigram']:.2f}.",
        hint="give more steps, or more text of that kind.",
    )


def build_tiny(size: int, options: TinyOptions) -> Any:
    """An untrained Mistral with `size` ids, in float32."""
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(options.seed)
    config = MistralConfig(
        vocab_size=size,
        hidden_size=options.width,
        intermediate_size=options.width * 3,
        num_hidden_layers=options.n_layers,
        num_attention_heads=options.n_heads,
        num_key_value_heads=options.n_heads // 2,
        head_dim=options.width // options.n_heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        sliding_window=None,
        bos_token_id=1,
        eos_token_id=2,
    )
    return MistralForCausalLM(config)


def token_stream(lines: Iterable[str], tokenizer: Tokenizer) -> Tensor:
    """All documents' ids in one row (n_tokens,), each document after a begin-of-sequence token."""
    ids: list[int] = []
    for line in lines:
        ids.append(1)
        ids += tokenizer.encode(line)
    return torch.tensor(ids, dtype=torch.int64)


def train(
    model: Any,
    stream: Tensor,
    options: TinyOptions,
    parameters: Sequence[Tensor] | None = None,
    *,
    after_step: Callable[[int], object] = lambda done: None,
) -> float:
    """Train a model on windows drawn from a stream of ids (n_tokens,).

    Args:
        model: A causal language model of transformers; changed in place.
        stream: The ids.
        options: How long and how fast.
        parameters: What to train; everything if not given.
        after_step: Hears after each step how many are done.

    Returns:
        The mean loss of the last tenth of the steps, in nats per token.
    """
    trained = list(parameters) if parameters is not None else list(model.parameters())
    optimizer = torch.optim.AdamW(
        trained, lr=options.rate, betas=(0.9, 0.95), weight_decay=options.decay, fused=True
    )
    generator = torch.Generator().manual_seed(options.seed)
    device = model.get_input_embeddings().weight.device
    softmax = _SampledSoftmax(stream, model.config.get_text_config().vocab_size)
    model.train()
    losses = []
    with bar("training", total=options.steps, unit="step") as progress:
        for step in range(options.steps):
            for group in optimizer.param_groups:
                group["lr"] = options.rate * rate_share(step / options.steps)
            batch = _windows(stream, options, generator).to(device)
            loss = softmax.loss(model, batch, generator)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            progress.update(1)
            after_step(step + 1)
    model.eval()
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)


class _SampledSoftmax:
    """The next-token loss with ids that never occur in the corpus standing in for one another.

    Most of a vocabulary never occurs in a small corpus, and its logits would take most of the time.
    Of the ids that do not occur, a few are drawn each step and counted as many times over, so the
    sum over all ids is right on average. Measured five times as fast as all 32,000 logits.
    """

    n_drawn = 512

    def __init__(self, stream: Tensor, size: int) -> None:
        seen = torch.zeros(size, dtype=torch.bool)
        seen[stream] = True
        self.seen, self.unseen = seen.nonzero()[:, 0], (~seen).nonzero()[:, 0]
        self.place = torch.full((size,), -1)
        self.place[self.seen] = torch.arange(len(self.seen))

    def loss(self, model: Any, batch: Tensor, generator: torch.Generator) -> Tensor:
        """The mean loss in nats over a batch (batch_size, window + 1)."""
        hidden = model.base_model(input_ids=batch[:, :-1]).last_hidden_state.flatten(0, 1)
        drawn = self._draw(generator)
        ids = torch.cat([self.seen, drawn]).to(batch.device)
        logits = (hidden @ model.get_output_embeddings().weight[ids].T).float()
        if len(drawn):
            logits[:, len(self.seen) :] += math.log(len(self.unseen) / len(drawn))
        target = self.place.to(batch.device)[batch[:, 1:].flatten()]
        return cross_entropy(logits, target)

    def _draw(self, generator: torch.Generator) -> Tensor:
        if len(self.unseen) <= self.n_drawn:
            return self.unseen
        return self.unseen[torch.randint(0, len(self.unseen), (self.n_drawn,), generator=generator)]


def rate_share(done: float) -> float:
    """The share of the highest learning rate after a share of the steps: warm-up, then a cosine.

    Example:
        >>> [round(rate_share(d), 2) for d in (0.0, 0.05, 1.0)]
        [0.01, 1.0, 0.1]
    """
    if done < _WARMUP_SHARE:
        return max(0.01, done / _WARMUP_SHARE)
    left = (done - _WARMUP_SHARE) / (1 - _WARMUP_SHARE)
    return _LAST_RATE_SHARE + (1 - _LAST_RATE_SHARE) * (1 + math.cos(math.pi * left)) / 2


def _windows(stream: Tensor, options: TinyOptions, generator: torch.Generator) -> Tensor:
    """A batch (batch_size, window + 1) of random places in the stream."""
    last = len(stream) - options.window
    starts = torch.randint(0, last, (options.batch_size, 1), generator=generator)
    return stream[starts + torch.arange(options.window + 1)]
