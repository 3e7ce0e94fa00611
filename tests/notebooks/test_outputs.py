"""How outputs are made, tried on a small notebook with a kernel of its own."""

from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.notebooks.outputs import KERNEL, LANGUAGE, ROOT, WIDGET_VIEW, run, solved

CELLS = {
    "widget": "import ipywidgets\nipywidgets.HTML('words')",
    "prints": "print('one')\nprint('two')",
    "fails": "from course_utils.timing import measure\nmeasure(3)",
    "udp": (
        "import socket\n"
        "with socket.socket(type=socket.SOCK_DGRAM) as probe:\n"
        "    probe.connect(('192.0.2.1', 9))  # for UDP this sends nothing"
    ),
    "settings": (
        "import os\n"
        "[os.environ.get(name) for name in ('COURSE_SPEED', 'OPENAI_API_KEY')]"
    ),
}
MAY_FAIL = {"fails", "udp"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The cells of a small notebook after a run, by their ids."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "a learner's own")
        cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
        for cell in cells:
            if cell.id in MAY_FAIL:
                cell.metadata = {"tags": ["raises-exception"], "collapsed": True}
        notebook = new_notebook(cells=cells)
        run(notebook, speed=7, folder=tmp_path_factory.mktemp("notebooks"))
    return SimpleNamespace(
        metadata=notebook.metadata, **{cell.id: cell for cell in notebook.cells}
    )


def test_a_widget_leaves_its_text_and_no_view(ran):
    (output,) = ran.widget.outputs
    assert WIDGET_VIEW not in output.data
    assert output.data["text/plain"] == "HTML(value='words')"


def test_what_is_printed_is_one_output(ran):
    assert [output.text for output in ran.prints.outputs] == ["one\ntwo\n"]


def test_an_error_is_kept_without_the_folders_of_this_machine(ran):
    (output,) = ran.fails.outputs
    assert output.evalue.startswith("measure() needs a stream")
    trace = "".join(output.traceback)
    assert "course_utils/timing/stream_timing.py" in trace
    assert str(ROOT) not in trace


def test_a_notebook_cannot_reach_the_network(ran):
    (output,) = [one for one in ran.udp.outputs if one.output_type == "error"]
    assert output.ename == "SocketConnectBlockedError"


def test_a_notebook_knows_the_speed_but_no_key(ran):
    assert ran.settings.outputs[0].data["text/plain"] == "['7', None]"


def test_metadata_is_the_same_wherever_it_was_run(ran):
    assert ran.metadata == {"kernelspec": KERNEL, "language_info": LANGUAGE}
    assert ran.fails.metadata == {"tags": ["raises-exception"]}
    assert ran.prints.metadata == {}


def shout(text: str) -> str:
    """A solution with a name of its own."""
    return text.upper()


LESSON = SimpleNamespace(
    loud=SimpleNamespace(name="make_it_loud", solution_object=shout), other="a text"
)


def test_a_solution_takes_the_place_and_the_name_of_its_stub():
    stub = new_code_cell("def loud(text):\n    ...", id="make-it-loud")
    stub.metadata = {"tags": ["exercise"]}
    notebook = solved(new_notebook(cells=[stub]), LESSON)
    names: dict = {}
    exec(notebook.cells[0].source, names)
    assert names["loud"]("now") == "NOW"


def test_what_stands_around_a_stub_in_its_cell_stays():
    stub = new_code_cell("from x import y\n\ndef loud(text):\n    ...\n\ncheck(loud)")
    stub.update(id="make-it-loud", metadata={"tags": ["exercise"]})
    lines = solved(new_notebook(cells=[stub]), LESSON).cells[0].source.splitlines()
    assert lines[0] == "from x import y"
    assert lines[-2:] == ["loud = shout", "check(loud)"]


def test_a_stub_without_an_exercise_is_an_error():
    stub = new_code_cell("...", id="nobody-knows", metadata={"tags": ["exercise"]})
    with pytest.raises(KeyError, match="nobody-knows"):
        solved(new_notebook(cells=[stub]), LESSON)


def test_a_cell_without_the_tag_stays_as_it_is():
    cell = new_code_cell("loud = 1", id="make-it-loud")
    assert solved(new_notebook(cells=[cell]), LESSON).cells[0].source == "loud = 1"
