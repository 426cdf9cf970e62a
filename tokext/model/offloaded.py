"""Parameters of a loaded model read and set, wherever accelerate let them rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from tokext.errors import ModelError


def _offload_hook(module: nn.Module, name: str) -> Any | None:
    """The accelerate hook that holds a parameter which the module itself does not."""
    if not getattr(module, name).is_meta:
        return None
    hook = getattr(module, "_hf_hook", None)
    hooks = getattr(hook, "hooks", [hook])
    found = next((h for h in hooks if getattr(h, "weights_map", None) is not None), None)
    if found is None:
        raise ModelError(
            f"{name!r} of {type(module).__name__} is on the meta device: it holds no numbers.",
            hint="load the model's weights first, or resize its files.",
        )
    return found


def held(module: nn.Module, name: str) -> Tensor:
    """A parameter's numbers, wherever they rest."""
    hook = _offload_hook(module, name)
    value: Tensor = getattr(module, name).detach() if hook is None else hook.weights_map[name]
    if not value.is_floating_point() or value.dim() > 2:
        raise ModelError(
            f"{name!r} of {type(module).__name__} is {value.dtype}, which cannot be edited.",
            hint="load the model unquantized, or resize its files.",
        )
    return value


class _CopiedWhenRead(Mapping[str, Tensor]):
    """Offloaded parameters that give a new tensor each time, as the disk does.

    Running an offloaded model parts tied parameters, and one tensor of two names is not saved.
    """

    def __init__(self, held: dict[str, Tensor]) -> None:
        self._held = held

    def __getitem__(self, name: str) -> Tensor:
        return self._held[name].clone()

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


def put(module: nn.Module, name: str, value: Tensor, like: Tensor | None = None) -> None:
    """Set a parameter where the old one rested; `like` is the parameter it is tied to."""
    old = getattr(module, name)
    hook = _offload_hook(module, name)
    if hook is not None:
        others = {n: hook.weights_map[n] for n, _ in module.named_parameters(recurse=False)}
        new = {**others, name: value}
        hook.weights_map = new if like is None else _CopiedWhenRead(new)
        value = value.to("meta")
    if like is not None:
        setattr(module, name, like)
    else:
        setattr(module, name, nn.Parameter(value, requires_grad=old.requires_grad))
