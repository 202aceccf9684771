# SPDX-License-Identifier: ISC
"""What rtmpmetrics serves, asked by clients good and bad."""
import http.client
import json
import re
import socket
import subprocess
import urllib.parse

import procs
from procs import wait_until
from server import free_port, listening

SAMPLE = re.compile(r"^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def get(port, path, method="GET", source=None, host="127.0.0.1", body=None,
        headers=None):
    """(status, headers, body) of one request."""
    peer = http.client.HTTPConnection(
        host, port, timeout=5,
        source_address=(source, 0) if source else None)
    try:
        peer.request(method, path, body=body, headers=headers or {})
        answer = peer.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        peer.close()


def text(port, path):
    status, _, body = get(port, path)
    assert status == 200, body
    return body.decode()


def streams(port):
    return json.loads(text(port, "/streams.json"))


def samples(port):
    """(metric, labels in their order) -> value."""
    found = {}
    for line in text(port, "/metrics").splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, line
        key = match[1], tuple(LABEL.findall(match[2] or ""))
        assert key not in found, f"twice: {line}"
        found[key] = float(match[3])
    return found


def value(port, metric, **labels):
    return samples(port)[metric, tuple(labels.items())]


def health(port):
    """(status, its line), or None while nobody serves."""
    try:
        status, _, body = get(port, "/healthz")
    except (OSError, http.client.HTTPException):
        return None
    return status, body.decode().strip()


def wait_health(port, status, why, timeout=5.0):
    wait_until(lambda: health(port) == (status, why), timeout,
               f"{status} {why}, not {health(port)}", 0.05)


def dial(port, source="127.0.0.1"):
    sock = socket.create_connection(("127.0.0.1", port), 5, (source, 0))
    sock.settimeout(15)
    return sock


def until_closed(sock):
    """What comes until the other side ends it."""
    got = b""
    try:
        while piece := sock.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def promtool(port):
    """What is wrong with the metrics; "" if nothing is."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text(port, "/metrics"),
        capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0 or done.stderr, "promtool failed"
    return done.stdout + done.stderr


class Prometheus:
    """One that asks a relay twice a second."""
    CONF = """global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
- job_name: rtmpd
  static_configs: [{targets: ["127.0.0.1:%d"]}]
"""

    def __init__(self, clients, directory, port):
        self.port = free_port()
        conf = directory / "prometheus.yml"
        conf.write_text(self.CONF % port)
        self.program = clients.run(procs.Process(
            ["prometheus", f"--config.file={conf}",
             f"--storage.tsdb.path={directory / 'samples'}",
             f"--web.listen-address=127.0.0.1:{self.port}"]))
        wait_until(self._ready, 20, "prometheus")

    def _ready(self):
        return listening(self.port) and get(self.port, "/-/ready")[0] == 200

    def ask(self, query):
        """What a query yields."""
        answer = json.loads(text(self.port, "/api/v1/query?"
                                 + urllib.parse.urlencode({"query": query})))
        return answer["data"]["result"]
