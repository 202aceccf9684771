# SPDX-License-Identifier: ISC
"""The page that rtmpmetrics(8) serves, in Chromium."""
import contextlib
import html
import http.server
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.parse

import pytest

import ff
import flv
import procs
import server as servers
import web
from procs import wait_until

HOSTILE = "live/<img/src=x/onerror=document.title='taken'>"
LOOKS = {"light": "1", "dark": "0"}     # values of Blink's preferred scheme
WIDTHS = {"wide": "1400,1000", "narrow": "600,1600"}


@pytest.fixture
def relay(rtmpd):
    port = servers.free_port()
    server = rtmpd({"metrics-listen": f"127.0.0.1:{port}"})
    web.wait_health(port, 200, "ok")
    server.metrics = port
    return server


@pytest.fixture
def chromium(scratch):
    """chromium(url, *what) runs it until the page has asked for a while;
    its standard output."""
    program = shutil.which("chromium")
    assert program, "install chromium"

    def run(url, *what, look="light", size="wide"):
        argv = [program, "--headless=new", "--disable-gpu",
                "--hide-scrollbars", "--disable-dev-shm-usage",
                f"--user-data-dir={scratch}/profile",
                f"--window-size={WIDTHS[size]}",
                f"--blink-settings=preferredColorScheme={LOOKS[look]}",
                "--virtual-time-budget=6000", *what, url]
        if os.geteuid() == 0:
            argv.insert(1, "--no-sandbox")
        one = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL,
                               start_new_session=True,
                               env={**os.environ, "HOME": str(scratch)})
        try:
            return one.communicate(timeout=60)[0]
        finally:
            family = procs.descendants(one.pid)
            if one.poll() is None:
                one.kill()
            for pid in family:
                procs.end(pid)
            wait_until(lambda: not any(map(procs.alive, family)), 5)
    return run


def dom(chromium, server, fragment=""):
    url = f"http://127.0.0.1:{server.metrics}/"
    return chromium(url + fragment, "--dump-dom")


def plain(text):
    """The text of it, without the tags."""
    return html.unescape(re.sub(r"<[^>]+>", "\n", text))


def lines(text):
    return [x.strip() for x in plain(text).split("\n") if x.strip()]


def after(words, label):
    return words[words.index(label) + 1]


def test_a_stream_is_there_with_its_numbers(relay, clients, media, chromium):
    pusher = clients.run(procs.Process(
        ["ffmpeg", *ff.QUIET, "-re", "-stream_loop", "-1", "-i",
         media("av"), "-c", "copy", "-f", "flv", relay.url("live/film")]))
    player = clients.subscriber(relay, "live/film")
    player.wait_type(flv.VIDEO)
    wait_until(lambda: [s for s in web.streams(relay.metrics)["streams"]
                        if s["bitrate_out"] and s["tracks"]], 5, step=0.1)
    words = lines(dom(chromium, relay, "#live%2Ffilm"))
    pusher.kill()
    assert f"hub {relay.hub()}, 2 connections" in words
    assert after(words, "Live streams") == "1"
    assert after(words, "Subscribers") == "1"
    assert "running" in words
    at = words.index("live/film")
    assert words[at + 1] == "live"
    assert words[at + 2].startswith("H.264 ")
    assert words[at + 3].startswith("AAC ")
    for rate in words[at + 4:at + 6]:
        assert re.fullmatch(r"[1-9][0-9.]* [kM]bit/s", rate), rate
    assert words[at + 6:at + 8] == ["1", "0"]
    session = words.index(f"127.0.0.1:{player.client.local_port}")
    assert words[session - 1] == "play"
    assert "publish" in words


def test_a_name_stays_text(relay, clients, chromium):
    clients.publisher(relay, HOSTILE, flv.synthetic())
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    text = dom(chromium, relay, "#" + urllib.parse.quote(HOSTILE, safe=""))
    assert "<img" not in text
    assert HOSTILE in lines(text)
    assert "<title>rtmpd</title>" in text
    assert 'aria-expanded="true"' in text


def test_it_says_that_there_is_no_stream(relay, chromium):
    assert "Nobody publishes, nobody waits." in lines(dom(chromium, relay))


def test_it_says_that_the_hub_does_not_answer(relay, clients, chromium):
    clients.publisher(relay, "live/x", flv.synthetic())
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    hub = relay.hub()
    procs.end(hub, signal.SIGSTOP)
    try:
        web.wait_health(relay.metrics, 503, "the hub does not answer", 8)
        words = lines(dom(chromium, relay))
        assert "no answer" in words and "live/x" in words
        assert any(w.startswith("The hub does not answer.") for w in words)
    finally:
        procs.end(hub, signal.SIGCONT)


def test_it_says_that_there_is_no_relay(clients, scratch, chromium):
    port = servers.free_port()
    clients.run(procs.Process([servers.BUILD / "rtmpmetrics", "-r", scratch,
                               "-l", str(port)]))
    wait_until(lambda: servers.listening(port), 5)
    text = chromium(f"http://127.0.0.1:{port}/", "--dump-dom")
    assert "No relay: no rtmpd runs here." in lines(text)
    assert '<div id="now" hidden' in text


def test_it_says_how_long_the_hub_is_there(relay, clients, chromium):
    """Not how long the relay is, whose streams outlive it."""
    clients.publisher(relay, "live/x", flv.synthetic())
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    old = relay.hub()
    procs.end(old)
    wait_until(lambda: web.health(relay.metrics) == (200, "ok") and
               web.streams(relay.metrics)["hub"]["pid"] != old and
               web.streams(relay.metrics)["streams"], 10, step=0.1)
    words = lines(dom(chromium, relay))
    assert "running" in words and "live/x" in words
    assert f"hub {relay.hub()}, 1 connection" in words
    assert "1 restart" in words[words.index("Hub up"):]


