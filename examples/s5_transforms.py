"""S5: a tour of the transforms, on predict(W, b, x) = tanh(W @ x + b).

The Jacobian row by row, then all rows at once (`vmap` of the pullback), then by name (`jacrev`,
`jacfwd`), of whichever argument, for tall and wide matrices; Hessians by three compositions;
Jacobians and Hessians of a whole batch; and Hessian-vector products.

    python examples/s5_transforms.py
"""

import time

import numpy as np
import reference

import dualtape as dt


def predict(W, b, x):
    return np.tanh(W @ x + b)


def row_by_row(W, b, x):
    """One backward pass for each unit vector."""
    _, pullback = dt.vjp(lambda x: predict(W, b, x), x)
    return np.stack([pullback(unit)[0] for unit in np.eye(len(b), dtype=x.dtype)])


def all_rows(W, b, x):
    """The same passes as one program."""
    _, pullback = dt.vjp(lambda x: predict(W, b, x), x)
    (rows,) = dt.vmap(pullback)(np.eye(len(b), dtype=x.dtype))
    return rows


def jacobians(W, b, x):
    jac_x = dt.jacrev(predict, argnums=2)(W, b, x)
    rtol = 1e-4 if x.dtype == np.float32 else 1e-11
    for other in (
        row_by_row(W, b, x),
        all_rows(W, b, x),
        dt.jacfwd(predict, argnums=2)(W, b, x),
        dt.jacobian(predict, argnums=2)(W, b, x),
    ):
        assert np.allclose(jac_x, other, rtol=rtol, atol=rtol)
    jac_w, jac_b = dt.jacrev(predict, argnums=(0, 1))(W, b, x)
    for mode in (dt.jacfwd, dt.jacrev):
        assert np.allclose(mode(predict, argnums=0)(W, b, x), jac_w, rtol=rtol, atol=rtol)
        assert np.allclose(mode(predict, argnums=1)(W, b, x), jac_b, rtol=rtol, atol=rtol)
    return {"jac_x": jac_x, "jac_w": jac_w, "jac_b": jac_b}


def hessians(W, b, x):
    """Any composition gives the second derivatives; forward over reverse is the usual one."""

    def f(x):
        return predict(W, b, x)

    hess = dt.hessian(f)(x)
    rtol = 1e-4 if x.dtype == np.float32 else 1e-11
    for other in (
        dt.jacfwd(dt.jacrev(f))(x),
        dt.jacfwd(dt.jacfwd(f))(x),
        dt.jacrev(dt.jacrev(f))(x),
    ):
        assert np.allclose(hess, other, rtol=rtol, atol=rtol)
    return {"hess_x": hess}


def batches(W, b, xs):
    """vmap over the examples; W and b are shared."""
    jacobian = dt.vmap(dt.jacrev(predict, argnums=2), in_axes=(None, None, 0))(W, b, xs)
    hessian = dt.vmap(dt.hessian(predict, argnums=2), in_axes=(None, None, 0))(W, b, xs)

    # The sum trick: an example's results depend on its own inputs only, so the Jacobian of the sum
    # over the examples holds them all.
    def summed(xs):
        return np.tanh(xs @ W.T + b).sum(0)

    by_sum = np.moveaxis(dt.jacrev(summed)(xs), 1, 0)
    rtol = 1e-3 if xs.dtype == np.float32 else 1e-11
    assert np.allclose(jacobian, by_sum, rtol=rtol, atol=rtol)
    return {
        "batch_jacobian_first": jacobian[0],
        "batch_jacobian_sum0": jacobian.sum(0),
        "batch_hessian_first": hessian[0],
        "batch_hessian_shape": np.array(hessian.shape),
    }


