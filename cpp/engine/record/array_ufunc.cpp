/// __array_ufunc__: NumPy's ufuncs called on tracers.
#include <algorithm>
#include <numbers>
#include <string>
#include <unordered_map>

#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

/// What a ufunc is to us: an elementwise opcode, or one of these.
enum SpecialUfunc : int {
  kMatmul = -1,
  kDegreesToRadians = -2,
  kRadiansToDegrees = -3,
  kPositive = -4,
  kDivmod = -5,
  kInvert = -6,
  kFloatPower = -7,
  kConjugateUfunc = -8,
  kFabs = -9,
};

std::unordered_map<PyObject*, int>& ufunc_table() {
  static std::unordered_map<PyObject*, int> table;
  return table;
}

std::string name_of(PyObject* ufunc) { return text_of(attribute(ufunc, "__name__").get()); }

/// SciPy's ufuncs are found by name: its module may be imported at any time.
std::optional<int> code_of(PyObject* ufunc) {
  auto& table = ufunc_table();
  if (const auto found = table.find(ufunc); found != table.end()) return found->second;
  const auto op = op_of_ufunc_name(name_of(ufunc));
  if (!op) return std::nullopt;
  Py_INCREF(ufunc);  // its address stays its own
  return table[ufunc] = *op;
}

/// What the engine has no opcode for goes to the handler registered for numpy.ufunc: compositions,
/// options such as where=, methods such as accumulate, outer and at.
PyObject* composed(PyObject* const* args, Py_ssize_t n, PyObject* names) {
  static PyObject* const ufunc_type = numpy_attribute("ufunc").release();
  PyObject* handler = registered_function(ufunc_type);
  if (!handler) raise(PyExc_RuntimeError, "no handler of ufuncs is registered");
  return PyObject_Vectorcall(handler, args, static_cast<std::size_t>(n), names);
}

struct Options {
  PyObject* out = nullptr;  // one array
  PyObject* axis = nullptr;
  PyObject* keepdims = nullptr;
  bool needs_composition = false;
};

Options options_of(PyObject* const* values, PyObject* names) {
  Options options;
  const Py_ssize_t n = names ? PyTuple_GET_SIZE(names) : 0;
  for (Py_ssize_t k = 0; k < n; ++k) {
    const std::string name = text_of(PyTuple_GET_ITEM(names, k));
    PyObject* value = values[k];
    if (value == Py_None || (name == "where" && value == Py_True)) continue;
    if (name == "out") {
      options.out = PyTuple_Check(value) ? PyTuple_GET_ITEM(value, 0) : value;
      if (options.out == Py_None) options.out = nullptr;
    } else if (name == "axis") {
      options.axis = value;
    } else if (name == "keepdims") {
      options.keepdims = value;
    } else if (name != "casting" && name != "order" && name != "subok") {
      options.needs_composition = true;
    }
  }
  return options;
}

/// The operand in the element type functions like np.sin compute in; real ones only.
Expr in_floats(const Operand& x) {
  if (is_complex(strong_dtype(x.code))) {
    raise(PyExc_TypeError, "this function has no meaning for complex values");
  }
  static const OpCode sin = *find_op("sin");
  const Operand operands[] = {x};
  return lower(x, *recorder_of(operands), resolve_loop(sin, operands).in);
}

/// x times a constant, as np.deg2rad.
PyObject* scaled(const Operand& x, double factor) {
  const Expr y = in_floats(x);
  const Expr args[] = {y, constant(y.builder(), factor, y.dtype())};
  return make_elementwise(emit_elementwise(known_ops.multiply, args), order_unknown(x));
}

PyObject* fabs_of(const Operand& x) {
  const Expr args[] = {in_floats(x)};
  return make_elementwise(emit_elementwise(known_ops.absolute, args), order_unknown(x));
}

PyObject* positive(const Operand& x) {
  if (x.code == static_cast<TypeCode>(DType::kBool)) {
    raise(PyExc_TypeError, "numpy.positive has no meaning for booleans");
  }
  const Operand operands[] = {x};
  return make_elementwise(lower(x, *recorder_of(operands)), order_unknown(x));
}
PyObject* conjugate(const Operand& x) {
  const Operand operands[] = {x};
  return make_elementwise(conj(lower(x, *recorder_of(operands))), order_unknown(x));
}

PyObject* float_power(std::span<const Operand> x) {
  Recorder& recorder = *recorder_of(x);
  const DType d = is_complex(result_dtype(x)) ? DType::kComplex128 : DType::kFloat64;
  const Expr args[] = {lower(x[0], recorder, d), lower(x[1], recorder, d)};
  return make_result(emit_elementwise(known_ops.power, args));
}

PyObject* call_special(int code, std::span<const Operand> x) {
  switch (code) {
    case kMatmul: return matmul_result(x[0], x[1]);
    case kDegreesToRadians: return scaled(x[0], std::numbers::pi / 180);
    case kRadiansToDegrees: return scaled(x[0], 180 / std::numbers::pi);
    case kDivmod: {
      const Ref quotient = Ref::checked(elementwise_result(known_ops.floor_divide, x));
      const Ref rest = Ref::checked(elementwise_result(known_ops.remainder, x));
      return PyTuple_Pack(2, quotient.get(), rest.get());
    }
    case kFloatPower: return float_power(x);
    case kInvert: return elementwise_result(known_ops.logical_not, x);
    case kFabs: return fabs_of(x[0]);
    case kConjugateUfunc: return conjugate(x[0]);
    default: return positive(x[0]);
  }
}

