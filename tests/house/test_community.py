"""What stands around the code is true: paths exist, commands are the README's."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.doors import links

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md")])
PAGES += sorted((ROOT / "docs").rglob("*.md"))


def read(path: str | Path) -> str:
    return (ROOT / path).read_text("utf-8")


def commands(workflow: Path) -> list[str]:
    """What a workflow runs."""
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.name))


@each_page
def test_what_a_page_links_to_is_there(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    missing = [x for x in links if "://" not in x and not (page.parent / x).exists()]
    assert missing == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_runs_what_a_person_types(workflow):
    known = (".ci/run", "python start.py", "sudo apt-get", "gh issue", "tests.doors")
    assert commands(workflow)
    for command in commands(workflow):
        assert any(word in command for word in known), command
        for script in re.findall(r"(?<!\S)(\.ci/\w+|\w+\.py)", command):
            assert (ROOT / script).exists(), script


def test_the_readmes_two_commands_are_run_on_every_system():
    tests = "\n".join(commands(ROOT / ".github/workflows/tests.yml"))
    block = r"^```\n(python start\.py.*)\n```"
    start, test = re.findall(block, read("README.md"), re.MULTILINE)
    assert start in tests and test in tests


def test_the_weekly_run_is_on_the_newest_packages():
    weekly = "\n".join(commands(ROOT / ".github/workflows/weekly.yml"))
    assert "COURSE_PACKAGES=newest" in weekly
    assert "COURSE_PACKAGES" in read(".ci/run")


def test_the_weekly_run_makes_the_page_of_forms_anew_and_tells_the_difference():
    assert "python -m tests.forms.page" in read(".ci/run")
    assert "docs/forms.md | tee" in read(".ci/run")
    told = commands(ROOT / ".github/workflows/weekly.yml")[-1]
    assert told.index("cat forms.diff") < told.index("gh issue create")


@pytest.mark.parametrize("form", FORMS, ids=lambda p: p.name)
def test_every_issue_form_asks_for_what_the_doctor_says(form):
    asked = yaml.safe_load(form.read_text("utf-8"))
    assert asked["name"] and asked["description"] and asked["body"]
    assert "python start.py check" in form.read_text("utf-8")


def test_versions_agree():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert yaml.safe_load(read("CITATION.cff"))["version"] == version
    assert f"\n## {version}\n" in read("CHANGELOG.md")
    assert links.version() == version


def test_every_python_that_is_promised_is_run():
    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    pythons = workflow["jobs"]["linux"]["strategy"]["matrix"]["python"]
    first, last = re.search(r"Python (3\.\d+) to (3\.\d+)", read("README.md")).groups()
    assert (pythons[0], pythons[-1]) == (first, last)


def test_a_hook_before_a_commit_runs_the_tools_of_the_house():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert hooks
    for hook in hooks:
        assert hook["entry"] in read("CONTRIBUTING.md") + read(".ci/run"), hook["entry"]


def test_a_devcontainer_installs_as_the_readme_does():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    assert container["postCreateCommand"].startswith("python start.py")


def test_scripts_keep_their_line_ends_wherever_they_are_cloned():
    attributes = read(".gitattributes")
    for script in (".ci/run", "binder/start", "binder/postBuild"):
        assert re.search(rf"^{re.escape(script)} .*eol=lf$", attributes, re.M)
        assert b"\r" not in (ROOT / script).read_bytes()


def test_no_file_of_the_repository_names_a_package_host():
    hosts = re.compile(r"pypi\.org|pythonhosted|npmjs\.(org|com)/|registry\.")
    files = [*PAGES, *WORKFLOWS, ROOT / "constraints.txt", ROOT / "pyproject.toml"]
    assert [str(f) for f in files if hosts.search(f.read_text("utf-8"))] == []


def test_the_files_on_one_tokens_way_are_there():
    rows = re.findall(r"^\| \d+ \|.*\| (.*) \|$", read("docs/one-token.md"), re.M)
    files = [file for row in rows for file in re.findall(r"`([\w/.]+)`", row)]
    assert len(files) > 20
    assert [file for file in files if not (ROOT / "course_utils" / file).exists()] == []
