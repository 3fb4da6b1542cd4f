/// Operands of recorded functions: tracers, arrays and numbers, with NumPy 2's promotion (NEP 50).
#pragma once

#include <span>

#include "record/tracer.hpp"

namespace dualtape::engine {

/// What promotion looks at: an engine dtype, or a Python number, which takes the type of what it
/// meets.
using TypeCode = std::uint8_t;
inline constexpr TypeCode kWeakInt = kDTypeCount;
inline constexpr TypeCode kWeakFloat = kDTypeCount + 1;
inline constexpr TypeCode kWeakComplex = kDTypeCount + 2;
inline constexpr TypeCode kTypeCodes = kDTypeCount + 3;

/// The element type a Python number has alone.
DType strong_dtype(TypeCode code);

struct Operand {
  PyObject* object = nullptr;  // borrowed; a tracer, an array, a NumPy scalar or a Python number
  Ref holder;                  // owns `object` where it was made from a list
  TypeCode code = 0;
  ValueKind kind = ValueKind::kArray;

  bool is_traced() const { return is_tracer(object); }
  TracerObject* tracer() const { return as_tracer(object); }
  bool is_weak() const { return code >= kDTypeCount; }
};

/// False if the object is nothing to compute with. Lists become arrays (of tracers: stacked).
bool parse_operand(PyObject* object, Operand& operand);
/// TypeError naming the function instead of false.
Operand operand_of(PyObject* object, std::string_view function);

/// The newest of the operands' recorders, or the one active if none is traced (nullptr outside of
/// recordings). LeakedTracerError if an operand's recording has ended.
Recorder* recorder_of(std::span<const Operand> operands);
/// The operand with this element type, in `recorder` unless it is a tracer of an older one.
Expr lower(const Operand& operand, Recorder& recorder, DType as);
/// The operand with its own element type.
Expr lower(const Operand& operand, Recorder& recorder);
/// convert, where it changes something; TypeError from complex to real numbers.
Expr as_dtype(const Expr& x, DType d);

bool order_unknown(const Operand& operand);

}  // namespace dualtape::engine
