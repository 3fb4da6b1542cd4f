"""What a compiled function needs of memory."""

from __future__ import annotations

from dataclasses import dataclass

from ._core import Recording, memory_of


@dataclass(frozen=True)
class Memory:
    """Memory of one run of a compiled function, in bytes.

    Attributes:
      arguments: the arguments, as the run reads them.
      captured: arrays and numbers that the function reads from outside.
      results: the results.
      temporary: values kept between the steps of the run, residuals of a derivative among them;
        those that are not alive at the same time share memory.
      scratch: working space of a step for blocks that stay in the cache; each thread has its own.

    What matrix products and decompositions take for themselves is not counted.
    """

    arguments: int
    captured: int
    results: int
    temporary: int
    scratch: int

    @property
    def peak(self) -> int:
        """All together: what is alive at the end of a run."""
        return self.arguments + self.captured + self.results + self.temporary + self.scratch

    def __str__(self) -> str:
        parts = ("arguments", "captured", "results", "temporary", "scratch")
        listed = ", ".join(f"{name} {_in_words(getattr(self, name))}" for name in parts)
        return f"peak {_in_words(self.peak)}: {listed}"


def _in_words(count: int) -> str:
    """1.5 MB: powers of 1000, as sizes of arrays are counted."""
    if count < 1000:
        return f"{count} B"
    units = ("kB", "MB", "GB")
    scaled, unit = next(
        (count / 1000**k, unit)
        for k, unit in enumerate(units, start=1)
        if count < 999.95 * 1000**k or unit == units[-1]
    )
    return f"{scaled:.1f} {unit}"


def memory(recording: Recording) -> Memory:
    return Memory(*memory_of(recording))
