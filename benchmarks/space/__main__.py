"""`python -m benchmarks.space`: the page under load and at first sight, on loopback: 200 requests from 20 clients.

Prints what was lost (nothing should be), p50 and p95 of the waits, memory of the server before and after, the weight of
the first paint and the time from opening to the first sound. Every request takes one step: what is measured is the page
and its queue, not the model. `--steps` and `--base` change that.
"""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.space.disturbing import disturb
from benchmarks.space.served import Served
from spectrogram.files import json_file

# A machine that is busy with other things is measured all the same.
PATIENCE_MS = 180_000
TOLD_EVERY = 50


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.space", description=__doc__.split("\n\n")[0])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each sound")
    parser.add_argument("--base", help="the embedded model when left out")
    parser.add_argument("--hostile", type=float, default=0.0, metavar="SHARE", help="of hostile requests among them")
    parser.add_argument("--no-browser", action="store_true", help="requests alone, no first sight")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser.parse_args()


def soak(served: Served, requests: int, clients: int, steps: int, seconds: float, hostile: float = 0.0) -> dict:
    """Each client sends its share one after the other; waits in seconds, failures as texts, memory and disk as they go.

    A share `hostile` of the requests is sent beside them, spread evenly; what is lost is counted of the honest alone.
    """
    import numpy as np

    waits, failures, memory, outcomes, lock = [], [], [], Counter(), threading.Lock()
    every = round(1 / hostile) if hostile else 0

    def client(number: int):
        for turn in range(number, requests, clients):
            if every and turn % every == every - 1:
                outcome = disturb(served.url, turn // every)
                with lock:
                    outcomes[outcome] += 1
                continue
            begun_s = time.monotonic()
            told = ask(served.url, f"rain {turn}", steps, seconds)
            with lock:
                (failures if told else waits).append(told or time.monotonic() - begun_s)
                memory.append(served.memory_mb())
                if len(memory) % TOLD_EVERY == 0:
                    print(f"{len(memory)} of {requests} requests, {memory[-1]:.0f} MB", file=sys.stderr, flush=True)

    before_mb, before_disk_mb = served.memory_mb(), served.disk_mb()
    begun_s = time.monotonic()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    half = memory[len(memory) // 2] if memory else before_mb
    p50, p95 = np.percentile(waits, [50, 95]) if waits else (float("nan"),) * 2
    return {
        "requests": requests,
        "clients": clients,
        "hostile": outcomes.total(),
        "hostile_refused": outcomes["refused"],
        "lost": len(failures),
        "first_failure": failures[0] if failures else None,
        "p50_s": round(float(p50), 2),
        "p95_s": round(float(p95), 2),
        "requests_a_second": round(len(waits) / (time.monotonic() - begun_s), 2),
        "memory_before_mb": round(before_mb),
        "memory_half_way_mb": round(half),
        "memory_after_mb": round(served.memory_mb()),
        "memory_each_tenth_mb": [round(value) for value in memory[:: max(1, len(memory) // 10)]],
        "disk_before_mb": round(before_disk_mb, 1),
        "disk_after_mb": round(served.disk_mb(), 1),
    }


def ask(url: str, prompt: str, steps: int, seconds: float) -> str:
    """One request to /generate over plain HTTP; empty when the sound came, else what was said instead."""
    import httpx

    data = [prompt, seconds, "", 1, steps, 3.0, "none", 1.0]
    try:
        taken = httpx.post(f"{url}gradio_api/call/generate", json={"data": data}, timeout=120)
        if taken.status_code != 200:
            return taken.text[:200]
        told = httpx.get(f"{url}gradio_api/call/generate/{taken.json()['event_id']}", timeout=600).text
    except httpx.HTTPError as error:
        return repr(error)
    return "" if "event: complete" in told else told[-200:]


def first_sight(served: Served) -> dict:
    """Bytes of the first paint, seconds to the cached sound being playable, and to a first generated one."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        return {"browser": "no chromium here"}
    from playwright.sync_api import sync_playwright

    ready = "() => { const audio = document.querySelector('.card audio'); return audio && audio.duration > 0 }"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        seen = [visit(browser, served.url, ready) for _ in range(3)]
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(served.url)
        page.wait_for_function(ready)
        page.fill("#generate-prompt textarea", "a dog barking")
        begun_s = time.monotonic()
        page.click("#generate-start")
        page.get_by_text("Done in").first.wait_for(timeout=300_000)
        generated_s = time.monotonic() - begun_s
        browser.close()
    return {
        "first_paint_kb": round(max(size for size, _ in seen) / 1000),
        "open_to_cached_sound_s": round(sorted(wait for _, wait in seen)[1], 2),
        "press_to_generated_sound_s": round(generated_s, 2),
    }


def visit(browser, url: str, ready: str) -> tuple[int, float]:
    """(bytes that came over the wire, seconds until the example can be played) of a visitor with an empty cache."""
    context = browser.new_context()
    page, sizes = context.new_page(), []
    page.set_default_timeout(PATIENCE_MS)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    begun_s = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_function(ready)
    waited_s = time.monotonic() - begun_s
    page.wait_for_timeout(500)
    context.close()
    return int(sum(sizes)), waited_s


def main() -> int:
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Served(options.base, folder, temporary=folder / "page") as served:
            figures = {} if options.no_browser else first_sight(served)
            ask(served.url, "warm", options.steps, options.seconds)
            figures |= soak(served, options.requests, options.clients, options.steps, options.seconds, options.hostile)
    for name, value in figures.items():
        print(f"{name:28} {value}")
    if options.json:
        json_file.write(options.json, figures)
    return 1 if figures["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
