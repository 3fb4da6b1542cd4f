"""Tape: derivatives of outputs in inputs, both already computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import DerivativeError, Recorder, Recording, ShapeError, Tracer
from ._hessian import second_derivatives, tree_of_hessians
from ._jacobian import Mode
from ._pytree import PyTree, TreeDef, flatten, leaf_name, unflatten
from ._record import check_arrays, check_floating, check_real, check_tangents, types_of


class Tape:
    """A record of what is computed with the watched values, to differentiate any of it.

    Inside the `with` block NumPy works on traced values; a derivative taken there is traced again
    and can be differentiated itself. After the block the same methods give NumPy results, as often
    as wanted. `t.value` of a traced value shows its number at any time.

    Inputs of a derivative are watched values or anything computed from them on the tape; one that
    does not matter gets zeros. A tape owns copies of what was watched. Methods raise TypeError for
    inputs that are not of the tape, DerivativeError for integers.

    >>> with dt.Tape() as tape:
    ...     x = tape.watch(np.array(-2.0))
    ...     f = 2 * x**3
    ...     g = tape.grad(f, x)
    >>> g.value, tape.grad(f, x), tape.grad(g, x)
    (array(24.), array(24.), array(-24.))
    """

    def __init__(self) -> None:
        self._recorder = Recorder("tape", owns=True)

    def __enter__(self) -> Tape:
        self._recorder.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._recorder.__exit__(*error)

    def watch(self, tree: PyTree) -> PyTree:
        """Traced values in place of arrays.

        Args:
          tree: a float32 or float64 array or number, or a pytree of them; they are copied.
        Returns: the tree with a traced value for each leaf.
        Raises: DerivativeError for an integer or boolean leaf.

        >>> with dt.Tape() as tape:
        ...     w = tape.watch({"a": 1.0, "b": np.ones(2)})
        ...     y = w["a"] * w["b"].sum()
        >>> tape.grad(y, w)
        {'a': np.float64(2.0), 'b': array([1., 1.])}
        """
        leaves, treedef = flatten(tree)
        check_floating("tape.watch", "tree", leaves, treedef)
        return unflatten(treedef, [self._recorder.input(leaf) for leaf in leaves])

    def grad(self, outputs: PyTree, inputs: PyTree, cotangents: PyTree = None) -> PyTree:
        """Gradient of a scalar, or the pullback of cotangents: J^T @ cotangents.

        Args:
          outputs: traced values, pytrees allowed.
          inputs: values of the tape to differentiate in.
          cotangents: arrays structured like `outputs`; may be left out if every output has
            shape (), which stands for 1.0 each: the gradient of their sum.
        Returns: an array for each input, structured like `inputs`.
        Raises: ShapeError if cotangents are missing or of another shape.

        >>> with dt.Tape() as tape:
        ...     x = tape.watch(np.array([1.0, 2.0]))
        ...     y = x**2
        >>> tape.grad(y, x, np.array([1.0, 10.0]))
        array([ 2., 40.])
        """
        recording, out, treedef = self._snapshot("tape.grad", outputs, inputs)
        wrt = range(treedef.num_leaves)
        types = _output_types(recording)
        _check_floating_outputs("tape.grad", types, out, "f" if cotangents is None else "fc")
        if cotangents is None:
            for position, (shape, _) in enumerate(types):
                if shape != ():
                    raise ShapeError(
                        f"tape.grad: outputs{leaf_name(out, position)} must have shape (), got "
                        f"{shape}; give cotangents, or use tape.jacobian"
                    )
            if len(types) == 1:
                return unflatten(treedef, recording.grad(wrt).run())
            operands: list[Any] = [dtype.type(1) for _, dtype in types]
        else:
            operands = check_tangents("tape.grad", "cotangents", cotangents, out, types)
        _, pullback = recording.vjp(wrt)
        return unflatten(treedef, pullback(operands))

    def jvp(self, outputs: PyTree, inputs: PyTree, tangents: PyTree) -> PyTree:
        """Jacobian-vector product J @ tangents.

        Args:
          outputs: traced values, pytrees allowed.
          inputs: values of the tape to differentiate in.
          tangents: arrays structured like `inputs`.
        Returns: an array for each output, structured like `outputs`.

        >>> with dt.Tape() as tape:
        ...     x = tape.watch(3.0)
        ...     y = x * np.array([1.0, 2.0])
        >>> tape.jvp(y, x, 1.0)
        array([1., 2.])
        """
        recording, out, treedef = self._snapshot("tape.jvp", outputs, inputs)
        operands = _tangents("tape.jvp", tangents, inputs, treedef)
        values = recording.jvp(range(treedef.num_leaves), operands).run()
        return unflatten(out, values[out.num_leaves :])

    def hvp(self, output: Any, inputs: PyTree, tangents: PyTree) -> PyTree:
        """Hessian-vector product of a scalar, forward over reverse.

        Args:
          output: a traced value of shape ().
          inputs: values of the tape to differentiate in.
          tangents: arrays structured like `inputs`.
        Returns: an array for each input, structured like `inputs`.

        >>> with dt.Tape() as tape:
        ...     x = tape.watch(np.array([1.0, 2.0]))
        ...     y = (x**3).sum()
        >>> tape.hvp(y, x, np.array([1.0, 0.0]))
        array([6., 0.])
        """
        recording, out, treedef = self._snapshot("tape.hvp", output, inputs)
        _check_one_scalar("tape.hvp", recording, out)
        wrt = range(treedef.num_leaves)
        operands = _tangents("tape.hvp", tangents, inputs, treedef)
        values = recording.grad(wrt).jvp(wrt, operands).run()
        return unflatten(treedef, values[treedef.num_leaves :])

    def jacobian(self, outputs: PyTree, inputs: PyTree, mode: Mode = "reverse") -> PyTree:
        """Jacobian of each output in each input.

        Args:
          outputs: traced values, pytrees allowed.
          inputs: values of the tape to differentiate in.
          mode: "reverse", right for few entries of outputs, or "forward", for few of inputs.
        Returns: arrays of shape output.shape + input.shape: a tree of inputs in a tree of outputs.

        >>> with dt.Tape() as tape:
        ...     x = tape.watch(np.array([1.0, 2.0]))
        ...     y = x**2
        >>> tape.jacobian(y, x)
        array([[2., 0.],
               [0., 4.]])
        """
        if mode not in ("reverse", "forward"):
            raise ValueError(f"tape.jacobian: mode must be 'reverse' or 'forward', got {mode!r}")
        recording, out, treedef = self._snapshot("tape.jacobian", outputs, inputs)
        _check_floating_outputs("tape.jacobian", _output_types(recording), out, "fc")
        n = treedef.num_leaves
        values = recording.jacobian(range(n), mode).run()
        rows = [unflatten(treedef, values[k * n : (k + 1) * n]) for k in range(out.num_leaves)]
        return unflatten(out, rows)

    def hessian(self, outputs: PyTree, inputs: PyTree) -> PyTree:
        """Second derivatives of each output in each pair of inputs.

        Args:
          outputs: traced values, most often one of shape ().
          inputs: values of the tape to differentiate in.
        Returns: arrays of shape output.shape + a.shape + b.shape: a tree of b in a tree of a in a
          tree of outputs.

        >>> with dt.Tape() as tape:
        ...     x = tape.watch(np.array([1.0, 3.0]))
        ...     y = x[0] ** 2 * x[1]
        >>> tape.hessian(y, x)
        array([[6., 2.],
               [2., 0.]])
        """
        recording, out, treedef = self._snapshot("tape.hessian", outputs, inputs)
        _check_floating_outputs("tape.hessian", _output_types(recording), out)

        def structured(values: Sequence[Any]) -> PyTree:
            return unflatten(treedef, values)

        n = treedef.num_leaves
        values = second_derivatives(recording, range(n)).run()
        return tree_of_hessians(values, n, out, structured)

    def _snapshot(
        self, what: str, outputs: PyTree, inputs: PyTree
    ) -> tuple[Recording, TreeDef, TreeDef]:
        """The program from inputs to outputs, and their structures."""
        wrt, treedef = flatten(inputs)
        for position, leaf in enumerate(wrt):
            if not isinstance(leaf, Tracer):
                raise TypeError(
                    f"{what}: inputs{leaf_name(treedef, position)} must be a value of this tape "
                    f"(what tape.watch returned), got {type(leaf).__name__}"
                )
        check_floating(what, "inputs", wrt, treedef)
        if what in ("tape.jacobian", "tape.hessian"):
            check_real(what, wrt)
        leaves, out = flatten(outputs)
        check_arrays(what, leaves, out)
        return self._recorder.snapshot(leaves, wrt), out, treedef


def _tangents(what: str, tangents: PyTree, inputs: PyTree, treedef: TreeDef) -> list[Any]:
    return check_tangents(what, "tangents", tangents, treedef, types_of(flatten(inputs)[0]))


def _output_types(recording: Recording) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
    return [recording.output_type(k) for k in range(recording.n_outputs)]


def _check_floating_outputs(
    what: str,
    types: Sequence[tuple[tuple[int, ...], np.dtype[Any]]],
    treedef: TreeDef,
    kinds: str = "f",
) -> None:
    for position, (_, dtype) in enumerate(types):
        if dtype.kind not in kinds:
            path = leaf_name(treedef, position)
            raise DerivativeError(f"{what}: outputs{path} must be float32 or float64, got {dtype}")


def _check_one_scalar(what: str, recording: Recording, treedef: TreeDef) -> None:
    types = _output_types(recording)
    if len(types) != 1:
        raise TypeError(f"{what}: output must be one value, got {treedef}")
    if types[0][0] != ():
        raise ShapeError(f"{what}: output must have shape (), got {types[0][0]}")
    _check_floating_outputs(what, types, treedef)