/// The bitwise ufuncs are logical ones on booleans; on integers they are compositions or refused.
bool is_bitwise_of_integers(PyObject* ufunc, int code, std::span<const Operand> x) {
  const bool may_be_bitwise = code == kInvert || code == known_ops.logical_and ||
                              code == known_ops.logical_or || code == known_ops.logical_xor;
  if (!may_be_bitwise) return false;
  const std::string name = name_of(ufunc);
  if (name != "invert" && name.rfind("bitwise", 0) != 0) return false;
  return std::ranges::any_of(
      x, [](const Operand& o) { return o.code != static_cast<TypeCode>(DType::kBool); });
}

PyObject* call_ufunc(PyObject* ufunc, int code, std::span<const Operand> x,
                     const Options& options) {
  if (options.out && !is_tracer(options.out)) {
    raise(PyExc_TypeError,
          "numpy." + name_of(ufunc) +
              ": a plain array cannot hold traced values; write a = a + t for a += t, copy it by "
              "dualtape.numpy.array(a), or make it by dualtape.numpy.zeros");
  }
  Ref result = Ref::checked(code < 0 ? call_special(code, x)
                                     : elementwise_result(static_cast<OpCode>(code), x));
  if (!options.out) return result.release();
  assign_result(as_tracer(options.out), expr_of(result.get()));
  return Py_NewRef(options.out);
}

/// The function of the tables that a ufunc's reduce is.
const Function* reduction_of(int code) {
  if (code == known_ops.add) return find_function("sum");
  if (code == known_ops.multiply) return find_function("prod");
  if (code == known_ops.maximum) return find_function("max");
  if (code == known_ops.minimum) return find_function("min");
  if (code == known_ops.logical_and) return find_function("all");
  return code == known_ops.logical_or ? find_function("any") : nullptr;
}

PyObject* reduce_ufunc(const Function& f, PyObject* x, PyObject* axis, const Options& options) {
  Arguments a{};
  a[0] = x;
  const Ref zero = Ref::checked(PyLong_FromLong(0));
  // reduce works along axis 0 unless told otherwise; axis=None was dropped with the other Nones.
  a[1] = axis ? axis : options.axis ? options.axis : zero.get();
  const bool has_dtype = std::strcmp(f.signature.parameters[2], "dtype") == 0;
  a[has_dtype ? 4 : 3] = options.keepdims;
  return f.record(a);
}

}  // namespace

std::optional<OpCode> op_of_ufunc_name(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
      {"psi", "digamma"},
      {"true_divide", "divide"},
      {"bitwise_and", "logical_and"},
      {"bitwise_or", "logical_or"},
      {"bitwise_xor", "logical_xor"}};
  for (const auto& [alias, op] : kAliases) {
    if (name == alias) return find_op(op);
  }
  if (!is_elementwise_name(name) && name != "clip") return std::nullopt;
  return find_op(name);
}

PyObject* array_ufunc(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&]() -> PyObject* {
    if (n < 3) raise(PyExc_TypeError, "__array_ufunc__: ufunc, method and inputs are wanted");
    PyObject* ufunc = args[0];
    const auto code = code_of(ufunc);
    if (!code) return composed(args, n, names);
    const bool is_call = PyUnicode_CompareWithASCIIString(args[1], "__call__") == 0;
    if (is_call && !names && *code >= 0 && n <= 4 &&
        n - 2 == ops::op_table[static_cast<std::size_t>(*code)].arity) {
      const auto op = static_cast<OpCode>(*code);
      if (PyObject* r = elementwise_alike(op, args[2], n == 4 ? args[3] : nullptr, false)) return r;
    }
    const Options options = options_of(args + n, names);
    if (is_call && !options.needs_composition) {
      Operand x[3];
      const Py_ssize_t n_in = std::min<Py_ssize_t>(n - 2, 3);
      for (Py_ssize_t i = 0; i < n_in; ++i) x[i] = operand_of(args[2 + i], "ufunc");
      const std::span<const Operand> inputs(x, static_cast<std::size_t>(n_in));
      if (is_bitwise_of_integers(ufunc, *code, inputs)) return composed(args, n, names);
      return call_ufunc(ufunc, *code, inputs, options);
    }
    const bool is_plain = !options.needs_composition && !options.out && n <= 4;
    if (is_plain && PyUnicode_CompareWithASCIIString(args[1], "reduce") == 0) {
      if (const Function* f = reduction_of(*code)) {
        return reduce_ufunc(*f, args[2], n > 3 ? args[3] : nullptr, options);
      }
    }
    if (is_plain && PyUnicode_CompareWithASCIIString(args[1], "accumulate") == 0) {
      PyObject* axis = n == 4 ? args[3] : options.axis;
      if (PyObject* r = accumulate_ufunc(*code, args[2], axis)) return r;
    }
    return composed(args, n, names);
  });
}

void add_ufuncs() {
  auto& table = ufunc_table();
  const Ref numpy = numpy_attribute("");
  constexpr std::pair<const char*, int> kSpecial[] = {{"matmul", kMatmul},
                                                      {"deg2rad", kDegreesToRadians},
                                                      {"radians", kDegreesToRadians},
                                                      {"rad2deg", kRadiansToDegrees},
                                                      {"degrees", kRadiansToDegrees},
                                                      {"positive", kPositive},
                                                      {"divmod", kDivmod},
                                                      {"invert", kInvert},
                                                      {"float_power", kFloatPower},
                                                      {"conjugate", kConjugateUfunc},
                                                      {"fabs", kFabs}};
  for (const auto& [name, code] : kSpecial) {
    table[attribute(numpy.get(), name).release()] = code;
  }
  table[numpy_attribute("_core.umath.clip").release()] = known_ops.clip;
}

}  // namespace dualtape::engine
