/// ndarray's methods on tracers.
#include <algorithm>
#include <vector>

#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/functions.hpp"
#include "record/shaping.hpp"

namespace dualtape::engine {
namespace {

template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(const char (&s)[N]) { std::copy_n(s, N, text); }
};

/// self as the first of a function's arguments.
std::vector<PyObject*> with_self(PyObject* self, PyObject* const* args, Py_ssize_t total) {
  std::vector<PyObject*> all{self};
  all.insert(all.end(), args, args + total);
  return all;
}

Py_ssize_t count(Py_ssize_t n, PyObject* names) {
  return n + (names ? PyTuple_GET_SIZE(names) : 0);
}

/// A method that is a function of the tables.
template <Name N>
PyObject* method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static const Function* const f = find_function(N.text);
    const auto all = with_self(self, args, count(n, names));
    return record_function(*f, all.data(), n + 1, names);
  });
}

/// A method that is a NumPy function whose recorded form may be registered from Python.
template <Name N>
PyObject* numpy_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static PyObject* const f = numpy_attribute(N.text).release();
    const auto all = with_self(self, args, count(n, names));
    return PyObject_Vectorcall(f, all.data(), static_cast<std::size_t>(n + 1), names);
  });
}

/// Integers given one by one or as one tuple.
Dims integers_of(PyObject* const* args, Py_ssize_t n, const char* function) {
  if (n == 1) return dims_of(args[0], function);
  Dims dims;
  for (Py_ssize_t i = 0; i < n; ++i) dims.push_back(integer_of(args[i]));
  return dims;
}

PyObject* reshape_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    if (!names) return reshape_tracer(as_tracer(self), integers_of(args, n, "reshape"));
    static const Function* const f = find_function("reshape");
    const Ref shape = tuple_of(integers_of(args, n, "reshape"));
    std::vector<PyObject*> all{self, shape.get()};
    all.insert(all.end(), args + n, args + count(n, names));
    return record_function(*f, all.data(), 2, names);
  });
}

PyObject* transpose_method(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    TracerObject* t = as_tracer(self);
    if (n == 0 || (n == 1 && args[0] == Py_None)) return reverse_axes(t);
    return permute_tracer(t, integers_of(args, n, "transpose"), type_of(t).shape.size());
  });
}

/// ravel in memory of its own.
PyObject* flatten_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static const Function* const ravel = find_function("ravel");
    const auto all = with_self(self, args, count(n, names));
    const Ref flat = Ref::checked(record_function(*ravel, all.data(), n + 1, names));
    return make_array(expr_of(flat.get()));
  });
}

/// A method that writes the result of the function of its name into the array.
template <Name N>
PyObject* in_place_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    const Ref result = Ref::checked(numpy_method<N>(self, args, n, names));
    assign_all(as_tracer(self), operand_of(result.get(), N.text));
    return Py_NewRef(Py_None);
  });
}

/// NumPy has the array as the second argument: a.choose(...) is np.choose(a, ...), but a.compress
/// is np.compress(condition, a).
PyObject* compress_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    if (n < 1) raise(PyExc_TypeError, "compress() missing required argument 'condition'");
    static PyObject* const f = numpy_attribute("compress").release();
    std::vector<PyObject*> all{args[0], self};
    all.insert(all.end(), args + 1, args + count(n, names));
    return PyObject_Vectorcall(f, all.data(), static_cast<std::size_t>(n + 1), names);
  });
}

PyObject* astype_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&]() -> PyObject* {
    static constexpr Signature signature{
        "astype", {"dtype", "order", "casting", "subok", "copy"}, 1};
    const auto a = signature.parse(args, n, names);
    TracerObject* t = as_tracer(self);
    const DType d = dtype_of(a[0], "astype");
    const Expr x = expr_of(t);
    t->recorder->require_open(x.id());
    if (x.dtype() == d && !flag(a[4], true)) return Py_NewRef(self);
    PyObject* result =
        make_tracer(*t->recorder, as_dtype(x, d).id(),
                    t->kind == ValueKind::kArray ? ValueKind::kArray : ValueKind::kScalar);
    as_tracer(result)->order_unknown = t->order_unknown;
    return result;
  });
}

