/// Python and NumPy for record/: owning references, errors across the two languages.
///
/// record/ and the bindings are the only rooms that know Python. A function here reports a Python
/// error by throwing PythonError (the error indicator is set); `guarded` turns that, and every
/// engine error, into CPython's convention.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define PY_ARRAY_UNIQUE_SYMBOL dualtape_numpy_api
#ifndef DUALTAPE_IMPORT_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <string>
#include <string_view>
#include <utility>

namespace dualtape::engine {

/// The Python error indicator is set.
struct PythonError {};

/// An owned reference.
class Ref {
 public:
  Ref() = default;
  static Ref steal(PyObject* p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref borrow(PyObject* p) { return steal(Py_XNewRef(p)); }
  /// A new reference as an API call returns it: NULL means the error indicator is set.
  static Ref checked(PyObject* p) {
    if (!p) throw PythonError{};
    return steal(p);
  }
  Ref(const Ref& o) : p_(Py_XNewRef(o.p_)) {}
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() { Py_XDECREF(p_); }
  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }
  PyArrayObject* array() const { return reinterpret_cast<PyArrayObject*>(p_); }

 private:
  PyObject* p_ = nullptr;
};

/// Python exception types of the module; made once in errors.cpp.
struct ErrorTypes {
  PyObject* shape = nullptr;
  PyObject* derivative = nullptr;
  PyObject* leaked_tracer = nullptr;
  PyObject* concrete_value = nullptr;
  PyObject* unsupported_function = nullptr;
};
extern ErrorTypes error_types;
/// Makes the exception types and adds them to the module.
void add_error_types(PyObject* module);

[[noreturn]] void raise(PyObject* type, const std::string& message);
/// Sets the Python error that belongs to the C++ exception being handled.
void translate_exception() noexcept;

template <class F>
PyObject* guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    translate_exception();
    return nullptr;
  }
}
template <class F>
int guarded_status(F&& f) noexcept {
  try {
    f();
    return 0;
  } catch (...) {
    translate_exception();
    return -1;
  }
}

/// repr-like name of the type of an object.
inline std::string type_name(PyObject* o) { return Py_TYPE(o)->tp_name; }
std::string text_of(PyObject* unicode);
inline Ref attribute(PyObject* o, const char* name) {
  return Ref::checked(PyObject_GetAttrString(o, name));
}
/// numpy.<dotted name>
Ref numpy_attribute(std::string_view dotted);
inline long long integer_of(PyObject* o) {
  const Ref index = Ref::checked(PyNumber_Index(o));
  const long long v = PyLong_AsLongLong(index.get());
  if (v == -1 && PyErr_Occurred()) throw PythonError{};
  return v;
}

}  // namespace dualtape::engine
