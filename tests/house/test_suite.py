"""How the tests are run: the whole suite on all cores, a part of it as it is."""

import os
import re
import subprocess
import sys

import pytest

from tests.notebooks.outputs import ROOT

TESTPATHS = pytest.Config.ArgsSource.TESTPATHS
ARGS = pytest.Config.ArgsSource.ARGS


class Options:
    """What of pytest's options the sharing looks at, and what it sets."""

    def __init__(self, numprocesses: int | None = None, usepdb: bool = False) -> None:
        self.numprocesses = numprocesses
        self.usepdb = usepdb
        self.dist = "no"


def shared(source: object, options: Options) -> tuple[int | None, str]:
    """How many processes the tests get, and what is kept together."""
    import conftest

    config = type("Config", (), {"args_source": source, "option": options})
    conftest.pytest_cmdline_main(config)
    return options.numprocesses, options.dist


def test_the_whole_suite_is_shared_out_by_files():
    cores = min(os.cpu_count() or 1, 4)
    assert shared(TESTPATHS, Options()) == (cores, "loadfile")


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (ARGS, Options()),  # python start.py test tests/test_clock.py
        (TESTPATHS, Options(numprocesses=0)),  # ... -n 0
        (TESTPATHS, Options(usepdb=True)),  # ... --pdb
    ],
)
def test_a_part_or_a_run_with_its_own_number_is_left_alone(source, options):
    before = options.numprocesses
    assert shared(source, options) == (before, "no")


def test_no_test_is_named_by_where_an_object_lies(request):
    """Each process has other addresses, and they must agree on the tests."""
    named = [item.nodeid for item in request.session.items]
    assert [name for name in named if re.search(r"0x[0-9a-f]{8}", name)] == []


@pytest.mark.slow
def test_a_process_that_runs_a_share_does_not_share_it_out_again(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text("utf-8"))
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = t\n")
    (tmp_path / "t").mkdir()
    for name in "ab":
        (tmp_path / "t" / f"test_{name}.py").write_text(NAMES_ITSELF)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:langsmith_plugin"]
    surroundings = {k: v for k, v in os.environ.items() if "PYTEST" not in k}
    subprocess.run(command, cwd=tmp_path, env=surroundings, check=True, timeout=120)
    cores = min(os.cpu_count() or 1, 4)
    found = {file.read_text() for file in (tmp_path / "t").glob("*.worker")}
    assert found <= {f"gw{number}" for number in range(cores)}
    assert found


NAMES_ITSELF = """\
import os
from pathlib import Path

def test_it():
    Path(__file__).with_suffix(".worker").write_text(os.environ["PYTEST_XDIST_WORKER"])
"""
