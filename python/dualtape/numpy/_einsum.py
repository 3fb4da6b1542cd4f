"""einsum, as transposes, matrix products and sums in the order of NumPy's contraction path."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from .._core import ShapeError
from .._record import dtype_of
from ._dispatch import composite

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(np.shape(x))


def _from_sublists(args: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """einsum(x, [0, 1], y, [1, 2], [0, 2]) as einsum("ab,bc->ac", x, y)."""
    operands = list(args[: len(args) // 2 * 2 : 2])
    sublists = list(args[1::2])
    labels = sorted(
        {
            k
            for sublist in [*sublists, *args[len(operands) * 2 :]]
            for k in sublist
            if k is not Ellipsis
        }
    )
    letter = dict(zip(labels, _LETTERS, strict=False))

    def text(sublist: Sequence[Any]) -> str:
        return "".join("..." if k is Ellipsis else letter[k] for k in sublist)

    subscripts = ",".join(map(text, sublists))
    if len(args) % 2:
        subscripts += "->" + text(args[-1])
    return subscripts, operands


def _parse(subscripts: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """Labels of each operand and of the result, the ellipsis spelt out."""
    inputs_text, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = inputs_text.split(",")
    if len(inputs) != len(operands):
        raise ValueError(
            f"einsum: {subscripts!r} must have one operand for each of its {len(inputs)} terms, "
            f"got {len(operands)}"
        )
    free = [letter for letter in _LETTERS if letter not in subscripts]
    widths = []
    for term, x in zip(inputs, operands, strict=True):
        named = len(term.replace("...", ""))
        width = len(_shape(x)) - named
        if width < 0 or (width > 0 and "..." not in term):
            raise ShapeError(
                f"einsum: operand of term {term!r} must have {named} axes, got shape {_shape(x)}"
            )
        widths.append(width if "..." in term else 0)
    widest = max(widths, default=0)
    dots = "".join(free[:widest])
    terms = [
        term.replace("...", dots[widest - width :])
        for term, width in zip(inputs, widths, strict=True)
    ]
    if not arrow:
        joined = inputs_text.replace(",", "").replace("...", "")
        output = "..." + "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    output = output.replace("...", dots)
    unknown = set("".join([*terms, output])) - set(_LETTERS)
    if unknown or len(set(output)) < len(output) or set(output) - set("".join(terms)):
        raise ValueError(f"einsum: {subscripts!r} is not a valid specification")
    return terms, output


def _diagonals(x: Any, labels: str) -> tuple[Any, str]:
    """Each repeated label becomes one axis along the diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            shape = _shape(x)
            if shape[first] != shape[second]:
                raise ShapeError(
                    f"einsum: axes of label {label!r} must have one length, got shape {shape}"
                )
            x = np.diagonal(x, axis1=first, axis2=second)
            labels = "".join(c for k, c in enumerate(labels) if k not in (first, second)) + label
    return x, labels


def _sum_out(x: Any, labels: str, keep: set[str]) -> tuple[Any, str]:
    axes = tuple(k for k, label in enumerate(labels) if label not in keep)
    if not axes:
        return x, labels
    return np.sum(x, axis=axes), "".join(label for label in labels if label in keep)


def _drop_ones(x: Any, labels: str, sizes: dict[str, int]) -> tuple[Any, str]:
    """Axes of length one whose label is longer elsewhere broadcast: they need no axis."""
    shape = _shape(x)
    axes = tuple(k for k, c in enumerate(labels) if shape[k] == 1 and sizes[c] != 1)
    if not axes:
        return x, labels
    return np.squeeze(x, axis=axes), "".join(c for k, c in enumerate(labels) if k not in axes)


def _arrange(x: Any, labels: str, order: str) -> Any:
    """Axes in the order of `order`; a label x lacks gets an axis of length one."""
    present = [label for label in order if label in labels]
    axes = [labels.index(label) for label in present]
    if axes != list(range(len(axes))):
        x = np.transpose(x, axes)
    if len(present) < len(order):
        shape = iter(_shape(x))
        x = np.reshape(x, tuple(next(shape) if label in labels else 1 for label in order))
    return x


