/// Matrix decompositions, as parts of what dualtape.numpy.linalg and dualtape.scipy.linalg make of
/// them: several results come as a tuple.
#include "ops/decompositions.hpp"
#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"

namespace dualtape::engine {
namespace {

/// NumPy's linear algebra works on float64 where it gets integers.
DType inexact(DType d) { return is_inexact(d) ? d : DType::kFloat64; }

Expr matrix_argument(PyObject* argument, const char* function) {
  const Expr x = array_argument(argument, function);
  return as_dtype(x, inexact(x.dtype()));
}

PyObject* tuple_of_results(std::initializer_list<Expr> results) {
  const Ref tuple = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(results.size())));
  Py_ssize_t k = 0;
  for (const Expr& e : results) PyTuple_SET_ITEM(tuple.get(), k++, make_result(e));
  return Py_NewRef(tuple.get());
}

PyObject* record_cholesky(const Arguments& a) {
  const Expr x = matrix_argument(a[0], "cholesky");
  if (!flag(a[1])) return make_result(cholesky(x));
  check_square("cholesky", x);
  return make_result(conj(swap_last_axes(cholesky(conj(swap_last_axes(x))))));
}

/// Of A from the triangle that NumPy's UPLO names.
EighFactors eigh_of(PyObject* matrix, PyObject* uplo, const char* function) {
  const Expr x = matrix_argument(matrix, function);
  check_square(function, x);
  if (!is_given(uplo)) return eigh(x);
  const std::string word = PyUnicode_Check(uplo) ? text_of(uplo) : std::string();
  if (word == "L" || word == "l") return eigh(x);
  if (word == "U" || word == "u") return eigh(conj(swap_last_axes(x)), true);
  raise(PyExc_ValueError, std::string(function) + ": UPLO must be 'L' or 'U', got " +
                              text_of(Ref::checked(PyObject_Repr(uplo)).get()));
}

PyObject* record_eigh(const Arguments& a) {
  const EighFactors f = eigh_of(a[0], a[1], "eigh");
  return tuple_of_results({f.values, f.vectors});
}

PyObject* record_eigvalsh(const Arguments& a) {
  return make_result(eigh_of(a[0], a[1], "eigvalsh").values);
}

PyObject* record_eig(const Arguments& a) {
  const EighFactors f = eig(matrix_argument(a[0], "eig"));
  return tuple_of_results({f.values, f.vectors});
}

PyObject* record_eigvals(const Arguments& a) {
  return make_result(eig(matrix_argument(a[0], "eigvals")).values);
}

PyObject* record_svd(const Arguments& a) {
  const SvdFactors f = svd(matrix_argument(a[0], "svd"));
  return tuple_of_results({f.left, f.values, f.right});
}

PyObject* record_svdvals(const Arguments& a) {
  return make_result(svdvals(matrix_argument(a[0], "svdvals")));
}

PyObject* record_qr(const Arguments& a) {
  const QrFactors f = qr(matrix_argument(a[0], "qr"));
  return tuple_of_results({f.q, f.r});
}

/// The matrix L U and the rows of A in its order.
PyObject* record_lu(const Arguments& a) {
  const Expr x = matrix_argument(a[0], "lu");
  check_square("lu", x);
  const Expr factors = lu(x);
  return tuple_of_results({lu_matrix(x, factors), lu_rows(factors)});
}

PyObject* record_pivots(const Arguments& a) {
  const Expr x = array_argument(a[0], "lu_solve");
  return make_result(lu_pivots(as_dtype(x, DType::kInt64), flag(a[1])));
}

PyObject* record_slogdet(const Arguments& a) {
  const Expr x = matrix_argument(a[0], "slogdet");
  check_square("slogdet", x);
  const Expr both = slogdet(x, lu(x));
  const auto part = [&](std::int64_t k) {
    Dims shape = both.shape();
    shape.pop_back();
    return reshape(slice_axis(both, both.rank() - 1, k, 1), shape);
  };
  return tuple_of_results({part(0), real(part(1))});
}

/// One right-hand side or several, and leading axes that broadcast, as np.linalg.solve.
struct Equations {
  Expr a, b;
  bool vector;
};

