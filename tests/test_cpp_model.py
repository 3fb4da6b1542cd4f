"""C++ models as operations in Python: dualtape/python.hpp."""

from __future__ import annotations

import gc
import importlib
import pickle
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import cpp_page
import numpy as np
import pybind11
import pytest
from numpy.testing import assert_allclose
from test_cpp_package import ROOT, configure, run

import dualtape as dt

SOURCES = ROOT / "tests" / "cpp" / "models"
EXAMPLE = ROOT / "examples" / "cpp_model"
X = np.array([0.7, -1.3, 0.4])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "decay.cpp").write_text(cpp_page.blocks("cpp")["one_model_two_languages"])
    configure(
        SOURCES,
        folder,
        f"-Ddualtape_DIR={dt.get_cmake_dir()}",
        f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
    )
    run("cmake", "--build", folder)
    return folder


def imported(folder: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def models(built: Path) -> ModuleType:
    return imported(built, "_models")


@pytest.fixture(scope="session")
def functions(built: Path) -> ModuleType:
    return imported(built, "_functions")


def waves(x: Any) -> Any:
    """The model in NumPy."""
    return np.stack(
        [x[0] * x[1] * np.exp(x[2]) + x[0], np.sin(x[0] * x[1]) + x[1] / (1.0 + x[2] ** 2)]
    )


def complex_step_jacobian(f: Any, x: np.ndarray, h: float = 1e-30) -> np.ndarray:
    steps = 1j * h * np.eye(x.size)
    return np.stack([f(x + step).imag / h for step in steps], axis=-1)


def waves_jacobian(x: Any) -> Any:
    """By hand."""
    e, c, q = np.exp(x[2]), np.cos(x[0] * x[1]), 1.0 + x[2] ** 2
    return np.array(
        [
            [x[1] * e + 1.0, x[0] * e, x[0] * x[1] * e],
            [x[1] * c, x[0] * c + 1.0 / q, -2.0 * x[1] * x[2] / q**2],
        ]
    )


def waves_hessians(x: np.ndarray) -> np.ndarray:
    def flat(z: np.ndarray) -> np.ndarray:
        return waves_jacobian(z).reshape(-1)

    return complex_step_jacobian(flat, x.astype(complex)).reshape(2, 3, 3)


def test_the_references_agree_with_each_other() -> None:
    assert_allclose(waves_jacobian(X), complex_step_jacobian(waves, X.astype(complex)), rtol=1e-14)


def test_values_are_the_models(models: ModuleType) -> None:
    y = models.waves(X)
    assert isinstance(y, np.ndarray)
    assert_allclose(y, waves(X), rtol=1e-15)
    assert "waves" in repr(models.waves)


@pytest.mark.parametrize("derivative", [dt.jacfwd, dt.jacrev, dt.jacobian])
def test_jacobian(models: ModuleType, derivative: Any) -> None:
    jacobian = derivative(models.waves)
    assert_allclose(jacobian(X), waves_jacobian(X), rtol=1e-14)
    assert_allclose(dt.jit(jacobian)(X), waves_jacobian(X), rtol=1e-14)


def test_products_are_transposes(models: ModuleType) -> None:
    x_dot, y_bar = np.array([0.3, 1.1, -0.2]), np.array([1.7, -0.6])
    y, y_dot = dt.jvp(models.waves, (X,), (x_dot,))
    assert_allclose(y, waves(X), rtol=1e-15)
    assert_allclose(y_dot, waves_jacobian(X) @ x_dot, rtol=1e-14)
    y, pullback = dt.vjp(models.waves, X)
    (x_bar,) = pullback(y_bar)
    assert_allclose(x_bar, y_bar @ waves_jacobian(X), rtol=1e-14)


def test_second_order(models: ModuleType) -> None:
    y_bar = np.array([1.7, -0.6])
    wanted = np.tensordot(y_bar, waves_hessians(X), 1)

    def weighted(x: Any) -> Any:
        return models.waves(x) @ y_bar

    for hessian in (dt.hessian(weighted), dt.jit(dt.hessian(weighted))):
        assert_allclose(hessian(X), wanted, rtol=1e-13)
    x_dot = np.array([0.3, 1.1, -0.2])
    assert_allclose(dt.grad(lambda x: dt.grad(weighted)(x) @ x_dot)(X), wanted @ x_dot, rtol=1e-13)
    assert_allclose(dt.jacobian(dt.jacobian(models.waves))(X), waves_hessians(X), rtol=1e-13)


def test_second_order_where_the_cotangent_moves(models: ModuleType) -> None:
    """The model inside of a nonlinear function: both its first and second derivatives count."""

    def loss(f: Any, x: Any) -> Any:
        return np.sum(np.tanh(f(x * x)) ** 2)

    wanted = dt.hessian(lambda x: loss(waves, x))(X)
    assert_allclose(dt.hessian(lambda x: loss(models.waves, x))(X), wanted, rtol=1e-12)


def test_third_order_and_no_more(models: ModuleType) -> None:
    def by_differences(x: np.ndarray, h: float = 1e-5) -> np.ndarray:
        steps = h * np.eye(3)
        halves = [(waves_hessians(x + s) - waves_hessians(x - s)) / (2 * h) for s in steps]
        return np.stack(halves, axis=-1)

    third = dt.jacobian(dt.jacobian(dt.jacobian(models.waves)))
    assert_allclose(third(X), by_differences(X), rtol=1e-8, atol=1e-8)
    weighted = dt.grad(lambda x: models.waves(x) @ np.array([1.7, -0.6]))
    assert_allclose(
        dt.jacobian(dt.jacobian(weighted))(X),
        np.tensordot([1.7, -0.6], by_differences(X), 1),
        rtol=1e-8,
        atol=1e-8,
    )
    with pytest.raises(dt.DerivativeError, match=r"waves: .*order 4 .*order 3"):
        dt.jacobian(third)(X)


def test_vmap(models: ModuleType) -> None:
    batch = np.random.default_rng(1).normal(size=(5, 3))
    assert_allclose(dt.vmap(models.waves)(batch), [waves(x) for x in batch], rtol=1e-14)
    jacobians = [waves_jacobian(x) for x in batch]
    assert_allclose(dt.vmap(dt.jacobian(models.waves))(batch), jacobians, rtol=1e-13)
    assert_allclose(
        dt.vmap(dt.jacobian(dt.jacobian(models.waves)))(batch),
        [waves_hessians(x) for x in batch],
        rtol=1e-12,
    )
    whole = dt.jacobian(dt.vmap(models.waves))(batch)
    for i, jacobian in enumerate(jacobians):
        assert_allclose(whole[i, :, i], jacobian, rtol=1e-13)
    assert np.count_nonzero(whole) == 5 * 6
    two = dt.vmap(dt.vmap(models.waves, in_axes=1), in_axes=2)(batch.T.reshape(3, 5, 1))
    assert_allclose(two[0], [waves(x) for x in batch], rtol=1e-14)
    assert dt.vmap(models.waves)(np.zeros((0, 3))).shape == (0, 2)


def test_laplacian(models: ModuleType) -> None:
    """Of the model, and of functions in which its first and second derivatives meet."""
    traces = np.trace(waves_hessians(X), axis1=1, axis2=2)
    assert_allclose(dt.laplacian(models.waves)(X), traces, rtol=1e-13)

    def loss(f: Any, x: Any) -> Any:
        return np.sum(f(x * x) ** 2) * x[0]

    wanted = np.trace(dt.hessian(lambda x: loss(waves, x))(X))
    assert_allclose(dt.laplacian(lambda x: loss(models.waves, x))(X), wanted, rtol=1e-12)


def test_sparse_jacobian_of_a_batch(models: ModuleType) -> None:
    def batched(x: Any) -> Any:
        return dt.vmap(models.waves)(x.reshape(-1, 3)).reshape(-1)

    x = np.random.default_rng(3).normal(size=12)
    jacobian = dt.sparse.jacobian(batched)(x)
    assert jacobian.nnz == 4 * 6
    assert_allclose(jacobian.toarray(), dt.jacobian(batched)(x), rtol=1e-13)


def forms(weight: float, a: Any, x: Any, s: Any) -> Any:
    y = a @ x
    return s * np.outer(y, x), weight * (y @ y), np.stack([y[0] * s, np.exp(s)])


def test_arguments_and_results_of_all_kinds(models: ModuleType) -> None:
    rng = np.random.default_rng(2)
    a, x, s = rng.normal(size=(4, 3)), rng.normal(size=3), 0.6
    model = models.forms(1.5)
    for result, wanted in zip(model(a, x, s), forms(1.5, a, x, s), strict=True):
        assert_allclose(result, wanted, rtol=1e-14)
        assert np.shape(result) == np.shape(wanted)

    def total(f: Any) -> Any:
        def scalar(a: Any, x: Any, s: Any) -> Any:
            outer, norm, pair = f(a, x, s)
            return np.sum(np.sin(outer)) + norm * pair[0] + pair[1]

        return scalar

    ours, numpys = total(model), total(lambda a, x, s: forms(1.5, a, x, s))
    everything = (0, 1, 2)
    got = dt.grad(ours, argnums=everything)(a, x, s)
    wanted = dt.grad(numpys, argnums=everything)(a, x, s)
    for k in everything:
        assert_allclose(got[k], wanted[k], rtol=1e-12)
        assert_allclose(dt.grad(ours, argnums=k)(a, x, s), wanted[k], rtol=1e-12)
    got, wanted = dt.hessian(ours, argnums=1)(a, x, s), dt.hessian(numpys, argnums=1)(a, x, s)
    assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)


