"""Options and companions of jacobian and hessian: values beside them, flat matrices, chunks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from counted import counted
from layered import W, X, columns, layers

import dualtape as dt

JACOBIANS = [dt.jacfwd, dt.jacrev, dt.jacobian]


# ---------------------------------------------------------------- in one sweep


def test_value_and_jacobian_calls_the_function_once():
    fun = counted(layers)
    value, jacobian = dt.value_and_jacobian(fun)(X)
    assert fun.calls == 1
    np.testing.assert_allclose(value, layers(X), rtol=1e-14)
    np.testing.assert_allclose(jacobian, columns(layers, X), rtol=1e-7, atol=1e-9)


def test_value_and_jacobian_with_aux():
    def fun(x: Any, y: Any) -> Any:
        return {"a": x * y}, (np.sum(x), "text")

    (value, aux), jacobian = dt.value_and_jacobian(fun, argnums=(1,), has_aux=True)(X, 2 * X)
    np.testing.assert_array_equal(value["a"], 2 * X * X)
    assert aux == (X.sum(), "text")
    np.testing.assert_array_equal(jacobian["a"][0], np.diag(X))


def test_value_gradient_and_hessian_call_the_function_once():
    fun = counted(lambda x: np.sum(layers(x) ** 2))
    value, gradient, hessian = dt.value_grad_and_hessian(fun)(X)
    assert fun.calls == 1
    np.testing.assert_allclose(value, np.sum(layers(X) ** 2), rtol=1e-14)
    np.testing.assert_allclose(gradient, columns(fun, X), rtol=1e-7, atol=1e-9)
    wanted = columns(dt.grad(fun), X)
    np.testing.assert_allclose(hessian, wanted, rtol=1e-7, atol=1e-9)


def test_value_gradient_and_hessian_of_a_tree_with_aux():
    def fun(p: Any) -> Any:
        return p["a"] ** 2 * np.sum(p["b"]), p["a"] + 1

    point = {"a": 3.0, "b": X}
    (value, aux), gradient, hessian = dt.value_grad_and_hessian(fun, has_aux=True)(point)
    assert aux == 4.0
    np.testing.assert_allclose(value, 9 * X.sum())
    np.testing.assert_allclose(gradient["a"], 6 * X.sum())
    np.testing.assert_allclose(gradient["b"], [9, 9, 9])
    np.testing.assert_allclose(hessian["a"]["a"], 2 * X.sum())
    np.testing.assert_allclose(hessian["a"]["b"], [6, 6, 6])
    np.testing.assert_allclose(hessian["b"]["a"], [6, 6, 6])
    np.testing.assert_array_equal(hessian["b"]["b"], np.zeros((3, 3)))


def test_values_are_shared_with_the_jacobian():
    """The one program has the tanh, sin of the value once, not again for the derivative."""
    text = dt.program(dt.value_and_jacobian(layers))(X)
    alone = dt.program(layers)(X)
    for name in (" tanh ", " sin "):
        assert alone.count(name) > 0
        assert text.count(name) == alone.count(name)


# ---------------------------------------------------------------- flat


def tree_function(p: Any, q: Any) -> Any:
    return {"s": np.sum(p["w"] @ q) * p["b"], "t": np.outer(q, q) + p["b"]}


POINT = ({"b": 1.5, "w": W}, X)


def flat_by_differences(argnums: Any) -> Any:
    chosen = POINT[argnums] if isinstance(argnums, int) else tuple(POINT[k] for k in argnums)
    vector, unravel = dt.ravel_pytree(chosen)

    def of_vector(v: Any) -> Any:
        args = list(POINT)
        if isinstance(argnums, int):
            args[argnums] = unravel(v)
        else:
            for k, arg in zip(argnums, unravel(v), strict=True):
                args[k] = arg
        return dt.ravel_pytree(tree_function(*args))[0]

    return columns(of_vector, vector)


@pytest.mark.parametrize("argnums", [0, 1, (0,), (1, 0)])
@pytest.mark.parametrize("transform", [*JACOBIANS, dt.value_and_jacobian])
def test_flat_jacobian_is_in_the_order_of_ravel(transform, argnums):
    found = transform(tree_function, argnums, flat=True)(*POINT)
    if transform is dt.value_and_jacobian:
        value, found = found
        np.testing.assert_allclose(value["t"], np.outer(X, X) + 1.5)
    wanted = flat_by_differences(argnums)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)


def scalar(p: Any, x: Any) -> Any:
    return np.sum(np.tanh(p["w"] @ x) ** 2) * p["b"]


@pytest.mark.parametrize("argnums", [0, (1, 0)])
def test_flat_hessian_is_in_the_order_of_ravel(argnums):
    chosen = POINT[0] if argnums == 0 else (POINT[1], POINT[0])
    vector, unravel = dt.ravel_pytree(chosen)

    def of_vector(v: Any) -> Any:
        return scalar(unravel(v), X) if argnums == 0 else scalar(unravel(v)[1], unravel(v)[0])

    wanted = columns(dt.grad(of_vector), vector)
    found = dt.hessian(scalar, argnums, flat=True)(*POINT)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)
    value, gradient, again = dt.value_grad_and_hessian(scalar, argnums, flat=True)(*POINT)
    np.testing.assert_allclose(value, scalar(*POINT))
    np.testing.assert_allclose(gradient, columns(of_vector, vector), rtol=1e-7, atol=1e-8)
    np.testing.assert_array_equal(found, again)


def test_flat_hessian_of_a_vector_function_has_three_axes():
    def fun(p: Any) -> Any:
        return {"u": p["a"] * p["b"] ** 2, "v": np.sum(p["b"]) * p["a"] ** 2}

    point = {"a": 2.0, "b": X}
    vector, unravel = dt.ravel_pytree(point)

    def of_vector(v: Any) -> Any:
        return dt.ravel_pytree(fun(unravel(v)))[0]

    found = dt.hessian(fun, flat=True)(point)
    assert found.shape == (4, 4, 4)
    wanted = columns(dt.jacobian(of_vector), vector)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)


def test_flat_of_nothing_has_no_rows_or_columns():
    assert dt.jacobian(lambda x: (), flat=True)(X).shape == (0, 3)
    assert dt.jacobian(lambda p: np.ones(2), flat=True)([]).shape == (2, 0)


def test_flat_keeps_float32():
    found = dt.jacobian(lambda x, y: x * y, (0, 1), flat=True)(
        X.astype(np.float32), X.astype(np.float32)
    )
    assert found.dtype == np.float32
    assert found.shape == (3, 6)


# ---------------------------------------------------------------- chunks


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize("transform", JACOBIANS)
def test_chunks_give_the_same_jacobian(transform, chunk_size):
    def fun(x: Any, y: Any) -> Any:
        return np.tanh(x @ W.T) @ W * np.sum(y), np.cumsum(x) * y[0], x * 2

    args = (np.array([X, X**2, X - 1]), X[:2])
    whole = transform(fun, (0, 1))(*args)
    cut = transform(fun, (0, 1), chunk_size=chunk_size)(*args)
    for row, other in zip(whole, cut, strict=True):
        for block, same in zip(row, other, strict=True):
            np.testing.assert_allclose(block, same, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("chunk_size", [1, 2, 4])
def test_chunks_give_the_same_second_derivatives(chunk_size):
    def fun(x: Any) -> Any:
        return np.sum(layers(x[0]) * layers(x[1])) ** 2

    x = np.array([X, X**2])
    wanted = dt.hessian(fun)(x)
    np.testing.assert_allclose(dt.hessian(fun, chunk_size=chunk_size)(x), wanted, rtol=1e-13)
    diagonal = np.diag(wanted.reshape(6, 6)).reshape(2, 3)
    for transform, whole in [
        (dt.hessian_diagonal, diagonal),
        (dt.laplacian, diagonal.sum()),
        (dt.value_grad_and_hessian, wanted),
    ]:
        found = transform(fun, chunk_size=chunk_size)(x)
        found = found[2] if isinstance(found, tuple) else found
        np.testing.assert_allclose(found, whole, rtol=1e-12, atol=1e-14)


def test_chunks_of_a_custom_rule():
    @dt.custom_vjp
    def doubled(x: Any) -> Any:
        return 2 * np.sin(x)

    doubled.defvjp(lambda x: (2 * np.sin(x), x), lambda x, y_bar: (2 * np.cos(x) * y_bar,))
    fun = lambda x: layers(doubled(x))  # noqa: E731
    found = dt.jacobian(fun, chunk_size=2)(X)
    np.testing.assert_allclose(found, columns(fun, X), rtol=1e-7, atol=1e-9)


def test_chunks_bound_the_memory():
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((400, 400)) / 20 for _ in range(4)]

    def deep(x: Any) -> Any:
        for w in weights:
            x = np.tanh(w @ x)
        return x[:4]

    x = np.ones(400)

    def temporary(chunk_size: int | None) -> int:
        jitted = dt.jit(dt.jacfwd(deep, chunk_size=chunk_size))
        jitted(x)
        return int(jitted.memory(x).temporary)

    assert temporary(None) > 400 * 400 * 8
    assert temporary(8) < 400 * 400 * 8 / 4


def test_structured_parts_are_not_cut():
    fun = lambda x: np.sin(x) * x  # noqa: E731
    x = np.linspace(0, 1, 50)
    whole = dt.program(dt.jacfwd(fun))(x)
    assert dt.program(dt.jacfwd(fun, chunk_size=1))(x) == whole


@pytest.mark.parametrize("chunk_size", [2.5, True, "all"])
def test_chunk_size_that_is_no_int_is_refused(chunk_size):
    with pytest.raises(TypeError, match="jacfwd: chunk_size must be an int or None, got"):
        dt.jacfwd(layers, chunk_size=chunk_size)


@pytest.mark.parametrize("transform", [*JACOBIANS, dt.hessian, dt.laplacian])
def test_chunk_size_below_one_is_refused(transform):
    with pytest.raises(ValueError, match="chunk_size must be at least 1, got 0"):
        transform(layers, chunk_size=0)


# ---------------------------------------------------------------- under other transformations

DERIVED = {
    "jacobian": dt.jacobian(layers),
    "chunked": dt.jacfwd(layers, chunk_size=2),
    "flat": dt.jacrev(layers, flat=True),
    "value_and_jacobian": lambda x: sum(np.sum(y * y) for y in dt.value_and_jacobian(layers)(x)),
    "hessian": dt.hessian(lambda x: np.sum(layers(x) ** 3)),
    "vector_hessian": dt.hessian(layers),
    "newton": lambda x: sum(
        np.sum(y * y) for y in dt.value_grad_and_hessian(lambda x: np.sum(layers(x) ** 3))(x)
    ),
    "diagonal": dt.hessian_diagonal(lambda x: np.sum(layers(x) ** 3)),
    "laplacian": dt.laplacian(layers),
    "gauss_newton": lambda x: dt.gauss_newton_product(layers, x, x**2),
}


@pytest.mark.parametrize("name", DERIVED)
def test_matrices_nest_in_other_transforms(name):
    fun = DERIVED[name]
    batch = np.stack([X, X**2, -X])
    want = np.stack([fun(x) for x in batch])
    np.testing.assert_allclose(dt.vmap(fun)(batch), want, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dt.jit(fun)(X), fun(X), rtol=1e-14)
    wanted = columns(fun, X)
    scale = 1 + np.abs(wanted).max()
    np.testing.assert_allclose(dt.jacfwd(fun)(X), wanted, atol=1e-7 * scale)
    np.testing.assert_allclose(dt.jacrev(fun)(X), wanted, atol=1e-7 * scale)
    gradient = dt.jit(dt.grad(lambda x: np.sum(fun(x) ** 2)))(X)
    total = 2 * np.tensordot(fun(X), wanted, np.ndim(fun(X)))
    np.testing.assert_allclose(gradient, total, atol=1e-6 * (1 + np.abs(total).max()))


@pytest.mark.parametrize("name", DERIVED)
def test_matrices_keep_float32(name):
    x = X.astype(np.float32)
    weights = W.astype(np.float32)
    inner = lambda x: np.tanh(weights @ np.sin(weights.T @ np.tanh(weights @ x)))  # noqa: E731
    makers = {
        "jacobian": dt.jacobian(inner),
        "chunked": dt.jacfwd(inner, chunk_size=2),
        "flat": dt.jacrev(inner, flat=True),
        "value_and_jacobian": lambda x: dt.value_and_jacobian(inner)(x)[1],
        "hessian": dt.hessian(lambda x: np.sum(inner(x) ** 3)),
        "vector_hessian": dt.hessian(inner),
        "newton": lambda x: dt.value_grad_and_hessian(lambda x: np.sum(inner(x) ** 3))(x)[2],
        "diagonal": dt.hessian_diagonal(lambda x: np.sum(inner(x) ** 3)),
        "laplacian": dt.laplacian(inner),
        "gauss_newton": lambda x: dt.gauss_newton_product(inner, x, x**2),
    }
    found = makers[name](x)
    assert found.dtype == np.float32
    if name in ("value_and_jacobian", "newton"):
        wanted = {"newton": "hessian", "value_and_jacobian": "jacobian"}[name]
    else:
        wanted = name
    np.testing.assert_allclose(found, DERIVED[wanted](X), rtol=2e-4, atol=2e-4)


def test_hessian_blocks_of_a_custom_rule_are_not_mirrored():
    """A rule may have a derivative that is not symmetric: each block is then its own."""

    @dt.custom_jvp
    def product(x: Any, y: Any) -> Any:
        return x * y

    @product.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (x, y), (x_dot, y_dot) = primals, tangents
        return product(x, y), x_dot * y**2 + 3 * y_dot * x

    hessian = dt.hessian(product, (0, 1))(2.0, 5.0)
    assert hessian[0][1] == 10.0
    assert hessian[1][0] == 3.0


def plan_of(derivative: Any, x: Any) -> str:
    """The plan's text, its values numbered as they appear: numbers are skipped while deriving."""
    seen: dict[str, int] = {}
    text = str(dt.jit(derivative).plan(x))
    return re.sub(r"%\d+", lambda name: f"%{seen.setdefault(name.group(), len(seen))}", text)


def test_direction_is_that_of_less_work():
    """Few results of many entries: in reverse. Many results of few: forward."""
    wide = np.linspace(-1, 1, 4 * 300).reshape(4, 300)
    for fun, x, other in [
        (lambda x: np.tanh(wide @ np.tanh(wide.T @ np.tanh(wide @ x))), np.ones(300), dt.jacfwd),
        (lambda x: np.tanh(wide.T @ np.tanh(wide @ np.tanh(wide.T @ x))), np.ones(4), dt.jacrev),
    ]:
        best = plan_of(dt.jacobian(fun), x)
        assert best != plan_of(other(fun), x)
        better = dt.jacrev if other is dt.jacfwd else dt.jacfwd
        assert best == plan_of(better(fun), x)
