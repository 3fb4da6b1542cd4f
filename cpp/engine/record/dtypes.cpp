#include "record/dtypes.hpp"

#include <array>

#include "record/result_memory.hpp"

namespace dualtape::engine {
namespace {

constexpr int kTypeNumbers[kDTypeCount] = {
    NPY_BOOL,   NPY_INT8,   NPY_INT16,   NPY_INT32,   NPY_INT64,     NPY_UINT8,     NPY_UINT16,
    NPY_UINT32, NPY_UINT64, NPY_FLOAT32, NPY_FLOAT64, NPY_COMPLEX64, NPY_COMPLEX128};

}  // namespace

int type_number(DType d) { return kTypeNumbers[static_cast<int>(d)]; }

std::optional<DType> dtype_of_number(int number) {
  constexpr int kCount = 32;
  static constexpr auto kTypes = [] {
    std::array<std::int8_t, kCount> types{};
    types.fill(-1);
    for (std::int8_t i = 0; i < kDTypeCount; ++i)
      types[static_cast<std::size_t>(kTypeNumbers[i])] = i;
    // C has two 64-bit integers, and NumPy a number for each.
    types[NPY_LONGLONG] = static_cast<std::int8_t>(DType::kInt64);
    types[NPY_ULONGLONG] = static_cast<std::int8_t>(DType::kUInt64);
    return types;
  }();
  const auto k = static_cast<std::size_t>(number);
  if (number < 0 || number >= kCount || kTypes[k] < 0) return std::nullopt;
  return static_cast<DType>(kTypes[k]);
}

DType dtype_of(PyArray_Descr* descr, std::string_view what) {
  if (const auto d = dtype_of_number(descr->type_num)) return *d;
  const Ref name = Ref::checked(PyObject_Str(reinterpret_cast<PyObject*>(descr)));
  raise(PyExc_TypeError, std::string(what) + ": element type " + text_of(name.get()) +
                             " cannot be recorded; convert to float64, float32, an integer type, "
                             "bool or complex first");
}

DType dtype_of(PyObject* like_dtype, std::string_view what) {
  PyArray_Descr* descr = nullptr;
  if (PyArray_DescrConverter(like_dtype, &descr) != NPY_SUCCEED) throw PythonError{};
  const Ref owner = Ref::steal(reinterpret_cast<PyObject*>(descr));
  return dtype_of(descr, what);
}

Ref descr_of(DType d) {
  return Ref::checked(reinterpret_cast<PyObject*>(PyArray_DescrFromType(type_number(d))));
}

Dims shape_of(PyArrayObject* array) {
  Dims shape;
  for (int i = 0; i < PyArray_NDIM(array); ++i) shape.push_back(PyArray_DIM(array, i));
  return shape;
}

Ref new_array(DType d, std::span<const std::int64_t> shape) {
  const auto bytes = static_cast<std::size_t>(element_count(shape)) * item_size(d);
  const BlockMemory memory(bytes);
  return Ref::checked(PyArray_SimpleNew(static_cast<int>(shape.size()),
                                        const_cast<npy_intp*>(shape.data()), type_number(d)));
}

std::size_t bytes_of(PyArrayObject* array) {
  return static_cast<std::size_t>(PyArray_NBYTES(array));
}

Ref contiguous(PyObject* value) {
  constexpr int kWanted = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;
  if (PyArray_Check(value)) {
    auto* a = reinterpret_cast<PyArrayObject*>(value);
    if (PyArray_CHKFLAGS(a, kWanted) && PyArray_ISNOTSWAPPED(a)) return Ref::borrow(value);
    if (Ref copy = copy_strided_array(a)) return copy;
  }
  const bool is_array = PyArray_Check(value);
  const BlockMemory memory(is_array ? bytes_of(reinterpret_cast<PyArrayObject*>(value)) : 0);
  return Ref::checked(
      PyArray_FROM_OF(value, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED));
}

Ref tuple_of(std::span<const std::int64_t> shape) {
  Ref tuple = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(shape.size())));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i),
                     Ref::checked(PyLong_FromLongLong(shape[i])).release());
  }
  return tuple;
}

Dims dims_of(PyObject* ints, std::string_view what) {
  if (PyIndex_Check(ints)) return Dims{integer_of(ints)};
  const Ref items = Ref::steal(PySequence_Fast(ints, ""));
  if (!items) {
    PyErr_Clear();
    raise(PyExc_TypeError,
          std::string(what) + ": an int or a tuple of ints is wanted, got " + type_name(ints));
  }
  Dims dims;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    dims.push_back(integer_of(PySequence_Fast_GET_ITEM(items.get(), i)));
  }
  return dims;
}

}  // namespace dualtape::engine