def test_matrices_of_fixed_size_and_expressions(functions: ModuleType) -> None:
    a = np.arange(6.0).reshape(2, 3) + 1
    assert_allclose(functions.scaled(a, 2.0), (2 * a) ** 2, rtol=1e-15)
    assert_allclose(functions.scaled(np.asfortranarray(a), 2), (2 * a) ** 2, rtol=1e-15)
    got = dt.grad(lambda a, s: np.sum(functions.scaled(a, s) * a))(a, 2.0)
    assert_allclose(got, 3 * 4 * a**2, rtol=1e-14)
    with pytest.raises(ValueError, match=r"scaled: argument 0 must have shape \(2, 3\), got \(3, "):
        functions.scaled(a.T, 2.0)


def test_models_differ_by_what_they_hold(models: ModuleType) -> None:
    x = np.array([1.0, 2.0])
    one, two = models.counted(1.0), models.counted(2.0)
    assert_allclose(dt.grad(lambda x: one(x) + 10 * two(x))(x), 42 * x)
    assert_allclose([dt.grad(models.counted(k))(x) for k in (3.0, 4.0)], [6 * x, 8 * x])


def test_a_model_lives_as_long_as_what_calls_it(models: ModuleType) -> None:
    dt.clear_caches()
    gc.collect()
    before = models.alive()
    step = dt.jit(lambda x: dt.grad(models.counted(5.0))(x))
    x = np.array([1.0, 2.0])
    assert_allclose(step(x), 10 * x)
    gc.collect()
    dt.clear_caches()
    assert models.alive() > before
    assert_allclose(step(2 * x), 20 * x)
    _, pullback = dt.vjp(models.counted(7.0), x)
    dt.clear_caches()
    gc.collect()
    assert_allclose(pullback(1.0)[0], 14 * x)
    del step, pullback
    gc.collect()
    dt.clear_caches()
    assert models.alive() == before


