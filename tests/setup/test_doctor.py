"""The doctor names what is wrong and what to do, and shows no secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import start
from course_utils.setup import doctor

ROOT = Path(start.__file__).parent


def said(**settings: str) -> str:
    """What `python start.py check` prints, under these variables."""
    words = [sys.executable, "-P", str(start.DOCTOR)]
    shell = {**os.environ, **settings}
    done = subprocess.run(words, cwd=ROOT, env=shell, capture_output=True, text=True)
    return done.stdout + done.stderr


def found(look) -> list[str]:
    return doctor._take(look())[0]


def saw(look) -> str:
    return doctor._take(look())[1]


def test_a_package_that_is_not_whole_is_told_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    (line,) = found(doctor._ports)
    assert "The course is not whole" in line and "delete .venv" in line


def test_a_disk_on_which_nothing_runs_is_named():
    error = ImportError("x.so: failed to map segment from shared object")
    assert "noexec" in doctor._whole_again(error)


@pytest.mark.parametrize("version", ["", "0.1"])
def test_while_a_package_is_missing_nothing_is_run_and_the_rest_is_looked_at(
    version, monkeypatch
):
    monkeypatch.setattr(doctor, "_version", lambda package: version)
    monkeypatch.setenv("PIP_CERT", "/no/such/file.pem")
    looks = {name: (wrong, seen) for name, wrong, seen in doctor.report()}
    assert looks.keys() == doctor.LOOKS.keys()
    told = looks["packages"][0]
    assert len(told) == (len(doctor._needed()) if version else 1)
    assert all("run python start.py" in line for line in told)
    assert "PIP_CERT" in looks["shell"][0][0]
    for name in ("widgets", "ports", "kernel"):
        assert looks[name] == ([], "not looked at: the packages come first")


@pytest.mark.parametrize("name", doctor.CERTIFICATES)
def test_a_certificate_that_is_not_there_is_named(name, monkeypatch):
    monkeypatch.setenv(name, "/no/such/file.pem")
    assert found(doctor._shell) == [
        f"{name} names /no/such/file.pem, which is not there: unset it."
    ]


@pytest.mark.parametrize("name", ["openai", "random"])
@pytest.mark.parametrize("folder", doctor.FOLDERS)
def test_a_file_that_hides_a_package_from_the_notebooks_is_named(
    name, folder, monkeypatch, tmp_path
):
    (tmp_path / folder).mkdir()
    for stem in (name, "my_notes"):
        (tmp_path / folder / f"{stem}.py").touch()
    monkeypatch.setattr(doctor, "HERE", tmp_path)
    assert found(doctor._shadows) == [
        f"{folder}/{name}.py hides the package {name}: rename it."
    ]


@pytest.mark.parametrize("name", [*doctor.PROXIES, *map(str.lower, doctor.PROXIES)])
def test_a_proxy_that_cannot_be_used_is_named(name, monkeypatch):
    monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    assert f"{name} names a proxy of socks5" in found(doctor._shell)[0]


SECRETS = [
    "http://ada:s3cret@proxy:80",
    "sk-s3cret-and-more",
    "token: s3cret",
    "PASSWORD=s3cret",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_secret_is_not_printed(text, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:s3cret@proxy:80")
    monkeypatch.setenv("SOME_API_KEY", text)
    told = saw(doctor._shell) + saw(doctor._keys) + doctor.masked(f"refused {text}")
    assert "s3cret" not in told
    assert "SOME_API_KEY" in told and "proxy:80" in told


@pytest.mark.parametrize("key", ["sk-1 ", "sk-1\n", '"sk-1"', "'sk-1'"])
def test_a_key_copied_with_what_stood_around_it_is_named(key, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    (line,) = found(doctor._keys)
    assert line.startswith("OPENAI_API_KEY") and "sk-1" not in line


@pytest.mark.parametrize("folder", ["OneDrive", "OneDrive - Acme", "Dropbox"])
def test_a_folder_that_is_synchronised_is_named(folder, monkeypatch, tmp_path):
    (tmp_path / folder / "course").mkdir(parents=True)
    monkeypatch.setattr(doctor, "HERE", tmp_path / folder / "course")
    assert "is synchronised" in found(doctor._place)[0]


@pytest.mark.parametrize("off", [{"anywidget": True}, ["anywidget"]])
def test_a_widget_that_a_configuration_disables_is_named(off, monkeypatch, tmp_path):
    page = tmp_path / "labconfig" / "page_config.json"
    page.parent.mkdir()
    page.write_text(json.dumps({"disabledExtensions": off}))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (line,) = found(doctor._widgets)
    assert str(page) in line and "jupyter labextension enable anywidget" in line


@pytest.mark.parametrize("text", ["", "[]", "{", '{"disabledExtensions": {}}'])
def test_a_configuration_that_says_nothing_is_passed_over(text, monkeypatch, tmp_path):
    page = tmp_path / "labconfig" / "page_config.json"
    page.parent.mkdir()
    page.write_text(text)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert found(doctor._widgets) == []


def test_files_of_your_own_that_jupyter_reads_are_shown(monkeypatch, tmp_path):
    startup = tmp_path / "profile_default" / "startup" / "10-mine.py"
    startup.parent.mkdir(parents=True)
    startup.touch()
    (tmp_path / "jupyter_server_config.py").touch()
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert "10-mine.py" in saw(doctor._configuration)
    assert "jupyter_server_config.py" in saw(doctor._configuration)


@pytest.mark.slow
def test_a_kernel_of_another_python_is_named(tmp_path):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [sys._base_executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "language": "python"}))
    answer = said(JUPYTER_PATH=str(tmp_path))
    assert "kernel of the notebooks" in answer
    assert "unset JUPYTER_PATH" in answer or "does not start" in answer


@pytest.mark.slow
def test_a_ready_machine_is_called_ready_whatever_a_start_up_file_prints(tmp_path):
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "10-loud.py").write_text("print('hello')")
    answer = said(IPYTHONDIR=str(tmp_path))
    # Old packages may warn after it.
    assert "\nready\n" in answer and "Traceback" not in answer
    assert "10-loud.py" in answer
