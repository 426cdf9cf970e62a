"""What is no prose: addresses, code, markup, formulas, keys. Covered, so that no rule sees it."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re
from typing import Literal

from tokext.bench.leakage.scripts import HAN, KANA, LATIN, MASKED

# Patterns stop at the first space or Japanese letter where they can, and count where they cannot, so
# that the time stays linear in the length of a line.
_END = rf"\s{KANA}{HAN}、。「」『』（）【】！？，：；<>\"'`|"
# A program's name begins a command where what follows is an order to it, an option or a path; many of
# the names are English words too (`cat`, `brew`).
_ORDERS = (
    "add|am|apply|bisect|blame|branch|build|checkout|cherry-pick|clean|clone|commit|config|create|delete|describe|diff|exec|"
    "fetch|freeze|get|grep|images|info|init|install|list|log|logs|merge|mv|prune|ps|pull|push|rebase|reflog|refllow|reflist|"
    "remote|remove|reset|restore|revert|rm|run|search|show|squash|stash|start|status|stop|submodule|switch|tag|test|uninstall|"
    "update|upgrade|version|worktree"
)
_COMMANDS = (
    f"(?:git|pip3?|npm|npx|yarn|docker|kubectl|conda|sudo|apt|apt-get|brew|cargo)(?= (?:(?:{_ORDERS})(?![a-z])|-|python|pip|apt|npm))|"
    r"(?:curl|wget|ssh|scp|chmod|chown|mkdir|rmdir|grep|cd|ls|unzip|bash|python3?|pytest|node|cat|cp|mv|rm|tar|echo|touch)"
    r"(?= (?:-|\S*[./_~]\S|\"))"
)
_EXTENSIONS = (
    "txt|csv|tsv|json|jsonl|yaml|yml|toml|xml|html?|css|js|ts|py|ipynb|rb|rs|go|java|c|cpp|h|php|"
    "sh|md|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|mp[34]|wav|zip|gz|exe|dll|ini|conf|log|sql|db"
)
_TLDS = "com|org|net|edu|gov|io|ai|co|jp|uk|de|fr|info|dev|app|me|tv|biz"

#: What begins with a mark of punctuation: (what it is, that mark, the rest).
_MARKED: tuple[tuple[str, str, str], ...] = (
    ("template debris", "<", r"\|[^|<>\s]{1,40}\|>(?:assistant|user|system)?|</?SYS>>|/?s>|(?:start|end)_of_turn>"),
    ("tag", "<", r"/?[A-Za-z][A-Za-z0-9:\-]*(?:\s+[A-Za-z\-:]+(?:=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s>]+))?){0,8}\s*/?>"),
    ("placeholder", "<", r"[A-Za-z][A-Za-z0-9_ \-]{0,40}>"),
    ("template debris", r"\[", r"/?INST\]"),
    ("placeholder", r"\[", r"(?:Your|Company|Name|Insert|Date|Recipient|Sender|Product|City|Phone|Email|Job|Title|First|Last)\b[A-Za-z0-9 '/\-]{0,40}\]"),
    ("regular expression", r"\[", r"\^?[A-Za-z0-9]-[A-Za-z0-9][^\]\s]{0,40}\][+*?]?"),
    ("phonetics", r"\[", r"[^\[\]\s]{0,40}[ˈˌəɪʊɛɔʌɑɜθðʃʒŋɡɹː][^\[\]\s]{0,40}\]"),
    ("anchor", "{", r"#[^{}\s]{1,80}\}"),
    ("placeholder", "{", r"[A-Za-z_][A-Za-z0-9_]{0,40}\}"),
    ("inline code", "`", r"`[^`\n]{1,400}``|[^`\n]{1,400}`"),
    ("LaTeX", r"\$", r"\$[^$\n]{1,400}\$\$|[^$\n]{0,400}\\[^$\n]{0,400}\$"),
    ("environment variable", r"\$", r"\{?[A-Za-z_][A-Za-z0-9_]*\}?"),
    ("LaTeX", r"\\", r"\([^\n]{1,400}?\\\)|\[[^\n]{1,400}?\\\]|[A-Za-z]{1,40}\*?(?:\{[^{}\n]{0,200}\}){0,4}"),
    ("handle", "@", r"(?<![A-Za-z0-9]@)[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*"),
    ("hashtag", "[#＃]", rf"(?<![A-Za-z0-9&][#＃])[{LATIN}0-9_]+"),
    ("JSON key", "[\"“]", r"[A-Za-z_][A-Za-z0-9_ \-]{0,60}[\"”]\s*:(?=\s|[\[{\"0-9]|$)"),
    ("link target", r"\]", r"\([^()\s]{1,400}\)"),
    ("image", "!", r"\[[^\]\n]{0,120}\]\([^()\s]{0,400}\)"),
    ("option", "-", r"(?<![A-Za-z0-9\-]-)(?:-[a-z][A-Za-z0-9_\-]{0,40}|[A-Za-z])(?:=[^\s、。]{1,80})?(?=[\s、。」』）)`,.]|$)"),
    ("phonetics", "/", r"[^/\s]{0,40}[ˈˌəɪʊɛɔæʌɑɜθðʃʒŋɡɹː][^/\s]{0,40}/"),
    ("path", r"[/\\~.]", r"(?<![A-Za-z0-9][/\\~.])(?:(?<=[/\\])[A-Za-z0-9_.\-~]+)?(?:[/\\][A-Za-z0-9_.\-~]+)+[/\\]?"),
    ("method", r"\.", r"(?<![A-Za-z0-9.\s]\.)[a-z][A-Za-z0-9_]+(?![A-Za-z0-9])"),
    ("copyright line", "©", r"[^\n]{0,20}[0-9]{4}[^\n]{0,80}"),
)  # fmt: skip

#: What a word is made of that is no ordinary word; a word here holds ``. @ : / _ = ( )`` as well.
_IN_WORD: tuple[tuple[str, str], ...] = (
    ("URL", r"(?:https?|ftp|file|ssh|git)://.+"),
    ("mail address", r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"),
    ("path", r"[A-Za-z]:\\.*|[A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+){2,}"),
    ("file name", rf"[A-Za-z0-9_][A-Za-z0-9_\-]*(?:\.[A-Za-z0-9_\-]+)*\.(?:{_EXTENSIONS})(?![A-Za-z0-9])"),
    ("domain", rf"(?:[A-Za-z0-9\-]+\.)+(?:{_TLDS})(?![A-Za-z0-9])(?:/.*)?"),
    ("call", r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\(\)"),
    ("dotted name", r"[a-z_][A-Za-z0-9_]*(?:\.[a-z_][A-Za-z0-9_]{2,}){1,6}(?![A-Za-z0-9])"),
    ("identifier", r"[A-Za-z0-9]*_[A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*|[A-Za-z][A-Za-z0-9]*_+"),
    ("assignment", r"[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_]+"),
    ("letters and digits", r"[A-Za-z]{1,12}-?[0-9][A-Za-z0-9]*|[0-9]+[A-Za-z]{1,5}[0-9]+[A-Za-z0-9]*"),
    ("number and unit", r"(?<=[0-9])(?:[A-Za-z]{1,5}|[A-Za-z]+/[A-Za-z]+)(?![A-Za-z])"),
    ("camel case", r"(?<![A-Za-z])[A-Za-z]+[a-z][A-Z][A-Za-z]*"),
)  # fmt: skip

#: What spans several words; looked for only where its first word occurs.
_IN_LINE: tuple[tuple[str, str], ...] = (
    ("command", rf"(?<![A-Za-z])(?:{_COMMANDS}) (?:\"[^\"\n]{{0,400}}\"|[^{KANA}{HAN}「」『』（）、。`\"\n])*"),
    ("query", r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b[^\n]{0,300}?(?:;|$|(?=[ぁ-ヿ]))"),
    ("first program", r"[Hh]ello,? [Ww]orld!?"),
    ("copyright line", r"Copyright\s[^\n]{0,20}[0-9]{4}[^\n]{0,80}|All [Rr]ights [Rr]eserved\.?"),
)  # fmt: skip
_LINE_WORD = re.compile(
    rf"(?<![A-Za-z])(?:{_COMMANDS}) |SELECT|INSERT|UPDATE|DELETE|CREATE|ello,? [Ww]orld|[Rr]eserved|Copyright"
)
_LINE_MASK = re.compile("|".join(pattern for _, pattern in _IN_LINE))

_JOIN = r"[.@:/\\+=&%?#~\-]"
# One class comes first, so that the search skips what cannot begin anything at the speed of C.
_TOKEN = re.compile(
    r"[A-Za-z0-9_<\[{`$\\@#＃\"“\]!\-/~.©](?:(?<=[A-Za-z0-9_])(?P<word>[A-Za-z0-9_]*"
    rf"(?:{_JOIN}+[A-Za-z0-9_]+)*(?:\(\)|/)?)|"
    + "|".join(f"(?<={mark})(?:{rest})" for _, mark, rest in _MARKED)
    + ")"
)
_WORD_MASK = re.compile("|".join(pattern for _, pattern in _IN_WORD))
_MASKABLE = re.compile(r"[A-Za-z`©]")
_WINDOW = 2000
#: Nothing that a person reads as a word is longer: an address, a key, a block of base64.
_LONGEST_WORD = 300


def mask_line(line: str) -> str:
    """The line with everything covered that is no prose, at the same length.

    Example:
        >>> mask_line("`ls -l` と a_b を実行").replace(MASKED, "_")
        '_______ と ___ を実行'
    """
    if not _MASKABLE.search(line):
        return line
    if len(line) > _WINDOW:
        # Some patterns look up to 400 characters ahead from every place that can begin them: windows
        # bound what a hostile line costs, at the price of what lies across a border.
        return "".join(mask_line(line[at : at + _WINDOW]) for at in range(0, len(line), _WINDOW))
    if _LINE_WORD.search(line):
        line = _LINE_MASK.sub(_cover, line)
    return _TOKEN.sub(_cover_token, line)


def _cover(match: re.Match[str]) -> str:
    return MASKED * (match.end() - match.start())


def _cover_token(match: re.Match[str]) -> str:
    text = match.group()
    if match["word"] is None:
        return MASKED * len(text)
    if (text.isalpha() and (text[1:].islower() or text.isupper())) or text.isdigit():
        return text
    if len(text) > _LONGEST_WORD:
        return MASKED * len(text)
    return _WORD_MASK.sub(_cover, text)


#: What a line belongs to.
LineKind = Literal["prose", "code", "json", "data"]
PROSE: LineKind = "prose"
CODE: LineKind = "code"
JSON: LineKind = "json"
DATA: LineKind = "data"

_FENCE = re.compile(r"^\s{0,12}(?:[-*]\s+|\d+\.\s+)?(`{3,}|~{3,})\s*([A-Za-z0-9_+#.\-]*)[^`]*$")
_FENCE_AT_END = re.compile(r"(?<=[^`])(`{3})([a-z]{0,12})\s*$")
_DATA_TAGS = frozenset(("csv", "tsv", "yaml", "yml", "toml", "xml", "ini", "data"))
_PROSE_TAGS = frozenset(("text", "txt", "plaintext", "plain", "markdown", "md", "japanese"))
_CODE_LINE = re.compile(
    r"""^\s*(?:
        import\s+[\w.{*]+ | from\s+[\w.]+\s+import\b | def\s+\w+\s*\( | class\s+\w+\s*[(:{]
      | (?:public|private|protected|static)\s+\w+ | \#include\b | using\s+namespace\b
      | for\s*\(.*\)\s*\{? | for\s+\w+(?:,\s*\w+)*\s+in\s+.+:\s*$ | (?:if|while|elif)\b.*[=<>()\[\]!].*[:{]\s*$ | (?:else|try|finally)\s*[:{]\s*$
      | (?:const|let|var)\s+\w+\s*=.* | function\s+\w*\s*\( | return\b.*[;()\[\]] | print(?:f|ln)?\s*\(
      | System\.out\. | console\.log\( | <\?php | \w+(?:\.\w+)*\(.*\)\s*;?\s*$ | [\w.\[\]]+\s*[-+*/]?=\s*[^=\s].*[;()\[\]{}]\s*$
      | (?:SELECT|INSERT|UPDATE|DELETE|CREATE)\s+.*
    )""",
    re.VERBOSE,
)
_IMPORT = re.compile(
    r"\s*(?:import\s+[\w.]+(?:\s+as\s+\w+)?|from\s+[\w.]+\s+import\s+[\w, *()]+)\s*;?\s*$"
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
    """
    return (len(line) < 400 and _IMPORT.match(line) is not None) or (
        len(line) < 400
        and _CODE_LINE.match(line) is not None
        and _CODE_MARKS.search(line) is not None
        and not _PROSE_END.search(line)
    )


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
            at += 1
            continue
        end = _closing(lines, at + 1, opening[1])
        inside = lines[at + 1 : end]
        kind = _fence_kind(opening[2].casefold(), inside)
        kinds.append(CODE if opening.start() == 0 else PROSE)
        kinds.extend(kind for _ in inside)
        kinds.extend(CODE for _ in lines[end : end + 1])
        at = end + 1
    return kinds


def _closing(lines: list[str], at: int, fence: str) -> int:
    while at < len(lines) and not lines[at].lstrip().startswith(fence):
        at += 1
    return at


def _kind_outside(line: str, before: LineKind) -> LineKind:
    if '"' in line or "“" in line:
        if _JSON_LINE.match(line) and len(line) < 4000 and _looks_like_json(line):
            return JSON
        if before == JSON and _CUT_OFF_STRING.match(line):
            return JSON
    return CODE if is_code_line(line) else PROSE


_CUT_OFF_STRING = re.compile(r"\s*\"[^\"]{0,60}$")
_JSON_SHAPE = re.compile(
    r"""["”]\s*:\s*(?:["“\[{\d]|true|false|null|$)|^\s*["“][^"”]*["”],\s*$|^\s*[{\[]"""
)


def _looks_like_json(line: str) -> bool:
    return _JSON_SHAPE.search(line) is not None


def _fence_kind(tag: str, inside: list[str]) -> LineKind:
    body = "\n".join(inside)
    if tag in {"json", "jsonl", "json5"} or (not tag and body.lstrip()[:1] in {"{", "["}):
        return JSON
    if tag in _DATA_TAGS:
        return DATA
    if tag in _PROSE_TAGS:
        return PROSE if not any(map(is_code_line, inside)) else CODE
    if not tag and not _CODE_MARKS.search(body):
        return DATA
    return CODE


_LATIN = re.compile(f"[{LATIN}]+")
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
    inline = _INLINE.findall(line) if "`" in line else []
    return (
        inline + [m.group() for m in _LINE_MASK.finditer(line)]
        if _LINE_WORD.search(line)
        else inline
    )


def cover_latin(line: str) -> str:
    """The line with every Latin letter covered.

    Example:
        >>> cover_latin("name,名前").replace(MASKED, "_")
        '____,名前'
    """
    return _LATIN.sub(_cover, line)


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
