"""What will run, as text: dt.program and the plans of jit."""

from __future__ import annotations

from typing import Any

from ._core import Recorder, Recording
from ._pytree import Function, flatten, unflatten
from ._record import check_arrays, check_callable, name_of, wraps


class Listing(str):
    """Text that a Python prompt shows as it is.

    Attributes:
      region_count: fused blocks of elementwise operations the plan runs.
      peak_bytes: memory of a run in bytes, results included, arguments not.
    """

    region_count: int
    peak_bytes: int

    def __new__(cls, text: str, recording: Recording) -> Listing:
        self = super().__new__(cls, text)
        self.region_count = recording.region_count
        self.peak_bytes = recording.peak_bytes
        return self

    def __repr__(self) -> str:
        return str(self)


def program(fun: Function) -> Function:
    """Show what a function records.

    Args:
      fun: maps arrays to arrays; pytrees everywhere.
    Returns: a function of the same arguments that gives the recorded program as text (a `Listing`),
      one instruction a line.
    Cost: that of recording.

    >>> dt.program(lambda x: np.sin(x) * x)(np.ones(3))
    program(%0) -> (%2)
      %0 = input : float64[3]
      %1 = sin %0 : float64[3]
      %2 = multiply %1, %0 : float64[3]
    """
    check_callable("program", fun)
    what = "program of " + name_of(fun)

    def show(*args: Any, **kwargs: Any) -> Listing:
        leaves, treedef = flatten((args, kwargs))
        check_arrays(what, leaves, treedef)
        with Recorder(what) as recorder:
            args, kwargs = unflatten(treedef, [recorder.input(leaf) for leaf in leaves])
            outputs, out_treedef = flatten(fun(*args, **kwargs))
            check_arrays(what, outputs, out_treedef)
            recording = recorder.finish(outputs)
        return Listing(recording.program(), recording)

    return wraps(fun, show, "program")
