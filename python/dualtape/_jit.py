"""jit: record once, run many times, with the branches Python took checked at every call."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from ._core import Branches, JitCall, Recorder, Recording, Tracer
from ._listing import Listing
from ._memory import Memory, memory
from ._pytree import LEAF, Function, PyTree, TreeDef, flatten, leaf_name, unflatten
from ._record import ABSENT, check_callable, name_of

# Recordings one jitted function keeps; each holds a program, its plan is in the plan cache.
MAX_RECORDINGS = 64


class Entry(NamedTuple):
    """One recording: what Python was told at each guard, and how the results are structured."""

    recording: Recording
    outcomes: tuple[int, ...]
    template: list[Any]
    traced: list[int]
    treedef: TreeDef

    def fill(self, values: Sequence[Any]) -> PyTree:
        """Results that were not traced are Python objects fixed at recording."""
        if self.treedef is LEAF and self.traced:
            return values[0]
        leaves = list(self.template)
        for k, value in zip(self.traced, values, strict=False):
            leaves[k] = value
        return unflatten(self.treedef, leaves)


class Call(NamedTuple):
    """The arguments of one call: traced leaves, and the rest by value."""

    leaves: list[Any]
    treedef: TreeDef
    static: tuple[tuple[int | str, Any], ...]
    n_args: int

    def arguments(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        free, kwargs = unflatten(self.treedef, leaves)
        named = dict(self.static)
        rest = iter(free)
        args = tuple(named[k] if k in named else next(rest) for k in range(self.n_args))
        kwargs = {**kwargs, **{k: v for k, v in self.static if isinstance(k, str)}}
        return args, kwargs

    def key(self) -> tuple[Any, ...]:
        # 1, 1.0 and True are equal but do not make equal recordings.
        static_types = tuple(type(value) for _, value in self.static)
        leaf_types = tuple(map(_leaf_type, self.leaves))
        return self.treedef, self.static, static_types, self.n_args, leaf_types


def _leaf_type(leaf: Any) -> Any:
    kind = type(leaf)
    # The byte order is left out: a recording converts it.
    return (kind, leaf.dtype.num, leaf.shape) if isinstance(leaf, np.ndarray) else kind


class _Signature:
    """All recordings made for arguments of one structure and type."""

    __slots__ = ("branches", "entries", "overflown")

    def __init__(self) -> None:
        self.branches = Branches()  # the entries as a call finds them
        self.entries: list[Entry] = []
        self.overflown = False


class Jitted(JitCall):
    """A function made by `jit`.

    Calls with arguments of known types run in the compiled base; `_miss` gets all others.
    """

    __qualname__: str

    def __init__(
        self,
        fun: Function,
        static_positions: frozenset[int],
        static_names: frozenset[str],
        check: bool,
    ) -> None:
        self._wrap(fun, static_positions, static_names)
        self._fun = fun
        self._what = "jit of " + name_of(fun)
        self._static_positions = static_positions
        self._static_names = static_names
        self._check = check
        self._signatures: OrderedDict[tuple[Any, ...], _Signature] = OrderedDict()
        self._lock = threading.RLock()
        functools.update_wrapper(self, fun, updated=())

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # As a function: found again by its name, and never copied.

    def _miss(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = self._split(args, kwargs)
        if Tracer in map(type, call.leaves):
            return self._fun(*args, **kwargs)
        signature = self._signature(call)
        if signature.overflown:
            return self._unrecorded(args, kwargs)
        found = signature.branches.replay(call.leaves)
        if found is None:
            entry = self._record(call)
            values = entry.recording.run()
            if Tracer in map(type, values):  # It reads a value of an outer recording.
                return entry.fill(values)
            entry.recording.forget_arguments()
            self._add(signature, entry)
        else:
            entry, values = found
        if self._check:
            self._compare(call, entry, values)
        else:
            self._remember(args, kwargs, signature.branches)
        return entry.fill(values)

    def _unrecorded(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a call past the bound on recordings gives."""
        return self._fun(*args, **kwargs)

    def plan(self, *args: Any, **kwargs: Any) -> Listing:
        """The plan that a call with these arguments runs, as text."""
        recording = self._entry(args, kwargs).recording
        return Listing(recording.plan(), recording)

    def program(self, *args: Any, **kwargs: Any) -> Listing:
        """The program that a call with these arguments runs, as text."""
        recording = self._entry(args, kwargs).recording
        return Listing(recording.program(), recording)

    def memory(self, *args: Any, **kwargs: Any) -> Memory:
        """The memory that a call with these arguments takes.

        >>> f = dt.jit(dt.grad(lambda x: np.sum(np.sin(x) ** 2)))
        >>> m = f.memory(np.ones(1000))
        >>> m.arguments, m.results
        (8000, 8000)
        """
        return memory(self._entry(args, kwargs).recording)

    def _entry(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        call = self._split(args, kwargs)
        found = self._signature(call).branches.replay(call.leaves)
        return self._record(call) if found is None else found[0]

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        if not self._static_positions and not self._static_names:
            leaves, treedef = flatten((args, kwargs))
            return Call(leaves, treedef, (), len(args))
        n = len(args)
        fixed = {k % n for k in self._static_positions if -n <= k < n}
        static: list[tuple[int | str, Any]] = [(k, args[k]) for k in sorted(fixed)]
        static += sorted((name, kwargs[name]) for name in self._static_names & kwargs.keys())
        for name, value in static:
            try:
                hash(value)
            except TypeError:
                raise TypeError(
                    f"{self._what}: static argument {name} must be hashable, "
                    f"got {type(value).__name__}"
                ) from None
        free = tuple(arg for k, arg in enumerate(args) if k not in fixed)
        named = {name: x for name, x in kwargs.items() if name not in self._static_names}
        leaves, treedef = flatten((free, named))
        return Call(leaves, treedef, tuple(static), n)

    def _signature(self, call: Call) -> _Signature:
        key = call.key()
        signature = self._signatures.get(key)
        if signature is None:
            self._check_leaves(call)
            with self._lock:
                signature = self._signatures.setdefault(key, _Signature())
        return signature

    def _check_leaves(self, call: Call) -> None:
        for position, leaf in enumerate(call.leaves):
            if not isinstance(leaf, np.ndarray | np.generic | bool | int | float | complex):
                path = leaf_name(call.treedef, position)[3:]
                raise TypeError(
                    f"{self._what}: argument{path} must be an array or a number, got "
                    f"{type(leaf).__name__}; name it in static_argnums or static_argnames"
                )

    def _record(self, call: Call) -> Entry:
        """Run the Python function on traced values; each branch it takes is noted."""
        with Recorder(self._what, guards=True) as recorder:
            args, kwargs = call.arguments([recorder.input(leaf) for leaf in call.leaves])
            template, treedef = flatten(self._fun(*args, **kwargs))
            self._check_results(template, treedef)
            traced = [k for k, x in enumerate(template) if isinstance(x, Tracer | np.ndarray)]
            guards = recorder.guards
            outputs = [template[k] for k in traced]
            recording = recorder.finish([*outputs, *(tracer for tracer, _ in guards)])
        for k in traced:
            template[k] = None  # A tracer would keep its recording alive.
        return Entry(recording, tuple(int(x) for _, x in guards), template, traced, treedef)

    def _check_results(self, leaves: Sequence[Any], treedef: TreeDef) -> None:
        """Results are arrays, or values that nobody can change until the next call."""
        for position, leaf in enumerate(leaves):
            if not isinstance(leaf, Tracer | np.ndarray | np.generic | complex | float | int | str):
                path = leaf_name(treedef, position)
                raise TypeError(
                    f"{self._what}: result{path} must be an array, a number or a string, got "
                    f"{type(leaf).__name__}"
                )

    def _add(self, signature: _Signature, entry: Entry) -> None:
        with self._lock:
            known = [old for old in signature.entries if old.outcomes == entry.outcomes]
            if known:
                return
            if len(signature.entries) == MAX_RECORDINGS:
                signature.overflown = True
                signature.entries.clear()
                signature.branches.clear()
                warnings.warn(
                    f"{self._what}: took more than {MAX_RECORDINGS} different ways through its "
                    "branches and loops; it runs without jit from now on for arguments of these "
                    "types",
                    RuntimeWarning,
                    stacklevel=3,
                )
                return
            signature.entries.append(entry)
            recording, outcomes, template, traced, treedef = entry
            signature.branches.add(entry, recording, outcomes, template, traced, treedef)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Keep the number of recordings bounded over all types of arguments, too."""
        while sum(len(s.entries) for s in self._signatures.values()) > 4 * MAX_RECORDINGS:
            self._signatures.popitem(last=False)
            self._forget()

    def _compare(self, call: Call, entry: Entry, values: Sequence[Any]) -> None:
        """check=True: the recording must be what the function would record now."""
        fresh = self._record(call)
        old_program, new_program = entry.recording.program(), fresh.recording.program()
        if fresh.outcomes != entry.outcomes or old_program != new_program:
            raise RuntimeError(
                f"{self._what}: check=True: the recording is stale, the function now records "
                "another program; it depends on something that is not an argument"
            )
        again = fresh.recording.run()
        for k, (old, new) in enumerate(zip(values, again, strict=True)):
            if not np.array_equal(old, new, equal_nan=np.asarray(new).dtype.kind in "fc"):
                raise RuntimeError(
                    f"{self._what}: check=True: the recording is stale, result {k} must be {new}, "
                    f"got {old}; the function depends on something that is not an argument"
                )
        fixed = [(a, b) for a, b in zip(entry.template, fresh.template, strict=True) if a is not b]
        if any(a != b for a, b in fixed):
            raise RuntimeError(f"{self._what}: check=True: the recording is stale, got {fixed[0]}")


def _static(
    fun: Function, argnums: int | Iterable[int] | None, argnames: str | Iterable[str] | None
) -> tuple[frozenset[int], frozenset[str]]:
    """Static arguments by position and by name; the signature tells one from the other."""
    numbers = {argnums} if isinstance(argnums, int) else set(argnums or ())
    names = {argnames} if isinstance(argnames, str) else set(argnames or ())
    if not all(isinstance(n, int) for n in numbers):
        raise TypeError(f"jit: static_argnums must be ints, got {argnums!r}")
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"jit: static_argnames must be strings, got {argnames!r}")
    if not numbers and not names:
        return frozenset(), frozenset()
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return frozenset(numbers), frozenset(names)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p.name for p in parameters if p.kind in kinds]
    known = {p.name for p in parameters}
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters) and names - known:
        raise ValueError(
            f"jit of {name_of(fun)}: static_argnames must name parameters {sorted(known)}, "
            f"got {sorted(names - known)}"
        )
    by_number = {positional[n] for n in numbers if -len(positional) <= n < len(positional)}
    by_name = {positional.index(name) for name in names if name in positional}
    return frozenset(numbers | by_name), frozenset(names | by_number)


@overload
def jit(
    fun: Function,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    *,
    check: bool = False,
) -> Jitted: ...


@overload
def jit(
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    check: bool = False,
) -> Callable[[Function], Jitted]: ...


def jit(
    fun: Any = ABSENT,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Iterable[str] | None = None,
    *,
    check: bool = False,
) -> Jitted | Callable[[Function], Jitted]:
    """Record a function once and run the recording at later calls, without Python.

    A call records anew when the structure, shapes or dtypes of the arguments change, or a static
    argument; and when a Python `if`, `while` or `range` on a traced value would go another way than
    in all recordings so far: every such decision is checked at every call.

    Args:
      fun: maps arrays and numbers to arrays; pytrees everywhere. Left out, as in
        `@dt.jit(static_argnums=1)`, it is the function that follows.
      static_argnums, static_argnames: arguments that are passed as they are, by position or name;
        they must be hashable, and each value has recordings of its own.
      check: compare every call with a fresh recording, structure and results, and raise
        RuntimeError if they differ: for finding what a function depends on beside its arguments.
    Returns: a function of the same arguments. Its `plan(*args)` and `program(*args)` show what will
      run, its `memory(*args)` what memory that takes. Arrays that `fun` captures are read afresh at
      each call; rebound names, Python numbers from outside, random numbers drawn inside, and what
      NumPy works out from captured arrays alone are fixed at recording. Inside another recording it
      just calls `fun`.
    Raises: TypeError for arguments that are neither arrays nor numbers nor static;
      ConcreteValueError for `t.value` inside. Warns once, and runs without jit, after 64 recordings
      for arguments of one type.
    Cost: about half a microsecond a call beyond the arithmetic, 0.05 us for each further leaf of a
      list or dict.

    >>> @dt.jit
    ... def halvings(x):
    ...     n = 0
    ...     while x > 1.0:
    ...         x, n = x / 2, n + 1
    ...     return x, n
    >>> halvings(5.0), halvings(20.0)
    ((np.float64(0.625), 3), (np.float64(0.625), 5))
    """
    if fun is ABSENT:
        return functools.partial(
            jit, static_argnums=static_argnums, static_argnames=static_argnames, check=check
        )
    check_callable("jit", fun)
    static_positions, static_names = _static(fun, static_argnums, static_argnames)
    return Jitted(fun, static_positions, static_names, check)
