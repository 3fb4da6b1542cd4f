/// NumPy functions that are recorded: one table for dualtape.numpy, for NumPy's dispatch and for
/// tracer methods.
#pragma once

#include <array>
#include <span>

#include "record/operand.hpp"
#include "record/parse.hpp"

namespace dualtape::engine {

struct Function {
  const char* numpy_name;  // "linalg.solve"; nullptr: NumPy has none
  Signature signature;
  PyObject* (*record)(
      const Arguments&);  // a new reference; some argument is traced, or it makes an array
  std::array<const char*, 3>
      refused{};          // parameters that cannot be recorded, unless None or absent
  bool is_maker = false;  // inside a recording the result is traced whatever the arguments
};

/// Arguments are traced: any is a tracer, or a list that holds one.
bool any_traced(PyObject* const* args, Py_ssize_t n);
/// Checks, then f.record.
PyObject* record_function(const Function& f, PyObject* const* args, Py_ssize_t n, PyObject* names);
/// f as dualtape.numpy has it: NumPy's own function where nothing is traced.
PyObject* call_function(const Function& f, PyObject* const* args, Py_ssize_t n, PyObject* names);

// The families; each file defines its table.
std::span<const Function> reduction_functions();
std::span<const Function> shape_functions();
std::span<const Function> join_functions();
std::span<const Function> product_functions();
std::span<const Function> order_functions();
std::span<const Function> linalg_functions();
std::span<const Function> maker_functions();
/// where, clip, polygamma: elementwise functions with arguments of their own.
std::span<const Function> selection_functions();

/// The accumulate method of a ufunc along an axis; nullptr if it is not recorded.
PyObject* accumulate_ufunc(int op, PyObject* x, PyObject* axis);

/// The element type of a sum or product of such entries: integers become long ones.
DType sum_dtype(DType d);

/// The real part, and Fourier transforms along one axis.
std::span<const Function> complex_functions();

/// Function objects of the module: every table above, and the elementary functions.
void add_functions(PyObject* module);
/// Whether the function of the registry is called by its own name with arrays alone.
bool is_elementwise_name(std::string_view name);
/// One object for each registered elementwise function, with its ufunc's methods.
void add_elementary_functions(PyObject* module);
/// SciPy's function for what NumPy does not have, borrowed; nullptr where SciPy is not installed.
PyObject* scipy_function(std::string_view name);

// NumPy's dispatch.
PyObject* array_ufunc(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names);
PyObject* array_function(PyObject* self, PyObject* const* args, Py_ssize_t n);
/// register_function(numpy_function, implementation) of the module.
PyObject* register_function(PyObject* module, PyObject* const* args, Py_ssize_t n);
/// What was registered for it, borrowed; nullptr: nothing, or the engine's own.
PyObject* registered_function(PyObject* numpy_function);
/// add_at(t, index, v): t[index] += v, each entry as often as the index names it.
PyObject* add_at(PyObject* module, PyObject* const* args, Py_ssize_t n);
/// Fills the tables of both protocols; after add_functions.
void add_dispatch(PyObject* module);
/// The recorded form of a function of the tables, by NumPy's name; nullptr if there is none.
const Function* find_function(std::string_view numpy_name);
/// Opcode of an elementwise function by NumPy's or SciPy's name, aliases included.
std::optional<OpCode> op_of_ufunc_name(std::string_view name);

// Reading arguments.
bool is_given(PyObject* argument);  // neither absent nor None
bool flag(PyObject* argument, bool otherwise = false);
/// The operand of an array argument; a concrete one is captured by the active recorder.
Expr array_argument(PyObject* argument, const char* function);
/// The value in the innermost recording: a copy made inside a function can be written there, also
/// where the original belongs to an enclosing recording.
Expr innermost(const Expr& x);
/// The argument as an array-valued tracer, for functions that give views.
Ref tracer_argument(PyObject* argument, const char* function);

}  // namespace dualtape::engine
