"""What the runbooks tell an operator to type, to look for and to set exists: each span of code in them is a command, a
query, a key, a log line or a value that this repository has, or one of other programs that is listed here."""

import functools
import pathlib
import re
import shlex
import subprocess
import unittest

from . import catalogue, live

PAGES = [*sorted((catalogue.ROOT / "docs/runbooks").glob("*.md")), catalogue.ROOT / "docs/troubleshooting.md"]
# Files, programs and settings of the system, and columns of a health document.
SYSTEM = {"dmesg", "timedatectl", "cpu.stat", "relay.db", "LimitNOFILE=", "fdatasync", "max_connections", "listeners", "/backup"}
# Programs and settings of PostgreSQL.
SYSTEM |= {"data_checksums", "pg_amcheck"}
# Reasons of a failing store in SQLite's words.
SQLITE = {"disk I/O error", "database or disk is full", "database is locked"}
PROGRAMS = (
    "chronyc curl df dmesg du fuser gdb iostat journalctl kill kubectl ls openssl perf prlimit ps psql redis-cli smartctl sqlite3 ss "
    "systemctl vmstat"
).split()


@functools.cache
def sources():
    return "\n".join(path.read_text() for path in sorted((catalogue.ROOT / "Sources").rglob("*.swift")))


def spans(path):
    for span in re.findall(r"`([^`\n]+)`", path.read_text()):
        yield span


def is_query(span):
    return re.search(r"\b(rate|sum)\b.*\(", span) is not None and not span.startswith(("curl", "moltrelay "))


def is_log_line(span):
    return re.fullmatch(r"[a-z]+( [A-Za-z/]+,?)+", span) and span.split()[0] not in (*PROGRAMS, "moltrelay")


def help_of(path):
    return subprocess.run([live.RELAY, *path, "--help"], capture_output=True, text=True, check=True).stdout


def is_command(span):
    words = [word for word in shlex.split(span)[1:] if re.match(r"[a-z-]", word)]
    path, told = [], help_of([])
    for verb in (word for word in words if not word.startswith("-")):
        if not re.search(rf"^  {verb}\b", told, re.MULTILINE):
            break
        path.append(verb)
        told = help_of(path)
    return path and all(word in told for word in words if word.startswith("--"))


def queries():
    return [(path.stem, span) for path in PAGES for span in spans(path) if is_query(span)]


class RunbookTests(unittest.TestCase):
    def check(self, wanted, holds):
        found = [(path.stem, span) for path in PAGES for span in spans(path) if wanted(span)]
        self.assertTrue(found)
        for page, span in found:
            with self.subTest(page=page, span=span):
                self.assertTrue(holds(span), "nothing in this repository is called that")

    def test_the_relays_commands_exist(self):
        self.check(lambda span: span.startswith("moltrelay "), is_command)

    def test_keys_are_the_configurations(self):
        page = (catalogue.ROOT / "docs/configuration.md").read_text()
        self.check(
            lambda span: re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", span) and span not in SYSTEM,
            lambda span: f"| `{span}` |" in page,
        )

    def test_lines_of_the_log_are_written(self):
        self.check(is_log_line, lambda span: f'"{span}"' in sources() or span in SQLITE)

    def test_values_are_the_relays(self):
        self.check(
            lambda span: re.fullmatch(r"[a-z]+(_[a-z]+)*", span)
            and span not in SYSTEM
            and not span.startswith(("moltrelay_", "process_")),
            lambda span: re.search(rf'"{span}"|case [^\n]*\b{span}\b', sources()),
        )

    def test_everything_else_is_another_programs(self):
        self.check(
            lambda span: " " in span and not is_query(span) and not is_log_line(span) and not span.startswith("moltrelay "),
            lambda span: span.split()[0] in PROGRAMS,
        )


if __name__ == "__main__":
    unittest.main()
