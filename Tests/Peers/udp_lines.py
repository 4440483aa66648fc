"""Prints the UDP port it got, then the lines of every datagram that comes."""

import socket
import sys


def main():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    print(receiver.getsockname()[1], flush=True)
    while True:
        sys.stdout.write(receiver.recv(65536).decode())
        sys.stdout.flush()


main()
