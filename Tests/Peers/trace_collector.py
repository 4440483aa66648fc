"""A collector of spans on a free loopback port: prints the port, then a line of JSON for each request, its spans read with
the official classes. Usage: trace_collector.py MODE, one of

  taken    takes everything, and answers 404 elsewhere
  silent   never answers
  busy     answers 503
  limited  answers 429 and asks for a second's patience, twice, then takes everything
  closing  closes the connection in the midst of the request
"""

import http.server
import json
import sys
import threading

import spans_json

FORMATS = {
    "/api/traces": {"application/x-thrift": "jaeger"},
    "/v1/traces": {"application/x-protobuf": "otlp-protobuf", "application/json": "otlp-json"},
}


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests = 0

    def do_POST(self):
        Collector.requests += 1
        mode = sys.argv[1]
        if mode == "closing":
            say({"request": self.requests})
            self.connection.close()
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if mode == "silent":
            say({"request": self.requests})
            threading.Event().wait()
        if mode == "busy" or mode == "limited" and self.requests <= 2:
            say({"request": self.requests})
            return self.answer(503 if mode == "busy" else 429, {} if mode == "busy" else {"Retry-After": "1"})
        form = FORMATS.get(self.path, {}).get(self.headers["Content-Type"])
        if form is None:
            return self.answer(404)
        say({"request": self.requests, "format": form, "batch": spans_json.READERS[form](body)})
        return self.answer(202 if form == "jaeger" else 200)

    def answer(self, status, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def say(line):
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()
