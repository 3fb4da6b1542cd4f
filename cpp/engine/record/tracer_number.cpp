/// The number protocol of tracers.
#include <cstring>

#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

template <OpCode Op>
PyObject* binary(PyObject* a, PyObject* b) {
  return binary_operator(Op, a, b);
}
PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) return Py_NewRef(Py_NotImplemented);
  return binary_operator(known_ops.power, a, b);
}

/// & | ^ on booleans; NumPy's bitwise functions on integers are not recorded.
template <OpCode Op>
PyObject* logic(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    Operand x[2];
    if (!parse_operand(a, x[0]) || !parse_operand(b, x[1])) return Py_NewRef(Py_NotImplemented);
    for (const Operand& o : x) {
      if (o.code == static_cast<TypeCode>(DType::kBool)) continue;
      raise(error_types.unsupported_function,
            "bitwise operators are recorded for booleans only, got " +
                std::string(dtype_name(strong_dtype(o.code))) +
                "; for conditions put each comparison in parentheses: (a < b) & (c < d)");
    }
    return binary_operator(Op, a, b);
  });
}

PyObject* invert(PyObject* a) {
  return guarded([&] {
    if (type_of(as_tracer(a)).dtype != DType::kBool) {
      raise(error_types.unsupported_function, "~ is recorded for booleans only");
    }
    return unary_operator(known_ops.logical_not, a);
  });
}

PyObject* positive(PyObject* a) {
  TracerObject* t = as_tracer(a);
  return guarded([&] {
    const Expr x = expr_of(t);
    t->recorder->require_open(t->id);
    PyObject* result = make_elementwise(x, t->order_unknown);
    if (t->kind == ValueKind::kPython) as_tracer(result)->kind = ValueKind::kPython;
    return result;
  });
}

PyObject* divmod(PyObject* a, PyObject* b) {
  return guarded([&] {
    const Ref quotient = Ref::checked(binary_operator(known_ops.floor_divide, a, b));
    if (quotient.get() == Py_NotImplemented) return Ref(quotient).release();
    const Ref rest = Ref::checked(binary_operator(known_ops.remainder, a, b));
    return PyTuple_Pack(2, quotient.get(), rest.get());
  });
}

enum class Side : std::uint8_t { kLeft, kRight };

/// << >>: NumPy's functions, which the Python package composes.
template <Side side>
PyObject* shift(PyObject* a, PyObject* b) {
  return guarded([&] {
    const Ref numpy = Ref::checked(PyImport_ImportModule("numpy"));
    const char* name = side == Side::kLeft ? "left_shift" : "right_shift";
    return Ref::checked(PyObject_CallMethod(numpy.get(), name, "OO", a, b)).release();
  });
}

bool is_sparse_matrix(PyObject* o) {
  return !is_tracer(o) && !PyArray_Check(o) && PyObject_HasAttrString(o, "tocoo");
}

PyObject* sparse_product(PyObject* a, PyObject* b) {
  const Ref module = Ref::checked(PyImport_ImportModule("dualtape.scipy.sparse"));
  return Ref::checked(PyObject_CallMethod(module.get(), "matmul", "OO", a, b)).release();
}

PyObject* matmul_operator(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    if (is_sparse_matrix(a) || is_sparse_matrix(b)) return sparse_product(a, b);
    Operand x[2];
    if (!parse_operand(a, x[0]) || !parse_operand(b, x[1])) return Py_NewRef(Py_NotImplemented);
    return matmul_result(x[0], x[1]);
  });
}

/// x op= v: on an array the same object gets the new values, its shape and element type stay.
template <PyObject* (*Operator)(PyObject*, PyObject*)>
PyObject* in_place(PyObject* self, PyObject* other) {
  if (!is_tracer(self) || as_tracer(self)->kind != ValueKind::kArray) {
    return Operator(self, other);
  }
  const Ref result = Ref::steal(Operator(self, other));
  if (!result) return nullptr;
  if (result.get() == Py_NotImplemented) return Py_NewRef(Py_NotImplemented);
  return guarded([&] {
    assign_result(as_tracer(self), expr_of(result.get()));
    return Py_NewRef(self);
  });
}
PyObject* power_operator(PyObject* a, PyObject* b) { return power(a, b, Py_None); }
PyObject* in_place_power(PyObject* self, PyObject* other, PyObject*) {
  return in_place<power_operator>(self, other);
}

// ------------------------------------------------------------ numbers taken from values

[[noreturn]] void raise_several(TracerObject* t) {
  const std::string shape = to_string(type_of(t).shape);
  raise(PyExc_ValueError,
        "the truth value of an array of shape " + shape +
            " is ambiguous; use np.all or np.any, or choose with np.where(condition, a, b)");
}

Ref single_value(TracerObject* t) {
  const ValueId v = current_id(t);
  t->recorder->note_position();
  const Ref value = t->recorder->value_of(v);
  return Ref::checked(PyObject_CallMethod(value.get(), "item", nullptr));
}

void note_guard(TracerObject* t, PyObject* outcome) {
  t->recorder->note_guard(current_id(t), outcome);
}

int truth(PyObject* self) {
  int outcome = 0;
  const int status = guarded_status([&] {
    TracerObject* t = as_tracer(self);
    if (element_count(type_of(t).shape) != 1) raise_several(t);
    const Ref value = single_value(t);
    outcome = PyObject_IsTrue(value.get());
    if (outcome < 0) throw PythonError{};
    note_guard(t, outcome ? Py_True : Py_False);
  });
  return status < 0 ? -1 : outcome;
}

