/// Element types between NumPy and the engine.
#pragma once

#include <optional>

#include "program/dims.hpp"
#include "program/dtype.hpp"
#include "record/python.hpp"

namespace dualtape::engine {

/// NumPy's type number of an engine type.
int type_number(DType d);
/// The engine's type of a NumPy type number; nothing for float16, longdouble, object, strings ...
std::optional<DType> dtype_of_number(int type_number);
/// The engine's type of a dtype; TypeError naming `what` where there is none.
DType dtype_of(PyArray_Descr* descr, std::string_view what);
/// The engine's type of anything NumPy takes for a dtype ("float32", float, np.int64 ...).
DType dtype_of(PyObject* like_dtype, std::string_view what);
/// A new reference to NumPy's dtype object.
Ref descr_of(DType d);

Dims shape_of(PyArrayObject* array);
std::size_t bytes_of(PyArrayObject* array);
/// A new C-contiguous array with its own memory, contents not set.
Ref new_array(DType d, std::span<const std::int64_t> shape);
/// `value` as a C-contiguous, aligned array in native byte order; the same object where it already
/// is one.
Ref contiguous(PyObject* value);
/// A tuple of ints.
Ref tuple_of(std::span<const std::int64_t> shape);
/// (2, 3), [2, 3] or 2 as a list of integers.
Dims dims_of(PyObject* ints, std::string_view what);

}  // namespace dualtape::engine
