"""What deploy/systemd/moltrelay.service claims, as systemd reads it."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).parents[2]
UNIT = ROOT / "deploy/systemd/moltrelay.service"
# The rest is what a server on the host's network, with a port below 1024, cannot give up.
MOST_EXPOSED = 2.0
DRAIN_S = 5 + 30


def settings(text):
    found = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


class Unit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.copy = pathlib.Path(self.folder.name) / UNIT.name
        # systemd looks whether the program exists; here it is not installed.
        self.copy.write_text(UNIT.read_text().replace("/usr/local/bin/moltrelay", "/bin/true"))

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments, str(self.copy)], capture_output=True, text=True)

    def test_verify_is_silent(self):
        result = self.analyze("verify")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_verify_would_speak_up(self):
        self.copy.write_text(self.copy.read_text() + "ProtectSystem=very\n[Service]\nProtectSystem=very\n")
        self.assertIn("ProtectSystem", self.analyze("verify").stderr)

    def test_exposure(self):
        result = self.analyze("security", "--offline=true", "--no-pager")
        exposure = re.search(r"exposure level for \S+: ([\d.]+)", result.stdout)
        self.assertLessEqual(float(exposure[1]), MOST_EXPOSED, result.stdout)

    def test_systemd_waits_for_a_drain(self):
        self.assertGreater(int(settings(UNIT.read_text())["TimeoutStopSec"][0]), DRAIN_S)

    def test_systemd_hears_of_the_relay_and_watches_it(self):
        unit = settings(UNIT.read_text())
        self.assertEqual((unit["Type"], unit["NotifyAccess"]), (["notify"], ["main"]))
        # A loop that is silent for 5 s is taken for stuck; twice that is no reason to kill.
        self.assertGreaterEqual(int(unit["WatchdogSec"][0]), 10)
        self.assertEqual(unit["TimeoutStartSec"], ["infinity"])
        self.assertIn("AF_UNIX", unit["RestrictAddressFamilies"][0].split())

    def test_folders_are_those_of_the_guide(self):
        unit = settings(UNIT.read_text())
        for key in ("StateDirectory", "RuntimeDirectory", "LogsDirectory", "User"):
            self.assertEqual(unit[key], ["moltrelay"], key)
        self.assertEqual(unit["ExecStart"], ["/usr/local/bin/moltrelay serve --config /etc/moltrelay/config.yaml"])


    def test_the_group_of_the_example_reaches_the_admin_socket(self):
        unit = settings(UNIT.read_text())
        example = yaml.safe_load((ROOT / "deploy/config.example.yaml").read_text())
        self.assertEqual(unit["Group"], [example["admin"]["socket_group"]])
        self.assertEqual(unit["RuntimeDirectoryMode"], ["0750"], "the socket's folder is the group's to enter")


class BackupUnit(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for path in (ROOT / "deploy/systemd").glob("moltrelay-backup.*"):
            text = path.read_text().replace("/usr/local/lib/moltrelay/backup/moltrelay-backup", "/bin/true")
            (self.folder / path.name).write_text(text)

    def test_verify_is_silent(self):
        units = [str(path) for path in self.folder.iterdir()]
        self.assertEqual(len(units), 2)
        result = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_exposure(self):
        unit = str(self.folder / "moltrelay-backup.service")
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
        told = subprocess.run(command, capture_output=True, text=True).stdout
        self.assertLessEqual(float(re.search(r"exposure level for \S+: ([\d.]+)", told)[1]), MOST_EXPOSED, told)

    def test_it_finds_the_relays_files_and_keeps_its_runtime_folder(self):
        unit = settings((ROOT / "deploy/systemd/moltrelay-backup.service").read_text())
        self.assertEqual((unit["User"], unit["StateDirectory"]), (["moltrelay"], ["moltrelay"]))
        self.assertNotIn("RuntimeDirectory", unit, "its end would remove the relay's admin socket")
        self.assertTrue(unit["ExecStart"][0].startswith("/usr/local/lib/moltrelay/backup/moltrelay-backup "))
        self.assertTrue((ROOT / "deploy/backup/moltrelay-backup").stat().st_mode & 0o111)


if __name__ == "__main__":
    unittest.main()