PyObject* index_of(PyObject* self) {
  return guarded([&] {
    TracerObject* t = as_tracer(self);
    const Type& type = type_of(t);
    if (!is_integer(type.dtype) || !type.shape.empty()) {
      raise(PyExc_TypeError, "only an integer of shape () can be an index, got " + to_string(type));
    }
    Ref value = single_value(t);
    note_guard(t, value.get());
    return value.release();
  });
}

PyObject* integer(PyObject* self) {
  return guarded([&] {
    TracerObject* t = as_tracer(self);
    if (element_count(type_of(t).shape) != 1) {
      raise(PyExc_TypeError, "int(): only an array of one element can be a number, got shape " +
                                 to_string(type_of(t).shape));
    }
    const Ref value = single_value(t);
    Ref outcome = Ref::checked(PyNumber_Long(value.get()));
    note_guard(t, outcome.get());
    return outcome.release();
  });
}

[[noreturn]] void raise_number_lost(PyObject* self, const char* type) {
  TracerObject* t = as_tracer(self);
  raise(error_types.concrete_value,
        t->recorder->name() + ": " + asking_function() + type +
            "() of a traced value would lose its derivative; use the value as it is, with NumPy's "
            "functions (np.sin, not math.sin), and write it into an array made by "
            "dualtape.numpy.zeros; its number alone is t.value");
}
PyObject* floating(PyObject* self) {
  return guarded([&]() -> PyObject* { raise_number_lost(self, "float"); });
}

template <class F>
PyType_Slot slot(int number, F* f) {
  return {number, reinterpret_cast<void*>(f)};
}

constexpr KnownOps k;

}  // namespace

std::string asking_function() {
  const Ref module = Ref::steal(PyImport_ImportModule("dualtape._refusal"));
  const Ref sentence =
      Ref::steal(module ? PyObject_CallMethod(module.get(), "replacement", nullptr) : nullptr);
  PyErr_Clear();
  return sentence && PyUnicode_Check(sentence.get()) ? text_of(sentence.get()) + ". " : "";
}

PyObject* complex_of_tracer(PyObject* self) {
  return guarded([&]() -> PyObject* { raise_number_lost(self, "complex"); });
}

PyObject* tracer_compare(PyObject* a, PyObject* b, int op) {
  switch (op) {
    case Py_LT: return binary_operator(k.less, a, b);
    case Py_LE: return binary_operator(k.less_equal, a, b);
    case Py_EQ: return binary_operator(k.equal, a, b);
    case Py_NE: return binary_operator(k.not_equal, a, b);
    case Py_GT: return binary_operator(k.greater, a, b);
    default: return binary_operator(k.greater_equal, a, b);
  }
}

void add_number_slots(std::vector<PyType_Slot>& slots) {
  slots.insert(slots.end(), {
                                slot(Py_nb_add, binary<k.add>),
                                slot(Py_nb_subtract, binary<k.subtract>),
                                slot(Py_nb_multiply, binary<k.multiply>),
                                slot(Py_nb_true_divide, binary<k.divide>),
                                slot(Py_nb_floor_divide, binary<k.floor_divide>),
                                slot(Py_nb_remainder, binary<k.remainder>),
                                slot(Py_nb_divmod, divmod),
                                slot(Py_nb_power, power),
                                slot(Py_nb_matrix_multiply, matmul_operator),
                                slot(Py_nb_and, logic<k.logical_and>),
                                slot(Py_nb_or, logic<k.logical_or>),
                                slot(Py_nb_xor, logic<k.logical_xor>),
                                slot(Py_nb_lshift, shift<Side::kLeft>),
                                slot(Py_nb_rshift, shift<Side::kRight>),
                                slot(Py_nb_invert, invert),
                                slot(Py_nb_positive, positive),
                                slot(Py_nb_bool, truth),
                                slot(Py_nb_int, integer),
                                slot(Py_nb_index, index_of),
                                slot(Py_nb_float, floating),
                                slot(Py_nb_inplace_add, in_place<binary<k.add>>),
                                slot(Py_nb_inplace_subtract, in_place<binary<k.subtract>>),
                                slot(Py_nb_inplace_multiply, in_place<binary<k.multiply>>),
                                slot(Py_nb_inplace_true_divide, in_place<binary<k.divide>>),
                                slot(Py_nb_inplace_floor_divide, in_place<binary<k.floor_divide>>),
                                slot(Py_nb_inplace_remainder, in_place<binary<k.remainder>>),
                                slot(Py_nb_inplace_power, in_place_power),
                                slot(Py_nb_inplace_matrix_multiply, in_place<matmul_operator>),
                                slot(Py_nb_inplace_and, in_place<logic<k.logical_and>>),
                                slot(Py_nb_inplace_or, in_place<logic<k.logical_or>>),
                                slot(Py_nb_inplace_xor, in_place<logic<k.logical_xor>>),
                                slot(Py_nb_inplace_lshift, in_place<shift<Side::kLeft>>),
                                slot(Py_nb_inplace_rshift, in_place<shift<Side::kRight>>),
                            });
  constexpr auto negate = +[](PyObject* a) { return unary_operator(k.negative, a); };
  constexpr auto absolute = +[](PyObject* a) { return unary_operator(k.absolute, a); };
  slots.push_back(slot(Py_nb_negative, negate));
  slots.push_back(slot(Py_nb_absolute, absolute));
}

}  // namespace dualtape::engine
