"""Lint of what swift-format and the compiler do not see. Run from the repository's root: python3 -m Scripts.lint"""

import json
import pathlib
import subprocess
import sys

from .import_rules import import_findings
from .text_rules import name_findings, size_findings, swift_findings, text_findings


def tracked_files():
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
    ).stdout.decode()
    return sorted({path for path in listing.split("\0") if path and pathlib.Path(path).is_file()})


def described_package():
    # Its own words on a broken Package.swift go to standard error; there is nothing to add to them.
    described = subprocess.run(["swift", "package", "dump-package"], stdout=subprocess.PIPE)
    if described.returncode != 0:
        sys.exit("lint: Package.swift cannot be read")
    return json.loads(described.stdout)


def main():
    texts = {}
    for path in tracked_files():
        content = pathlib.Path(path).read_bytes()
        if b"\0" not in content:
            texts[path] = content.decode("utf-8", errors="replace")
    swift = {path: text for path, text in texts.items() if path.endswith(".swift")}
    findings = list(import_findings(described_package(), swift))
    for path, text in texts.items():
        findings += [*text_findings(path, text), *size_findings(path, text), *name_findings(path)]
    for path, text in swift.items():
        findings += swift_findings(path, text)

    for finding in sorted(findings):
        print(finding)
    print(f"lint: {len(texts)} files, {len(findings)} findings")
    return 1 if findings else 0


sys.exit(main())
