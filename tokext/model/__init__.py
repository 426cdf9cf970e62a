"""Embeddings resized: a loaded model or a checkpoint's files, and the way back."""

from tokext.model.check import LogitCheck, check_logits
from tokext.model.loaded import ResizedModel, resize_model
from tokext.model.resize import ResizeResult, resize_checkpoint
from tokext.model.revert import revert_checkpoint

__all__ = [
    "LogitCheck",
    "ResizeResult",
    "ResizedModel",
    "check_logits",
    "resize_checkpoint",
    "resize_model",
    "revert_checkpoint",
]
