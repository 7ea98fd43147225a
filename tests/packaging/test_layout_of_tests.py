"""The tests lie as the tree lies: who looks for a room's tests finds them in the folder of its name."""

import sys
from pathlib import PurePosixPath

from tools.secrets_scan import ROOT, tracked

UNIT = PurePosixPath("tests/unit")
FILES = [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in tracked()]


def folders(paths):
    """All folders that hold Python modules, at whatever depth."""
    return {folder for path in paths if path.suffix == ".py" for folder in path.parents}


def strays(paths):
    """The folders of unit tests that are no folders of the tree."""
    mirrored = {folder.relative_to(UNIT) for folder in folders(paths) if folder.is_relative_to(UNIT)}
    return sorted(str(folder) for folder in mirrored - folders(paths))


def test_each_folder_of_unit_tests_is_a_folder_of_the_tree():
    assert strays(FILES) == []


def test_a_folder_that_mirrors_nothing_is_named():
    told = ["agent/lane/loop.py", "tests/unit/agent/lane/test_loop.py", "tests/unit/agent/lorry/deep/test_axle.py"]
    assert strays([PurePosixPath(path) for path in told]) == ["agent/lorry", "agent/lorry/deep"]


def test_all_that_lies_beside_unit_tests_is_collected_or_shared():
    modules = [path for path in FILES if path.is_relative_to(UNIT) and path.suffix == ".py"]
    assert len(modules) > 300
    assert [str(path) for path in modules if not path.name.startswith("test_") and path.name != "conftest.py"] == []


def shadows(paths):
    """The packages right below `tests` that a part of Python has the name of: pytest would import them in its place."""
    packages = {path.parent for path in paths if path.name == "__init__.py" and path.parent.parent.name == "tests"}
    return sorted(package.name for package in packages if package.name in sys.stdlib_module_names)


def test_no_package_of_tests_stands_in_for_a_part_of_python():
    assert shadows(FILES) == []


def test_a_package_that_does_is_named():
    assert shadows([PurePosixPath("tests/site/__init__.py"), PurePosixPath("tests/fleet/__init__.py")]) == ["site"]
