"""What is a view and what a copy, as in NumPy: writes into either, and what sees them."""

from typing import Any

import numpy as np
import pytest
from eager import check_as_eager, recorded

import dualtape as dt
import dualtape.numpy as dnp
from dualtape._core import Recorder

X = np.arange(12.0).reshape(3, 4) + 1.0


def test_views_see_writes_into_their_parent() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        row, column, flat, turned = y[1], y[:, 2], y.reshape(-1), y.T
        part = turned[1:, ::2]
        y[1, 2] = 50.0
        y[0] *= 3.0
        return row, column, flat, turned, part, y

    check_as_eager(f, X)


def test_writes_into_views_reach_their_parent() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        y[1][2] = 5.0
        y.T[0, 1] = 6.0
        y[::-1][0] = 7.0
        z = y.reshape(2, 6)
        z[1, 1:3] += x[0, 1:3]
        w = z[:, ::2].T
        w *= 2.0
        flat = y.ravel()
        flat[3] = -1.0
        return y, z, w, flat

    check_as_eager(f, X)


def test_copies_are_on_their_own() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        kept = [
            y.copy(),
            np.copy(y),
            y + 0.0,
            y.flatten(),
            y[[0, 1]],
            y.astype(float),
            dnp.array(y),
        ]
        y[:] = 0.0
        return [*kept, y]

    check_as_eager(f, X)


def test_integers_index_views_and_arrays_of_one_integer_copies() -> None:
    def f(x: Any, k: Any) -> Any:
        y, entry = x * 1.0, np.argmax(x[:, 1])
        one, two = np.array(1), np.array(2, np.int8)
        kept = [y[one], y[:, two], y[entry, one], y[np.array(0), :2]]
        seen = [y[entry], y[:, entry], y[entry, 1:], y[None, :, entry], y[np.int64(0)]]
        seen[0][1:] = x[0, 0]
        seen[1][:] += 4.0 * x[:, 0]
        seen[2][-1] *= k
        kept[0][:] = -1.0
        y[1, 2] = 50.0
        return [*kept, *seen, y]

    check_as_eager(f, X, 3.0)
    check_as_eager(f, X[::-1].copy(), 3.0)


def test_writes_through_a_traced_integer_are_differentiated() -> None:
    def loss(x: Any) -> Any:
        y = x * 1.0
        row = y[np.argmax(x[:, 0])]
        row *= y[0]
        y[0] += 1.0
        return np.sum(np.sin(y) * X) + np.sum(row**3)

    x = np.sin(X)
    step = 1e-6 * np.eye(x.size).reshape(x.size, *x.shape)
    wanted = [(loss(x + h) - loss(x - h)) / 2e-6 for h in step]
    for f in (dt.grad(loss), dt.jit(dt.grad(loss)), dt.jacfwd(loss)):
        np.testing.assert_allclose(f(x).ravel(), wanted, rtol=1e-6, atol=1e-7)
    batch = np.stack([x, x[::-1]])
    one_by_one = [dt.grad(loss)(x) for x in batch]
    np.testing.assert_allclose(dt.vmap(dt.grad(loss))(batch), one_by_one, rtol=1e-12)


def test_diagonals_show_writes_and_real_arrays_are_their_own_conjugates() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        seen = [y.diagonal(), np.diagonal(y, 1), np.diag(y), np.diagonal(y.T, -1)]
        cube = np.stack([y, y, y], axis=1)
        seen += [np.diagonal(cube), np.linalg.diagonal(cube), cube.diagonal(1, 2, 0)]
        y[1] = 7.0
        cube[:, 1, 2] *= 5.0
        same, other = y.conj(), np.conjugate(y)
        same[0] = 3.0
        turned = (y * 1j).conjugate()
        turned[0] = 0.0
        return [*seen, y, same, other, turned]

    check_as_eager(f, X)


def test_functions_that_change_nothing_give_copies() -> None:
    def f(x: Any) -> Any:
        y, k = x * 1.0, np.argmax(x[:, 1])
        kept = [np.take(y, 1, axis=0), np.take(y, k, axis=1), y.take(k, axis=0), np.tile(y, 1)]
        kept += [np.pad(y, 0), np.pad(y, 0, mode="edge"), np.block(y), np.block([y])]
        kept += [np.maximum.accumulate(y[:, :1], axis=1), np.multiply.accumulate(y[:1], axis=0)]
        y[:] = 50.0
        for part in kept:
            part[..., 0] = -1.0
        return [*kept, y]

    check_as_eager(f, X)


def test_resize_and_unwrap_give_copies() -> None:
    def f(x: Any) -> Any:
        y, z = x * 1.0, x[:, :1] * 1.0
        sized, wrapped = np.resize(y, (4, 3)), np.unwrap(z)
        sized[0] = 0.0
        wrapped[:] = 0.0
        return y, z, sized, wrapped

    check_as_eager(f, X)


def test_meshgrid_copies_when_asked() -> None:
    def f(x: Any) -> Any:
        y, z = x[0] * 1.0, x[1] * 1.0
        own, shared = np.meshgrid(y, z), np.meshgrid(y, z, copy=False)
        (alone,), thin = np.meshgrid(z), np.meshgrid(y, z, sparse=True, indexing="ij")
        y[0] = 7.0
        alone[0] = thin[1][0, 1] = 5.0
        return [*own, *shared, alone, *thin, y, z]

    check_as_eager(f, X)


def test_asarray_shares() -> None:
    with Recorder("f") as recorder:
        y = recorder.input(X) * 1.0
        same = dnp.asarray(y)
        same[0] = 9.0
        (result,) = recorder.finish([y]).run()
    np.testing.assert_array_equal(result[0], 9.0)


def test_read_only_views_refuse_writes() -> None:
    def broadcast(x: Any) -> Any:
        np.broadcast_to(x, (2, 3, 4))[0] = 1.0
        return x

    def diagonal(x: Any) -> Any:
        np.diagonal(x)[0] = 1.0
        return x

    for f in (broadcast, diagonal):
        with pytest.raises(ValueError, match="read-only"):
            recorded(f, X)


def test_reshape_of_unknown_memory_order_refuses_writes() -> None:
    def f(x: Any) -> Any:
        y = (x * 1.0).T
        z = y.reshape(-1)
        y[0, 0] = 5.0
        return z

    with pytest.raises(ValueError, match=r"memory order.*copy"):
        recorded(f, X)

    def harmless(x: Any) -> Any:
        return (x * 1.0).T.reshape(-1)

    check_as_eager(harmless, X)


def test_view_made_in_a_tape_shows_the_last_write_after_it() -> None:
    with dt.Tape() as tape:
        x = tape.watch(np.array([1.0, 2.0, 3.0]))
        y = x * 1.0
        view = y[1:]
        y[2] = x[0] * 10.0
    np.testing.assert_array_equal(view.value, [2.0, 10.0])
    np.testing.assert_array_equal(tape.jacobian(view, x), [[0, 1, 0], [10, 0, 0]])