def products(s, t):
    """Hessian-vector products of sum(sin x): forward over reverse, and reverse over reverse."""

    def f(x):
        return np.sum(np.sin(x))

    _, forward_over_reverse = dt.jvp(dt.grad(f), (s,), (t,))
    _, pullback = dt.vjp(dt.grad(f), s)
    (reverse_over_reverse,) = pullback(t)
    assert np.array_equal(forward_over_reverse, reverse_over_reverse)
    assert np.array_equal(forward_over_reverse, dt.hvp(f, s, t))
    return {"hvp_sin": forward_over_reverse}


INPUTS = ("weight", "bias", "x", "batch_weight", "batch_bias", "batch_x", "s", "t")


def derive(case):
    W, b, x = case["weight"], case["bias"], case["x"]
    return {
        **jacobians(W, b, x),
        **hessians(W, b, x),
        **batches(case["batch_weight"], case["batch_bias"], case["batch_x"]),
        **products(case["s"], case["t"]),
    }


def derive_by_tape(case):
    """Jacobians of two matrices from one recording, and a product with the Hessian."""
    with dt.Tape() as tape:
        W, b, x, s = tape.watch((case["weight"], case["bias"], case["x"], case["s"]))
        y = predict(W, b, x)
        f = np.sum(np.sin(s))
    jac_w, jac_b, jac_x = tape.jacobian(y, (W, b, x))
    assert np.allclose(jac_x, tape.jacobian(y, x, mode="forward"), rtol=1e-4)
    return {
        "jac_w": jac_w,
        "jac_b": jac_b,
        "jac_x": jac_x,
        "hess_x": tape.hessian(y, x),
        "hvp_sin": tape.hvp(f, s, case["t"]),
    }


def shapes():
    """Tall and wide Jacobians in both modes, and a large Hessian three ways, against formulas."""
    random = np.random.default_rng(0)
    for n, m in ((2048, 32), (32, 2048)):
        W, b, x = random.normal(size=(n, m)), random.normal(size=n), random.normal(size=m)
        exact = (1 - np.tanh(W @ x + b) ** 2)[:, None] * W
        for mode in (dt.jacfwd, dt.jacrev):
            start = time.perf_counter()
            jac = mode(predict, argnums=2)(W, b, x)
            seconds = time.perf_counter() - start
            assert np.allclose(jac, exact, rtol=1e-9, atol=1e-12)
            print(f"{mode.__name__} of R^{m} -> R^{n}: {1e3 * seconds:.2f} ms")
    W, b, x = random.normal(size=(32, 512)) / 16, random.normal(size=32), random.normal(size=512)
    y = np.tanh(W @ x + b)
    exact = (-2 * y * (1 - y**2))[:, None, None] * W[:, :, None] * W[:, None, :]
    for outer, inner in ((dt.jacfwd, dt.jacrev), (dt.jacfwd, dt.jacfwd), (dt.jacrev, dt.jacrev)):
        start = time.perf_counter()
        hess = outer(inner(predict, argnums=2), argnums=2)(W, b, x)
        seconds = time.perf_counter() - start
        assert np.allclose(hess, exact, rtol=1e-9, atol=1e-12)
        name = f"{outer.__name__}({inner.__name__})"
        print(f"{name}, Hessian 32 x 512 x 512: {1e3 * seconds:.1f} ms")


def _time(function, *args):
    function(*args)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - start)
    return 1e3 * np.median(times)


def speed(case):
    W, b, x = case["weight"], case["bias"], case["x"]
    print(f"Jacobian 16 x 16 row by row:      {_time(row_by_row, W, b, x):.3f} ms")
    print(f"Jacobian 16 x 16, vmap(pullback): {_time(all_rows, W, b, x):.3f} ms")
    print(f"Jacobian 16 x 16, jacrev:         {_time(dt.jacrev(predict, 2), W, b, x):.3f} ms")


if __name__ == "__main__":
    reference.run("S5", derive, INPUTS)
    for dtype in reference.CASES:
        case = reference.load("S5", dtype)
        reference.compare(derive_by_tape(case), case)
    shapes()
    speed(reference.load("S5", np.float64))