@pytest.mark.parametrize("derivative", [lambda f: f, dt.grad], ids=["value", "grad"])
def test_two_threads_are_inside_at_once(models: ModuleType, derivative: Any) -> None:
    call = derivative(models.meeting())
    results: list[Any] = []

    def meet() -> None:
        results.append(call(2.0))

    threads = [threading.Thread(target=meet) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert all(result != 0 for result in results)


def test_dtypes(models: ModuleType) -> None:
    y = models.waves(X.astype(np.float32))
    assert y.dtype == np.float32
    assert_allclose(y, waves(X), rtol=1e-6)
    jacobian = dt.jacobian(models.waves)(X.astype(np.float32))
    assert jacobian.dtype == np.float32
    assert_allclose(jacobian, waves_jacobian(X), rtol=1e-6)
    assert models.waves(np.array([1, 2, 3])).dtype == np.float64
    with pytest.raises(TypeError, match=r"waves: argument 0 must be of real numbers, got complex"):
        models.waves(X + 0j)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (2.0, ValueError, "failing: two is not wanted"),
        (3.0, IndexError, "failing: three is past the end"),
        (4.0, RuntimeError, "failing: four went wrong"),
        (5.0, MemoryError, None),
        (6.0, RuntimeError, "failing: threw"),
    ],
)
def test_exceptions_arrive_with_the_models_name(
    functions: ModuleType, x: float, error: type[Exception], message: str | None
) -> None:
    failing = functions.failing
    assert_allclose(dt.grad(failing)(1.5), 3.0)
    for call in (failing, dt.grad(failing), dt.jit(failing), dt.hessian(failing)):
        with pytest.raises(error, match=message):
            call(x)


