"""Prompt formats: the tokenizer's own chat template, known ones by name, or a file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.bench.sampling.prompts import Prompt
from tokext.errors import InputError, TokenizerError
from tokext.progress import say

#: The tokenizer's own chat template.
OWN = "own"

_SLOT = re.compile(r"\{(system|user)\}")
_VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)


@dataclass(frozen=True)
class Template:
    r"""How a system message and a prompt become one string, begin-of-sequence token left out.

    `without_system` is used where the prompt has no system message. Where it has one and
    `with_system` has no slot for it, the message stands before the prompt, a blank line between.

    Example:
        >>> find_template("llama-2").render("こんにちは", "日本語で。")
        '[INST] <<SYS>>\n日本語で。\n<</SYS>>\n\nこんにちは [/INST]'
    """

    name: str
    with_system: str
    without_system: str

    def render(self, user: str, system: str = "") -> str:
        """The string for one prompt."""
        text = self.with_system if system else self.without_system
        if system and "{system}" not in text:
            user = f"{system}\n\n{user}"
        slots = {"system": system, "user": user}
        # In one pass: a prompt that says "{system}" keeps it.
        return _SLOT.sub(lambda match: slots[match[1]], text)


TEMPLATES = {
    template.name: template
    for template in (
        Template(
            "zephyr",
            "<|system|>\n{system}</s>\n<|user|>\n{user}</s>\n<|assistant|>\n",
            "<|user|>\n{user}</s>\n<|assistant|>\n",
        ),
        Template(
            "llama-2",
            "[INST] <<SYS>>\n{system}\n<</SYS>>\n\n{user} [/INST]",
            "[INST] {user} [/INST]",
        ),
        Template(
            "vicuna",
            "{system} USER: {user} ASSISTANT:",
            f"{_VICUNA} USER: {{user}} ASSISTANT:",
        ),
        Template(
            "synthia",
            "SYSTEM: {system} \nUSER: {user} \nASSISTANT: ",
            "USER: {user} \nASSISTANT: ",
        ),
        Template(
            "chatml",
            "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n"
            "<|im_start|>assistant\n",
            "<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n",
        ),
        Template("plain", "{system}\n\n{user}", "{user}"),
    )
}


def find_template(name: str | Path) -> Template:
    """A template by its name, or from a text file with ``{user}`` and, if wanted, ``{system}``.

    The file is taken as it is, but for one final newline: editors add it. A line that holds
    ``{system}`` and not ``{user}`` is left out for prompts without a system message. The name is
    the file's with a digest of the text, so that samples of two texts are not taken for the same.

    Raises:
        InputError: There is no such template or file, or it has not one slot for the user.
    """
    if str(name) in TEMPLATES:
        return TEMPLATES[str(name)]
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8-sig").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"there is no prompt format {str(name)!r}, and no such text file.",
            hint=f"give a file, {OWN} for the tokenizer's own, or one of {', '.join(TEMPLATES)}.",
        ) from error
    if text.count("{user}") != 1:
        raise InputError(
            f"{path} has {text.count('{user}') or 'no'} {{user}} slots, so the prompt has no place "
            "of its own.",
            hint="write {user} once, where the prompt belongs, and {system} for a system message.",
        )
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if "{system}" not in line or "{user}" in line]
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = f"{path.name}@{digest}"
    return Template(name, text, "".join(kept).replace("{system}", ""))


class PromptFormat:
    """A template together with the tokenizer that it is encoded by.

    Args:
        tokenizer: A tokenizer of transformers.
        template: ``own``, a name of `TEMPLATES`, or a file.

    Raises:
        InputError: The template cannot be used.
        TokenizerError: ``own``, and the tokenizer has none, or it does not show the prompt.
    """

    def __init__(self, tokenizer: Any, template: str | Path = OWN) -> None:
        self.tokenizer = tokenizer
        self.template = None if str(template) == OWN else find_template(template)
        self.name = self.template.name if self.template else OWN
        self._system_is_folded = False
        if self.template is None:
            self._check_own()

    @property
    def own_digest(self) -> str | None:
        """A digest of the tokenizer's own chat template; None where another one is used."""
        if self.template:
            return None
        told = json.dumps(self.tokenizer.chat_template, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def text(self, prompt: Prompt) -> str:
        """The string that the model reads, without the begin-of-sequence token."""
        begin = self.tokenizer.bos_token
        return self._whole(prompt).removeprefix(begin or "")

    def ids(self, prompt: Prompt) -> list[int]:
        """The ids that the model reads: the begin-of-sequence token once, then the text.

        A tokenizer without such a token goes without.

        Raises:
            InputError: The prompt itself holds a control token, or comes to no token.
        """
        self._refuse_control_tokens(prompt)
        begin = self.tokenizer.bos_token_id
        # A begin token that a template writes stays: what comes after it may be spelled otherwise
        # than at a text's beginning.
        ids = self.tokenizer(self._whole(prompt), add_special_tokens=False)["input_ids"]
        if not ids:
            raise InputError(
                f"the prompt {prompt.id!r} comes to no token.", hint="give it some text."
            )
        return list(ids) if begin in (None, ids[0]) else [begin, *ids]

    def _whole(self, prompt: Prompt) -> str:
        """The string, with the begin-of-sequence token where the own template writes it."""
        if self.template:
            return self.template.render(prompt.prompt, prompt.system)
        return self._own(prompt.prompt, prompt.system)

    def _own(self, user: str, system: str) -> str:
        from jinja2 import TemplateError

        asked = [{"role": "user", "content": user}]
        if system and not self._system_is_folded:
            try:
                return self._apply([{"role": "system", "content": system}, *asked], system)
            except (TemplateError, TokenizerError):
                say("the chat template takes no system message: it stands before the prompt.")
                self._system_is_folded = True
        if system:
            asked = [{"role": "user", "content": f"{system}\n\n{user}"}]
        return self._apply(asked, user)

    def _apply(self, messages: Sequence[dict[str, str]], shown: str) -> str:
        text: str = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        # Templates trim messages, so the ends are not looked at.
        if shown.strip() not in text:
            raise TokenizerError(
                f"the chat template of {self.tokenizer.name_or_path} drops what it is given: "
                f"{shown!r:.60} is not in {text!r:.80}.",
                hint=f"choose a --template: {', '.join(TEMPLATES)}, or a file.",
            )
        return text

    def _check_own(self) -> None:
        from jinja2 import TemplateError

        name = self.tokenizer.name_or_path
        hint = f"choose a --template: {', '.join(TEMPLATES)}, or a file."
        if not self.tokenizer.chat_template:
            raise TokenizerError(f"{name} has no chat template.", hint=hint)
        try:
            self._apply([{"role": "user", "content": "what is asked"}], "what is asked")
        except TemplateError as error:
            raise TokenizerError(
                f"the chat template of {name} cannot be used: {error}.", hint=hint
            ) from error

    def _refuse_control_tokens(self, prompt: Prompt) -> None:
        """A control token inside the text would end the turn, or begin the sequence twice."""
        for token in self.tokenizer.all_special_tokens:
            if token in prompt.prompt or token in prompt.system:
                raise InputError(
                    f"the prompt {prompt.id!r} holds {token!r}, a control token of "
                    f"{self.tokenizer.name_or_path}.",
                    hint="write it another way, as with a space inside.",
                )