def handler(port, lost, probe):
    class Handler(http.server.BaseHTTPRequestHandler):
        asked = 0

        def do_GET(self):
            numbers = self.path == "/streams.json"
            Handler.asked += numbers
            if numbers and lost(Handler.asked):
                self.close_connection = True
                return
            status, headers, body = web.get(port, self.path)
            if self.path == "/page.js":
                body += probe.encode()
            self.send_response(status)
            for key, value in headers.items():
                if key != "Content-Length":
                    self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass
    return Handler


@pytest.fixture
def proxy(relay):
    """proxy(lost, probe) is a port where the page is served, but for those
    answers with numbers, counted from 1, that are lost, and with a probe
    behind its script."""
    with contextlib.ExitStack() as stack:
        def start(lost=lambda n: False, probe=""):
            one = stack.enter_context(http.server.ThreadingHTTPServer(
                ("127.0.0.1", 0), handler(relay.metrics, lost, probe)))
            thread = threading.Thread(target=one.serve_forever, daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(one.shutdown)
            return f"http://127.0.0.1:{one.server_address[1]}/"
        yield start


def test_it_says_that_its_server_does_not_answer(relay, proxy, clients,
                                                 chromium):
    clients.publisher(relay, "live/x", flv.synthetic())
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    words = lines(chromium(proxy(lambda n: n > 2), "--dump-dom"))
    assert "no server" in words and "live/x" in words
    assert any("server of this page does not answer" in w for w in words)


def pieces(text):
    """Of how many pieces the line of each chart consists."""
    return [line.count("M") for line in
            re.findall(r'<path class="line" d="([^"]*)"', text)]


def test_what_was_not_measured_is_a_gap(relay, proxy, clients, chromium):
    clients.publisher(relay, "live/x", flv.synthetic())
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    assert pieces(chromium(proxy(), "--dump-dom")) == [1] * 4
    assert pieces(chromium(proxy(lambda n: n == 3), "--dump-dom")) == [2] * 4


MARK = """
{
	const marking = setInterval(() => {
		const first = document.querySelector(".sessions .peer");

		if (first !== null && first.textContent !== "") {
			clearInterval(marking);
			first.dataset.mark = "kept";
		}
	}, 100);
}
"""


def test_who_selects_a_peer_keeps_it(relay, proxy, clients, chromium):
    """Sessions are brought up to date in their place."""
    player = clients.subscriber(relay, "live/x")
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    text = chromium(proxy(probe=MARK) + "#live%2Fx", "--dump-dom")
    assert f'data-mark="kept">127.0.0.1:{player.client.local_port}<' in text




def test_it_asks_nobody_else():
    for name in ("page.html", "page.css", "page.js", "chart.js"):
        text = (servers.REPOSITORY / "tools/rtmpmetrics" / name).read_text()
        found = set(re.findall(r"https?://[^\s\"'`]+", text))
        assert found <= {"http://www.w3.org/2000/svg"}, name
        assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|"
                             r"document\.write|eval)\b", text)


def grey(path):
    """The picture's pixels, a byte each."""
    return subprocess.run(
        ["ffmpeg", *ff.QUIET, "-i", path, "-f", "rawvideo", "-pix_fmt",
         "gray", "-"], capture_output=True, check=True, timeout=20).stdout


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", WIDTHS)
def test_it_is_to_be_seen(look, size, relay, clients, scratch, chromium):
    clients.publisher(relay, "live/x", flv.synthetic())
    wait_until(lambda: web.streams(relay.metrics)["streams"], 5)
    shot = scratch / "shot.png"
    chromium(f"http://127.0.0.1:{relay.metrics}/#live%2Fx",
             f"--screenshot={shot}", look=look, size=size)
    pixels = grey(shot)
    width, height = map(int, WIDTHS[size].split(","))
    assert len(pixels) == width * height
    ground = pixels[0]
    assert (ground > 200) == (look == "light")
    assert len(set(pixels)) > 50        # letters have soft edges
    inked = sum(abs(p - ground) > 80 for p in pixels)
    assert 0.003 < inked / len(pixels) < 0.3


LONG = [f"live/{n:02}{'x漢é'[n % 3] * 183}".encode()[:190 - n % 3 * 2].decode(
    errors="ignore") for n in range(60)]


@pytest.mark.parametrize("size", WIDTHS)
def test_long_names_move_nothing_out_of_sight(size, relay, clients, scratch,
                                              chromium):
    for name in LONG:
        clients.publisher(relay, name, flv.synthetic(fps=1, kbps=10,
                                                     audio=False))
    clients.subscriber(relay, LONG[0])
    wait_until(lambda: sorted(s["name"] for s in web.streams(relay.metrics)[
        "streams"] if s["tracks"]) == sorted(LONG), 20, step=0.2)
    url = (f"http://127.0.0.1:{relay.metrics}/#" +
           urllib.parse.quote(LONG[0], safe=""))
    shot = scratch / "shot.png"
    chromium(url, f"--screenshot={shot}", size=size)
    pixels, width = grey(shot), int(WIDTHS[size].split(",")[0])
    margin = [pixels[at + width - 8:at + width]
              for at in range(0, len(pixels), width)]
    assert set(b"".join(margin)) == {pixels[0]}
    assert set(LONG) <= set(lines(chromium(url, "--dump-dom", size=size)))
