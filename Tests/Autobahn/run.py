"""Runs the Autobahn test suite against a WebSocket server and judges its report.

    run.py --echo PROGRAM    an echo server: every case of CASES
    run.py --relay PROGRAM   the relay, which echoes nothing: the cases that ask for no echo
    run.py --url ws://127.0.0.1:9001 --cases '1.*'   a server that runs already; wss:// too

A case passes that ends OK, NON-STRICT or INFORMATIONAL; the last two are listed. Exit status 1 where one fails, or
where the page of `--page` does not hold the table of this run.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

import servers

SUITE = "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"
# Of permessage-deflate, whose 216 cases take minutes: each kind of message and of offer once, small and large.
DEFLATE = [
    "12.1.1", "12.1.10", "12.2.1", "12.3.5", "12.4.5", "12.5.5", "13.1.1", "13.2.1", "13.3.1", "13.4.1", "13.5.1", "13.6.1",
    "13.7.1",
]
# Group 9 measures speed.
CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*", *DEFLATE]
WITHOUT_ECHO = [
    "2.*", "3.1", "3.5", "3.6", "3.7", "4.1.1", "4.1.2", "4.2.1", "4.2.2", "5.1", "5.2", "5.9", "5.10", "5.11", "5.12",
    "5.13", "5.14", "7.3.*", "7.5.1", "7.7.*", "7.9.*", "7.13.*",
]
TITLES = {
    "1": "framing", "2": "pings and pongs", "3": "reserved bits", "4": "opcodes", "5": "fragmentation",
    "6": "UTF-8", "7": "closing", "10": "auto-fragmentation", "12": "deflate", "13": "deflate offers",
}
COLUMNS = ["OK", "NON-STRICT", "INFORMATIONAL", "failed"]
TIMEOUT_S = 1_800


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    server = parser.add_mutually_exclusive_group(required=True)
    for option in ("--echo", "--relay", "--url"):
        server.add_argument(option)
    parser.add_argument("--suite", default=".build/autobahn", help="where `make autobahn` installed the suite")
    parser.add_argument("--cases", nargs="+")
    parser.add_argument("--page", help="a Markdown page that must hold the table")
    return parser.parse_args()


def server(options):
    if options.echo:
        return servers.echo(options.echo)
    return servers.relay(options.relay) if options.relay else contextlib.nullcontext(options.url)


def run_suite(suite, url, cases, reports):
    """One page a case is left in `reports`."""
    index = reports / "index.json"
    index.unlink(missing_ok=True)
    spec = {
        "outdir": str(reports), "servers": [{"agent": "server", "url": url}], "cases": cases, "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "spec.json")
        path.write_text(json.dumps(spec))
        ended = subprocess.run(
            [suite / "python", "-c", SUITE, suite / "packages", "-m", "fuzzingclient", "-s", path],
            cwd=folder, timeout=TIMEOUT_S, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
    try:
        return json.loads(index.read_text())["server"]
    except (OSError, KeyError):
        sys.exit(f"autobahn: the suite left no report\n{ended.stdout[-4000:]}")


def verdict(result):
    """How a case ended, its closing handshake included."""
    closed_well = result["behaviorClose"] in ("OK", "INFORMATIONAL")
    return result["behavior"] if result["behavior"] in COLUMNS and closed_well else "failed"


def by_number(case):
    return [int(part) for part in case.split(".")]


def table(verdicts):
    counts = collections.defaultdict(collections.Counter)
    for case, ending in verdicts.items():
        counts[case.split(".")[0]][ending] += 1

    def row(title, counter):
        return f"| {title} | {counter.total()} | " + " | ".join(str(counter[column]) for column in COLUMNS) + " |"

    head = ["| group | cases | " + " | ".join(COLUMNS) + " |", "| --- " * (len(COLUMNS) + 2) + "|"]
    groups = [row(f"{group} {TITLES.get(group, '')}".strip(), counts[group]) for group in sorted(counts, key=int)]
    return "\n".join([*head, *groups, row("all", sum(counts.values(), collections.Counter()))])


def main():
    options = arguments()
    suite = pathlib.Path(options.suite).absolute()
    name = "echo" if options.echo else "relay" if options.relay else "url"
    reports = suite / "reports" / name
    with server(options) as url:
        cases = options.cases or (WITHOUT_ECHO if options.relay else CASES)
        results = run_suite(suite, url, cases, reports)
    verdicts = {case: verdict(results[case]) for case in sorted(results, key=by_number)}
    print(table(verdicts))
    for case, ending in verdicts.items():
        if ending != "OK":
            found = results[case]
            words = f"{found['behavior']}, close {found['behaviorClose']}, code {found['remoteCloseCode']}"
            print(f"{case}: {ending} ({words}), {reports / found['reportfile']}")
    failed = [case for case, ending in verdicts.items() if ending == "failed"]
    stale = options.page and table(verdicts) not in pathlib.Path(options.page).read_text()
    if stale:
        print(f"autobahn: {options.page} has another table than this run")
    print(f"autobahn, {name}: {len(verdicts) - len(failed)} passed, {len(failed)} failed")
    # A slow machine turns a few OK into NON-STRICT, which the suite judges by a time-out: that is told, and no failure.
    sys.exit(1 if failed or not verdicts else 0)


if __name__ == "__main__":
    main()