PyObject* fill_method(PyObject* self, PyObject* value) {
  return guarded([&] {
    assign_all(as_tracer(self), operand_of(value, "fill"));
    return Py_NewRef(Py_None);
  });
}

PyObject* copy_object(PyObject* self, PyObject*) {
  return guarded([&] {
    TracerObject* t = as_tracer(self);
    t->recorder->require_open(t->id);
    const Expr x = innermost(expr_of(t));
    return make_tracer(static_cast<Recorder&>(x.builder()), x.id(), t->kind);
  });
}

PyObject* conjugate_method(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    TracerObject* t = as_tracer(self);
    if (!is_complex(type_of(t).dtype)) return Py_NewRef(self);  // NumPy's is the array itself.
    t->recorder->require_open(t->id);
    PyObject* result = make_elementwise(conj(expr_of(t)), t->order_unknown);
    as_tracer(result)->kind = t->kind;
    return result;
  });
}

/// item(), tolist(): numbers, which carry no derivative.
template <Name N>
PyObject* number_method(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) {
  return guarded([&]() -> PyObject* {
    raise(error_types.concrete_value,
          as_tracer(self)->recorder->name() + ": " + N.text +
              "() of a traced value would lose its derivative; use the value as it is (its number "
              "alone is t.value)");
  });
}

/// M @ t with a matrix of scipy.sparse: it takes an array of one Python object for something that
/// multiplies by itself.
bool is_sparse_product() {
  const Ref module = Ref::checked(PyImport_ImportModule("dualtape._refusal"));
  const Ref answer = Ref::checked(PyObject_CallMethod(module.get(), "is_sparse_product", nullptr));
  return answer.get() == Py_True;
}

/// The numbers of traced integers, which have no derivative to lose: np.int64(t), and t as an index
/// of a plain array.
Ref numbers_of(PyObject* self) {
  PyObject* value = PyObject_GetAttrString(self, "value");
  if (!value && PyErr_ExceptionMatches(error_types.concrete_value)) {
    PyErr_Clear();
    raise(
        error_types.concrete_value,
        as_tracer(self)->recorder->name() + ": " + asking_function() +
            "The numbers of a traced array are not known under jit and vmap; if it is an index of "
            "a plain array a, write dualtape.numpy.take(a, t) or dualtape.numpy.array(a)[t]");
  }
  return Ref::checked(value);
}

PyObject* to_array(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject*) {
  return guarded([&]() -> PyObject* {
    if (is_sparse_product()) return PyArray_SimpleNew(0, nullptr, NPY_OBJECT);
    PyArray_Descr* dtype =
        n > 0 && PyArray_DescrCheck(args[0]) ? reinterpret_cast<PyArray_Descr*>(args[0]) : nullptr;
    const auto is_whole = [](int type) {
      return PyTypeNum_ISINTEGER(type) || PyTypeNum_ISBOOL(type);
    };
    if (is_whole(type_number(type_of(as_tracer(self)).dtype)) ||
        (dtype && is_whole(dtype->type_num))) {
      const Ref value = numbers_of(self);
      Py_XINCREF(dtype);  // PyArray_FromAny keeps it
      const int cast = NPY_ARRAY_FORCECAST;
      return Ref::checked(PyArray_FromAny(value.get(), dtype, 0, 0, cast, nullptr)).release();
    }
    raise(PyExc_TypeError,
          as_tracer(self)->recorder->name() + ": " + asking_function() +
              "A traced value cannot be put into a plain array (np.array([t]), np.asarray(t), "
              "a[i] = t, or a function that converts); write dualtape.numpy.array([t]) or "
              "dualtape.numpy.stack, and make the array with dualtape.numpy.zeros: under import "
              "dualtape.numpy as np all stays as it is (the number of t alone is t.value)");
  });
}

