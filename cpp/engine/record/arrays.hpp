/// Array functions on operands, shared by the tracer's methods and by the functions of
/// dualtape.numpy.
#pragma once

#include "record/operand.hpp"

namespace dualtape::engine {

/// np.asarray of nested lists and tuples; a stacked tracer where they hold tracers.
Ref array_of(PyObject* nested);
/// Whether a tracer is inside nested lists and tuples.
bool holds_tracer(PyObject* nested);

/// np.matmul.
PyObject* matmul_result(const Operand& a, const Operand& b);

/// NumPy's t[...] = result of an in-place operation: the shape must be t's, the element type is
/// cast same-kind.
void assign_result(TracerObject* t, const Expr& result);
/// NumPy's t[...] = value: broadcast and cast to t's type.
void assign_all(TracerObject* t, const Operand& value);

/// TypeError where a complex value would be written into an array of real ones.
void refuse_complex_value(const Operand& value, DType into);
/// t.real or t.imag, a view of complex values: kReal, kImag.
PyObject* part_of(TracerObject* t, OpCode part);

/// float(), complex() of a tracer raise with the cure.
PyObject* complex_of_tracer(PyObject* self);
/// Which assignment or library function wants a plain value, and what to write instead; empty if
/// none does.
std::string asking_function();

/// Axes of an `axis` argument, ascending; None: all. AxisError as NumPy's.
Dims axes_of(PyObject* axis, std::size_t rank, std::string_view function);
/// One axis from the end or the start, as a position.
std::int64_t axis_of(std::int64_t axis, std::size_t rank, std::string_view function);

}  // namespace dualtape::engine
