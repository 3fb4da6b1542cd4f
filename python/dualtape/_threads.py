"""How many threads a run may use."""

from __future__ import annotations

from . import _core


def set_num_threads(n: int) -> None:
    """Let each run use up to n threads, in the whole process, from the next call on.

    Args:
      n: 1 to 256. Without this call: the environment's DUALTAPE_NUM_THREADS, else the CPUs this
        process may run on.
    Raises: ValueError for other numbers.

    Threads share the large steps of a run; a small function always runs on its caller's thread.
    Results have the same bits for any number of threads. Calls from several Python threads at once
    are fine: one of them shares its steps, the others run on their own thread.

    >>> before = dt.get_num_threads()
    >>> dt.set_num_threads(2)
    >>> dt.get_num_threads()
    2
    >>> dt.set_num_threads(before)
    """
    _core.set_num_threads(n)


def get_num_threads() -> int:
    """Threads that a run may use: see `set_num_threads`."""
    return _core.get_num_threads()