def _pair(a: Any, a_labels: str, b: Any, b_labels: str, keep: set[str]) -> tuple[Any, str]:
    """Product of two operands, summed over what nobody else wants."""
    a, a_labels = _sum_out(a, a_labels, keep | set(b_labels))
    b, b_labels = _sum_out(b, b_labels, keep | set(a_labels))
    shared = [label for label in a_labels if label in b_labels]
    batch = "".join(label for label in shared if label in keep)
    contracted = "".join(label for label in shared if label not in keep)
    a_free = "".join(label for label in a_labels if label not in b_labels)
    b_free = "".join(label for label in b_labels if label not in a_labels)
    result = batch + a_free + b_free
    if not contracted:
        return _arrange(a, a_labels, result) * _arrange(b, b_labels, result), result
    a = _arrange(a, a_labels, batch + a_free + contracted)
    b = _arrange(b, b_labels, batch + contracted + b_free)
    n, m = len(batch), len(contracted)
    a_shape, b_shape = _shape(a), _shape(b)
    batch_shape = a_shape[:n]
    rows = a_shape[n : len(a_shape) - m]
    columns = b_shape[n + m :]
    inner = prod(b_shape[n : n + m])
    matrix_a = np.reshape(a, (*batch_shape, prod(rows), inner))
    matrix_b = np.reshape(b, (*batch_shape, inner, prod(columns)))
    product = np.matmul(matrix_a, matrix_b)
    return np.reshape(product, (*batch_shape, *rows, *columns)), result


def _sizes(terms: Sequence[str], operands: Sequence[Any]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, x in zip(terms, operands, strict=True):
        for label, n in zip(term, _shape(x), strict=True):
            known = sizes.setdefault(label, n)
            if known == 1:
                sizes[label] = n
            elif n not in (1, known):
                raise ShapeError(
                    f"einsum: axes of label {label!r} must have one length, got {known} and {n}"
                )
    return sizes


def _path(terms: Sequence[str], output: str, operands: Sequence[Any]) -> list[tuple[int, ...]]:
    if len(operands) <= 2:
        return [tuple(range(len(operands)))]
    # Only shapes matter: views of one number stand for the operands.
    stand_ins = [np.broadcast_to(0.0, _shape(x)) for x in operands]
    path, _ = np.einsum_path(",".join(terms) + "->" + output, *stand_ins, optimize="greedy")
    return list(path[1:])


@composite(np.einsum)
def einsum(
    *operands: Any, out: None = None, optimize: Any = False, dtype: Any = None, **kwargs: Any
) -> Any:
    if out is not None or kwargs:
        given = ", ".join(kwargs) or "out"
        raise TypeError(f"einsum: {given} has no meaning for traced values")
    if isinstance(operands[0], str):
        subscripts, arrays = operands[0], list(operands[1:])
    else:
        subscripts, arrays = _from_sublists(operands)
    terms, output = _parse(subscripts, arrays)
    common = np.dtype(dtype) if dtype is not None else np.result_type(*map(dtype_of, arrays))
    sizes = _sizes(terms, arrays)
    live: list[tuple[Any, str]] = []
    for x, term in zip(arrays, terms, strict=True):
        live.append(_drop_ones(*_diagonals(x, term), sizes))
    for step in _path(terms, output, arrays):
        # NumPy's path removes the named operands and appends their product.
        chosen = [live[k] for k in step]
        live = [pair for k, pair in enumerate(live) if k not in step]
        keep = set(output).union(*(labels for _, labels in live))
        x, labels = chosen[0]
        for k, (y, y_labels) in enumerate(chosen[1:], start=2):
            later = keep.union(*(rest for _, rest in chosen[k:]))
            x, labels = _pair(x, labels, y, y_labels, later)
        live.append(_sum_out(x, labels, keep))
    x, labels = live[0]
    x = _arrange(x, labels, output)
    shape = tuple(sizes[label] for label in output)
    if _shape(x) != shape:
        x = np.broadcast_to(x, shape)
    x = x if x.dtype == common else x.astype(common)
    return x if output else x[()]  # NumPy gives a scalar here, too.
