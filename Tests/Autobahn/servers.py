"""The servers that the suite is run against, each started on a free port and ended with its run."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile


@contextlib.contextmanager
def echo(program):
    """A program that prints its URL and serves until its standard input ends."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            status = server.wait()
    if status:
        raise RuntimeError(f"{program} ended with {status}")


SETTINGS = {
    "SERVER_LISTEN_WEBSOCKET": "127.0.0.1:0", "SERVER_LISTEN_HTTP": "127.0.0.1:0",
    "SERVER_LISTEN_METRICS": "127.0.0.1:0", "QUEUE_STORAGE": "memory",
    "LIMITS_CONNECTIONS_PER_IP_PER_SECOND": "0", "LIMITS_CONNECTION_RATE_PER_SECOND": "0",
}


@contextlib.contextmanager
def relay(program):
    """The relay itself, whose start line names its ports."""
    with tempfile.TemporaryDirectory() as state:
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": state, "RUNTIME_DIRECTORY": state}
        environment |= {"MOLTRELAY_" + key: value for key, value in SETTINGS.items()}
        with open(state + "/log", "w") as log, subprocess.Popen(
            [program, "serve", "--log-format", "json"], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server:
            try:
                yield f"ws://{address(server.stdout)}/v1/connect"
            finally:
                server.send_signal(signal.SIGINT)
                # Its log is read to the end, or the relay would wait for room in the pipe.
                server.stdout.read()
                status = server.wait()
    if status:
        raise RuntimeError(f"{program} ended with {status}")


def address(lines):
    for line in lines:
        entry = json.loads(line)
        if entry["message"] == "relay started":
            return entry["websocket"]
    raise RuntimeError("the relay did not start")
