"""Composite NumPy functions: traced values give what NumPy gives, and right derivatives."""

import numpy as np
import pytest

import dualtape as dt
import dualtape.numpy as dnp
from dualtape.scipy import special

RANDOM = np.random.default_rng(2)
V = RANDOM.normal(size=5)
W = RANDOM.normal(size=5)
A = RANDOM.normal(size=(3, 4))
B = RANDOM.normal(size=(4, 3))
C = RANDOM.normal(size=(2, 3, 4))
S = RANDOM.normal(size=(3, 3)) + 3 * np.eye(3)

# name -> (function of the module and arrays, arrays)
CASES = {
    "einsum-transpose": (lambda np, a: np.einsum("ij->ji", a), (A,)),
    "einsum-trace": (lambda np, a: np.einsum("ii", a), (S,)),
    "einsum-diagonal": (lambda np, a: np.einsum("ii->i", a), (S,)),
    "einsum-sum": (lambda np, a: np.einsum("ij->j", a), (A,)),
    "einsum-matmul": (lambda np, a, b: np.einsum("ij,jk", a, b), (A, B)),
    "einsum-implicit-order": (lambda np, a, b: np.einsum("ba,ca", a, b.T), (A, B)),
    "einsum-batch": (lambda np, a, b: np.einsum("bij,jk->bik", a, b), (C, B)),
    "einsum-hadamard": (lambda np, a, b: np.einsum("ij,ij->ij", a, b), (A, B.T)),
    "einsum-outer": (lambda np, a, b: np.einsum("i,j->ji", a, b), (V, W)),
    "einsum-three": (lambda np, a, b, c: np.einsum("ij,jk,kl->il", a, b, c), (A, B, A)),
    "einsum-three-vectors": (lambda np, a, b, c: np.einsum("i,ij,j", a[:3], b, c[:4]), (V, A, W)),
    "einsum-ellipsis": (lambda np, a, b: np.einsum("...ij,jk->...ik", a, b), (C, B)),
    "einsum-ellipsis-sum": (lambda np, a: np.einsum("i...->...", a), (C,)),
    "einsum-ellipsis-both": (lambda np, a, b: np.einsum("...j,...j", a, b), (C, A)),
    "einsum-sublists": (lambda np, a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), (A, B)),
    "einsum-broadcast-one": (lambda np, a, b: np.einsum("ij,ij->i", a, b), (A, A[:, :1])),
    "einsum-same-operand": (lambda np, a: np.einsum("ij,kj->ik", a, a), (A,)),
    "tensordot-int": (lambda np, a, b: np.tensordot(a, b, 1), (A, B)),
    "tensordot-two": (lambda np, a, b: np.tensordot(a, b, axes=2), (C, A)),
    "tensordot-axes": (lambda np, a, b: np.tensordot(a, b, axes=([2, 1], [0, 1])), (C, B)),
    "tensordot-outer": (lambda np, a, b: np.tensordot(a, b, 0), (V, W)),
    "inner": (lambda np, a, b: np.inner(a, b), (A, B.T)),
    "outer": (lambda np, a, b: np.outer(a, b), (A, V)),
    "vdot": (lambda np, a, b: np.vdot(a, b), (A, B)),
    "kron": (lambda np, a, b: np.kron(a, b), (A, S)),
    "kron-vectors": (lambda np, a, b: np.kron(a, b), (V, A)),
    "cross": (lambda np, a, b: np.cross(a, b), (B, B[::-1])),
    "trace": (lambda np, a: np.trace(a), (A,)),
    "diag": (lambda np, a: np.diag(a, 1), (A,)),
    "diag-make": (lambda np, a: np.diag(a, -1), (V,)),
    "diagflat": (lambda np, a: np.diagflat(a), (A,)),
    "vstack": (lambda np, a, b: np.vstack([a, b]), (V, W)),
    "hstack": (lambda np, a, b: np.hstack([a, b]), (A, S)),
    "dstack": (lambda np, a, b: np.dstack([a, b]), (V, W)),
    "column_stack": (lambda np, a, b: np.column_stack([a, b]), (V, W)),
    "stack": (lambda np, a, b: np.stack([a, b], axis=1), (V, W)),
    "append": (lambda np, a, b: np.append(a, b), (A, V)),
    "append-axis": (lambda np, a, b: np.append(a, b, axis=1), (A, S)),
    "split": (lambda np, a: np.split(a, 2, axis=1)[1], (A,)),
    "split-at": (lambda np, a: np.split(a, [1, 3], axis=-1)[1], (A,)),
    "array_split": (lambda np, a: np.array_split(a, 2)[1], (V,)),
    "vsplit": (lambda np, a: np.vsplit(a, 3)[1], (A,)),
    "hsplit": (lambda np, a: np.hsplit(a, 2)[1], (A,)),
    "flip": (lambda np, a: np.flip(a), (A,)),
    "flip-axis": (lambda np, a: np.flip(a, axis=1), (C,)),
    "flipud": (lambda np, a: np.flipud(a), (A,)),
    "fliplr": (lambda np, a: np.fliplr(a), (A,)),
    "rot90": (lambda np, a: np.stack([np.rot90(a, k).sum(0).sum() for k in range(4)]), (A,)),
    "rot90-once": (lambda np, a: np.rot90(a), (A,)),
    "rot90-thrice": (lambda np, a: np.rot90(a, 3), (A,)),
    "roll": (lambda np, a: np.roll(a, 2), (A,)),
    "roll-axes": (lambda np, a: np.roll(a, (1, -2), axis=(0, 1)), (A,)),
    "repeat": (lambda np, a: np.repeat(a, 2, axis=1), (A,)),
    "repeat-counts": (lambda np, a: np.repeat(a, [1, 0, 2], axis=0), (A,)),
    "tile": (lambda np, a: np.tile(a, (2, 1, 2)), (A,)),
    "tril": (lambda np, a: np.tril(a), (A,)),
    "triu": (lambda np, a: np.triu(a, 1), (A,)),
    "meshgrid": (lambda np, a, b: np.meshgrid(a, b)[0] * np.meshgrid(a, b)[1], (V, W)),
    "meshgrid-ij": (lambda np, a, b: np.meshgrid(a, b, indexing="ij")[1], (V, W)),
    "block": (lambda np, a, b: np.block([[a, b.T], [b, np.zeros((4, 4))]]), (S, B)),
    "atleast_2d": (lambda np, a: np.atleast_2d(a), (V,)),
    "var": (lambda np, a: np.var(a), (A,)),
    "var-axis": (lambda np, a: np.var(a, axis=1, ddof=1, keepdims=True), (A,)),
    "std": (lambda np, a: np.std(a, axis=0), (A,)),
    "average": (lambda np, a, w: np.average(a, weights=w**2), (V, W)),
    "average-axis": (lambda np, a: np.average(a, axis=0), (A,)),
    "ptp": (lambda np, a: np.ptp(a, axis=0), (A,)),
    "diff": (lambda np, a: np.diff(a), (A,)),
    "diff-twice": (lambda np, a: np.diff(a, n=2, axis=0), (A,)),
    "trapezoid": (lambda np, a: np.trapezoid(a, dx=0.5), (A,)),
    "trapezoid-x": (lambda np, a, x: np.trapezoid(a, x), (V, W)),
    "linspace": (lambda np, a, b: np.linspace(a[0], b[0], 7), (V, W)),
    "linspace-open": (lambda np, a: np.linspace(a[0], 3.0, 4, endpoint=False), (V,)),
    "linspace-arrays": (lambda np, a, b: np.linspace(a, b, 3, axis=1), (V, W)),
    "nan_to_num": (lambda np, a: np.nan_to_num(a), (V,)),
    "polyval": (lambda np, p, x: np.polyval(p, x), (V, W)),
    "norm": (lambda np, a: np.linalg.norm(a), (A,)),
    "norm-axis": (lambda np, a: np.linalg.norm(a, axis=1, keepdims=True), (A,)),
    "norm-1": (lambda np, a: np.linalg.norm(a, 1), (V,)),
    "norm-3": (lambda np, a: np.linalg.norm(a, 3), (V,)),
    "norm-inf": (lambda np, a: np.linalg.norm(a, np.inf), (V,)),
    "norm-minus-inf": (lambda np, a: np.linalg.norm(a, -np.inf), (V,)),
    "norm-fro": (lambda np, a: np.linalg.norm(a, "fro"), (A,)),
    "norm-matrix-1": (lambda np, a: np.linalg.norm(a, 1), (A,)),
    "norm-matrix-inf": (lambda np, a: np.linalg.norm(a, np.inf, axis=(1, 2)), (C,)),
    "matrix_power": (lambda np, a: np.linalg.matrix_power(a, 5), (S,)),
    "matrix_power-negative": (lambda np, a: np.linalg.matrix_power(a, -2), (S,)),
    "multi_dot": (lambda np, a, b: np.linalg.multi_dot([a, b, a]), (A, B)),
    "solve": (lambda np, a, b: np.linalg.solve(a, b), (S, B.T)),
    "inv": (lambda np, a: np.linalg.inv(a), (S,)),
    "det": (lambda np, a: np.linalg.det(a), (S,)),
    "logaddexp": (lambda np, a, b: np.logaddexp(a, b), (V, W)),
    "clip": (lambda np, a: np.clip(a, -0.5, 0.5), (A,)),
    "where": (lambda np, a, b: np.where(a > b, a, b), (V, W)),
    "cumsum": (lambda np, a: np.cumsum(a, axis=1), (A,)),
    "prod": (lambda np, a: np.prod(a, axis=0), (A,)),
    "moveaxis": (lambda np, a: np.moveaxis(a, 0, -1), (C,)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("module", [np, dnp], ids=["numpy", "dualtape.numpy"])
@pytest.mark.parametrize("name", list(CASES))
def test_value_is_that_of_numpy(name, module, dtype):
    function, arrays = CASES[name]
    arrays = [x.astype(dtype) for x in arrays]
    wanted = function(np, *arrays)
    given = []

    def f(*xs):
        given.append(function(module, *xs))
        return given[0]

    y, _ = dt.vjp(f, *arrays)
    assert isinstance(given[0], dt.Tracer)
    assert given[0].dtype == wanted.dtype
    assert y.shape == wanted.shape
    assert y.dtype == wanted.dtype
    assert isinstance(y, np.ndarray) == isinstance(wanted, np.ndarray)
    rtol = 1e-13 if dtype is np.float64 else 2e-5
    np.testing.assert_allclose(y, wanted, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", list(CASES))
def test_derivatives_agree_with_differences(name):
    function, arrays = CASES[name]
    dt.check_grads(lambda *xs: function(np, *xs), arrays, order=2, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", list(CASES))
def test_without_traced_values_it_is_numpy(name):
    function, arrays = CASES[name]
    wanted = function(np, *arrays)
    given = function(dnp, *arrays)
    assert type(given) is type(wanted)
    np.testing.assert_array_equal(given, wanted)


def test_integers_keep_their_kind():
    index = np.arange(6).reshape(2, 3)
    for f in (
        lambda i: np.einsum("ij->i", i),
        lambda i: np.diff(i),
        lambda i: np.tile(i, 2),
        lambda i: np.roll(i, 1),
        lambda i: np.linalg.norm(i),
        lambda i: np.var(i),
        lambda i: np.average(i),
    ):
        wanted = f(index)
        given = dt.jit(f)(index)
        assert given.dtype == wanted.dtype
        np.testing.assert_allclose(given, wanted)


def test_linspace_ends_exactly_at_stop():
    y = dt.jit(lambda a, b: np.linspace(a, b, 50))(0.1, 0.7)
    assert y[0] == 0.1
    assert y[-1] == 0.7
    y, step = dt.jit(lambda a: np.linspace(a, 2.0, 5, retstep=True))(1.0)
    assert step == 0.25


def test_constants_and_types():
    assert dnp.pi == np.pi
    assert dnp.newaxis is None
    assert dnp.float32 is np.float32
    assert np.isnan(dnp.nan)


@pytest.mark.parametrize("order", ["K", "A", "Z"])
def test_orders_in_memory_are_refused(order):
    with pytest.raises(ValueError, match=f"ravel: order must be 'C' or 'F' .* got '{order}'"):
        dt.grad(lambda x: np.ravel(x, order=order)[1])(np.asfortranarray(A))
    if order != "Z":
        np.testing.assert_array_equal(dt.jit(lambda x: x.ravel(order))(V), V)


def test_roots_under_jit_without_leading_zeros() -> None:
    roots = dt.jit(dnp.roots)
    for p in ([1.0, -3, 2], [0.0, 1, -3, 2], [2.0, 1, -3, 2], [0.0, 0, 1, -3, 2], np.zeros(3)):
        np.testing.assert_allclose(roots(np.array(p)), np.roots(p), rtol=1e-12)


def test_names_numpy_has_but_we_have_not():
    assert dnp.random is np.random
    with pytest.raises(dt.UnsupportedFunctionError, match=r"numpy\.packbits cannot be recorded"):
        dt.grad(lambda x: dnp.packbits(x > 0))(V)
    with pytest.raises(dt.UnsupportedFunctionError, match="kelvin cannot be recorded"):
        dt.grad(lambda x: special.kelvin(x))(0.5)
    with pytest.raises(AttributeError, match="no 'no_such_name'"):
        _ = dnp.no_such_name
    with pytest.raises(ValueError, match="ord must be fro, nuc, 1"):
        dt.grad(lambda x: np.linalg.norm(x, 3))(A)
    with pytest.raises(dt.UnsupportedFunctionError, match="spacing"):
        dt.grad(lambda x: np.spacing(x)[0])(V)


def test_errors_of_einsum_name_the_operands():
    with pytest.raises(dt.ShapeError, match=r"einsum: operand of term 'ij' must have 2 axes"):
        dt.grad(lambda x: np.einsum("ij->", x))(V)
    with pytest.raises(dt.ShapeError, match="label 'j' must have one length, got 4 and 3"):
        dt.grad(lambda x: np.einsum("ij,kj->", x, B))(A)
    with pytest.raises(ValueError, match="one operand for each of its 2 terms, got 1"):
        dt.grad(lambda x: np.einsum("i,i", x))(V)


@pytest.mark.parametrize(
    "name", ["expit", "log_expit", "erf", "erfc", "gammaln", "digamma", "logsumexp", "softmax"]
)
def test_special_functions(name):
    import scipy.special

    x = np.abs(V) + 0.1
    wanted = getattr(scipy.special, name)(x)
    function = getattr(special, name)
    np.testing.assert_allclose(function(x), wanted, rtol=1e-14)
    y, _ = dt.vjp(function, x)
    np.testing.assert_allclose(y, wanted, rtol=1e-13)
    dt.check_grads(function, (x,), order=2, rtol=1e-5)


def test_polygamma_and_xlogy():
    import scipy.special

    np.testing.assert_allclose(
        dt.grad(special.gammaln)(3.5), scipy.special.digamma(3.5), rtol=1e-14
    )
    np.testing.assert_allclose(
        dt.grad(dt.grad(special.gammaln))(3.5), scipy.special.polygamma(1, 3.5), rtol=1e-13
    )
    np.testing.assert_allclose(
        dt.jit(lambda x: special.polygamma(2, x))(3.5), scipy.special.polygamma(2, 3.5), rtol=1e-13
    )


UFUNCS = sorted(name for name in dir(dnp) if isinstance(getattr(np, name, None), np.ufunc))


@pytest.mark.parametrize("name", UFUNCS)
def test_every_ufunc_here_takes_traced_values(name):
    ufunc = getattr(np, name)
    arguments = [np.array([0.5, 0.25, 0.75]), np.array([0.125, 0.5, 1.0])][: ufunc.nin]
    if "bitwise" in name or name == "invert":
        arguments = [x > 0.3 for x in arguments]
    if name in ("arccosh", "acosh"):
        arguments = [1 + arguments[0]]
    if "shift" in name:
        arguments = [np.array([5, -3, 8]), np.array([2, 0, 1])]
    if name == "ldexp":
        arguments[1] = np.array([3, 0, -2])
    if name in ("matvec", "vecmat"):
        arguments[name == "vecmat"] = np.outer(arguments[0], arguments[1])
    wanted = ufunc(*arguments)
    for f in (ufunc, getattr(dnp, name)):
        given = dt.jit(f)(*arguments)
        for a, b in zip(np.atleast_1d(given), np.atleast_1d(wanted), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 3])
def test_round_is_numpys_and_has_no_slope(decimals: int) -> None:
    x = np.array([123.4567, -0.05, 2.5, 55.0, -250.0])
    assert dt.jit(lambda x: np.round(x, decimals))(x).tolist() == np.round(x, decimals).tolist()
    assert dt.grad(lambda x: x.round(decimals).sum())(x).tolist() == [0.0] * 5
    assert dt.jit(lambda x: round(x, decimals))(2.5) == round(2.5, decimals)


@pytest.mark.parametrize("name", ["sum", "max", "any", "mean", "var"])
def test_axes_of_a_number_are_numpys(name: str) -> None:
    f, x = getattr(np, name), np.array(2.0)
    for axis in (0, -1, (), (0,), 1):
        for options in ({}, {"where": np.array(True)}, {"where": True}):
            if options:
                options |= {"initial": -5.0} if name == "max" else {}
            try:
                wanted = f(x, axis=axis, **options)
            except np.exceptions.AxisError:
                with pytest.raises(np.exceptions.AxisError):
                    dt.jit(lambda x, a=axis, o=options: f(x, axis=a, **o))(x)
            else:
                assert dt.jit(lambda x, a=axis, o=options: f(x, axis=a, **o))(x) == wanted
