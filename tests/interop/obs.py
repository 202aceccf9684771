# SPDX-License-Identifier: ISC
"""OBS Studio without a person: a prepared home, and a screen of its own.

The profile streams to a custom server; the one scene shows a file in a
loop. SIGINT ends OBS as closing its window does, without a question."""
import json
import os
import signal
import warnings

import streams
from procs import Process, wait_until

GLOBAL = """\
[General]
FirstRun=true
Pre19Defaults=false
Pre21Defaults=false
Pre23Defaults=false
Pre24.1Defaults=false
LastVersion=486539266
EnableAutoUpdates=false
ConfirmOnExit=false

[Basic]
Profile=interop
ProfileDir=interop
SceneCollection=interop
SceneCollectionFile=interop

[BasicWindow]
SysTrayEnabled=false
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false
PreviewEnabled=false

[OBSWebSocket]
FirstLoad=false
ServerEnabled=false
"""
PROFILE = """\
[General]
Name=interop

[Output]
Mode=Simple
Reconnect=false

[SimpleOutput]
VBitrate=500
ABitrate=64
StreamEncoder=x264
UseAdvanced=true
Preset=ultrafast
x264Settings=keyint=25 bframes=2

[Video]
BaseCX={width}
BaseCY={height}
OutputCX={width}
OutputCY={height}
FPSType=0
FPSCommon=25 PAL

[Audio]
SampleRate=44100
ChannelSetup=Stereo
"""


def _service(server, app, key):
    return {"type": "rtmp_custom",
            "settings": {"server": f"rtmp://127.0.0.1:{server.port}/{app}",
                         "key": key, "use_auth": False, "bwtest": False}}


def _scenes(path):
    place = {"name": "Media", "id": 1, "visible": True,
             "pos": {"x": 0.0, "y": 0.0}, "scale": {"x": 1.0, "y": 1.0}}
    return {"name": "interop", "current_scene": "Scene",
            "current_program_scene": "Scene",
            "scene_order": [{"name": "Scene"}],
            "sources": [
                {"id": "scene", "name": "Scene",
                 "settings": {"id_counter": 1, "custom_size": False,
                              "items": [place]}},
                {"id": "ffmpeg_source", "name": "Media", "volume": 1.0,
                 "mixers": 255,
                 "settings": {"local_file": path, "looping": True,
                              "hw_decode": False}}]}


def _prepare(home, server, stream, path):
    """Write what OBS would have saved after its first run."""
    base = home / ".config" / "obs-studio"
    profile = base / "basic" / "profiles" / "interop"
    scenes = base / "basic" / "scenes"
    for folder in (profile, scenes, home / "run"):
        folder.mkdir(parents=True)
    (home / "run").chmod(0o700)
    app, _, key = stream.partition("/")
    (base / "global.ini").write_text(GLOBAL)
    (profile / "basic.ini").write_text(
        PROFILE.format(width=streams.WIDTH, height=streams.HEIGHT))
    (profile / "service.json").write_text(
        json.dumps(_service(server, app, key)))
    (scenes / "interop.json").write_text(json.dumps(_scenes(path)))


def _screen(run):
    """An X server; returns its display's name."""
    read, write = os.pipe()
    xvfb = run(Process(["Xvfb", "-displayfd", str(write), "-screen", "0",
                        "640x480x24", "-nolisten", "tcp"],
                       pass_fds=[write]))
    os.close(write)
    with os.fdopen(read) as file:
        number = file.readline().strip()
    assert number, f"no X server: {xvfb.stderr[-1000:]}"
    return f":{number}", xvfb


class Obs:
    """OBS, streaming until it is told to stop."""

    def __init__(self, run, home, server, stream, path):
        _prepare(home, server, stream, path)
        display, self.screen = _screen(run)
        env = dict(os.environ, HOME=str(home), DISPLAY=display,
                   XDG_CONFIG_HOME=str(home / ".config"),
                   XDG_RUNTIME_DIR=str(home / "run"),
                   LIBGL_ALWAYS_SOFTWARE="1", QT_QPA_PLATFORM="xcb")
        self.log = home / "log"
        with open(self.log, "wb") as log:
            self.process = run(Process(
                ["obs", "--startstreaming", "--multi", "--collection",
                 "interop", "--profile", "interop",
                 "--disable-missing-files-check"], env=env, stdout=log))

    def stop(self, over):
        """End OBS. over() tells whether it has ended its stream: if it
        has, and stays all the same, it is ended with a warning."""
        self.process.popen.send_signal(signal.SIGINT)
        try:
            wait_until(lambda: self.process.popen.poll() is not None, 15)
        except TimeoutError:
            log = self.log.read_text(encoding="utf-8", errors="replace")
            gone = over()
            self.process.kill()
            assert gone, f"OBS goes on streaming:\n{log[-3000:]}"
            warnings.warn("OBS ended its stream, and then not itself")
        finally:
            self.screen.popen.terminate()
            self.screen.wait(5)
