"""`python -m dualtape`: what a build of C++ code asks."""

from __future__ import annotations

import argparse

from . import __version__, get_cmake_dir, get_include


def main() -> None:
    """Print a folder or a compiler flag to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m dualtape", description="Where the C++ headers of dualtape are."
    )
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--includes", action="store_true", help="include flag for a C++ compiler")
    group.add_argument("--cmakedir", action="store_true", help="value for CMake's dualtape_DIR")
    group.add_argument("--version", action="version", version=__version__)
    arguments = parser.parse_args()
    print(f"-I{get_include()}" if arguments.includes else get_cmake_dir())


if __name__ == "__main__":
    main()
