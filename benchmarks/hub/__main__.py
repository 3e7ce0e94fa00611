"""Twenty learners on a real JupyterHub run all of notebook 4 at once.

    python -m benchmarks.hub 20 --proxy "node_modules/.bin/configurable-http-proxy"

Run it as root with a Python that has the course and JupyterHub: each learner gets a
system user, so that what one may not read is the system's own word. It writes hub.md.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.hub.learner import Learner, read
from benchmarks.hub.machine import free, processes, taken
from benchmarks.hub.report import Run, page

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "notebooks/04_interruptions_and_errors.ipynb"
FIRST_UID = 20_000


def ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return found


@contextmanager
def hub(proxy: str, folder: Path) -> Iterator[tuple[str, str]]:
    """A JupyterHub in this folder: its address and the driver's token."""
    token, (port, own, control) = secrets.token_hex(16), ports(3)
    told = {"PORT": port, "OWN_PORT": own, "PROXY_PORT": control, "PROXY": proxy}
    told |= {"TOKEN": token, "HOMES": folder / "homes"}
    told |= {"NOTEBOOKS": ROOT / "notebooks"}
    env = os.environ | {f"HUB_{name}": str(value) for name, value in told.items()}
    env |= {"LANGSMITH_TRACING": "false", "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex()}
    env |= {"COURSE_PROGRESS": str(folder / "class")}
    command = [sys.executable, "-m", "jupyterhub", "-f"]
    config = str(Path(__file__).with_name("config.py"))
    with (folder / "hub.log").open("w") as log:
        running = subprocess.Popen(
            [*command, config], cwd=folder, env=env, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/hub/api", running)
        yield address, token
    finally:
        running.terminate()  # it stops its servers and its proxy, too
        running.wait(60)


def wait_for(url: str, running: subprocess.Popen[bytes]) -> None:
    """Wait until the hub answers through its proxy."""
    for _ in range(240):
        if running.poll() is not None:
            raise RuntimeError("JupyterHub did not start: see hub.log")
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.25)
    raise RuntimeError("JupyterHub did not answer in a minute: see hub.log")


async def class_of(count: int, address: str, token: str) -> Run:
    """All of them at once, step by step: log in, start, run, look at each other."""
    learners = [Learner(f"learner-{n}", address, token) for n in range(1, count + 1)]
    run = Run(count=count, cores=os.cpu_count() or 1, load=os.getloadavg()[0])
    before = free()
    await asyncio.gather(*(one.log_in() for one in learners))
    await asyncio.gather(*(one.start() for one in learners))
    run.starts = [one.started for one in learners]
    run.servers = [taken(uid(one)).memory for one in learners]
    run.start_seconds = [taken(uid(one)).seconds for one in learners]
    await asyncio.gather(*(one.open_kernel(NOTEBOOK) for one in learners))
    notebook = read(ROOT / NOTEBOOK)
    await asyncio.gather(*(one.run(notebook) for one in learners))
    run.runs = [one.ran for one in learners]
    run.taken = [taken(uid(one)) for one in learners]
    run.drop = before - free()
    run.errors = [f"{one.name} {error}" for one in learners for error in one.errors]
    await look_round(learners, run)
    run.load_after = os.getloadavg()[0]
    await asyncio.gather(*(one.close() for one in learners))
    return run


def uid(learner: Learner) -> int:
    """The system user of a learner."""
    return FIRST_UID + int(learner.name.rpartition("-")[2])


OPEN_A_SERVER = """
import os, secrets
from course_utils import FakeServer, join_board
os.environ["CLASS_SECRET"] = secrets.token_hex()
theirs = FakeServer("Mine.", key=secrets.token_hex()).start()
join_board()
print(theirs.url)
"""
LOOK_AT = """
import pathlib, httpx
def tried(look):
    try:
        return str(look())[:40]
    except Exception as error:
        return type(error).__name__
def ask(key):
    path, asked = "{url}/chat/completions", {{"messages": [], "model": "fake"}}
    headers = {{"Authorization": "Bearer " + key}}
    return httpx.post(path, json=asked, headers=headers, trust_env=False).status_code
print(tried(lambda: list(pathlib.Path("{home}").iterdir())))
print(tried(lambda: pathlib.Path("/proc/{process}/environ").read_bytes()))
print(tried(lambda: ask("offline")))
print(tried(lambda: list(pathlib.Path(os.environ["COURSE_PROGRESS"]).iterdir())))
"""


async def look_round(learners: list[Learner], run: Run) -> None:
    """Each learner tries to see what the next one has."""
    opened = await asyncio.gather(*(x.execute(OPEN_A_SERVER) for x in learners))
    urls = [printed.strip() for printed, _ in opened]
    run.ports = len(set(urls))
    for number, one in enumerate(learners):
        other = learners[(number + 1) % len(learners)]
        process = next(iter(processes(uid(other))), Path("/proc/1"))
        home = Path(os.environ["HUB_FOLDER"]) / "homes" / other.name
        url = urls[(number + 1) % len(learners)]
        code = LOOK_AT.format(url=url, home=home, process=process.name)
        printed, error = await one.execute(code)
        lab = await one.get("api/contents", of=other.name)
        run.seen.append((*(printed.split("\n")[:4] or [error]), str(lab.status_code)))


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub")
    parser.add_argument("learners", type=int, nargs="?", default=20)
    parser.add_argument("--proxy", default="configurable-http-proxy")
    parser.add_argument("--write", action="store_true", help="benchmarks/hub.md")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-"))
    os.environ["HUB_FOLDER"] = str(folder)
    folder.chmod(0o755)
    (folder / "homes").mkdir(mode=0o755)
    (folder / "class").mkdir()
    (folder / "class").chmod(0o1733)  # write, and read what you can name
    try:
        with hub(asked.proxy, folder) as (address, token):
            run = asyncio.run(class_of(asked.learners, address, token))
        run.aliases = len(list((folder / "class").glob("*.json")))
    except BaseException:
        print((folder / "hub.log").read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        shutil.rmtree(folder)
    print(page(run))
    if asked.write:
        (ROOT / "benchmarks" / "hub.md").write_text(page(run), "utf-8")


if __name__ == "__main__":
    main()
