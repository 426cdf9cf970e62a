"""A model behind an endpoint that is asked for many answers, several at a time."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, Final

from tokext.bench.sampling.jobs import Answer, Job, SampleRecord, Sampling
from tokext.bench.sampling.log import SampleLog
from tokext.bench.sampling.prompts import Prompt
from tokext.bench.sampling.templates import Template
from tokext.bench.server.endpoint import Endpoint, RefusedError, UnansweredError
from tokext.bench.server.settings import settings_sent
from tokext.errors import ModelError
from tokext.progress import say

#: What any model answers, and no server has a reason to refuse.
_PLAIN: Final = Prompt("plain", "Hello")


class OnePromptError(ModelError):
    """A prompt that gets no answer from a server that answers others."""


class Asking:
    """One model behind an endpoint, asked in one format.

    Args:
        endpoint: Where to ask.
        model: What the server calls the model.
        template: The format; None for the server's own.
        in_config: Whether it takes settings in a `generation_config`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        template: Template | None,
        *,
        in_config: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self.model = model
        self.template = template
        self.in_config = in_config
        self.met_key = False
        self.stopped_by: ModelError | None = None
        self._looking = threading.Lock()
        self._answered: set[Sampling] = set()
        self._refused: dict[tuple[str, Sampling], RefusedError] = {}

    def answer(self, job: Job) -> Answer:
        """Ask once, and again while the server fails in ways that may pass.

        What was refused is not asked again with another seed.

        Raises:
            OnePromptError: The server refuses this prompt, or fails at it at every try, and
                answers others.
            ModelError: It answers none in the form of an answer.
        """
        asked = (job.prompt.id, job.sampling)
        try:
            if self.endpoint.stopped.is_set():
                raise UnansweredError(f"{self.endpoint.url} is not asked any more.")
            if asked in self._refused:
                raise self._refused[asked]
            answer = self._ask(self.endpoint, job)
        except RefusedError as error:
            self._refused[asked] = error
            failure: ModelError = error
        except UnansweredError as error:
            failure = error
        else:
            self._answered.add(job.sampling)
            return answer
        if self._answers_others(job, failure):
            raise OnePromptError(str(failure), hint=failure.hint) from failure
        # At once: whoever waits to try again gives up, and says no more than that.
        self.stopped_by = self.stopped_by or failure
        self.endpoint.stopped.set()
        raise failure

    def _answers_others(self, job: Job, failure: ModelError) -> bool:
        """Whether a failure is for its prompt: by answers under its setting, or by a plain one."""
        is_refused = isinstance(failure, RefusedError)
        if isinstance(failure, RefusedError) and failure.is_of_all:
            return False
        with self._looking:
            if self.endpoint.stopped.is_set():
                return False
            if is_refused and job.sampling in self._answered:
                return True
            once = replace(self.endpoint, n_tries=1)
            try:
                self._ask(once, replace(job, prompt=_PLAIN))
            except ModelError:
                return False
            self._answered.add(job.sampling)
            return True

    def _ask(self, endpoint: Endpoint, job: Job) -> Answer:
        begin = time.perf_counter()
        path = "completions" if self.template else "chat/completions"
        given = endpoint.post(path, self.payload(job))
        return self._read(given, time.perf_counter() - begin)

    def payload(self, job: Job) -> dict[str, Any]:
        """What is sent for a job."""
        prompt = job.prompt
        fields = settings_sent(job.sampling, in_config=self.in_config)
        fields |= {"model": self.model, "max_tokens": job.max_new_tokens, "seed": job.seed}
        if self.template:
            return fields | {"prompt": self.template.render(prompt.prompt, prompt.system)}
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        return fields | {"messages": [*system, {"role": "user", "content": prompt.prompt}]}

    def _read(self, given: Any, seconds: float) -> Answer:
        try:
            choice = given["choices"][0]
            text = choice["text"] if self.template else choice["message"]["content"]
            usage = given.get("usage") or {}
            n_tokens = usage.get("completion_tokens")
            reason = choice.get("finish_reason")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise UnansweredError(
                f"{self.endpoint.url} answers in another form: {self.endpoint.quoted(given, 120)}.",
                hint="the address has to be one of an OpenAI-compatible server.",
            ) from error
        # Some servers say null for an answer without text.
        given_text = "" if text is None else str(text)
        text = self.endpoint.without_key(given_text)
        if text != given_text:
            # Not said here: this is no thread of whoever looks on.
            self.met_key = True
        counted = n_tokens if isinstance(n_tokens, int) else None
        return Answer(text, counted, seconds, self.endpoint.without_key(str(reason or "unknown")))


class Gathering:
    """Answers on their way into a log: what is asked for is paid for, so nothing is dropped.

    `made` is what was written, and `unanswered` holds the first failure of each prompt that the
    server answers others in place of.

    Args:
        asking: Who asks.
        log: Where answers are written.
        made_by: What every line says of who answered.
    """

    def __init__(self, asking: Asking, log: SampleLog, made_by: Mapping[str, Any]) -> None:
        self.asking = asking
        self.log = log
        self.made_by = made_by
        self.made: list[tuple[Job, Answer]] = []
        self.unanswered: dict[str, OnePromptError] = {}
        self._waiting: dict[Future[Answer], Job] = {}

    def ask(self, jobs: Sequence[Job], concurrency: int) -> Generator[int]:
        """Ask for all, `concurrency` at a time; yields how many came back.

        Raises:
            ModelError: The server answers nothing any more. What came back is written before.
        """
        pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="tokext-sample")
        try:
            for job in jobs:
                # In a copy of this context, so that what is said of retries is seen.
                context = contextvars.copy_context()
                self._waiting[pool.submit(context.run, self.asking.answer, job)] = job
            while self._waiting:
                done, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
                failures = self._write(done)
                if failures:
                    raise self.asking.stopped_by or failures[0]
                yield len(done)
        finally:
            # Whoever waits to try again gives up, and nobody new begins.
            self.asking.endpoint.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            begun = [future for future in self._waiting if not future.cancelled()]
            if n := sum(not future.done() for future in begun):
                answers = "1 answer that is" if n == 1 else f"{n:,} answers that are"
                say(f"waiting for {answers} under way.")
            self._write(wait(begun).done)

    def _write(self, futures: Iterable[Future[Answer]]) -> list[BaseException]:
        """Write what came back; the failures that are not one prompt's."""
        pairs = [(self._waiting.pop(future), future) for future in futures]
        whole = [(job, future.result()) for job, future in pairs if not future.exception()]
        self.log.append(SampleRecord(job, answer, **self.made_by) for job, answer in whole)
        self.made += whole
        failures = []
        for job, future in pairs:
            error = future.exception()
            if isinstance(error, OnePromptError):
                self.unanswered.setdefault(job.prompt.id, error)
            elif error is not None:
                failures.append(error)
        return failures
