"""`pytest tutorials/exercises` checks every exercise as `scratchnoise check` does; untouched stubs are skipped."""

import re

import pytest

from scratchnoise.course import check_file

STUB = re.compile(r"\d\d_\w+\.py")


def pytest_collect_file(file_path, parent):
    """Stubs are no modules of tests: their names begin with a digit."""
    if STUB.fullmatch(file_path.name) and not parent.session.isinitpath(file_path):
        return ExerciseFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path, parent):
    """A stub that is named on the command line would be imported as a module of tests."""
    return ExerciseFile.from_parent(parent, path=module_path) if STUB.fullmatch(module_path.name) else None


class ExerciseFile(pytest.File):
    def collect(self):
        yield ExerciseItem.from_parent(self, name=self.path.stem)


class ExerciseItem(pytest.Item):
    def runtest(self):
        result = check_file(self.path, self.path.stem)
        if result.status == "not started":
            pytest.skip("not started")
        if result.status == "failed":
            raise ExerciseFailed(result.message)

    def repr_failure(self, excinfo):
        """The message for the student; a traceback would show the checks, not the exercise."""
        return str(excinfo.value) if excinfo.errisinstance(ExerciseFailed) else super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, 0, self.path.stem


class ExerciseFailed(Exception):
    """An exercise that does not pass; its text is for the student."""
