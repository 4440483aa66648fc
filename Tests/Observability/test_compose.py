import os
import pathlib
import subprocess
import sys
import unittest

import yaml

from . import catalogue

COMPOSE = catalogue.ROOT / "observability-compose.yaml"
OBSERVABILITY = catalogue.ROOT / "deploy/observability"
# Of the issue: what an operator finds running.
WANTED = {
    "relay", "redis", "prometheus", "alertmanager", "grafana", "jaeger", "fluentd", "elasticsearch", "kibana",
    "statsd-exporter",
}


def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=catalogue.ROOT)
    return done.returncode, done.stdout + done.stderr


class ComposeTests(unittest.TestCase):
    def test_is_a_compose_file(self):
        checker = pathlib.Path(sys.executable).with_name("check-jsonschema")
        status, output = run(checker, "--builtin-schema", "vendor.compose-spec", COMPOSE)
        self.assertEqual(status, 0, output)

    def test_has_every_service_at_one_version(self):
        self.assertLessEqual(WANTED, set(services()))
        for name, service in services().items():
            with self.subTest(name):
                if image := service.get("image"):
                    self.assertRegex(image, r":(v?\d+\.\d+\.\d+|local)")
                else:
                    self.assertIn("build", service)

    def test_what_is_mounted_or_built_is_there(self):
        for name, service in services().items():
            build = service.get("build", {})
            paths = [build["context"]] if build else []
            paths += [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./")]
            if build:
                paths.append(f"{build['context']}/{build.get('dockerfile', 'Dockerfile')}")
            for path in paths:
                with self.subTest(service=name, path=path):
                    self.assertTrue((catalogue.ROOT / path).exists())

    def test_ports_are_published_on_loopback_only(self):
        for name, service in services().items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name} {port}")

    def test_volumes_are_declared(self):
        declared = set(yaml.safe_load(COMPOSE.read_text())["volumes"])
        used = {
            volume.split(":")[0]
            for service in services().values()
            for volume in service.get("volumes", [])
            if not volume.startswith("./")
        }
        self.assertEqual(used, declared)

    def test_the_relay_takes_its_configuration(self):
        relay = os.environ.get("RELAY_BINARY", str(catalogue.ROOT / ".build/release/moltrelay"))
        status, output = run(relay, "check-config", "--config", OBSERVABILITY / "relay.yaml")
        self.assertEqual(status, 0, output)

    def test_prometheus_takes_its_configuration(self):
        text = (OBSERVABILITY / "prometheus.yaml").read_text()
        # Mounted elsewhere in the container.
        local = text.replace("/etc/prometheus/alerts", str(catalogue.ROOT / "alerts"))
        done = subprocess.run(
            ["promtool", "check", "config", "/dev/stdin"], input=local, capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_addresses_inside_are_services(self):
        names = set(services())
        for path in [*OBSERVABILITY.rglob("*.yaml")]:
            for value in strings(yaml.safe_load(path.read_text())):
                host, _, port = value.removeprefix("http://").partition("/")[0].rpartition(":")
                if port.isdigit() and host not in ("0.0.0.0", "127.0.0.1", "localhost"):
                    with self.subTest(path.name, value=value):
                        self.assertIn(host, names)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