PyObject* complex_method(PyObject* self, PyObject*) { return complex_of_tracer(self); }

PyObject* format_method(PyObject* self, PyObject* spec) {
  return guarded([&] {
    if (PyUnicode_GET_LENGTH(spec) == 0) return PyObject_Str(self);
    TracerObject* t = as_tracer(self);
    // The text would be that of the recording's numbers when jit runs it for others.
    if (Recorder::is_guarded()) {
      raise(error_types.concrete_value,
            t->recorder->name() + ": the number of a traced value is not available under jit");
    }
    const Ref value = t->recorder->value_of(current_id(t));
    const Ref number = Ref::checked(PyObject_CallMethod(value.get(), "item", nullptr));
    return PyObject_Format(number.get(), spec);
  });
}

}  // namespace

PyMethodDef tracer_methods[] = {
    fast_method<method<"sum">>("sum", nullptr),
    fast_method<method<"prod">>("prod", nullptr),
    fast_method<method<"mean">>("mean", nullptr),
    fast_method<method<"max">>("max", nullptr),
    fast_method<method<"min">>("min", nullptr),
    fast_method<method<"all">>("all", nullptr),
    fast_method<method<"any">>("any", nullptr),
    fast_method<method<"argmax">>("argmax", nullptr),
    fast_method<method<"argmin">>("argmin", nullptr),
    fast_method<method<"cumsum">>("cumsum", nullptr),
    fast_method<method<"dot">>("dot", nullptr),
    fast_method<method<"squeeze">>("squeeze", nullptr),
    fast_method<method<"swapaxes">>("swapaxes", nullptr),
    fast_method<method<"ravel">>("ravel", nullptr),
    fast_method<method<"copy">>("copy", nullptr),
    fast_method<method<"diagonal">>("diagonal", nullptr),
    fast_method<method<"trace">>("trace", nullptr),
    fast_method<method<"clip">>("clip", nullptr),
    fast_method<method<"round">>("round", nullptr),
    fast_method<method<"take">>("take", nullptr),
    fast_method<numpy_method<"var">>("var", nullptr),
    fast_method<numpy_method<"std">>("std", nullptr),
    fast_method<numpy_method<"repeat">>("repeat", nullptr),
    fast_method<numpy_method<"cumprod">>("cumprod", nullptr),
    fast_method<in_place_method<"sort">>("sort", nullptr),
    fast_method<in_place_method<"partition">>("partition", nullptr),
    fast_method<numpy_method<"argsort">>("argsort", nullptr),
    fast_method<numpy_method<"argpartition">>("argpartition", nullptr),
    fast_method<numpy_method<"searchsorted">>("searchsorted", nullptr),
    fast_method<numpy_method<"choose">>("choose", nullptr),
    fast_method<numpy_method<"put">>("put", nullptr),
    fast_method<compress_method>("compress", nullptr),
    fast_method<numpy_method<"nonzero">>("nonzero", nullptr),
    fast_method<reshape_method>("reshape", nullptr),
    {"transpose", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(transpose_method)),
     METH_FASTCALL, nullptr},
    fast_method<flatten_method>("flatten", nullptr),
    fast_method<astype_method>("astype", nullptr),
    {"fill", fill_method, METH_O, nullptr},
    {"conj", conjugate_method, METH_NOARGS, nullptr},
    {"conjugate", conjugate_method, METH_NOARGS, nullptr},
    fast_method<number_method<"item">>("item", nullptr),
    fast_method<number_method<"tolist">>("tolist", nullptr),
    fast_method<method<"round">>("__round__", nullptr),
    {"__copy__", copy_object, METH_NOARGS, nullptr},
    {"__deepcopy__", copy_object, METH_O, nullptr},
    {"__complex__", complex_method, METH_NOARGS, nullptr},
    {"__format__", format_method, METH_O, nullptr},
    fast_method<to_array>("__array__", nullptr),
    fast_method<array_ufunc>("__array_ufunc__", nullptr),
    {"__array_function__",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_function)), METH_FASTCALL,
     nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace dualtape::engine
