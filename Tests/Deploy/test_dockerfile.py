"""What deploy/docker/Dockerfile claims, against the binary and the tree. No container engine is asked."""

import json
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
BINARY = os.environ.get("RELAY_BINARY", str(ROOT / ".build/release/moltrelay"))
# Essential, or needed by what is: in every Debian image.
IN_THE_BASE = {"libc6", "libgcc-s1", "libstdc++6"}
# The dependencies of libsystemd0, and of libpq5 behind them, which come with these.
BROUGHT = {
    "libcap2", "libgcrypt20", "libgpg-error0", "liblzma5",
    "libcom-err2", "libffi8", "libgmp10", "libgnutls30", "libgssapi-krb5-2", "libhogweed6", "libidn2-0", "libk5crypto3",
    "libkeyutils1", "libkrb5-3", "libkrb5support0", "libldap-2.5-0", "libnettle8", "libp11-kit0", "libsasl2-2",
    "libtasn1-6", "libunistring2",
}
# Files the relay reads, not libraries.
DATA = {"ca-certificates", "tzdata"}


def stages():
    """[(base, [(instruction, arguments)])], comments gone and continued lines joined."""
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#"))
    found = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line:
            continue
        name, arguments = line.split(" ", 1)
        if name == "FROM":
            found.append((arguments, []))
        else:
            found[-1][1].append((name, arguments))
    return found


def arguments(stage, wanted):
    return [arguments for name, arguments in stage[1] if name == wanted]


class Dockerfile(unittest.TestCase):
    def setUp(self):
        self.build, self.final = stages()

    def test_packages_are_those_the_binary_is_linked_with(self):
        install = re.search(r"--no-install-recommends ([^&]*)", " ".join(arguments(self.final, "RUN")))
        linked = subprocess.run(["ldd", BINARY], check=True, capture_output=True, text=True).stdout
        self.assertNotIn("not found", linked)
        needed = {package_of(path) for path in re.findall(r"=> (/\S+)", linked)}
        self.assertEqual(set(install[1].split()) - DATA, needed - IN_THE_BASE - BROUGHT)

    def test_runs_as_nobody_and_writes_to_volumes_only(self):
        self.assertEqual(arguments(self.final, "USER"), ["65534:65534"])
        (volumes,) = arguments(self.final, "VOLUME")
        folders = set(re.findall(r"_DIRECTORY=(\S+)", " ".join(arguments(self.final, "ENV"))))
        self.assertEqual(set(json.loads(volumes)), folders)
        owned = re.search(r"install -d -m 0700 -o 65534 -g 65534 ([^&]*)", " ".join(arguments(self.final, "RUN")))
        self.assertEqual(set(owned[1].split()), folders)

    def test_build_stage_copies_every_folder_the_package_names(self):
        copied = [source for line in arguments(self.build, "COPY") for source in line.split()[:-1]]
        kept = {line[1:] for line in ignore_file() if line.startswith("!")}
        for source in copied:
            self.assertTrue((ROOT / source).exists(), source)
            self.assertIn(source.split("/")[0], kept)
        package = json.loads(subprocess.run(
            ["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True).stdout)
        for target in package["targets"]:
            folder = target.get("path") or ("Tests" if target["type"] == "test" else "Sources")
            self.assertIn(folder.split("/")[0], copied)

    def test_nothing_secret_is_baked_in(self):
        for _, instructions in (self.build, self.final):
            for name, value in instructions:
                if name in ("ENV", "ARG"):
                    self.assertNotRegex(value.lower(), r"password|secret|token|key")
        self.assertEqual(ignore_file()[0], "*")

    def test_health_is_what_the_relay_says_of_itself(self):
        (check,) = arguments(self.final, "HEALTHCHECK")
        self.assertTrue(check.endswith('CMD ["/usr/local/bin/moltrelay", "status"]'))


def ignore_file():
    lines = (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def package_of(library):
    """The Debian package of a shared library; merged /usr means it may be listed under either path."""
    real = os.path.realpath(library)
    for path in (real, real.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise AssertionError(f"{library} belongs to no package")


if __name__ == "__main__":
    unittest.main()
