"""What tokext says when it stops: one line that names the value met, and the way out."""


class TokextError(Exception):
    """A stated failure: a message with the offending value, and a hint at the way out.

    Example:
        >>> error = InputError("corpus.txt holds no text.", hint="give a file with one line.")
        >>> print(error)
        corpus.txt holds no text.
        >>> error.hint
        'give a file with one line.'
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(TokextError):
    """Text, prompts or options that cannot be used as given."""


class TokenizerError(TokextError):
    """A tokenizer that cannot be found, read, or extended."""


class GuaranteeError(TokextError):
    """A guarantee does not hold, so nothing was saved."""


class ModelError(TokextError):
    """A checkpoint that cannot be read or changed as asked."""


class OutputError(TokextError):
    """An output that cannot be written where it was asked for."""


def refuse_below(least: int, **options: int | None) -> None:
    """Refuse options that are below the least that makes sense; None is an option not given.

    Raises:
        InputError: One is.

    Example:
        >>> refuse_below(0, workers=2, size=None)
        >>> refuse_below(0, workers=-3)
        Traceback (most recent call last):
        ...
        tokext.errors.InputError: workers is -3.
    """
    for name, value in options.items():
        if value is not None and value < least:
            raise InputError(f"{name} is {value}.", hint=f"choose {least} or more.")


def refuse_outside(least: float, most: float, **options: float | None) -> None:
    """Refuse options outside the range that makes sense, and what is no number; None is not given.

    Raises:
        InputError: One is.

    Example:
        >>> refuse_outside(1, 64, batch_size=8, bandwidth=None)
        >>> refuse_outside(0.1, 16, bytes_per_number=float("nan"))
        Traceback (most recent call last):
        ...
        tokext.errors.InputError: bytes_per_number is nan.
    """
    for name, value in options.items():
        if value is not None and not least <= value <= most:
            raise InputError(f"{name} is {value}.", hint=f"choose between {least:,} and {most:,}.")
