/// Views by their NumPy arguments, for functions and methods alike.
#pragma once

#include "record/tracer.hpp"

namespace dualtape::engine {

/// One entry may be -1. In columns: both arrays are gone through with the first axis fastest
/// (order='F').
PyObject* reshape_tracer(TracerObject* t, Dims shape, bool in_columns = false);
PyObject* permute_tracer(TracerObject* t, Dims axes, std::size_t rank);
PyObject* reverse_axes(TracerObject* t);
PyObject* swap_axes(TracerObject* t, std::int64_t i, std::int64_t j, const char* function);
PyObject* squeeze_tracer(TracerObject* t, PyObject* axis);
/// Read-only, as NumPy's.
PyObject* diagonal_tracer(TracerObject* t, std::int64_t offset, std::int64_t axis1,
                          std::int64_t axis2);
PyObject* flip_tracer(TracerObject* t, PyObject* axis);

}  // namespace dualtape::engine
