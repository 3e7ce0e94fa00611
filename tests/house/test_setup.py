"""One list of packages, one lock, three commands, and a sentence for each failure."""

import ast
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import start
from course_utils.setup import working_copy

ROOT = Path(start.__file__).parent
SIX = {"jupyterlab", "ipywidgets", "langchain", "langchain-openai", "nbval", "pytest"}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))["project"]


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


# The lists


def test_the_six_given_packages_are_there():
    notebooks = project()["optional-dependencies"]["notebooks"]
    assert {name_of(line) for line in notebooks} >= SIX


def test_every_package_says_why_it_is_there():
    text = read("pyproject.toml")
    listed = re.findall(r'^    "[\w-]+(?:>=|\[).*$', text, re.MULTILINE)
    assert len(listed) == sum(map(len, every_requirement()))
    assert [line for line in listed if not re.search(r" # \S+ \S+", line)] == []


def every_requirement() -> list[list[str]]:
    return [project()["dependencies"], *project()["optional-dependencies"].values()]


def test_every_package_is_locked_and_the_lock_names_no_host():
    lines = read("constraints.txt").splitlines()
    assert {name_of(r) for list_ in every_requirement() for r in list_} <= {
        "course-utils",
        *map(name_of, lines),
    }
    assert [
        x for x in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+( ; .+)?", x)
    ] == []


# `.ci/run` may have put other packages in the place of the lock.
of_the_lock = pytest.mark.skipif(
    os.environ.get("COURSE_PACKAGES", "locked") != "locked",
    reason="these packages are not the lock's",
)


@of_the_lock
@pytest.mark.parametrize("package", ["pywinpty", "appnope", "pexpect", "colorama"])
def test_the_lock_is_for_every_system(package):
    assert re.search(rf"^{package}==.* ; ", read("constraints.txt"), re.MULTILINE)


# start.py: run as it is typed, in a process of its own


def said(*command: object, **settings: str) -> str:
    """What a program prints, both ways."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


def started(before: str, *arguments: str, where: Path = ROOT, **settings: str) -> str:
    """What start.py prints if `before` ran first and changed this Python."""
    code = (
        f"import runpy, sys\n{before}\nsys.argv[1:] = {list(arguments)}\n"
        f"runpy.run_path({str(where / 'start.py')!r}, run_name='__main__')"
    )
    return said(sys.executable, "-c", code, **settings)


@pytest.fixture
def copy(tmp_path):
    """The files that start.py reads, in a folder without .venv."""
    for name in ("start.py", "pyproject.toml", "constraints.txt", "README.md"):
        (tmp_path / name).write_text(read(name))
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils" / "__init__.py").touch()
    return tmp_path


# As if somebody pressed Ctrl+C while .venv is made.
CTRL_C = """
import subprocess
def run(*command, **settings):
    raise KeyboardInterrupt
