"""What each line of an answer belongs to: prose, code, JSON, or a table of data."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re
from typing import Literal

from tokext.bench.leakage.masks import commands_in
from tokext.bench.leakage.scripts import LATIN

#: What a line belongs to.
LineKind = Literal["prose", "code", "json", "data"]
PROSE: LineKind = "prose"
CODE: LineKind = "code"
JSON: LineKind = "json"
DATA: LineKind = "data"

_FENCE = re.compile(r"^\s{0,12}(?:[-*]\s+|\d+\.\s+)?(`{3,}|~{3,})\s*([A-Za-z0-9_+#.\-]*)[^`]*$")
_FENCE_AT_END = re.compile(r"(?<=[^`])(`{3})([a-z]{0,12})\s*$")
_DATA_TAGS = frozenset(
    ("csv", "tsv", "yaml", "yml", "toml", "xml", "ini", "data", "output", "log", "console")
)
_PROSE_TAGS = frozenset(("text", "txt", "plaintext", "plain", "markdown", "md", "japanese", "email", "mail", "letter", "poem", "story", "speech", "ja", "jp", "en", "zh", "ko"))  # fmt: skip
#: What someone typed, where the rest is what a program said.
_TYPED = re.compile(r"\s*\$ \S")
_CODE_LINE = re.compile(
    r"""^\s*(?:
        import\s+[\w.{*]+ | from\s+[\w.]+\s+import\b | def\s+\w+\s*\( | class\s+\w+\s*[(:{]
      | (?:public|private|protected|static)\s+\w+ | \#include\b | using\s+namespace\b
      | for\s*\(.*\)\s*\{? | for\s+\w+(?:,\s*\w+)*\s+in\s+.+:\s*$ | (?:if|while|elif)\b.*[=<>()\[\]!].*[:{]\s*$ | (?:else|try|finally)\s*[:{]\s*$
      | (?:const|let|var)\s+\w+\s*=.* | function\s+\w*\s*\( | return\b.*[;()\[\]] | print(?:f|ln)?\s*\(
      | System\.out\. | console\.log\( | <\?php | \w+(?:\.\w+)*\(.*\)\s*;?\s*$ | [\w.\[\]]+\s*[-+*/]?=\s*[^=\s].*[;()\[\]{}]\s*$
      | (?:SELECT|INSERT|UPDATE|DELETE|CREATE)\s+.*
      | (?:export|interface|type|declare)\s+\w.*[{=(]\s*$ | return\s*[{(]\s*$ | [})\]]+[;,]?\s*$ | \}\s*(?:else|catch|finally)\b.*\{\s*$
      | [\w$.@#:*, >\-\[\]]+(?:\([^()]*\))?\s*\{\s*$ | [a-z][a-z\-]+:\s*[^:;]+;\s*$
    )""",
    re.VERBOSE | re.ASCII,
)
#: A query over several lines: what its next line begins with, and what stands before that.
_QUERY_GOES_ON = re.compile(
    r"\s*(?:FROM|WHERE|(?:GROUP|ORDER) BY|HAVING|(?:LEFT |RIGHT |INNER |OUTER )*JOIN|LIMIT|VALUES|SET|ON|AND|OR|UNION)\b"
)
_QUERY_BEGINS = re.compile(
    rf"\s*(?:SELECT|INSERT INTO|UPDATE|DELETE|CREATE)\b|{_QUERY_GOES_ON.pattern}"
)
_QUERY = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE)\s.*\b(?:FROM|INTO|SET|TABLE|VIEW)\b"
)
_STRING_OR_COMMENT = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|/\*.*?(?:\*/|$)|(?:#|//|--\s)[^\n]*")
_COMMENT_AFTER = re.compile(r"(?<=[;)\]}:{])\s+(?:#|//)\s")
_OTHER_LETTER = re.compile(r"[^\W\d_A-Za-z]")
_IMPORT = re.compile(
    r"\s*(?:import\s+[\w.]+(?:\s+as\s+\w+)?|from\s+[\w.]+\s+import\s+[\w, *()]+)\s*;?\s*$"
)
_LOG = re.compile(
    r"""\s*File\ ".*",\ line\ \d+ | Traceback\ \(most\ recent | \s+at\ [\w.$<>]+\(.*\)\s*$
      | \[?\d{4}-\d\d-\d\d[T\ ]\d\d:\d\d(?::\d\d)?\S*\s+\[?(?:INFO|WARN(?:ING)?|ERROR|DEBUG|FATAL)\b""",
    re.VERBOSE,
)
_CODE_MARKS = re.compile(r"[(){}\[\];=<>]")
_JSON_LINE = re.compile(
    r"""^\s*[{\[]?\s*["“][^"”\n]*["”]\s*(?::.*|,?\s*[}\]]*,?)\s*$|^\s*[{\[]\s*["“].*"""
)
_PROSE_END = re.compile(r"[A-Za-z][.!?]\s*$")


def is_code_line(line: str) -> bool:
    """Whether a line outside a fence is source code.

    Example:
        >>> is_code_line("for name in os.listdir('.'):"), is_code_line("for example, water")
        (True, False)
        >>> is_code_line("面白い(笑)"), is_code_line("print('面白い')")
        (False, True)
    """
    if len(line) >= 400:
        return False
    if _IMPORT.match(line) or _LOG.match(line):
        return True
    if not line.isascii() and (comment := _COMMENT_AFTER.search(line)) is not None:
        line = line[: comment.start()]
    return (
        _CODE_LINE.match(line) is not None
        and _CODE_MARKS.search(line) is not None
        and not _PROSE_END.search(line)
        and (not _speaks(line) or _QUERY.match(line) is not None)
    )


def _speaks(line: str) -> bool:
    """Whether letters of Japanese, Korean ... stand outside strings and comments."""
    if line.isascii():
        return False
    return _OTHER_LETTER.search(_STRING_OR_COMMENT.sub("", line)) is not None


def line_kinds(lines: list[str]) -> list[LineKind]:
    """What each line belongs to. A fence that is never closed reaches to the end.

    Code is never language. In data fences Latin is a key or a value, other scripts count. In JSON
    only sentences count among the Latin.
    """
    kinds: list[LineKind] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        opening = (
            _FENCE.match(line) or _FENCE_AT_END.search(line)
            if "``" in line or "~~~" in line
            else None
        )
        if opening is None:
            kinds.append(_kind_outside(line, kinds[-1] if kinds else PROSE))
            if at and _QUERY_BEGINS.match(lines[at - 1]) and _QUERY_GOES_ON.match(line):
                kinds[-1] = CODE
            at += 1
            continue
        end = _closing(lines, at + 1, opening[1])
        has_text = end < len(lines) and not lines[end].lstrip().startswith(opening[1])
        inside = lines[at + 1 : end + has_text]
        kinds.append(CODE if opening.start() == 0 else PROSE)
        kinds.extend(_kinds_in_fence(opening[2].casefold(), inside))
        kinds.extend(CODE for _ in lines[end : end + (not has_text)])
        at = end + 1
    for start, end in _settings(lines, kinds):
        kinds[start:end] = [DATA] * (end - start)
    return kinds


#: ``key: value`` and ``key = value`` as configuration files have them, a small letter first.
_SETTING = re.compile(
    r"\s*(?:- )?[a-z_][\w.\-]*\s*(?::(?:\s|$)|=)|\s*\[[\w.\-]+\]\s*$|\s*- [\w./:\-]+\s*$"
)
_CONTAINER = re.compile(r"\s*(?::::+|!!!)\s*\w")
_FEWEST_SETTINGS = 3


def _settings(lines: list[str], kinds: list[LineKind]) -> list[tuple[int, int]]:
    """Where settings stand: front matter, and a few lines of ``key: value`` after each other."""
    found: list[tuple[int, int]] = []
    if lines[0].rstrip() == "---" and (end := _closing(lines, 1, "---")) < min(len(lines), 40):
        found.append((0, end + 1))
    at = 0
    while at < len(lines):
        start = at
        while at < len(lines) and kinds[at] == PROSE and _SETTING.match(lines[at]):
            at += 1
        is_list = all(line.lstrip().startswith("- ") for line in lines[start:at])
        if at - start >= _FEWEST_SETTINGS and not is_list:
            found.append((start, at))
        at += 1
    return found


def _closing(lines: list[str], at: int, fence: str) -> int:
    """Where a fence closes: at a line that begins with it, or after the text of one."""
    while at < len(lines) and not _closes(lines[at].strip(), fence):
        at += 1
    return at


def _closes(line: str, fence: str) -> bool:
    return line.startswith(fence) or (
        fence != "---" and line.endswith(fence) and line.count(fence) == 1
    )


def _kind_outside(line: str, before: LineKind) -> LineKind:
    if '"' in line or "“" in line:
        if _JSON_LINE.match(line) and len(line) < 4000 and _looks_like_json(line):
            return JSON
        if before in {JSON, CODE} and _CUT_OFF_STRING.match(line):
            return JSON
    if is_code_line(line):
        return CODE
    return DATA if _CONTAINER.match(line) else PROSE


_CUT_OFF_STRING = re.compile(r"\s*\"[^\"]{0,60}$")
_JSON_SHAPE = re.compile(
    r"""["”]\s*:\s*(?:["“\[{\d]|true|false|null|$)|^\s*["“][^"”]*["”],\s*$|^\s*[{\[]"""
)


def _looks_like_json(line: str) -> bool:
    return _JSON_SHAPE.search(line) is not None


def _kinds_in_fence(tag: str, inside: list[str]) -> list[LineKind]:
    body = "\n".join(inside)
    if tag in {"json", "jsonl", "json5"} or (not tag and body.lstrip()[:1] in {"{", "["}):
        return [JSON] * len(inside)
    if tag in _DATA_TAGS and not any(map(_TYPED.match, inside)):
        return [DATA] * len(inside)
    if tag and tag not in _PROSE_TAGS:
        return [CODE] * len(inside)
    if tag and not any(map(is_code_line, inside)):
        return [PROSE] * len(inside)
    is_code = [
        (_CODE_MARKS.search(line) is not None and not _speaks(line)) or is_code_line(line)
        for line in inside
    ]
    # A comment between lines of code is code; a line of text with one parenthesis is none.
    if sum(is_code) * 2 >= sum(1 for line in inside if line.strip()) and any(is_code):
        return [CODE] * len(inside)
    return [CODE if code else DATA for code in is_code]


def is_code_answer(lines: list[str], kinds: list[LineKind]) -> bool:
    """Whether an answer holds code: a fence with code in it, or code in a third of its lines.

    Example:
        >>> lines = ["例です。", "```python", "print(1)", "```"]
        >>> is_code_answer(lines, line_kinds(lines))
        True
    """
    is_fence = [("`" in line or "~" in line) and _FENCE.match(line) is not None for line in lines]
    n_code = sum(kind == CODE and not fence for kind, fence in zip(kinds, is_fence, strict=True))
    n_lines = sum(1 for line in lines if line.strip())
    return n_code > 0 and (any(is_fence) or n_code * 3 >= n_lines)


_LATIN = re.compile(f"[{LATIN}]+")
#: Whoever writes of these writes of programs, where ``this`` and ``props`` are names.
_OF_PROGRAMS = (
    "関数の", "メソッド", "変数", "引数", "リポジトリ", "ソースコード", "コンパイル", "コンポーネント", "JavaScript",
    "TypeScript", "React",
)  # fmt: skip
#: Of these everyone writes: it takes two.
_OF_COMPUTERS = (
    "プログラミング",
    "ブラウザ",
    "Python",
    "HTML",
    "CSS",
    "SQL",
    "Docker",
    "GitHub",
    "Linux",
)


def is_about_programs(text: str) -> bool:
    """Whether an answer without code speaks of programs.

    Example:
        >>> is_about_programs("この関数の引数は三つです。"), is_about_programs("猫が好きです。")
        (True, False)
        >>> is_about_programs("ブラウザで映画を見ます。")
        False
    """
    if any(word in text for word in _OF_PROGRAMS):
        return True
    return sum(word in text for word in _OF_COMPUTERS) >= 2


_TAG = re.compile(r"<[A-Za-z][\w\-]*\s[^<>=\n]{0,80}=[^<>\n]{0,300}>")
_INLINE = re.compile(r"`([^`\n]{1,400})`")


def words_of_code(lines: list[str], kinds: list[LineKind]) -> frozenset[str]:
    """Latin words, lower case, that the answer itself writes as code: outside it they are its names.

    Example:
        >>> sorted(words_of_code(["`git push` します。"], ["prose"]))
        ['git', 'push']
    """
    found: set[str] = set()
    for line, kind in zip(lines, kinds, strict=True):
        for code in [line] if kind == CODE else _code_in(line):
            found.update(word.casefold() for word in _LATIN.findall(code))
    return frozenset(found)


def _code_in(line: str) -> list[str]:
    found = _INLINE.findall(line) if "`" in line else []
    return found + (_TAG.findall(line) if "<" in line else []) + commands_in(line)
