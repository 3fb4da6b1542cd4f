#include "record/operand.hpp"

#include "record/arrays.hpp"
#include "record/dtypes.hpp"

namespace dualtape::engine {
namespace {

TypeCode weak_code(DType d) {
  if (d == DType::kBool) return static_cast<TypeCode>(d);
  if (is_integer(d)) return kWeakInt;
  return is_floating(d) ? kWeakFloat : kWeakComplex;
}

void parse_tracer(TracerObject* t, Operand& operand) {
  const DType d = type_of(t).dtype;
  operand.kind = t->kind;
  operand.code = t->kind == ValueKind::kPython ? weak_code(d) : static_cast<TypeCode>(d);
}

bool parse_python_number(PyObject* o, Operand& operand) {
  operand.kind = ValueKind::kPython;
  if (PyFloat_CheckExact(o)) {
    operand.code = kWeakFloat;
  } else if (PyBool_Check(o)) {
    operand.code = static_cast<TypeCode>(DType::kBool);
  } else if (PyLong_CheckExact(o)) {
    operand.code = kWeakInt;
  } else if (PyComplex_CheckExact(o)) {
    operand.code = kWeakComplex;
  } else {
    return false;
  }
  return true;
}

}  // namespace

DType strong_dtype(TypeCode code) {
  switch (code) {
    case kWeakInt: return DType::kInt64;
    case kWeakFloat: return DType::kFloat64;
    case kWeakComplex: return DType::kComplex128;
    default: return static_cast<DType>(code);
  }
}

bool parse_operand(PyObject* o, Operand& operand) {
  operand.object = o;
  if (is_tracer(o)) {
    parse_tracer(as_tracer(o), operand);
    return true;
  }
  if (parse_python_number(o, operand)) return true;
  if (PyArray_Check(o)) {
    operand.kind = ValueKind::kArray;
    operand.code = static_cast<TypeCode>(
        dtype_of(PyArray_DESCR(reinterpret_cast<PyArrayObject*>(o)), "recording"));
    return true;
  }
  if (PyArray_CheckScalar(o)) {
    operand.kind = ValueKind::kScalar;
    const Ref descr = Ref::checked(reinterpret_cast<PyObject*>(PyArray_DescrFromScalar(o)));
    operand.code =
        static_cast<TypeCode>(dtype_of(reinterpret_cast<PyArray_Descr*>(descr.get()), "recording"));
    return true;
  }
  const bool is_sequence = PyList_Check(o) || PyTuple_Check(o);
  if (!is_sequence && !PyObject_HasAttrString(o, "__array__")) {
    // Subclasses of int and float (IntEnum ...) count as the number they are.
    if (!PyLong_Check(o) && !PyFloat_Check(o)) return false;
  }
  operand.holder = is_sequence ? array_of(o) : Ref::checked(PyArray_FROM_O(o));
  return parse_operand(operand.holder.get(), operand);
}

Operand operand_of(PyObject* object, std::string_view function) {
  Operand operand;
  if (!parse_operand(object, operand)) {
    raise(PyExc_TypeError,
          std::string(function) + ": an array or a number is wanted, got " + type_name(object));
  }
  return operand;
}

Recorder* recorder_of(std::span<const Operand> operands) {
  Recorder* newest = nullptr;
  for (const Operand& o : operands) {
    if (!o.is_traced()) continue;
    Recorder* r = o.tracer()->recorder;
    r->require_open(o.tracer()->id);
    if (!newest || r->serial() > newest->serial()) newest = r;
  }
  return newest ? newest : Recorder::active();
}

Expr as_dtype(const Expr& x, DType d) {
  if (x.dtype() == d) return x;
  if (is_complex(x.dtype()) && !is_complex(d) && d != DType::kBool) {
    raise(PyExc_TypeError, std::string(dtype_name(x.dtype())) + " values have no " +
                               std::string(dtype_name(d)) +
                               " form; take x.real, x.imag or abs(x) first");
  }
  return convert(x, d);
}

Expr lower(const Operand& o, Recorder& recorder, DType as) {
  if (o.is_traced()) return as_dtype(expr_of(o.tracer()), as);
  if (o.kind == ValueKind::kPython) return {recorder, recorder.number(o.object, as)};
  // float64 scalars are everywhere: they need no array of their own.
  if (PyFloat_Check(o.object)) {
    return as_dtype({recorder, recorder.number(o.object, DType::kFloat64)}, as);
  }
  return as_dtype({recorder, recorder.capture(o.object)}, as);
}

Expr lower(const Operand& o, Recorder& recorder) {
  return lower(o, recorder, strong_dtype(o.code));
}

bool order_unknown(const Operand& o) {
  if (o.is_traced()) return o.tracer()->order_unknown;
  return PyArray_Check(o.object) &&
         !PyArray_IS_C_CONTIGUOUS(reinterpret_cast<PyArrayObject*>(o.object));
}

}  // namespace dualtape::engine
