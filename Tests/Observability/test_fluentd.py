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


def lines_of_a_relay():
    relay = os.environ.get("RELAY_BINARY", str(catalogue.ROOT / ".build/release/moltrelay"))
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "relay.log")
        configuration = pathlib.Path(folder, "config.yaml")
        configuration.write_text(
            "server: {listen: {websocket: '127.0.0.1:0', http: '127.0.0.1:0', metrics: '127.0.0.1:0'}}\n"
            f"admin: {{socket: '{folder}/admin.sock'}}\n"
            f"logging: {{level: debug, format: json, output: '{log}'}}\n"
        )
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": folder}
        process = subprocess.Popen([relay, "serve", "--config", configuration], env=environment)
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


class FluentdTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = lines_of_a_relay()

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
