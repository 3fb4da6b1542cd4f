/// The transformations from arguments to results without Python between: record, derive, run,
/// structure.
///
/// What is rare stays with Python: options, and arguments in which there is an error to tell. For
/// these a call is declined before anything was called.
#pragma once

#include "record/point.hpp"

namespace dualtape::engine {

/// A function recorded at a point, and the programs derived from it.
struct At {
  const Ref& title;
  const Point& point;
  const Traced& traced;
  mutable Ref aux{};  // as the run made it, if the function returns one
};

/// One transformation of functions: what the function must return, which arguments it may have, and
/// its result at a point.
struct Transform {
  const char* name;
  Wanted wanted;
  bool takes_complex;
  Ref (*result)(const At&);
  bool gives_value = false;  // which comes as (value, aux), if the function returns that
};
/// The transformation of this name; nullptr: there is none.
const Transform* find_transform(std::string_view name);

/// All leaves of the point differentiated.
Derivation in_all_leaves(const At& at, Derivation::Kind kind);
/// Keeps what aux needs; the first `n` outputs are differentiated.
void keep_aux(const At& at, Derivation& how, std::size_t n);

/// What errors call a transformed function: "grad of f".
Ref title_of(const char* name, PyObject* fun);
/// What a transformed function calls itself: "grad_f".
Ref transformed_name(const char* name, PyObject* fun);
/// Whether all leaves are floating, or complex where that is taken.
bool all_have_derivatives(const Point& point, bool takes_complex);

/// fun(*args) at a point where all leaves have derivatives; a null Ref declines.
Ref call_transform(const Transform& transform, PyObject* fun, PyObject* argnums, PyObject* check,
                   const Ref& title, const GivenCall& given, bool has_aux);

/// product_at(name, fun, primals, vectors, check, has_aux=False) of the module: jvp, hvp or vhp;
/// None if the call is declined. `check`: see Tracing.
PyObject* product_at(PyObject* module, PyObject* const* args, Py_ssize_t n);
/// linear_map_at(name, fun, primals, check, check_operands, has_aux=False) of the module: (result,
/// map) or (result, map, aux) of vjp or linearize; None if the call is declined. `check_operands`:
/// see LinearMap.
PyObject* linear_map_at(PyObject* module, PyObject* const* args, Py_ssize_t n);

/// vmap of fun; `axes`: an int, or a tuple with an int or None for each argument. A null Ref
/// declines.
Ref call_mapped(PyObject* fun, PyObject* axes, PyObject* check, const Ref& title,
                const GivenCall& given);

}  // namespace dualtape::engine