subprocess.run = run
"""


def is_one_sentence(text: str) -> bool:
    return "Traceback" not in text and text.count("\n") == 1


def test_an_old_python_is_told_what_to_do():
    answer = started("sys.version_info = (3, 9, 2)")
    assert is_one_sentence(answer)
    assert "needs Python 3.11 or newer" in answer
    assert "install a newer one" in answer


def test_an_old_python_can_read_the_file_at_all():
    ast.parse(read("start.py"), feature_version=(3, 7))


def test_a_python_without_venv_is_told_what_to_install(copy):
    answer = started("sys.modules['ensurepip'] = None", where=copy)
    assert is_one_sentence(answer.split("slow line.\n")[1])
    assert "sudo apt install python3-venv" in answer


@pytest.mark.slow
def test_without_a_network_the_remedy_is_named(copy):
    nowhere = "http://127.0.0.1:9/simple"
    answer = started(
        "",
        where=copy,
        PIP_INDEX_URL=nowhere,
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_CONFIG_FILE=os.devnull,
        PIP_RETRIES="0",
    )
    assert is_one_sentence(answer.split("slow line.\n")[1])
    assert "connect to the network" in answer
    assert not (copy / ".venv" / "installed.txt").exists()


@pytest.mark.slow
def test_a_folder_of_wheels_that_does_not_fit_is_named(copy, tmp_path_factory):
    empty = str(tmp_path_factory.mktemp("wheels"))
    answer = started("", where=copy, PIP_NO_INDEX="1", PIP_FIND_LINKS=empty)
    assert is_one_sentence(answer.split("slow line.\n")[1])
    assert "the folder of wheels lacks one" in answer


def test_an_install_that_is_stopped_says_so_in_a_sentence(copy):
    answer = started(CTRL_C, where=copy)
    assert is_one_sentence(answer.split("slow line.\n")[1])
    assert "Run start.py again" in answer


def test_start_py_alone_asks_for_the_rest(tmp_path):
    (tmp_path / "start.py").write_text(read("start.py"))
    answer = started("", where=tmp_path)
    assert is_one_sentence(answer) and "not beside start.py" in answer


@pytest.mark.skipif(os.name == "nt", reason="no name there has one")
def test_a_folder_that_python_cannot_use_is_named(copy):
    there = copy.rename(copy.with_name("a:b"))
    answer = started("", where=there)
    assert is_one_sentence(answer) and "':' in it" in answer


def test_an_environment_of_something_else_is_left_alone(copy):
    (copy / ".venv").mkdir()
    (copy / ".venv" / "mine.txt").write_text("mine")
    answer = started("", where=copy)
    assert is_one_sentence(answer) and "was made by something else" in answer
    assert (copy / ".venv" / "mine.txt").exists()


def test_a_full_disk_is_named(copy):
    full = (
        "import shutil; shutil.disk_usage = lambda p: shutil._ntuple_diskusage(9,9,9)"
    )
    answer = started(full, where=copy)
    assert is_one_sentence(answer) and "make room" in answer


def test_a_folder_that_may_not_be_written_is_named(copy):
    (copy / ".venv").write_text("a file in the way")
    answer = started("", where=copy)
    assert "Traceback" not in answer
    assert "see that it may be written to" in answer


def test_what_is_typed_wrong_shows_the_three_commands():
    answer = started("", "tset")
    assert "got 'tset'" in answer
    assert "python start.py test" in answer
    assert "python start.py check" in answer
    assert "Traceback" not in answer


def test_a_link_to_nothing_is_named(copy):
    (copy / ".venv").symlink_to(copy / "gone")
    answer = started("", where=copy)
    assert is_one_sentence(answer) and "is a link to nothing" in answer


# start.py: what it decides. It must download nothing here, so what would (make_venv,
# fetch, run, failure) is written down instead, and only in what follows.


@pytest.fixture
def installs(copy, monkeypatch):
    """start.py in a copy, with what it would run written down instead."""
    monkeypatch.setattr(start, "HERE", copy)
    monkeypatch.setattr(start, "VENV", copy / ".venv")
    monkeypatch.setattr(start, "PYTHON", copy / ".venv" / "bin" / "python")
    (copy / "binder").mkdir()
    (copy / "binder" / "settings.json").write_text(read("binder/settings.json"))
    done = []

    def make_venv() -> None:
        done.append("venv")
        (copy / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        start.PYTHON.touch()

    monkeypatch.setattr(start, "make_venv", make_venv)
    monkeypatch.setattr(start, "fetch", lambda *packages: done.append(packages[-1]))
    return done


def test_the_second_start_installs_nothing(installs):
    start.install("[notebooks]")
    start.install("[notebooks]")
    assert installs == ["venv", ".[notebooks]"]


def test_the_tests_packages_are_added_once_and_stay(installs):
    start.install("[notebooks]")
    start.install("[notebooks,test]")
    start.install("[notebooks]")
    start.install("[notebooks,test]")
    assert installs == ["venv", ".[notebooks]", ".[notebooks,test]"]


def test_a_package_that_was_changed_or_removed_is_installed_again(installs, copy):
    site = copy / ".venv" / "lib" / "python3.11" / "site-packages"
    (site / "six-1.17.0.dist-info").mkdir(parents=True)
    (copy / ".venv" / "pyvenv.cfg").write_text("prompt = 'course'")
    start.install("[notebooks]")
    (site / "six-1.17.0.dist-info").rename(site / "six-1.16.0.dist-info")
    start.install("[notebooks]")
    start.install("[notebooks]")
    assert installs == ["venv", ".[notebooks]", ".[notebooks]"]


def test_a_python_that_was_removed_is_made_again(installs, copy):
    start.install("[notebooks]")
    start.PYTHON.unlink()
    start.install("[notebooks]")
    assert installs == ["venv", ".[notebooks]", "venv", ".[notebooks]"]


def test_a_new_lock_installs_again_in_the_same_venv(installs, copy):
    start.install("[notebooks]")
    (copy / "constraints.txt").write_text("six==1.17.0\n")
    start.install("[notebooks]")
    assert installs == ["venv", ".[notebooks]", ".[notebooks]"]


def test_another_python_gets_a_new_venv(installs, monkeypatch):
    start.install("[notebooks]")
    monkeypatch.setattr(sys, "version", "3.99.0 (main)")
    start.install("[notebooks]")
    assert installs == ["venv", ".[notebooks]", "venv", ".[notebooks]"]


def test_the_first_start_is_not_covered_by_jupyters_news(installs, copy):
    start.install("[notebooks]")
    settings = copy / ".venv/share/jupyter/lab/settings/overrides.json"
    assert '"fetchNews": "false"' in settings.read_text()


@pytest.fixture
def ran(monkeypatch):
    """The commands that start.py would run in front; all but the copy fail."""
    commands = []
    monkeypatch.setattr(start, "install", lambda extra: commands.append(extra))

    def run(*command: object) -> int:
        commands.append([str(word) for word in command[1:]])
        return 0 if start.COPY in command else 3

    monkeypatch.setattr(start, "run", run)
    return commands


def test_start_opens_notebook_1_and_passes_the_rest_on(ran, capsys):
    assert start.main(["--port", "9000"]) == 3
    assert ran == [
        "[notebooks]",
        ["-P", str(start.COPY)],
        ["-P", "-m", "jupyterlab", *start.LAB, "--port", "9000"],
    ]
    (address,) = (word for word in start.LAB if "default_url" in word)
    assert (ROOT / "notebooks" / Path(address).name).exists()
    assert "python start.py --port" in capsys.readouterr().out


def test_lab_opens_in_the_learners_own_copy():
    (root,) = (word for word in start.LAB if "root_dir" in word)
    assert root == f"--ServerApp.root_dir={working_copy.FOLDER}"
    ignored = (ROOT / ".gitignore").read_text("utf-8")
    assert f"\n{working_copy.FOLDER}/\n" in ignored


def test_reset_installs_nothing_and_passes_the_number_on(ran):
    assert start.main(["reset", "4"]) == 0
    assert ran == [["-P", str(start.COPY), "reset", "4"]]


def test_test_runs_pytest_and_passes_the_rest_on(ran):
    assert start.main(["test", "-q", "tests"]) == 3
    assert ran == ["[notebooks,test]", ["-m", "pytest", "-q", "tests"]]


ASTRAY = {
    "PYTHONPATH": "elsewhere",
    "JUPYTER_PATH": "elsewhere",
    "PYTHONOPTIMIZE": "2",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "https_proxy": "socks://127.0.0.1:9",
    "all_proxy": "ftp://127.0.0.1:9",
}


@pytest.mark.parametrize(("name", "value"), ASTRAY.items())
def test_what_a_shell_holds_for_others_leads_nothing_astray(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    assert start.surroundings().get(name, "") in ("", str(ROOT))
    code = f"import os, sys; sys.exit({name!r} in os.environ)"
    assert start.run(sys.executable, "-c", code) == (os.name == "nt")


def test_a_proxy_that_can_be_used_is_handed_on(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert start.surroundings()["HTTPS_PROXY"] == "http://127.0.0.1:9"


@pytest.mark.parametrize("name", start.TRACING)
def test_no_program_of_the_course_is_traced(name, monkeypatch):
    monkeypatch.setenv(name, "true")
    assert start.surroundings()[name] == "false"


def test_a_home_that_cannot_be_written_is_replaced(monkeypatch, copy):
    monkeypatch.setattr(start, "VENV", copy / ".venv")
    monkeypatch.setenv("HOME", "/nonexistent")
    home = Path(start.surroundings()["HOME"])
    assert home == copy / ".venv" / "home" and home.is_dir()


@pytest.mark.parametrize("name", start.JUPYTERS)
def test_a_folder_of_jupyters_that_cannot_be_written_is_left_out(name, monkeypatch):
    monkeypatch.setenv(name, str(ROOT / "start.py" / "below-a-file"))
    assert name not in start.surroundings()
    monkeypatch.setenv(name, str(ROOT / "not-there-yet"))
    assert name in start.surroundings()


def test_pip_shows_how_far_it_is_and_keeps_its_last_words(capsys):
    says = "print('Collecting a', 'Collecting b', 'oh no', sep=chr(10)); exit(1)"
    assert start.watched(sys.executable, "-c", says).endswith("oh no")
    assert capsys.readouterr().out == "... a\n... b\n"
    assert start.watched(sys.executable, "-c", "print('fine')") == ""
    assert (
        start.watched("/no/such/python") == "/no/such/python: No such file or directory"
    )


def test_pip_installs_into_the_environment_however_it_is_set(monkeypatch):
    monkeypatch.setenv("PIP_USER", "1")
    assert start.surroundings()["PIP_USER"] == "0"


def test_check_installs_nothing(ran):
    assert start.main(["check"]) == 3
    assert ran == [["-P", str(start.DOCTOR)]]


def test_uv_gets_the_work_and_pip_takes_over_where_it_fails(monkeypatch):
    tried = []

    def failure(*command: object) -> str:
        words = " ".join(map(str, command[1:]))
        tried.append(words)
        return "no such thing" if "uv" in words else ""

    monkeypatch.setattr(start, "failure", failure)
    monkeypatch.setattr(start, "watched", failure)
    start.fetch("-e", ".")
    assert tried == ["-m pip install uv", "-m pip install -e ."]


PIP_SAYS = {
    "Could not resolve host": "connect to the network",
    "ProxyError: Cannot connect to proxy": "HTTPS_PROXY",
    "SSLError: CERTIFICATE_VERIFY_FAILED": "PIP_CERT",
    "OSError: [Errno 28] No space left on device": "make room",
    "Can not perform a '--user' install": "pip config debug",
    "Cannot set --home and --prefix together": "pip config debug",
    "something else": "something else",
}


@pytest.mark.parametrize(("error", "told"), PIP_SAYS.items())
def test_an_installers_error_is_told_with_its_remedy(error, told, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    assert told in start.remedy(error)


# No test touches the network


@pytest.mark.filterwarnings("ignore:A test tried to use")
def test_a_test_cannot_reach_the_network():
    probe = socket.socket(type=socket.SOCK_DGRAM)
    with probe, pytest.raises(RuntimeError, match='host "192'):
        probe.connect(("192.0.2.1", 9))  # for UDP this would send nothing


def test_a_test_may_talk_to_this_machine():
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname(), timeout=5):
        pass