Equations equations_of(PyObject* matrix, PyObject* rhs, const char* function) {
  const Operand operands[] = {operand_of(matrix, function), operand_of(rhs, function)};
  Recorder& recorder = *recorder_of(operands);
  const DType d = inexact(result_dtype(operands));
  const Expr a = lower(operands[0], recorder, d), b = lower(operands[1], recorder, d);
  const std::int64_t n = check_square(function, a);
  const bool vector = b.rank() == 1;
  const Expr columns = vector ? reshape(b, Dims{b.shape()[0], 1}) : b;
  if (b.rank() == 0 || columns.shape()[columns.rank() - 2] != n) {
    throw ShapeError(std::string(function) + ": b must be (" + std::to_string(n) + ",) or (..., " +
                     std::to_string(n) + ", k) for A " + to_string(a.shape()) + ", got " +
                     to_string(b.shape()));
  }
  const auto leading = [](const Expr& x) { return Dims(std::span(x.shape()).first(x.rank() - 2)); };
  const Dims batch = broadcast_shapes(function, leading(a), leading(columns));
  const auto spread = [&](const Expr& m) {
    Dims shape = batch;
    shape.append(std::span(m.shape()).last(2));
    return broadcast_to(m, shape);
  };
  return {spread(a), spread(columns), vector};
}

PyObject* record_triangular_solve(const Arguments& a) {
  const Equations e = equations_of(a[0], a[1], "solve_triangular");
  const Triangle form{.lower = flag(a[2]), .transposed = flag(a[3]), .unit = flag(a[4])};
  const Expr x = triangular_solve(e.a, e.b, form);
  if (!e.vector) return make_result(x);
  Dims shape = x.shape();
  shape.pop_back();
  return make_result(reshape(x, shape));
}

PyObject* record_pinv(const Arguments& a) {
  const Expr x = matrix_argument(a[0], "pinv");
  const double cutoff = PyFloat_AsDouble(a[1]);
  if (cutoff == -1 && PyErr_Occurred()) throw PythonError{};
  return make_result(pinv(x, cutoff));
}

PyObject* record_sylvester(const Arguments& a) {
  Operand operands[3];
  for (std::size_t k = 0; k < 3; ++k) operands[k] = operand_of(a[k], "solve_sylvester");
  Recorder& recorder = *recorder_of(operands);
  const DType d = inexact(result_dtype(operands));
  return make_result(sylvester(lower(operands[0], recorder, d), lower(operands[1], recorder, d),
                               lower(operands[2], recorder, d)));
}

template <MatrixFunction kWhich>
PyObject* record_matrix_function(const Arguments& a) {
  return make_result(matrix_function(matrix_argument(a[0], "matrix function"), kWhich));
}

PyObject* record_expm_frechet(const Arguments& a) {
  const Operand operands[] = {operand_of(a[0], "expm_frechet"), operand_of(a[1], "expm_frechet")};
  Recorder& recorder = *recorder_of(operands);
  const DType d = inexact(result_dtype(operands));
  return make_result(frechet(lower(operands[0], recorder, d), lower(operands[1], recorder, d),
                             MatrixFunction::kExp));
}

constexpr Function kFunctions[] = {
    {"linalg.cholesky", {"cholesky", {"a", "upper"}, 1}, record_cholesky},
    {"linalg.eigvalsh", {"eigvalsh", {"a", "UPLO"}, 1}, record_eigvalsh},
    {"linalg.svdvals", {"svdvals", {"x"}, 1}, record_svdvals},
    {nullptr, {"_eigh", {"a", "UPLO"}, 1}, record_eigh},
    {"linalg.eigvals", {"eigvals", {"a"}, 1}, record_eigvals},
    {nullptr, {"_eig", {"a"}, 1}, record_eig},
    {nullptr, {"_svd", {"a"}, 1}, record_svd},
    {nullptr, {"_qr", {"a"}, 1}, record_qr},
    {nullptr, {"_lu", {"a"}, 1}, record_lu},
    {nullptr, {"_lu_pivots", {"rows", "back"}, 1}, record_pivots},
    {nullptr, {"_slogdet", {"a"}, 1}, record_slogdet},
    {nullptr,
     {"_triangular_solve", {"a", "b", "lower", "transposed", "unit"}, 2},
     record_triangular_solve},
    {nullptr, {"_pinv", {"a", "cutoff"}, 2}, record_pinv},
    {nullptr, {"_sylvester", {"a", "b", "q"}, 3}, record_sylvester},
    {nullptr, {"_expm", {"a"}, 1}, record_matrix_function<MatrixFunction::kExp>},
    {nullptr, {"_logm", {"a"}, 1}, record_matrix_function<MatrixFunction::kLog>},
    {nullptr, {"_sqrtm", {"a"}, 1}, record_matrix_function<MatrixFunction::kSqrt>},
    {nullptr, {"_expm_frechet", {"a", "e"}, 2}, record_expm_frechet},
};

}  // namespace

std::span<const Function> linalg_functions() { return kFunctions; }

}  // namespace dualtape::engine
