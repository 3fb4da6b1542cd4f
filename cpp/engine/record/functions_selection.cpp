/// where, clip, polygamma, round, take.
#include <cmath>

#include "record/arrays.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

PyObject* record_where(const Arguments& a) {
  if (!a[1] && !a[2]) {
    static PyObject* const nonzero = numpy_attribute("nonzero").release();
    return Ref::checked(PyObject_CallOneArg(nonzero, a[0])).release();
  }
  if (!a[1] || !a[2]) raise(PyExc_ValueError, "either both or neither of x and y should be given");
  const Operand all[] = {operand_of(a[0], "where"), operand_of(a[1], "where"),
                         operand_of(a[2], "where")};
  Recorder& recorder = *recorder_of(all);
  const Operand values[] = {all[1], all[2]};
  const DType d = result_dtype(values);
  const Expr args[] = {lower(all[0], recorder, DType::kBool), lower(all[1], recorder, d),
                       lower(all[2], recorder, d)};
  return make_array(emit_elementwise(known_ops.where, args));
}

/// One bound is a maximum or a minimum.
PyObject* record_clip(const Arguments& a) {
  PyObject* lo = is_given(a[1]) ? a[1] : a[4];
  PyObject* hi = is_given(a[2]) ? a[2] : a[5];
  const Operand x = operand_of(a[0], "clip");
  if (is_given(lo) && is_given(hi)) {
    const Operand operands[] = {x, operand_of(lo, "clip"), operand_of(hi, "clip")};
    return elementwise_result(known_ops.clip, operands);
  }
  if (!is_given(lo) && !is_given(hi)) return make_result(array_argument(a[0], "clip"));
  const OpCode op = is_given(lo) ? known_ops.maximum : known_ops.minimum;
  const Operand operands[] = {x, operand_of(is_given(lo) ? lo : hi, "clip")};
  return elementwise_result(op, operands);
}

PyObject* record_polygamma(const Arguments& a) {
  if (is_tracer(a[0]) || PyArray_Check(a[0])) {
    raise(error_types.unsupported_function, "polygamma: the order n must be one integer");
  }
  return make_result(record_parametric(known_ops.polygamma, static_cast<int>(integer_of(a[0])),
                                       operand_of(a[1], "polygamma")));
}

/// round to a number of decimals: NumPy scales by a power of ten, rounds and scales back.
PyObject* record_round(const Arguments& a) {
  const std::int64_t decimals = a[1] ? integer_of(a[1]) : 0;
  const Operand operand = operand_of(a[0], "round");
  const Ref t = tracer_argument(a[0], "round");
  const DType dtype = type_of(as_tracer(t.get())).dtype;
  if (decimals == 0 && is_integer(dtype)) return make_result(array_argument(a[0], "round"));
  if (decimals == 0) return elementwise_result(known_ops.rint, {&operand, 1});
  if (is_complex(dtype)) {
    const Ref re = Ref::steal(part_of(as_tracer(t.get()), kReal));
    const Ref im = Ref::steal(part_of(as_tracer(t.get()), kImag));
    Arguments parts = a;
    parts[0] = re.get();
    const Ref rounded = Ref::steal(record_round(parts));
    parts[0] = im.get();
    const Ref other = Ref::steal(record_round(parts));
    return make_result(
        make_complex(array_argument(rounded.get(), "round"), array_argument(other.get(), "round")));
  }
  if (!is_floating(dtype)) {
    raise(error_types.unsupported_function,
          "round: decimals must be 0 for " + std::string(dtype_name(dtype)) + ", got " +
              std::to_string(decimals) + "; convert to float64 first (x.astype(float))");
  }
  const auto up = decimals > 0 ? PyNumber_Multiply : PyNumber_TrueDivide;
  const auto down = decimals > 0 ? PyNumber_TrueDivide : PyNumber_Multiply;
  const double power = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  const Ref scale = Ref::checked(PyFloat_FromDouble(power));
  const Ref scaled = Ref::checked(up(t.get(), scale.get()));
  const Operand whole = operand_of(scaled.get(), "round");
  const Ref rounded = Ref::checked(elementwise_result(known_ops.rint, {&whole, 1}));
  return Ref::checked(down(rounded.get(), scale.get())).release();
}

/// The indices that mode= makes of those given: 'wrap' counts on from the start, 'clip' stays.
Ref indices_in_range(PyObject* indices, std::int64_t n, PyObject* mode) {
  if (!is_given(mode)) return Ref::borrow(indices);
  const std::string rule = PyUnicode_Check(mode) ? text_of(mode) : "?";
  if (rule == "raise") return Ref::borrow(indices);
  if (rule != "wrap" && rule != "clip")
    raise(PyExc_ValueError, "take: mode must be 'raise', 'wrap' or 'clip', got '" + rule + "'");
  static PyObject* const size = numpy_attribute("size").release();
  const Ref count = Ref::checked(PyObject_CallOneArg(size, indices));
  if (integer_of(count.get()) == 0) return Ref::borrow(indices);
  if (n == 0) raise(PyExc_IndexError, "cannot do a non-empty take from an empty axes.");
  static PyObject* const remainder = numpy_attribute("remainder").release();
  static PyObject* const clip = numpy_attribute("clip").release();
  if (rule == "wrap") {
    const Ref length = Ref::checked(PyLong_FromLongLong(n));
    return Ref::checked(PyObject_CallFunctionObjArgs(remainder, indices, length.get(), nullptr));
  }
  const Ref first = Ref::checked(PyLong_FromLong(0));
  const Ref last = Ref::checked(PyLong_FromLongLong(n - 1));
  return Ref::checked(
      PyObject_CallFunctionObjArgs(clip, indices, first.get(), last.get(), nullptr));
}

PyObject* record_take(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "take");
  if (!is_given(a[2])) {
    const Ref flat = Ref::checked(PyObject_CallMethod(t.get(), "ravel", nullptr));
    const std::int64_t n = type_of(as_tracer(flat.get())).shape[0];
    return tracer_subscript(flat.get(), indices_in_range(a[1], n, a[4]).get());
  }
  const Dims& shape = type_of(as_tracer(t.get())).shape;
  const std::int64_t axis = axis_of(integer_of(a[2]), shape.size(), "take");
  Ref indices = indices_in_range(a[1], shape[static_cast<std::size_t>(axis)], a[4]);
  const Ref key = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(axis) + 1));
  for (Py_ssize_t i = 0; i < axis; ++i) {
    PyTuple_SET_ITEM(key.get(), i, Ref::checked(PySlice_New(nullptr, nullptr, nullptr)).release());
  }
  PyTuple_SET_ITEM(key.get(), static_cast<Py_ssize_t>(axis), indices.release());
  Ref part = Ref::checked(tracer_subscript(t.get(), key.get()));
  // Of one integer it would be a view; NumPy's take copies.
  if (!as_tracer(part.get())->link) return part.release();
  return make_array(expr_of(part.get()));
}

constexpr Function kFunctions[] = {
    {"where", {"where", {"condition", "x", "y"}, 1}, record_where},
    {"clip", {"clip", {"a", "a_min", "a_max", "out", "min", "max"}, 1}, record_clip, {"out"}},
    {nullptr, {"polygamma", {"n", "x"}, 2}, record_polygamma},
    {"round", {"round", {"a", "decimals", "out"}, 1}, record_round, {"out"}},
    {"take", {"take", {"a", "indices", "axis", "out", "mode"}, 2}, record_take, {"out"}},
};

}  // namespace

std::span<const Function> selection_functions() { return kFunctions; }

}  // namespace dualtape::engine