def test_models_are_not_pickled(models: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"waves: a C\+\+ model cannot be pickled"):
        pickle.dumps(models.waves)


def test_shapes_that_do_not_fit(models: ModuleType, functions: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"waves: argument 0 must have shape \(n,\), got \(1, 3\)"):
        models.waves(X[None])
    with pytest.raises(TypeError, match=r"waves: takes 1 arguments, got 2"):
        models.waves(X, X)
    assert functions.fickle(np.array([1.0, 5.0])).shape == (1,)
    with pytest.raises(ValueError, match=r"fickle: the result has 2 entries, .* it had 1"):
        functions.fickle(np.array([3.0, 5.0]))


def test_the_documented_model(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(built)
    a, t = np.array([1.0, 2.0]), 0.5
    names: dict[str, Any] = {"np": np, "dt": dt, "a": a, "t": t}
    first, last = cpp_page.blocks("py")["one_model_two_languages"].strip().rsplit("\n", 1)
    exec(first, names)
    assert_allclose(names["decay"](a, t), 3 * np.exp(-0.05), rtol=1e-15)
    ((by_amounts, by_both), (_, by_time)) = eval(last, names)  # of log(a.sum()) - 0.1 t
    assert_allclose(by_amounts, np.full((2, 2), -1 / 9), rtol=1e-14)
    assert_allclose(by_both, 0, atol=1e-15)
    assert_allclose(by_time, 0, atol=1e-15)
    module = imported(built, "_decay")
    assert_allclose(dt.grad(module.decay_of(0.3), argnums=1)(a, t), -0.9 * np.exp(-0.15))


def test_the_example_fits_alike_in_both_languages(tmp_path: Path) -> None:
    target, build = tmp_path / "site", tmp_path / "build"
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps"),
        # By its long name, which pip 23.0 knows too.
        f"--config-settings=build-dir={build}",
        f"--config-settings=cmake.define.pybind11_DIR={pybind11.get_cmake_dir()}",
        *("--target", target, EXAMPLE),
    )
    script = f"import sys; sys.path.insert(0, {str(target)!r}); import runpy\n"
    script += f"runpy.run_path({str(EXAMPLE / 'fit.py')!r}, run_name='__main__')"
    rates, errors = run(sys.executable, "-c", script).splitlines()
    wanted = [0.55, 0.028, 0.024, 0.8]
    assert_allclose([float(x) for x in rates.split()], wanted, rtol=1e-8)
    assert_allclose([float(x) for x in run(build / "fit").split()], wanted, rtol=1e-8)
    assert all(0 < float(x) < 0.1 for x in errors.split())
