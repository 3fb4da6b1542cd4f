/// LinearMap: a linear program and its residuals, which nobody else writes, as a Python function.
#pragma once

#include "record/recording.hpp"

namespace dualtape::engine {

struct LinearMap {
  ExecutablePtr executable;
  Ref title;
  Bindings residuals;
  ValueKinds kinds;  // of the results
  // How trees go in and come out; null: a sequence of leaves goes in, a list comes out.
  Ref operands;  // structure of the one operand, or of the tuple of them
  Ref results;
  /// check(title, given, structure, types) gives the leaves of operands that are not arrays of
  /// these types, or raises.
  Ref check;
  bool takes_many = false;  // f_jvp(*tangents), not pullback(cotangents)
  /// Some residuals are values of a recording; found by make_linear_map.
  bool depends_on_recording = false;
};
PyObject* make_linear_map(LinearMap map);
bool is_linear_map(PyObject* object);

/// A program of values and residuals, run.
struct SplitProgram {
  Objects outputs;  // the values, then the residuals
  ExecutablePtr executable;
  Bindings residuals;
};
/// `program` comes from kLinearize or kVjp; `kinds`: those of its values.
SplitProgram run_split(const Executable& program, const Bindings& inputs,
                       std::span<const ValueKind> kinds, const Ref& title);

void add_linear_map_type(PyObject* module);

}  // namespace dualtape::engine
