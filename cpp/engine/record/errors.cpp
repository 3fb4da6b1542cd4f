#include "program/errors.hpp"

#include <new>

#include "record/python.hpp"

namespace dualtape::engine {

ErrorTypes error_types;

namespace {

PyObject* make_type(PyObject* module, const char* name, PyObject* base, const char* doc) {
  const std::string full = std::string("dualtape.") + name;
  PyObject* type = PyErr_NewExceptionWithDoc(full.c_str(), doc, base, nullptr);
  if (!type || PyModule_AddObjectRef(module, name, type) < 0) throw PythonError{};
  return type;
}

/// numpy.linalg.LinAlgError, or ValueError (its base) should NumPy be unable to give it.
PyObject* linalg_error() {
  static PyObject* const type = [] {
    try {
      return numpy_attribute("linalg.LinAlgError").release();
    } catch (const PythonError&) {
      PyErr_Clear();
      return Py_NewRef(PyExc_ValueError);
    }
  }();
  return type;
}

}  // namespace

void add_error_types(PyObject* module) {
  error_types.shape = make_type(module, "ShapeError", PyExc_ValueError, "Shapes that do not fit.");
  error_types.derivative = make_type(module, "DerivativeError", PyExc_TypeError,
                                     "A derivative that an operation does not define.");
  error_types.leaked_tracer = make_type(module, "LeakedTracerError", PyExc_RuntimeError,
                                        "A traced value was used after its recording ended.");
  error_types.concrete_value = make_type(module, "ConcreteValueError", PyExc_TypeError,
                                         "A number was asked of a value that is not there.");
  error_types.unsupported_function = make_type(module, "UnsupportedFunctionError", PyExc_TypeError,
                                               "A function or an option that cannot be recorded.");
}

void raise(PyObject* type, const std::string& message) {
  PyErr_SetString(type, message.c_str());
  throw PythonError{};
}

void translate_exception() noexcept {
  try {
    throw;
  } catch (const PythonError&) {
  } catch (const ShapeError& e) {
    PyErr_SetString(error_types.shape, e.what());
  } catch (const ValueError& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const DTypeError& e) {
    PyErr_SetString(PyExc_TypeError, e.what());
  } catch (const IndexError& e) {
    PyErr_SetString(PyExc_IndexError, e.what());
  } catch (const SingularMatrixError& e) {
    PyErr_SetString(linalg_error(), e.what());
  } catch (const FactorizationError& e) {
    PyErr_SetString(linalg_error(), e.what());
  } catch (const DerivativeError& e) {
    PyErr_SetString(error_types.derivative, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
}

std::string text_of(PyObject* unicode) {
  Py_ssize_t n = 0;
  const char* s = PyUnicode_AsUTF8AndSize(unicode, &n);
  if (!s) throw PythonError{};
  return {s, static_cast<std::size_t>(n)};
}

Ref numpy_attribute(std::string_view dotted) {
  Ref found = Ref::checked(PyImport_ImportModule("numpy"));
  while (!dotted.empty()) {
    const std::size_t dot = dotted.find('.');
    found = attribute(found.get(), std::string(dotted.substr(0, dot)).c_str());
    dotted.remove_prefix(dot == std::string_view::npos ? dotted.size() : dot + 1);
  }
  return found;
}

}  // namespace dualtape::engine
