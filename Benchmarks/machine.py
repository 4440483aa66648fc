"""Where a run took place: what a reader needs to doubt the figures."""

import os
import pathlib
import platform
import resource
import subprocess


def described(root: pathlib.Path, folder: pathlib.Path) -> dict:
    models = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpus": os.cpu_count(),
        "model": models[0] if models else "",
        "kernel": platform.release(),
        "system": system(),
        "file_system": file_system(folder),
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "congestion_control": pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
        "commit": commit(root),
    }


def system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def file_system(folder: pathlib.Path) -> str:
    """Of the folder that the stores write into: an fsync on a tmpfs costs nothing."""
    mounts = [line.split()[:3] for line in open("/proc/self/mounts")]
    above = [(point, kind) for _, point, kind in mounts if folder.resolve().is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]), default=("", ""))[1]


def commit(root: pathlib.Path) -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")


def cores(own_core: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to put before the server's command and before the generator's, so that neither takes the other's time."""
    allowed = sorted(os.sched_getaffinity(0))
    if not own_core or len(allowed) < 2:
        return (), ()
    return ("taskset", "-c", str(allowed[0])), ("taskset", "-c", str(allowed[-1]))
