"""No file gets a mark that it did not earn."""

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the grader runs on Linux only", allow_module_level=True)

from cheats import cheats

from scratchnoise.course.grading.grader import Grading, NotContained
from scratchnoise.course.grading.guard import MB, Limits


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    for student, text in cheats().items():
        (folder / student).mkdir()
        (folder / student / "01_softmax.py").write_text(text)
    try:
        with Grading(folder, ["01"], Limits(seconds=10, memory=512 * MB), jobs=2) as grading:
            if not grading.walls["namespaces"]:
                pytest.skip("without namespaces the library's source can be read, as the report says")
            return {row.student: row for row in grading.rows()}
    except NotContained as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", cheats())
@pytest.mark.slow
def test_a_cheat_earns_nothing(graded, name):
    row = graded[name]
    assert row.status != "passed" and row.passed == "", row
