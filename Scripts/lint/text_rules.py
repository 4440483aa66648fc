"""What a line, a name or a file may not be. Each rule yields findings; tests/test_text_rules.py shows each say no."""

import pathlib
import re

from .finding import Finding
from .swift_source import code_lines

MAX_LINES = 350
MAX_COLUMNS = 120
VAGUE = {"Manager", "Helper", "Helpers", "Util", "Utils", "Utilities", "Common", "Base"}

_CAMEL = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_DECLARED = re.compile(r"\b(?:class|struct|enum|actor|protocol|typealias)\s+`?([A-Za-z_]\w*)")
_NEEDS_REASON = re.compile(r"@unchecked\s+Sendable|nonisolated\(unsafe\)")
_CONFLICT = re.compile(r"^(<{7}|>{7}|\|{7})( |$)|^={7}$")
_BANNER = re.compile(r"^\s*//\s*[=\-*#~]{4,}")
_UNBOUNDED = re.compile(r"\bAsync(?:Throwing)?Stream(?:<[^>]*>)?(?:\.makeStream\s*\(|\s*\(|\s*\{)")

# pattern, where it is forbidden, why
_FORBIDDEN = [
    (re.compile(r"\btry!"), ("Sources", "Tests", "Benchmarks"), "`try!`: throw or handle it"),
    (re.compile(r"\bfatalError\s*\("), ("Sources",), "`fatalError`: input must not end the process"),
    (re.compile(r"\bTask\.detached\b"), ("Sources", "Tests"), "`Task.detached`: loses its error and outlives its owner"),
    (re.compile(r"\bTask\.sleep\b"), ("Tests",), "`Task.sleep` as synchronisation: wait for the event itself"),
]


def _vague(name):
    words = _CAMEL.findall(name)
    return bool(words) and words[-1] in VAGUE


def _room(path):
    return pathlib.PurePosixPath(path).parts[0]


def _golden(path):
    """Recorded output, or a fuzzer's input: as long, and with the spaces, that its program gave it."""
    return not {"Golden", "Corpus"}.isdisjoint(pathlib.PurePosixPath(path).parts)


def text_findings(path, text):
    """Rules of every text file."""
    for number, line in enumerate(text.split("\n"), 1):
        if _CONFLICT.match(line):
            yield Finding(path, number, "conflict marker")
        if line != line.rstrip() and not _golden(path):
            yield Finding(path, number, "trailing whitespace")


def size_findings(path, text):
    lines = text.count("\n")
    if _room(path) in ("Sources", "Tests", "Benchmarks") and lines > MAX_LINES and not _golden(path):
        yield Finding(path, MAX_LINES + 1, f"{lines} lines, over {MAX_LINES}: which rooms does it serve? Split by room")


def name_findings(path):
    pure = pathlib.PurePosixPath(path)
    for part in (*pure.parts[:-1], pure.name.split(".")[0]):
        if _vague(part):
            yield Finding(path, 1, f"'{part}' names nothing: say what it owns")


def swift_findings(path, text):
    raw, code = text.split("\n"), code_lines(text)
    for number, line in enumerate(code, 1):
        for pattern, rooms, why in _FORBIDDEN:
            if _room(path) in rooms and pattern.search(line):
                yield Finding(path, number, why)
        for declared in _DECLARED.findall(line):
            if _vague(declared):
                yield Finding(path, number, f"'{declared}' names nothing: say what it owns")
        if _NEEDS_REASON.search(line) and not _has_reason(raw, number):
            yield Finding(path, number, "no reason given on this line or the one above it")
        if _UNBOUNDED.search(line) and "bufferingPolicy" not in "".join(code[number - 1 : number + 3]):
            yield Finding(path, number, "an AsyncStream without a bufferingPolicy is an unbounded queue")
        if len(raw[number - 1]) > MAX_COLUMNS and raw[number - 1].strip().startswith("//"):
            yield Finding(path, number, f"a comment over {MAX_COLUMNS} columns, which swift-format does not wrap")
        if _BANNER.match(raw[number - 1]):
            yield Finding(path, number, "banner comment")
        if re.search(r"//.*\b(TODO|FIXME|XXX)\b", raw[number - 1]):
            yield Finding(path, number, "open work belongs in an issue")


def _has_reason(raw, number):
    if "//" in raw[number - 1]:
        return True
    above = number - 2
    while above >= 0 and raw[above].strip().startswith("@"):
        above -= 1
    return above >= 0 and raw[above].strip().startswith("//")
