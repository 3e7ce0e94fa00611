"""What stands in deploy/hub is what the programs understand it is for."""

import os
import re
import subprocess
import sys
from importlib import util
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml

from course_utils import FakeServer
from tests.browser.lab import free_port
from tests.support.servers.proxies import program

ROOT = Path(__file__).resolve().parents[3]
HUB = ROOT / "deploy" / "hub"

# Of the chart's values.schema.yaml, what a class sets; a misspelt key would be ignored.
CHART = {
    "hub.config",
    "hub.concurrentSpawnLimit",
    "singleuser.image.name",
    "singleuser.image.tag",
    "singleuser.defaultUrl",
    "singleuser.startTimeout",
    "singleuser.memory.guarantee",
    "singleuser.memory.limit",
    "singleuser.cpu.guarantee",
    "singleuser.cpu.limit",
    "singleuser.storage.capacity",
    "singleuser.storage.extraVolumes",
    "singleuser.storage.extraVolumeMounts",
    "singleuser.extraEnv",
    "scheduling.userScheduler.enabled",
    "scheduling.podPriority.enabled",
    "scheduling.userPlaceholder.enabled",
    "scheduling.userPlaceholder.replicas",
    "prePuller.hook.enabled",
    "prePuller.continuous.enabled",
    "cull.enabled",
    "cull.timeout",
    "cull.every",
}


def paths(values: object, above: str = "") -> list[str]:
    """The dotted names of what is set, no deeper than the chart's own names."""
    if above in CHART or not isinstance(values, dict):
        return [above]
    return [p for k, v in values.items() for p in paths(v, f"{above}.{k}".strip("."))]


def test_every_value_is_one_that_the_chart_knows():
    values = yaml.safe_load((HUB / "z2jh.yaml").read_text("utf-8"))
    assert sorted(paths(values)) == sorted(CHART)


def test_a_learner_gets_no_key():
    for file in HUB.iterdir():
        assert "OPENAI_API_KEY" not in file.read_text("utf-8"), file.name


def fake_program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="TLJH is for Linux")
def test_the_littlest_hub_is_told_its_settings_in_python_that_runs(tmp_path):
    (tmp_path / "user/bin").mkdir(parents=True)
    log = tmp_path / "log"
    fake_program(tmp_path / "user/bin", "python", f'echo "python $@" >> {log}')
    fake_program(tmp_path, "tljh-config", f'echo "tljh-config $@" >> {log}')
    env = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TLJH_USER_ENV": str(tmp_path / "user"),
        "TLJH_CONFIG": str(tmp_path / "config"),
        "COURSE_SHARED": str(tmp_path / "class"),
    }
    subprocess.run(["bash", str(HUB / "tljh.sh")], env=env, check=True)
    told = log.read_text()
    assert "-c " + str(ROOT / "constraints.txt") in told
    assert told.endswith("tljh-config reload\n")
    assert (tmp_path / "class").stat().st_mode & 0o7777 == 0o1733
    spawner = type("Spawner", (), {})
    config = (tmp_path / "config/course.py").read_text()
    exec(config, {"c": type("Config", (), {"Spawner": spawner})})
    assert spawner.environment["COURSE_PROGRESS"] == str(tmp_path / "class")


def asked_key(folder: Path, upstream: str, port: int) -> str:
    """class-key.conf as it is, but for the provider, the key's file and the port."""
    text = (HUB / "class-key.conf").read_text("utf-8")
    text = text.replace("https://api.openai.com", upstream.removesuffix("/v1"))
    text = text.replace("/etc/nginx/class-key.inc", str(folder / "class-key.inc"))
    text = text.replace("8100", str(port))
    temp = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; pid {folder}/pid; error_log {folder}/error;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temp}\n{text}\n}}\n"
    )


@pytest.fixture
def behind_the_class_key(tmp_path):
    nginx = program("nginx")
    key, port = "the-key-of-the-class", free_port()
    line = f'proxy_set_header Authorization "Bearer {key}";\n'
    (tmp_path / "class-key.inc").write_text(line)
    with FakeServer("Hello there.", key=key) as server:
        conf = tmp_path / "nginx.conf"
        conf.write_text(asked_key(tmp_path, server.url, port))
        running = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(conf)])
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            running.terminate()
            running.wait(10)


def test_a_learner_without_a_key_gets_answers_through_the_class_key(
    behind_the_class_key,
):
    address = behind_the_class_key
    asked = {"model": "any", "messages": [{"role": "user", "content": "Hi"}]}
    transport = httpx.HTTPTransport(retries=8)  # nginx needs a moment
    with httpx.Client(transport=transport, timeout=30) as client:
        answer = client.post(f"{address}/chat/completions", json=asked)
        assert answer.json()["choices"][0]["message"]["content"] == "Hello there."
        assert "the-key-of-the-class" not in str(answer.headers) + answer.text
        assert client.get(f"{address}/files").status_code == 404


def run_link(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HUB / "link.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_link_names_the_repository_and_opens_each_notebook():
    repo = "https://git.example.org/team/course.git"
    lines = run_link("https://hub.example.org/", "--repo", repo).stdout.split()
    assert len(lines) == 6
    for number, line in enumerate(lines, 1):
        parts = urlsplit(line)
        asked = parse_qs(parts.query)
        assert parts.path == "/hub/user-redirect/git-pull"
        assert asked["repo"] == [repo]
        notebook = Path(asked["urlpath"][0].removeprefix("lab/tree/course/"))
        assert notebook.name.startswith(f"0{number}_") and (ROOT / notebook).exists()


def test_a_course_without_a_public_address_says_what_to_name():
    told = run_link("https://hub.example.org", "--repo", "/srv/course").stderr
    assert "--repo https://" in told


def test_the_guide_names_only_files_and_commands_that_are_there():
    guide = (HUB / "README.md").read_text("utf-8")
    named = re.findall(r"`((?:deploy|docs|benchmarks)/[\w/.-]+)`", guide)
    assert named and [path for path in named if not (ROOT / path).exists()] == []
    for module in re.findall(r"python -m ([\w.]+)", guide):
        assert util.find_spec(module) is not None, module
