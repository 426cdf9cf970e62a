"""What is no prose: addresses, code, markup, formulas, keys. Covered, so that no rule sees it."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re

from tokext.bench.leakage.scripts import HAN, KANA, LATIN, MASKED

# Patterns stop at the first space or Japanese letter where they can, and count where they cannot, so
# that the time stays linear in the length of a line.

# A program's name begins a command where what follows is an order to it, an option or a path; many of
# the names are English words too (`cat`, `brew`).
_ORDERS = (
    "add|am|apply|bisect|blame|branch|build|checkout|cherry-pick|clean|clone|commit|config|create|delete|describe|diff|exec|"
    "fetch|freeze|get|grep|images|info|init|install|list|log|logs|merge|mv|prune|ps|pull|push|rebase|reflog|"
    "remote|remove|reset|restore|revert|rm|rmi|run|search|show|squash|stash|start|status|stop|submodule|switch|system|tag|test|uninstall|"
    "up|update|upgrade|version|volume|worktree"
)
_COMMANDS = (
    f"(?:git|pip3?|npm|npx|yarn|docker|docker-compose|kubectl|conda|sudo|apt|apt-get|brew|cargo)(?= (?:(?:{_ORDERS})(?![a-z])|-|python|pip|apt|npm))|"
    r"(?:curl|wget|ssh|scp|chmod|chown|mkdir|rmdir|grep|cd|ls|unzip|bash|python3?|pytest|node|cat|cp|mv|rm|tar|echo|touch)"
    r"(?= (?:-|\S*[./_~]\S|\"))|ps(?= (?:aux|-))"
)
_EXTENSIONS = (
    "txt|csv|tsv|json|jsonl|yaml|yml|toml|xml|html?|css|js|ts|py|ipynb|rb|rs|go|java|c|cpp|h|php|"
    "sh|md|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|mp[34]|wav|zip|gz|exe|dll|ini|conf|log|sql|db"
)
_TLDS = "com|org|net|edu|gov|io|ai|co|jp|uk|de|fr|info|dev|app|me|tv|biz"

#: What begins with a mark of punctuation: (what it is, that mark, the rest).
_MARKED: tuple[tuple[str, str, str], ...] = (
    ("template debris", "<", r"\|[^|<>\s]{1,40}\|>(?:assistant|user|system)?|</?SYS>>|/?s>|(?:start|end)_of_turn>"),
    ("tag", "<", r"/?[A-Za-z][A-Za-z0-9:\-]*(?:\s+[A-Za-z@:#][A-Za-z0-9@:.\-]*(?:=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s>]+))?){0,8}\s*/?>"),
    ("comment", "<", r"!--[^\n]{0,400}?-->"),
    ("placeholder", "<", r"[A-Za-z][A-Za-z0-9_ \-]{0,40}>"),
    ("template debris", r"\[", r"/?INST\]"),
    ("placeholder", r"\[", r"(?:Your|Company|Name|Insert|Date|Recipient|Sender|Product|City|Phone|Email|Job|Title|First|Last)\b[A-Za-z0-9 '/\-]{0,40}\]"),
    ("alert", r"\[", r"!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]"),
    ("link definition", r"\[", r"(?<!.\[)[^\]\n]{1,60}\]:(?=\s)"),
    ("comprehension", r"\[", r"[^\[\]\n]{1,60} for [^\[\]\n]{1,40} in [^\[\]\n]{1,80}\]"),
    ("regular expression", r"\[", r"\^?[A-Za-z0-9]-[A-Za-z0-9][^\]\s]{0,40}\][+*?]?"),
    ("phonetics", r"\[", r"[^\[\]\s]{0,40}[ˈˌəɪʊɛɔʌɑɜθðʃʒŋɡɹː][^\[\]\s]{0,40}\]"),
    ("anchor", "{", r"[#.:][^{}\n]{1,80}\}|\{[^{}\n]{1,80}\}\}"),
    ("placeholder", "{", r"[A-Za-z_][A-Za-z0-9_]{0,40}\}"),
    ("inline code", "`", r"`[^`\n]{1,400}``|[^`\n]{1,400}`"),
    ("LaTeX", r"\$", r"\$[^$\n]{1,400}\$\$|[^$\n]{0,400}\\[^$\n]{0,400}\$"),
    ("environment variable", r"\$", r"\{?[A-Za-z_][A-Za-z0-9_]*\}?"),
    ("LaTeX", r"\\", r"\([^\n]{1,400}?\\\)|\[[^\n]{1,400}?\\\]|[A-Za-z]{1,40}\*?(?:\{[^{}\n]{0,200}\}){0,4}"),
    ("handle", "@", r"(?<![A-Za-z0-9]@)[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*"),
    ("hashtag", "[#＃]", rf"(?<![A-Za-z0-9&][#＃])[{LATIN}0-9_]+"),
    ("JSON key", "[\"“]", r"[A-Za-z_][A-Za-z0-9_ \-]{0,60}[\"”]\s*:(?=\s|[\[{\"0-9]|$)"),
    ("link target", r"\]", r"\([^()\s]{1,400}\)|\[[A-Za-z0-9 _\-]{1,60}\]"),
    ("entity", "&", r"(?:[a-z]{2,8}|#[0-9]{1,6});"),
    ("image", "!", r"\[[^\]\n]{0,120}\]\([^()\s]{0,400}\)"),
    ("option", "-", r"(?<![A-Za-z0-9\-]-)(?:-[a-z][A-Za-z0-9_\-]{0,40}|[A-Za-z])(?:=[^\s、。]{1,80})?(?=[\s、。」』）)`,.]|$)"),
    ("phonetics", "/", r"[^/\s]{0,40}[ˈˌəɪʊɛɔæʌɑɜθðʃʒŋɡɹː][^/\s]{0,40}/"),
    ("path", r"[/\\~.]", r"(?<![A-Za-z0-9][/\\~.])(?:(?<=[/\\])[A-Za-z0-9_.\-~]+)?(?:[/\\][A-Za-z0-9_.\-~]+)+[/\\]?"),
    ("method", r"\.", r"(?<![A-Za-z0-9.]\.)[a-z][A-Za-z0-9_]+(?![A-Za-z0-9])"),
    ("copyright line", "©", r"[^\n]{0,20}[0-9]{4}[^\n]{0,80}"),
)  # fmt: skip

#: What a word is made of that is no ordinary word; a word here holds ``. @ : / _ = ( )`` as well.
_IN_WORD: tuple[tuple[str, str], ...] = (
    ("subscript or call", r"[A-Za-z_][A-Za-z0-9_.]*(?:\[.*\]|\(.+\))$"),
    ("media type", r"(?:application|text|image|audio|video|multipart)/[a-z0-9.+\-]+"),
    ("URL", r"(?:https?|ftp|file|ssh|git)://.+"),
    ("mail address", r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"),
    ("path", r"[A-Za-z]:\\.*|[A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+){2,}"),
    ("file name", rf"[A-Za-z0-9_][A-Za-z0-9_\-]*(?:\.[A-Za-z0-9_\-]+)*\.(?:{_EXTENSIONS})(?![A-Za-z0-9])"),
    ("domain", rf"(?:[A-Za-z0-9\-]+\.)+(?:{_TLDS})(?![A-Za-z0-9])(?:/.*)?"),
    ("tag of an image", r"[a-z][a-z0-9_\-]*:[a-z0-9][A-Za-z0-9._\-]*$"),
    ("call", r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\(\)"),
    ("dotted name", r"[a-z_][A-Za-z0-9_]*(?:\.[a-z_][A-Za-z0-9_]{2,}){1,6}(?![A-Za-z0-9])"),
    ("escaped name", r"[A-Za-z0-9]+(?:\\_[A-Za-z0-9\-]+)+(?:\.[a-z]{1,5})?"),
    ("identifier", r"[A-Za-z0-9]*_[A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*|[A-Za-z][A-Za-z0-9]*_+"),
    ("assignment", r"[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_]+"),
    ("letters and digits", r"[A-Za-z]{1,12}-?[0-9][A-Za-z0-9]*(?:[.\-][A-Za-z0-9]+)*|[0-9]+[A-Za-z]{1,5}[0-9]+[A-Za-z0-9]*"),
    ("number and unit", r"(?<=[0-9])(?:[A-Za-z]{1,5}|[A-Za-z]+/[A-Za-z]+)(?![A-Za-z])"),
    ("camel case", r"(?<![A-Za-z])[A-Za-z]+[a-z][A-Z][A-Za-z]*"),
)  # fmt: skip

#: What spans several words; looked for only where its first word occurs.
_IN_LINE: tuple[tuple[str, str], ...] = (
    ("command", rf"(?<![A-Za-z])(?:{_COMMANDS}) (?:\"[^\"\n]{{0,400}}\"|[^{KANA}{HAN}「」『』（）、。`\"\n])*"),
    ("query", r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b[^\n]{0,300}?(?:;|$|(?=[ぁ-ヿ]))"),
    ("query", r"\bselect (?:\*|[\w.]+(?:, ?[\w.]+)*) from \w+[^\n]{0,300}?(?:;|$|(?=[ぁ-ヿ]))"),
    ("statement", r"[A-Za-z_][\w.]*(?:<[^<>\n]{0,40}>)?(?: \w+)? = [^;、。\n]{1,120};"),
    ("declaration", r"(?<![A-Za-z])[a-z]+(?:-[a-z]+)*: [^:;、。\n]{1,40};"),
    ("function", rf"\blambda \w+(?:, ?\w+)*: [^{KANA}{HAN}、。\n]{{1,80}}"),
    ("error", rf"\b(?:[A-Z]\w*)?(?:Error|Exception|Warning): [^{KANA}{HAN}「」、。\n]{{1,200}}"),
    ("citation", r"[A-Z][\w'\-]+, (?:[A-Z]\. ?)+[^\n]{0,60}\((?:19|20)\d\d[a-z]?\)[^\n]{0,300}"),
    ("first program", r"[Hh]ello,? [Ww]orld!?"),
    ("copyright line", r"Copyright\s[^\n]{0,20}[0-9]{4}[^\n]{0,80}|All [Rr]ights [Rr]eserved\.?"),
)  # fmt: skip
_LINE_WORD = re.compile(
    rf"(?<![A-Za-z])(?:{_COMMANDS}) |SELECT|INSERT|UPDATE|DELETE|CREATE|ello,? [Ww]orld|[Rr]eserved|Copyright"
    r"|select | = |[a-z]: [^:;\n]{1,40};|lambda |(?:Error|Exception|Warning): |, [A-Z]\. ?[^\n]{0,60}\((?:19|20)"
)
_LINE_MASK = re.compile("|".join(pattern for _, pattern in _IN_LINE))

# ``items[-1]``, ``open(path, mode='r')``; ``word[1]`` is a note, and ``term(meaning)`` a gloss.
_INDEX = r"\[(?:-[0-9]+|[0-9]*:[0-9]*|['\"][^'\"\]\n]{1,40}['\"]|[a-z])\]"
_ARGUMENTS = rf"\([^(){KANA}{HAN}\n]{{0,60}}[='\"\[*+<>][^(){KANA}{HAN}\n]{{0,60}}\)"
_JOIN = r"[.@:/\\+=&%?#~\-]"
# One class comes first, so that the search skips what cannot begin anything at the speed of C.
_TOKEN = re.compile(
    r"[A-Za-z0-9_<\[{`$\\@#＃\"“\]!\-/~.©&](?:(?<=[A-Za-z0-9_])(?P<word>[A-Za-z0-9_]*"
    rf"(?:{_JOIN}+[A-Za-z0-9_]+)*(?:\(\)|/|{_INDEX}|{_ARGUMENTS})?)|"
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


def commands_in(line: str) -> list[str]:
    """Commands, queries and statements that stand in a line without a mark around them.

    Example:
        >>> commands_in("次に git push origin を実行")
        ['git push origin ']
    """
    return [m.group() for m in _LINE_MASK.finditer(line)] if _LINE_WORD.search(line) else []


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


_LATIN = re.compile(f"[{LATIN}]+")


def cover_latin(line: str) -> str:
    """The line with every Latin letter covered.

    Example:
        >>> cover_latin("name,名前").replace(MASKED, "_")
        '____,名前'
    """
    return _LATIN.sub(_cover, line)
