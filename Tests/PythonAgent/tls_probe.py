"""Two TLS connections by Python's ssl, the second with the first one's session: what was agreed, as JSON.

    tls_probe.py HOST PORT CA
"""

import json
import socket
import ssl
import sys


def connect(host, port, context, session=None):
    with socket.create_connection((host, port), timeout=10) as tcp:
        with context.wrap_socket(tcp, server_hostname=host, session=session,
                                 suppress_ragged_eofs=False) as tls:
            agreed = {
                "version": tls.version(), "suite": tls.cipher()[0], "alpn": tls.selected_alpn_protocol(),
                "reused": tls.session_reused,
            }
            tls.sendall(b"GET /nothing HTTP/1.1\r\nHost: relay\r\n\r\n")
            answer = b""
            while piece := tls.recv(4096):
                answer += piece
            # An end without close_notify would have been an error.
            agreed["answer"] = answer.split(b"\r\n")[0].decode()
            return agreed, tls.session


def main():
    host, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    first, session = connect(host, port, context)
    second, _ = connect(host, port, context, session)
    print(json.dumps({"first": first, "second": second}))


main()
