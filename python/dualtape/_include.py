"""Where a C++ user finds the headers."""

from __future__ import annotations

import os

from . import _core

_FOLDER = os.path.dirname(_core.__file__)  # not by pathlib, which takes as long to import as numpy/


def get_include() -> str:
    """The folder to put on the include path: it holds `dualtape/dualtape.hpp`.

    The headers need C++20 and Eigen 3.4, see docs/cpp.md.

    >>> import pathlib
    >>> (pathlib.Path(dt.get_include()) / "dualtape" / "dualtape.hpp").is_file()
    True
    """
    return os.path.join(_FOLDER, "include")


def get_cmake_dir() -> str:
    """The folder of the CMake package: `find_package(dualtape)` finds it by `dualtape_DIR`.

    >>> import pathlib
    >>> (pathlib.Path(dt.get_cmake_dir()) / "dualtapeConfig.cmake").is_file()
    True
    """
    return os.path.join(_FOLDER, "share", "cmake", "dualtape")
