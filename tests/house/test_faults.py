"""The table of faults names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "faults.md").read_text("utf-8")


def test_every_test_that_the_table_of_faults_names_is_there():
    named = re.findall(
        r"`(test_\w+)`", (ROOT / "docs" / "faults.md").read_text("utf-8")
    )
    files = (ROOT / "tests").rglob("test_*.py")
    sources = "".join(path.read_text("utf-8") for path in files)
    there = set(re.findall(r"def (test_\w+)", sources))
    assert named and not set(named) - there


def test_every_fault_has_a_row():
    for letter, last in {"A": 6, "B": 7, "C": 10, "D": 10, "E": 7}.items():
        for number in range(1, last + 1):
            assert f"\n| {letter}.{number} | " in TABLE
