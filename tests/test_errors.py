"""Each refusal names the operation, what was given, and what to write instead."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats
from eager import recorded

import dualtape as dt
import dualtape.numpy as dnp
from dualtape._core import (
    ConcreteValueError,
    DerivativeError,
    LeakedTracerError,
    Recorder,
    ShapeError,
    UnsupportedFunctionError,
)

X = np.array([1.0, 2.0, 3.0])
M = np.arange(12.0).reshape(3, 4)


def loses(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(x[0])


LOST_NUMBERS: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "float": (loses(float), ConcreteValueError, r"float\(\).*derivative.*np\.sin"),
    "complex": (loses(complex), ConcreteValueError, r"complex\(\).*derivative"),
    "math": (loses(math.sin), ConcreteValueError, r"np\.sin, not math\.sin"),
    "item": (loses(lambda t: t.item()), ConcreteValueError, r"item\(\).*t\.value"),
    "tolist": (lambda x: x.tolist(), ConcreteValueError, r"tolist\(\)"),
    "array": (lambda x: np.array([x[0], 1.0]), TypeError, r"dualtape\.numpy\."),
    "asarray": (np.asarray, TypeError, r"dualtape\.numpy\.array"),
    "setitem": (
        lambda x: np.zeros(3).__setitem__(0, x[0]),
        TypeError,
        r"dualtape\.numpy\.zeros",
    ),
    "in-place": (
        lambda x: np.zeros(3).__iadd__(x),
        TypeError,
        r"a = a \+ t.*dualtape\.numpy\.zeros",
    ),
    "out": (lambda x: np.sin(x, out=np.zeros(3)), TypeError, r"dualtape\.numpy\.zeros"),
}


@pytest.mark.parametrize("name", LOST_NUMBERS)
def test_lost_numbers_name_the_cure(name: str) -> None:
    f, kind, message = LOST_NUMBERS[name]
    with pytest.raises(kind, match=message):
        recorded(f, X)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda x: np.spacing(x),
            r"numpy\.spacing cannot be recorded.*dualtape\.numpy.*custom_jvp",
        ),
        (lambda x: np.packbits(x > 0), r"numpy\.packbits cannot be recorded"),
        (lambda x: np.emath.sqrt(x), r"numpy\.lib\.scimath\.sqrt cannot be recorded"),
        (lambda x: np.spacing(x), r"numpy\.spacing cannot be recorded"),
        (lambda x: np.nextafter(x, 1.0), r"numpy\.nextafter cannot be recorded"),
        (lambda x: np.sin(x, where=x > 0), r"numpy\.sin: where= without out=.*np\.where"),
        (lambda x: np.power.reduce(x, where=x > 0), r"power\.reduce: where= cannot be recorded"),
        (lambda x: np.sum(x, out=np.zeros(())), r"sum: out= cannot be recorded"),
        (lambda x: np.round(np.argmax(x), 2), r"round: decimals must be 0 for int64, got 2"),
        (lambda x: (x > 0) & 3, r"bitwise operators are recorded for booleans only.*parentheses"),
    ],
)
def test_unsupported_functions_and_options_are_named(f: Callable[..., Any], message: str) -> None:
    with pytest.raises(UnsupportedFunctionError, match=message):
        recorded(f, X)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.where(x > 0)[0], r"nonzero: .*under jit and vmap.*np\.where"),
        (lambda x: np.unique(x), r"unique: .*under jit and vmap"),
        (lambda x: np.compress(x > 0, x), r"compress: .*np\.where"),
        (lambda x: np.gcd(np.argmax(x), 2), r"numpy\.gcd cannot be recorded: .*jit and vmap"),
    ],
)
def test_numbers_that_are_not_known_are_named(f: Callable[..., Any], message: str) -> None:
    for transformed in (dt.jit(f), dt.vmap(f)):
        with pytest.raises(TypeError, match=message):
            transformed(X if transformed.__name__.startswith("jit") else X[None])
    recorded(f, X)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.add.at(np.zeros(3), [0], x), r"numpy\.add\.at: a plain array.*zeros"),
        (lambda x: np.put(np.zeros(3), [0], x), r"put: a plain array.*dualtape\.numpy\.zeros"),
        (lambda x: np.copyto(np.zeros(3), x), r"copyto: a plain array.*dualtape\.numpy\.zeros"),
        (lambda x: np.cumprod(x, out=np.zeros(3)), r"cumprod: out= cannot be recorded"),
        (lambda x: np.pad(x, 1, lambda *a: a), r"pad: a function as mode cannot be recorded"),
    ],
)
def test_plain_arrays_are_not_written(f: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        recorded(f, X)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x + np.ones(2), r"add.*\(3,\).*\(2,\)"),
        (lambda x: x @ np.ones((2, 3)), r"matmul.*\(3,\).*\(2, 3\)"),
        (lambda x: np.dot(np.ones((2, 2)), x), r"dot.*\(2, 2\).*\(3,\)"),
        (lambda x: x @ 2.0, r"matmul.*at least one axis.*\(\)"),
        (lambda x: x.reshape(2, 2), r"reshape array of size 3 into shape \(2, 2\)"),
        (lambda x: np.linalg.solve(np.ones((3, 4)), x), r"solve: .*\(3, 4\)"),
        (lambda x: np.stack([x, x[:2]]), r"stack: .*same shape.*\(3,\).*\(2,\)"),
        (lambda x: np.concatenate([x, M]), r"concatenate"),
        (lambda x: np.broadcast_to(x, (3, 2)), r"broadcast_to.*\(3,\).*\(3, 2\)"),
        (lambda x: np.inner(x, np.ones(2)), r"inner: .*\(3,\).*\(2,\)"),
    ],
)
def test_shapes_are_checked_where_they_are_recorded(f: Callable[..., Any], message: str) -> None:
    def with_following_line(x: Any) -> Any:
        y = f(x)
        raise AssertionError("the line above must raise", y)

    with pytest.raises(ShapeError, match=message):
        recorded(with_following_line, X)


def test_axis_errors_are_numpys() -> None:
    with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds"):
        recorded(lambda x: np.sum(x, axis=2), X)


@pytest.mark.parametrize(
    "use",
    [lambda t: t + 1, np.sin, lambda t: t[0], lambda t: t.sum(), lambda t: -t, lambda t: t.value],
)
def test_leaked_tracers_raise_and_say_where_they_came_from(use: Callable[[Any], Any]) -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(x * 2.0)  # this line is named
        return np.sum(x)

    dt.grad(f)(X)
    with pytest.raises(LeakedTracerError, match=r"grad of f.*test_errors\.py:\d+.*return it"):
        use(kept[0])


def test_leaked_tracer_of_a_failed_recording_raises() -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(x)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dt.grad(f)(X)
    with pytest.raises(LeakedTracerError):
        kept[0] + 1
    assert "recording ended" in repr(kept[0])


def test_inner_tracer_used_outside_raises() -> None:
    def outer(x: Any) -> Any:
        kept = []

        def inner(y: Any) -> Any:
            kept.append(y)
            return y * y

        dt.grad(inner)(x)
        return x * kept[0]

    with pytest.raises(LeakedTracerError, match="grad of inner"):
        dt.grad(outer)(2.0)


def test_truth_of_a_mapped_value_names_where() -> None:
    with pytest.raises(ConcreteValueError, match=r"vmap.*np\.where"):
        dt.vmap(lambda x: x if x > 0 else -x)(X)


def test_truth_of_several_values_is_ambiguous() -> None:
    with pytest.raises(ValueError, match=r"ambiguous.*np\.any"):
        recorded(lambda x: x if x > 0 else -x, X)


def test_value_under_jit_raises() -> None:
    with pytest.raises(ConcreteValueError, match=r"t\.value is not available under jit"):
        dt.jit(lambda x: x.value)(X)


def test_traced_range_of_arange_raises() -> None:
    with pytest.raises(ConcreteValueError, match="arange"):
        recorded(lambda x: dnp.arange(x[0]), X)


def test_singular_matrix_is_numpys_error() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="solve"):
        dt.grad(lambda a: np.sum(np.linalg.solve(a, np.ones(2))))(np.ones((2, 2)))


def test_derivatives_of_integers_are_type_errors() -> None:
    assert issubclass(DerivativeError, TypeError)
    with pytest.raises(DerivativeError, match="grad of"):
        dt.grad(lambda x: np.sum(x))(np.arange(3))


def test_overwritten_arrays_are_refused_by_shape() -> None:
    big = np.ones(20_000)

    def f(x: Any) -> Any:
        y = np.sum(x * big)
        big[0] = 5.0
        return y

    with pytest.raises(RuntimeError, match=r"\(20000,\) was overwritten.*copy"):
        dt.grad(f)(np.ones(20_000))


def test_unequal_copies_and_hashes() -> None:
    with Recorder("f") as recorder:
        t = recorder.input(X)
        same = copy.copy(t)
        assert same is not t
        assert hash(t) == hash(t)
        assert len({t, same}) == 2
        with pytest.raises(TypeError, match="0-d"):
            iter(t[0])
        with pytest.raises(TypeError, match="unsized"):
            len(t[0])


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda x: scipy.special.logsumexp(x),
            r"scipy\.special\.logsumexp converts.*write dualtape\.scipy\.special\.logsumexp",
        ),
        (
            lambda x: np.sum(scipy.stats.norm.logpdf(x)),
            r"scipy\.stats\.norm\.logpdf converts.*write dualtape\.scipy\.stats\.norm\.logpdf",
        ),
        (
            lambda x: scipy.linalg.cholesky(np.diag(x)),
            r"scipy\.linalg\.cholesky converts.*write dualtape\.scipy\.linalg\.cholesky",
        ),
        (
            lambda x: scipy.special.spherical_jn(1, x),
            r"spherical_jn converts.*write dualtape\.scipy\.special\.spherical_jn",
        ),
        (
            lambda x: scipy.fft.dctn(x),
            r"scipy\.fft\.dctn converts.*write dualtape\.scipy\.fft\.dctn",
        ),
        (
            lambda x: scipy.special.sph_harm_y(1, 1, x, x),
            r"sph_harm_y converts.*write dualtape\.scipy\.special\.sph_harm_y",
        ),
        (
            lambda x: scipy.special.legendre_p(2, x),
            r"scipy\.special\.legendre_p converts.*no form here",
        ),
        (
            lambda x: np.linalg.norm([x[0], 1.0]),
            r"numpy\.linalg\.norm converts.*write dualtape\.numpy\.linalg\.norm",
        ),
        (
            lambda x: scipy.signal.welch(x)[1],
            r"scipy\.signal\.welch converts its arguments to plain arrays, and has no form here",
        ),
    ],
)
def test_function_that_converts_is_named_with_its_replacement(
    f: Callable[[Any], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        dt.grad(f)(np.ones(3))


def test_assignment_to_an_array_of_plain_numpy_is_shown_with_its_cure() -> None:
    def element(x: Any) -> Any:
        y = np.zeros(3)
        y[0] = x[0]
        return np.sum(y)

    def part(x: Any) -> Any:
        y = np.zeros(3)
        y[1:] = x[1:]
        return np.sum(y)

    cure = r"writes a traced value .*dualtape\.numpy\.zeros\(n\), or np\.zeros\(n, like=x\)"
    with pytest.raises(dt.ConcreteValueError, match=rf"`y\[0\] = x\[0\]` \(line \d+\) {cure}"):
        dt.grad(element)(np.ones(3))
    with pytest.raises(TypeError, match=rf"`y\[1:\] = x\[1:\]` \(line \d+\) {cure}"):
        dt.grad(part)(np.ones(3))


def test_function_that_wants_a_float_is_named() -> None:
    with pytest.raises(dt.ConcreteValueError, match=r"scipy\.integrate\.quad converts"):
        dt.grad(lambda a: scipy.integrate.quad(lambda t: np.exp(-a * t), 0, 1)[0])(1.0)


def test_traced_value_has_no_memory() -> None:
    for name in ("strides", "flags", "data"):
        with pytest.raises(AttributeError, match=r"no memory of its own.*dualtape\.numpy"):
            dt.grad(lambda x, name=name: getattr(x, name))(np.ones(3))


def test_log_determinant_of_a_large_covariance_does_not_overflow() -> None:
    cov = 1e3 * np.eye(200)
    logpdf = dt.scipy.stats.multivariate_normal.logpdf
    value, slope = dt.value_and_grad(lambda c: logpdf(np.zeros(200), None, c * np.eye(200)))(1e3)
    assert value == pytest.approx(scipy.stats.multivariate_normal.logpdf(np.zeros(200), cov=cov))
    assert slope == pytest.approx(-100 / 1e3)
