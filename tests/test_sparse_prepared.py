"""Prepared sparse operators: what they share, what they notice, who may call them."""

import threading

import matplotlib
import numpy as np
import pytest
import scipy.sparse as sp
from sparse_programs import INDEX, MAPS, N, rosenbrock

import dualtape as dt

X = np.random.default_rng(4).normal(size=N)


def dense(f, x):
    """The dense Jacobian as a matrix."""
    return np.reshape(dt.jacobian(f)(x), (-1, x.size))


def test_prepared_is_fresh_at_other_points():
    J = dt.sparse.prepare_jacobian(MAPS["stencil"], X)
    H = dt.sparse.prepare_hessian(rosenbrock, X)
    for x in np.random.default_rng(0).normal(size=(3, N)):
        np.testing.assert_array_equal(J(x).data, dt.sparse.jacobian(MAPS["stencil"])(x).data)
        np.testing.assert_array_equal(H(x).data, dt.sparse.hessian(rosenbrock)(x).data)


def test_prepared_matrices_share_index_arrays_that_nobody_can_write():
    for format, names in (("csr", ["indices", "indptr"]), ("csc", ["indices", "indptr"])):
        J = dt.sparse.prepare_jacobian(MAPS["stencil"], X, format=format)
        first, second = J(X), J(X + 1.0)
        for name in names:
            assert getattr(first, name) is getattr(second, name)
            with pytest.raises(ValueError, match="read-only"):
                getattr(first, name)[0] = 1
        assert not np.shares_memory(first.data, second.data)
        assert first.data.flags.writeable
    J = dt.sparse.prepare_jacobian(MAPS["stencil"], X, format="coo")
    assert all(a is b for a, b in zip(J(X).coords, J(X + 1.0).coords, strict=True))


def test_prepared_matrices_go_through_scipy():
    f = lambda x: 3.0 * x + np.sin(x)[::-1]  # noqa: E731
    A = dt.sparse.prepare_jacobian(f, X)(X)
    D = A.toarray()
    np.testing.assert_allclose(sp.linalg.spsolve(A.tocsc(), X), np.linalg.solve(D, X), rtol=1e-12)
    A = dt.sparse.prepare_jacobian(f, X, format="csc")(X)
    np.testing.assert_allclose(sp.linalg.splu(A).solve(X), np.linalg.solve(D, X), rtol=1e-12)
    np.testing.assert_allclose((A.T @ A).toarray(), D.T @ D, rtol=1e-13)
    np.testing.assert_allclose((A + sp.eye_array(N)).toarray(), D + np.eye(N), rtol=1e-15)
    np.testing.assert_allclose(
        sp.linalg.lsmr(A, X, atol=1e-14, btol=1e-14)[0], np.linalg.solve(D, X), rtol=1e-6
    )
    copied = A.copy()
    copied.data[:] = 0
    copied.eliminate_zeros()
    assert copied.nnz == 0
    assert A.nnz > 0


def test_attributes_of_a_prepared_operator():
    J = dt.sparse.prepare_jacobian(MAPS["differences"], X)
    assert J.shape == (N - 2, N)
    assert J.nnz == 3 * (N - 2)
    assert J.pattern.dtype == bool
    np.testing.assert_array_equal(J.pattern.toarray(), dense(MAPS["differences"], X) != 0)
    assert repr(J) == f"<sparse.jacobian of <lambda>: {N - 2} x {N}, {3 * (N - 2)} entries>"


def test_plot_draws_the_pattern():
    matplotlib.use("agg")
    ax = dt.sparse.prepare_jacobian(MAPS["differences"], X).plot(color="k")
    (line,) = ax.get_lines()
    assert len(line.get_xdata()) == 3 * (N - 2)
    assert line.get_color() == "k"


def branching(x):
    return x[::-1] * 2.0 if x[0] > 0 else np.cumsum(x**2)


def test_another_branch_is_noticed():
    calls = []

    def f(x):
        calls.append(1)
        return branching(x)

    up, down = np.abs(X), -np.abs(X)
    J = dt.sparse.prepare_jacobian(f, up)
    assert J.nnz == N
    np.testing.assert_allclose(J(down).toarray(), dense(branching, down), rtol=1e-14)
    assert J.nnz == N * (N + 1) // 2
    n_calls = len(calls)
    for x in (up, down, up + 1, down - 1):
        np.testing.assert_allclose(J(x).toarray(), dense(branching, x), rtol=1e-14)
    assert len(calls) == n_calls


def test_hessian_of_another_branch_is_noticed():
    def f(x):
        return np.sum(x[1:] ** 2 * x[:-1]) if x[0] > 0 else np.sum(x) ** 3

    H = dt.sparse.prepare_hessian(f, np.abs(X))
    for x in (np.abs(X), -np.abs(X), np.abs(X) + 1):
        np.testing.assert_allclose(H(x).toarray(), dt.hessian(f)(x), rtol=1e-13)


def test_more_branches_than_are_kept():
    def f(x, k):
        n = 0
        while n < k:
            n += 1
        return x * float(n)

    J = dt.sparse.prepare_jacobian(f, X, np.int64(0))
    for k in range(1, 64):
        np.testing.assert_array_equal(J(X, np.int64(k)).toarray(), k * np.eye(N))
    with pytest.warns(RuntimeWarning, match="more than 64 different ways"):
        last = J(X, np.int64(64))
    np.testing.assert_array_equal(last.toarray(), 64 * np.eye(N))
    np.testing.assert_array_equal(J(X, np.int64(3)).toarray(), 3 * np.eye(N))


def test_changed_integers_that_are_gathered_by_prepare_anew():
    index = INDEX.copy()
    captured = lambda x: x[index] ** 2  # noqa: E731
    given = lambda x, i: x[i] ** 2  # noqa: E731
    J = dt.sparse.prepare_jacobian(captured, X)
    K = dt.sparse.prepare_jacobian(given, X, index.copy())
    for _ in range(3):
        index[:] = (index + 5) % N
        wanted = np.zeros((len(index), N))
        wanted[np.arange(len(index)), index] = 2 * X[index]
        np.testing.assert_array_equal(J(X).toarray(), wanted)
        np.testing.assert_array_equal(K(X, index).toarray(), wanted)
        np.testing.assert_array_equal(dt.sparse.jacobian(captured)(X).toarray(), wanted)


def test_index_that_depends_on_the_point():
    def f(x):
        return x[np.argsort(np.array([2, 0, 1]))] * x[np.argmax(x)]

    J = dt.sparse.prepare_jacobian(f, X)
    for x in (X, -X):
        np.testing.assert_allclose(J(x).toarray(), dense(f, x), rtol=1e-14)


def test_captured_numbers_are_read_afresh():
    weights = np.ones(N)
    J = dt.sparse.prepare_jacobian(lambda x: weights * x, X)
    weights[:] = 2.0
    np.testing.assert_array_equal(J(X).toarray(), 2 * np.eye(N))


def test_other_shapes_are_prepared_too():
    J = dt.sparse.prepare_jacobian(np.square, X)
    np.testing.assert_array_equal(J(X[:5]).toarray(), np.diag(2 * X[:5]))
    assert J.shape == (5, 5)
    assert J(X).shape == (N, N)


def test_threads_share_a_prepared_operator():
    J = dt.sparse.prepare_jacobian(branching, X)
    points = np.random.default_rng(5).normal(size=(8, N))
    wanted = [dense(branching, x) for x in points]
    wrong = []

    def work(k):
        for i in range(200):
            p = (i + k) % len(points)
            if not np.allclose(J(points[p]).toarray(), wanted[p], rtol=1e-14):
                wrong.append(p)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
