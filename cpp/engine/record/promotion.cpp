/// Which loop NumPy would run: asked of NumPy itself (ufunc.resolve_dtypes), once for each function
/// and operand types.
#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>

#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

/// The NumPy ufunc whose promotion a function follows: its own, or that of one of its kind.
std::string_view promotion_model(OpCode op) {
  const ops::OpInfo& info = ops::op_table[op];
  if (info.name == "where") return "maximum";
  if (info.name == "clip") return "_core.umath.clip";
  if (info.name == "integer_power") return "square";
  constexpr std::string_view kOfScipy[] = {"expit",  "log_expit", "erf",     "erfc",
                                           "erfinv", "erfcinv",   "gammaln", "digamma"};
  const bool of_scipy =
      info.parametric || std::ranges::find(kOfScipy, info.name) != std::end(kOfScipy);
  if (!of_scipy) return info.name;
  return info.arity == 1 ? "sin" : info.arity == 2 ? "arctan2" : "_core.umath.clip";
}

PyObject* model_of(OpCode op) {
  static std::array<PyObject*, ops::op_count> models{};
  if (!models[op]) models[op] = numpy_attribute(promotion_model(op)).release();
  return models[op];
}

/// What resolve_dtypes takes for an operand: a dtype, or the Python type of a weak number.
Ref type_argument(TypeCode code, bool all_weak) {
  if (code < kDTypeCount || all_weak) return descr_of(strong_dtype(code));
  PyTypeObject* types[] = {&PyLong_Type, &PyFloat_Type, &PyComplex_Type};
  return Ref::borrow(reinterpret_cast<PyObject*>(types[code - kWeakInt]));
}

/// One number for a function and its operands' codes, of five bits each.
std::uint32_t key_of(OpCode op, std::span<const Operand> operands) {
  std::uint32_t codes = 0;
  for (const Operand& o : operands) codes = codes << 5 | o.code;
  return static_cast<std::uint32_t>(operands.size()) << 28 | std::uint32_t{op} << 16 | codes;
}

Loop ask_numpy(OpCode op, std::span<const Operand> operands) {
  bool all_weak = true;
  for (const Operand& o : operands) all_weak = all_weak && o.is_weak();
  const auto n = static_cast<Py_ssize_t>(operands.size());
  const Ref types = Ref::checked(PyTuple_New(n + 1));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyTuple_SET_ITEM(types.get(), i,
                     type_argument(operands[static_cast<std::size_t>(i)].code, all_weak).release());
  }
  PyTuple_SET_ITEM(types.get(), n, Py_NewRef(Py_None));
  const Ref found =
      Ref::checked(PyObject_CallMethod(model_of(op), "resolve_dtypes", "(O)", types.get()));
  const std::string name(ops::op_table[op].name);
  const DType in =
      dtype_of(reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(found.get(), 0)), name);
  for (Py_ssize_t i = 1; i < n; ++i) {
    auto* other = reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(found.get(), i));
    if (dtype_of(other, name) != in) {
      raise(PyExc_TypeError,
            name + ": int64 and uint64 cannot be mixed in a recording; convert one");
    }
  }
  return {in, dtype_of(reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(found.get(), n)), name)};
}

}  // namespace

Loop resolve_loop(OpCode op, std::span<const Operand> operands) {
  // Up to two operands: a table, since this runs for every operation recorded.
  struct Entry {
    Loop loop;
    bool is_known;
  };
  static_assert(kTypeCodes <= 16);
  static std::array<std::array<Entry, 256>, ops::op_count> table{};
  if (operands.size() <= 2) {
    const std::size_t second = operands.size() == 2 ? operands[1].code : 0;
    Entry& entry = table[op][operands[0].code * std::size_t{16} + second];
    if (!entry.is_known) entry = {ask_numpy(op, operands), true};
    return entry.loop;
  }
  static std::unordered_map<std::uint32_t, Loop> answers;
  const std::uint32_t key = key_of(op, operands);
  if (const auto found = answers.find(key); found != answers.end()) return found->second;
  return answers[key] = ask_numpy(op, operands);
}

DType result_dtype(std::span<const Operand> operands) {
  constexpr TypeCode kNone = 255;
  Operand strong, weak;
  strong.code = weak.code = kNone;
  for (const Operand& o : operands) {
    if (o.is_weak()) {
      weak.code = weak.code == kNone ? o.code : std::max(weak.code, o.code);
    } else if (strong.code == kNone) {
      strong.code = o.code;
    } else {
      const Operand pair[] = {strong, o};
      strong.code = static_cast<TypeCode>(resolve_loop(known_ops.maximum, pair).in);
    }
  }
  if (weak.code == kNone) return strong_dtype(strong.code);
  if (strong.code == kNone) return strong_dtype(weak.code);
  const Operand pair[] = {strong, weak};
  return resolve_loop(known_ops.maximum, pair).in;
}

}  // namespace dualtape::engine
