"""Imports against Package.swift and against the rooms of docs/architecture.md.

SwiftPM lets a target import what its dependencies depend on; here every import must be declared, every declared
dependency imported, and dependencies point down only.
"""

import pathlib
import re

from .finding import Finding
from .swift_source import code_lines

# Room -> the rooms below it that it may know. Siblings are absent on purpose; only the executable knows everybody.
ROOMS = {
    "WireProtocol": set(),
    "Compression": {"WireProtocol"},
    "LibCrypto": set(),
    "Identity": {"WireProtocol", "LibCrypto"},
    "RelayCore": {"WireProtocol", "Compression"},
    "RelayTLS": {"LibCrypto"},
    "Listening": set(),
    "HTTPClient": {"RelayTLS"},
    "ACME": {"RelayTLS", "HTTPClient", "LibCrypto"},
    "RelayTransport": {"WireProtocol", "Compression", "Identity", "RelayCore", "RelayTLS", "Listening"},
    "Redis": {"RelayTLS"},
    "Postgres": set(),
    "RelayStores": {"WireProtocol", "RelayCore", "Postgres", "Redis"},
    "RelayCluster": {"WireProtocol", "RelayCore", "HTTPClient"},
    "Telemetry": {"HTTPClient"},
    "RelayTelemetry": {"WireProtocol", "Compression", "RelayCore", "Telemetry"},
    "RelayAdmin": {"Telemetry", "Listening", "RelayTLS"},
    "RelayClient": {"WireProtocol", "Compression", "Identity", "LibCrypto", "RelayTLS"},
}
# What would tie the core to a process, a socket or a back end of telemetry.
OUTSIDE = {
    "WireProtocol": {"Metrics", "Tracing", "Logging", "NIOPosix"},
    "RelayCore": {"Metrics", "Tracing", "Logging", "NIOPosix"},
}
TOOLCHAIN = {
    "Swift", "Foundation", "FoundationEssentials", "FoundationInternationalization", "Dispatch", "Glibc", "Musl",
    "Synchronization", "RegexBuilder", "Observation",
}
TEST_TOOLCHAIN = {"Testing", "XCTest"}

_IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|typealias|func|var|let|actor)\s+)?(\w+)"
)


def imports(text):
    """(line, module) of each import, as written."""
    for number, line in enumerate(code_lines(text), 1):
        if match := _IMPORT.match(line):
            yield number, match[1]


def declared(target):
    """Module names a target of `swift package dump-package` may import; here a product is named like its module."""
    names = set()
    for dependency in target["dependencies"]:
        for kind in ("byName", "product", "target"):
            if kind in dependency:
                names.add(dependency[kind][0])
    return names


def source_folder(target):
    if target.get("path"):
        return target["path"]
    return ("Tests/" if target["type"] == "test" else "Sources/") + target["name"]


def import_findings(package, sources):
    """Findings over {path: text}, given the parsed output of `swift package dump-package`."""
    own = {target["name"]: target for target in package["targets"]}
    for target in package["targets"]:
        if target["type"] in ("system", "plugin", "binary"):
            continue
        yield from _target_findings(target, own, sources)


def _target_findings(target, own, sources):
    name, folder, may = target["name"], source_folder(target), declared(target)
    known = may | TOOLCHAIN | (TEST_TOOLCHAIN if target["type"] == "test" else set())
    used = set()
    for path, text in sources.items():
        if not path.startswith(folder + "/"):
            continue
        for line, module in imports(text):
            used.add(module)
            if module not in known:
                yield Finding(path, line, f"imports {module}, which Package.swift does not declare for {name}")
            yield from _direction_findings(target, own, module, path, line)
    for module in sorted(may - used):
        if own.get(module, {}).get("type") != "executable":
            yield Finding("Package.swift", 1, f"{name} declares {module} and imports it nowhere")


def _direction_findings(target, own, module, path, line):
    name = target["name"]
    if module in OUTSIDE.get(name, ()):
        yield Finding(path, line, f"{name} must not know {module}")
    if target["type"] != "regular" or not path.startswith("Sources/") or own.get(module, {}).get("type") != "regular":
        return
    if name not in ROOMS:
        yield Finding(path, line, f"{name} is not among the rooms of Scripts/lint/import_rules.py")
    elif module not in ROOMS[name]:
        yield Finding(path, line, f"{name} must not know {module}: dependencies point down only")
