"""Makes the calls listed as JSON on standard input with the official client; prints the bytes it sent."""

import json
import random
import socket
import sys

from datadog.dogstatsd.base import DogStatsd


def main():
    random.seed(1)
    calls = json.load(sys.stdin)
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(60)
    client = DogStatsd(
        host="127.0.0.1",
        port=receiver.getsockname()[1],
        constant_tags=calls["constant_tags"],
        disable_telemetry=True,
        disable_buffering=False,
        flush_interval=0,
    )
    for call in calls["calls"]:
        getattr(client, call["method"])(call["name"], call["value"], tags=call["tags"], sample_rate=call["rate"])
    client.flush_buffered_metrics()
    sys.stdout.buffer.write(receiver.recv(65536))


main()
