# SPDX-License-Identifier: ISC
"""Whom a request to rtmpmetrics(8) may ask for: a web page must not read it
by a name of its own that points here (DNS rebinding)."""
import subprocess

import pytest

import network
import server as servers
import web

NAME = "relay.example"
EVIL = "evil.example"
REMOTE = "10.1.0.2"


@pytest.fixture
def metrics(rtmpd):
    """metrics(name, address, ...) is a relay's port of metrics."""
    def start(name=None, address="127.0.0.1", **how):
        port = servers.free_port(address if ":" in address else "")
        at = f"[{address}]" if ":" in address else address
        server = rtmpd({"metrics-listen": f"{at}:{port}",
                        **({"metrics-host": name} if name else {})}, **how)
        server.wait_log(r"\bmetrics-start address=")
        return port
    return start


def ask(port, *headers, version="1.1", path="/healthz"):
    """The status of a request with these headers and no others."""
    text = "".join(f"{h}\r\n" for h in (f"GET {path} HTTP/{version}",
                                        *headers))
    with web.dial(port) as sock:
        sock.sendall(text.encode() + b"\r\n")
        return int(web.until_closed(sock).split()[1])


def host(port, value):
    return ask(port, f"Host: {value}")


def curl(port, name, *words, address="127.0.0.1", wrap=()):
    """(status, body) of what curl gets under this name."""
    done = subprocess.run(
        [*wrap, "curl", "-sS", "--noproxy", "*", "-m", "10",
         "-w", "\n%{http_code}", "--resolve", f"{name}:{port}:{address}",
         *words, f"http://{name}:{port}/metrics"],
        capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), body


def test_only_addresses_and_localhost_are_asked_for(metrics):
    port = metrics()
    for ours in ("127.0.0.1", f"127.0.0.1:{port}", "192.0.2.1", "[::1]",
                 f"[::1]:{port}", "[2001:DB8::1]:80", "localhost",
                 f"localhost:{port}", "LOCALHOST", "localhost.",
                 f"LocalHost.:{port}", "127.0.0.1:80"):
        assert host(port, ours) == 200, ours
    for other in (EVIL, f"{EVIL}:{port}", f"{EVIL}.", NAME, "",
                  f"localhost.{EVIL}", f"127.0.0.1.{EVIL}", "[::1",
                  "::1", f"127.0.0.1@{EVIL}", f"localhost, {EVIL}"):
        assert host(port, other) == 421, other


def test_nothing_at_all_is_there_for_others(metrics):
    port = metrics()
    for path in ("/", "/page.js", "/page.css", "/metrics", "/streams.json",
                 "/healthz", "/nothing"):
        assert ask(port, f"Host: {EVIL}", path=path) == 421
    assert ask(port, f"Host: {EVIL}", path=f"http://{EVIL}/metrics") == 421
    status, body = curl(port, EVIL)
    assert status == 421 and "rtmpd_" not in body
    assert body == "Ask for an address, for localhost, or for the name " \
        "that is metrics-host in rtmpd.conf.\n"


def test_one_host_is_asked_for(metrics):
    port = metrics()
    ours = f"Host: localhost:{port}"
    assert ask(port) == 400
    assert ask(port, version="1.0") == 200      # no browser
    assert ask(port, f"Host: {EVIL}", version="1.0") == 421
    for two in ((ours, f"Host: {EVIL}"), (f"Host: {EVIL}", ours),
                (ours, ours), (ours, f"hOST: {EVIL}")):
        assert ask(port, *two) == 400, two


def test_the_name_that_is_configured_is_ours(metrics):
    port = metrics(NAME)
    for ours in (NAME, "Relay.EXAMPLE.", f"{NAME}:443", "localhost",
                 "127.0.0.1"):
        assert host(port, ours) == 200, ours
    for other in (EVIL, f"x.{NAME}", f"{NAME}.{EVIL}", "relay"):
        assert host(port, other) == 421, other
    assert "rtmpd_hub_up 1" in curl(port, NAME)[1]


def test_the_name_changes_with_the_configuration(rtmpd):
    port = servers.free_port()
    conf = {"metrics-listen": f"127.0.0.1:{port}"}
    server = rtmpd(conf)
    web.wait_health(port, 200, "ok")
    assert host(port, NAME) == 421
    server.configure({**conf, "metrics-host": NAME})
    assert server.ctl("reload").returncode == 0

    def status():
        try:
            return host(port, NAME)
        except (OSError, IndexError):
            return None         # none serves, or it ends
    web.wait_until(lambda: status() == 200, 5, "the name", 0.05)


def test_ipv6_has_a_loopback_too(metrics):
    port = metrics(address="::1")
    assert web.get(port, "/healthz", host="::1")[0] == 200
    assert curl(port, "localhost", address="[::1]")[0] == 200
    assert curl(port, EVIL, address="[::1]")[0] == 421


@pytest.fixture
def net():
    try:
        made = network.Network()
    except network.Unavailable as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.mark.parametrize("name", [None, NAME])
def test_from_another_machine_any_name_will_do_unless_one_is_known(
        name, metrics, net):
    port = metrics(name, "0.0.0.0", wrap=net.wrap)
    there = net.machine(REMOTE)
    other = 200 if name is None else 421
    how = {"address": network.RELAY, "wrap": there.wrap}
    assert curl(port, NAME, **how)[0] == 200
    assert curl(port, EVIL, **how)[0] == other
    assert curl(port, network.RELAY, **how)[0] == 200
    assert curl(port, EVIL, wrap=net.wrap)[0] == 421


def test_no_other_origin_may_read_it(metrics):
    port = metrics()
    for path in ("/metrics", "/streams.json", "/healthz", "/", "/nothing"):
        for method in ("GET", "OPTIONS"):
            _, headers, _ = web.get(port, path, method, headers={
                "Origin": f"http://{EVIL}",
                "Access-Control-Request-Method": "GET"})
            found = {key.lower() for key in headers}
            assert not [k for k in found if k.startswith("access-control")]
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            assert headers["Content-Security-Policy"].startswith(
                "default-src 'none'; ")
