"""The parser settings of fluentd/fluent.conf, held against lines the relay really wrote, by the Ruby that fluentd runs on."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from . import catalogue

CONFIGURATION = (catalogue.ROOT / "fluentd/fluent.conf").read_text()


def setting(name):
    return re.search(rf"^\s*{name} (.+)$", CONFIGURATION, re.MULTILINE)[1]


RELAY = os.environ.get("RELAY_BINARY", str(catalogue.ROOT / ".build/release/moltrelay"))
LISTEN = "server: {listen: {websocket: '127.0.0.1:0', http: '127.0.0.1:0', metrics: '127.0.0.1:0'}}\n"


def lines_of_a_relay():
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "relay.log")
        configuration = pathlib.Path(folder, "config.yaml")
        configuration.write_text(
            LISTEN + f"admin: {{socket: '{folder}/admin.sock'}}\n"
            f"logging: {{level: debug, format: json, output: '{log}'}}\n"
        )
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": folder}
        process = subprocess.Popen([RELAY, "serve", "--config", configuration], env=environment)
        try:
            with open_when_there(log, process) as file:
                while "relay started" not in (line := file.readline()):
                    if not line and process.poll() is not None:
                        raise AssertionError("the relay ended")
        finally:
            process.terminate()
            process.wait()
        return log.read_text().splitlines()


def open_when_there(path, process):
    while not path.exists():
        if process.poll() is not None:
            raise AssertionError("the relay ended")
        os.sched_yield()
    return path.open()


# A journald in a mount namespace of its own, out of sight of the machine's; prints a process id to enter it by.
JOURNALD = """
mount --make-rprivate /
if [ -d /var/log/journal ]; then mount -t tmpfs tmpfs /var/log/journal; fi
mkdir -p /run/log
mount -t tmpfs tmpfs /run/systemd
mount -t tmpfs tmpfs /run/log
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' > "$1/journald.conf"
mount --bind "$1/journald.conf" /etc/systemd/journald.conf
/lib/systemd/systemd-journald </dev/null >/dev/null 2>&1 &
until [ -S /run/systemd/journal/socket ]; do kill -0 $!; sleep 0.02; done
echo $$
cat
kill -KILL $!
"""


def journal_of_a_relay():
    """Its entries until it has started, as journalctl gives them."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder, "config.yaml")
        configuration.write_text(
            LISTEN + f"admin: {{socket: '{folder}/admin.sock'}}\nlogging: {{level: debug, output: journald}}\n"
        )
        command = ["unshare", "--mount", "bash", "-euc", JOURNALD, "-", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as journald:
            enter = ["nsenter", "--target", journald.stdout.readline().strip(), "--mount"]
            reader = subprocess.Popen(
                [*enter, "journalctl", "--follow", "--lines=all", "--output=json", "SYSLOG_IDENTIFIER=moltrelay"],
                stdout=subprocess.PIPE,
                text=True,
            )
            environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": folder}
            relay = subprocess.Popen([*enter, RELAY, "serve", "--config", configuration], env=environment)
            entries = []
            while not entries or entries[-1]["MESSAGE"] != "relay started":
                entries.append(json.loads(reader.stdout.readline()))
            for process in (relay, reader):
                process.terminate()
                process.wait()
            reader.stdout.close()
        return entries


class FluentdTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = lines_of_a_relay()
        cls.entries = journal_of_a_relay()

    def test_ruby_reads_the_times_to_the_millisecond(self):
        key, form = setting("time_key"), setting("time_format")
        script = (
            "require 'time'; require 'json';"
            "STDIN.each_line { |line| t = Time.strptime(JSON.parse(line)[ARGV[0]], ARGV[1]);"
            " puts t.utc.strftime('%Y-%m-%dT%H:%M:%S.%LZ') }"
        )
        done = subprocess.run(
            ["ruby", "-e", script, key, form], input="\n".join(self.lines), capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        stamps = [json.loads(line)[key] for line in self.lines]
        self.assertGreater(len(stamps), 1)
        self.assertEqual([stamp.replace("+00:00", "Z").replace("+0000", "Z") for stamp in stamps], done.stdout.split())

    def test_the_journals_entries_become_the_records_of_the_json(self):
        """By what fluent-plugin-systemd does with names, and record_transformer with the filter's Ruby."""
        for option in ("fields_strip_underscores", "fields_lowercase", "enable_ruby"):
            self.assertEqual(setting(option), "true")
        filters = dict(re.findall(r"^    (event|level) \$\{(.*)\}$", CONFIGURATION, re.MULTILINE))
        script = (
            "require 'json'; expressions = JSON.parse(ARGV[0]);"
            "puts JSON.parse(STDIN.read).map { |record|"
            " record.merge(expressions.transform_values { |code| eval(code) }) }.to_json"
        )
        mapped = [{name.lstrip("_").lower(): value for name, value in entry.items()} for entry in self.entries]
        done = subprocess.run(
            ["ruby", "-e", script, json.dumps(filters)], input=json.dumps(mapped), capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        records = {record["message"]: record for record in json.loads(done.stdout)}
        lines = [json.loads(line) for line in self.lines]
        common = [line for line in lines if line["message"] in records]
        self.assertIn("relay started", [line["message"] for line in common])
        for line in common:
            record = records[line["message"]]
            self.assertLessEqual(set(line) - {"timestamp"}, set(record))
            self.assertEqual((line["level"], line["logger"]), (record["level"], record["logger"]))

    def test_environment_is_fluentds_own(self):
        self.assertNotRegex(re.sub(r"^\s*#.*$", "", CONFIGURATION, flags=re.MULTILINE), r"\$\{[A-Z]+\}")
        for name in ("REGION", "ENVIRONMENT"):
            self.assertIn(f"#{{ENV['{name}']", CONFIGURATION)

    def test_sections_close(self):
        opened = []
        for line in CONFIGURATION.splitlines():
            if match := re.match(r"\s*<(/?)([a-z]+)", line):
                if not match[1]:
                    opened.append(match[2])
                else:
                    self.assertEqual(opened.pop(), match[2])
        self.assertEqual(opened, [])

    def test_buffer_is_bounded(self):
        self.assertRegex(CONFIGURATION, r"total_limit_size \d+MB")
