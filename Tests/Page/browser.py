"""A headless chromium, driven by its DevTools protocol."""

import base64
import contextlib
import json
import pathlib
import re
import subprocess
import time
import urllib.request

from websockets.sync.client import connect


class Browser:
    """Ended by `stop`, by its own process id."""

    def __init__(self, folder, *flags):
        log = pathlib.Path(folder) / "chromium.out"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                    "--no-first-run", "--remote-debugging-port=0", "--remote-allow-origins=*",
                    f"--user-data-dir={folder}/browser", *flags, "about:blank",
                ],
                stdout=output, stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not (found := re.search(r"DevTools listening on ws://([^/]+)/", log.read_text(errors="replace"))):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"chromium did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        self.address = found[1]

    def open(self, url, **options):
        request = urllib.request.Request(f"http://{self.address}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            target = json.load(answer)["webSocketDebuggerUrl"]
        return Page(target, url, **options)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Page:
    def __init__(self, target, url, width=1280, height=1600, dark=False, scripts=()):
        self.resources = contextlib.ExitStack()
        self.socket = self.resources.enter_context(connect(target, max_size=None, open_timeout=30))
        self.number = 0
        self.events = []
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.tell(f"{domain}.enable")
        self.resize(width, height)
        self.prefer(dark)
        for script in scripts:
            self.tell("Page.addScriptToEvaluateOnNewDocument", source=script)
        self.tell("Page.navigate", url=url)

    def tell(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") != self.number:
                self.events.append(answer)
                continue
            if "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            return answer["result"]

    def resize(self, width, height):
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, dark):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])

    def evaluate(self, expression):
        result = self.tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, seconds=60):
        """Polls; the bound is for a hang, not a measure."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := self.evaluate(expression):
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {expression}; text: {self.text('body')[:2000]}")

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def press(self, key, code=None):
        keys = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "Home": 36, "End": 35}
        number = code or keys[key]
        parameters = {"key": key, "code": key, "windowsVirtualKeyCode": number}
        if key == "Enter":
            parameters["text"] = "\r"
        self.tell("Input.dispatchKeyEvent", type="keyDown", **parameters)
        self.tell("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=number)

    def type(self, text):
        self.tell("Input.insertText", text=text)

    def complaints(self):
        """What the console, the network and the content security policy had to say."""
        self.evaluate("0")
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    found.append(parameters["exceptionDetails"])
                case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                    found.append(parameters["args"])
                case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                    found.append(parameters["entry"])
                case "Audits.issueAdded":
                    found.append(parameters["issue"])
        return found

    def requests(self):
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def photograph(self, target, height=None):
        """Of the whole page, or of so much from its top."""
        self.tell("Page.bringToFront")
        height = height or int(self.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)"))
        width = int(self.evaluate("innerWidth"))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        pathlib.Path(target).write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        self.resources.close()
