/// Binding the inputs of a recording: arguments, captured arrays, numbers.
///
/// A recording must never differ silently from eager NumPy, which reads an array when an operation
/// runs. A captured writable array is copied up to 64 KiB; above, and for arguments, it is read by
/// reference and its checksum is compared before the run.
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/library.hpp"
#include "ops/array_ops.hpp"
#include "program/errors.hpp"
#include "record/dtypes.hpp"
#include "record/leaf_checks.hpp"
#include "record/recorder.hpp"

namespace dualtape::engine {
namespace {

constexpr npy_intp kCopyBytes = 64 * 1024;
constexpr std::size_t kFewBytes = 64;  // summed word by word: less than mixing the lanes takes

/// Nothing can write the memory of this array: it and every array it is a view of are read-only,
/// and the memory is NumPy's own or that of a bytes object.
bool is_frozen(PyObject* array) {
  while (array && PyArray_Check(array)) {
    auto* a = reinterpret_cast<PyArrayObject*>(array);
    if (PyArray_ISWRITEABLE(a)) return false;
    array = PyArray_BASE(a);
  }
  return !array || PyBytes_Check(array);
}

bool same_bytes(PyArrayObject* a, PyArrayObject* b) {
  return PyArray_NBYTES(a) == PyArray_NBYTES(b) &&
         std::memcmp(PyArray_DATA(a), PyArray_DATA(b),
                     static_cast<std::size_t>(PyArray_NBYTES(a))) == 0;
}

bool same_type(PyArrayObject* a, PyArrayObject* b) {
  return PyArray_TYPE(a) == PyArray_TYPE(b) && PyArray_SAMESHAPE(a, b);
}

std::uint64_t checksum_of(PyArrayObject* a) {
  return checksum(PyArray_DATA(a), static_cast<std::size_t>(PyArray_NBYTES(a)));
}

/// Of an array as `contiguous` gives them.
Ref copy_of(PyArrayObject* array, DType dtype, const Dims& shape) {
  Ref copy = new_array(dtype, shape);
  std::memcpy(PyArray_DATA(copy.array()), PyArray_DATA(array), bytes_of(array));
  return copy;
}

/// The array's shape without the batch axis.
Dims unbatched(Dims shape, int batch_axis) {
  if (batch_axis >= 0) shape.erase(static_cast<std::size_t>(batch_axis));
  return shape;
}

/// Transposed as it lies in memory: `W.T` of the usual W.
bool lies_transposed(PyArrayObject* a) {
  return PyArray_IS_F_CONTIGUOUS(a) && !PyArray_IS_C_CONTIGUOUS(a) &&
         PyArray_CheckExact(reinterpret_cast<PyObject*>(a));
}

/// Whether both begin at the same place. Of contiguous arrays of one type: they are the same.
bool share_data(PyArrayObject* a, PyArrayObject* b) { return PyArray_DATA(a) == PyArray_DATA(b); }

template <class T>
std::uint64_t as_bits(T v) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &v, sizeof v);
  return bits;
}

/// The bits of a Python number as this element type; OverflowError as NumPy where it does not fit.
std::uint64_t number_bits(PyObject* number, DType as) {
  if (is_floating(as)) {
    const double v = PyFloat_AsDouble(number);
    if (v == -1 && PyErr_Occurred()) throw PythonError{};
    return as == DType::kFloat32 ? as_bits(static_cast<float>(v)) : as_bits(v);
  }
  if (as == DType::kBool) return static_cast<std::uint64_t>(PyObject_IsTrue(number) == 1);
  int overflow = 0;
  const long long v = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (v == -1 && PyErr_Occurred()) throw PythonError{};
  std::uint64_t bits = 0;
  bool fits = overflow == 0;
  if (as == DType::kUInt64 && overflow > 0) {
    bits = PyLong_AsUnsignedLongLong(number);
    fits = !PyErr_Occurred();
    PyErr_Clear();
  } else {
    dispatch(as, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>) {
        fits = fits && std::in_range<std::conditional_t<std::is_same_v<T, bool>, int, T>>(v);
        bits = as_bits(static_cast<T>(v));
      }
    });
  }
  if (!fits) {
    const Ref text = Ref::checked(PyObject_Str(number));
    raise(PyExc_OverflowError, "Python integer " + text_of(text.get()) + " out of bounds for " +
                                   std::string(dtype_name(as)));
  }
  return bits;
}

/// Index among the numbers that are structure, -1 for the others. Zero is structure, minus zero is
/// not.
int structural_number(PyObject* number) {
  if (PyComplex_Check(number)) return -1;
  double v = 0;
  if (PyFloat_Check(number)) {
    v = PyFloat_AS_DOUBLE(number);
  } else {
    int overflow = 0;
    const long n = PyLong_AsLongAndOverflow(number, &overflow);
    if (overflow || n < -1 || n > 2) return -1;
    v = static_cast<double>(n);
  }
  if (v == 0 && !std::signbit(v)) return 0;
  if (v == 1) return 1;
  if (v == -1) return 2;
  if (v == 2) return 3;
  return v == 0.5 ? 4 : -1;
}

}  // namespace

std::uint64_t checksum(const void* data, std::size_t bytes) {
  if (bytes > kFewBytes) return kernels().checksum(data, bytes);
  const auto* p = static_cast<const unsigned char*>(data);
  std::size_t i = 0;
  std::uint64_t h = bytes;
  for (; i + 8 <= bytes; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p + i, sizeof word);
    h = mixed(h, word);
  }
  for (; i < bytes; ++i) h = mixed(h, p[i]);
  return h;
}

void verify_unchanged(const Bindings& bindings, const Ref& recording) {
  for (const Binding& b : bindings) {
    if (!b.by_reference && !b.was_frozen) continue;
    const Ref now = b.original ? contiguous(b.original.get()) : b.owner;
    if (b.was_frozen ? is_frozen(now.get()) : checksum_of(now.array()) == b.bits) continue;
    const char* const what = b.was_frozen ? " was made writable" : " was overwritten";
    raise(PyExc_RuntimeError, text_of(recording.get()) + ": an array of shape " +
                                  to_string(shape_of(now.array())) + what +
                                  " while the function that reads it was recorded; give or use a "
                                  "copy (x.copy())");
  }
}

DType Recorder::recorded_dtype(PyArrayObject* array) const {
  if (const auto d = dtype_of_number(PyArray_TYPE(array))) return *d;
  return dtype_of(PyArray_DESCR(array), name());  // raises
}

ValueId Recorder::bind(Binding binding, const Type& type) {
  const ValueId v = input(type);
  bindings_.push_back(std::move(binding));
  note_position();
  return v;
}

/// The copy an enclosing recording made of what it captured by this key, if nothing was written
/// since.
Ref Recorder::copy_of_enclosing(PyObject* array, std::uint64_t key) const {
  for (const Recorder* r : active_recorders()) {
    const std::uint32_t* const found = r->captured_.find(key);
    if (r == this || r->is_finished_ || !found) continue;
    const Binding& b = r->bindings_[*found];
    const bool is_its = b.original.get() == array || key != address_of(array);
    if (is_its && b.original && b.source == Binding::Source::kArray &&
        same_type(b.owner.array(), reinterpret_cast<PyArrayObject*>(array)) &&
        same_bytes(b.owner.array(), reinterpret_cast<PyArrayObject*>(array))) {
      return b.owner;
    }
  }
  return {};
}

ValueId Recorder::bind_array(PyObject* array, bool is_argument, int batch_axis, std::uint64_t key) {
  refuse_subclasses(array);
  auto* a = reinterpret_cast<PyArrayObject*>(array);
  const DType dtype = recorded_dtype(a);
  Binding b;
  b.source = Binding::Source::kArray;
  b.is_argument = is_argument;
  b.batch_axis = static_cast<std::int16_t>(batch_axis);
  b.owner = contiguous(array);
  const bool is_same = b.owner.get() == array;
  const Dims shape = shape_of(a);
  const bool frozen = is_frozen(array);
  const bool copies = options_.owns || (!frozen && !is_argument && PyArray_NBYTES(a) <= kCopyBytes);
  if (copies && is_same) {
    b.owner = copy_of_enclosing(array, key);
    if (!b.owner) b.owner = copy_of(a, dtype, shape);
  }
  b.was_frozen = frozen && !copies && is_same;
  b.by_reference = !frozen && !copies && (is_same || is_argument);
  if (b.by_reference) b.bits = checksum_of(b.owner.array());
  if (b.owner.get() != array) b.original = Ref::borrow(array);
  return bind(std::move(b), {dtype, unbatched(shape, batch_axis)});
}

namespace {

/// A floating number as bits: no array is made of it.
bool bind_number(PyObject* value, Binding& b, DType& dtype) {
  const PyTypeObject* type = Py_TYPE(value);
  if (type == &PyFloat_Type || type == &PyDoubleArrType_Type) {
    dtype = DType::kFloat64;
    b.bits = as_bits(PyFloat_AS_DOUBLE(value));  // NumPy's float64 is a float
  } else if (type == &PyFloatArrType_Type) {
    dtype = DType::kFloat32;
    PyArray_ScalarAsCtype(value, &b.bits);
  } else {
    return false;
  }
  b.source = Binding::Source::kNumber;
  b.kind = type == &PyFloat_Type ? ValueKind::kPython : ValueKind::kScalar;
  return true;
}

}  // namespace

ValueId Recorder::argument(PyObject* value, int batch_axis, ValueKind* kind) {
  Binding number;
  DType dtype{};
  if (batch_axis < 0 && bind_number(value, number, dtype)) {
    number.is_argument = true;
    *kind = number.kind;
    return bind(std::move(number), {dtype, {}});
  }
  Ref array;
  *kind = ValueKind::kArray;
  if (PyArray_Check(value)) {
    array = Ref::borrow(value);
  } else {
    if (PyArray_CheckScalar(value) && !PyFloat_CheckExact(value)) *kind = ValueKind::kScalar;
    if (PyBool_Check(value) || PyLong_CheckExact(value) || PyFloat_CheckExact(value) ||
        PyComplex_CheckExact(value)) {
      *kind = ValueKind::kPython;
    }
    array = Ref::checked(PyArray_FROM_O(value));
  }
  if (batch_axis >= PyArray_NDIM(array.array())) {
    raise(error_types.shape, name() + ": batch axis " + std::to_string(batch_axis) +
                                 " does not exist in shape " + to_string(shape_of(array.array())));
  }
  const ValueId v = bind_array(array.get(), true, batch_axis, address_of(array.get()));
  bindings_.back().kind = *kind;
  if (batch_axis >= 0) mark_abstract(v);
  return v;
}

ValueId Recorder::abstract_argument(const Type& type, ValueKind kind) {
  Binding b;
  b.is_argument = true;
  b.kind = kind;
  const ValueId v = bind(std::move(b), type);
  mark_abstract(v);
  return v;
}

ValueId Recorder::outer_argument(Recorder& source, ValueId value, ValueKind kind, int batch_axis) {
  const Type type = source.type_of(value);
  if (batch_axis >= static_cast<int>(type.shape.size())) {
    raise(error_types.shape, name() + ": batch axis " + std::to_string(batch_axis) +
                                 " does not exist in shape " + to_string(type.shape));
  }
  Binding b;
  b.source = Binding::Source::kOuter;
  b.outer = RecorderRef(&source);
  b.value = value;
  b.is_argument = true;
  b.kind = kind;
  b.batch_axis = static_cast<std::int16_t>(batch_axis);
  const ValueId v = bind(std::move(b), {type.dtype, unbatched(type.shape, batch_axis)});
  if (batch_axis >= 0 || source.is_abstract(value)) mark_abstract(v);
  return v;
}

bool Recorder::still_equal(const Binding& b, PyObject* array) const {
  auto* a = reinterpret_cast<PyArrayObject*>(array);
  if (!share_data(b.owner.array(), a)) {
    const Ref now = contiguous(array);
    return same_bytes(b.owner.array(), now.array());
  }
  if (!b.by_reference || checksum_of(a) == b.bits) return true;
  raise(PyExc_RuntimeError, name() + ": an array of shape " + to_string(shape_of(a)) +
                                " was overwritten after the recorded function read it; "
                                "use a copy (x.copy()) before writing");
}

ValueId Recorder::capture(PyObject* object) {
  Ref array = Ref::borrow(object);
  if (!PyArray_Check(object)) array = Ref::checked(PyArray_FROM_O(object));
  if (!lies_transposed(array.array())) return capture_as_is(array, object, address_of(object));
  // Read as it lies, without a copy; then transposed, which costs nothing. `W.T` is a new object
  // each time, so it is known by its memory.
  const Ref turned = Ref::checked(PyArray_Transpose(array.array(), nullptr));
  const ValueId v = capture_as_is(turned, turned.get(), address_of(PyArray_DATA(turned.array())));
  Dims reversed;
  for (int axis = PyArray_NDIM(array.array()); axis-- > 0;) reversed.push_back(axis);
  return transpose({*this, v}, reversed).id();
}

ValueId Recorder::capture_as_is(const Ref& array, PyObject* object, std::uint64_t key) {
  if (const std::uint32_t* const found = captured_.find(key)) {
    const std::uint32_t position = *found;
    const ValueId v = program_.inputs[position];
    // Shape and element type can be assigned to in place.
    const bool same_type = type_of(v).shape == shape_of(array.array()) &&
                           type_of(v).dtype == recorded_dtype(array.array());
    if (same_type && still_equal(bindings_[position], array.get())) return v;
  }
  const ValueId v = bind_array(array.get(), false, -1, key);
  // A NumPy scalar cannot change; it is kept so that its address stays its own.
  if (array.get() != object) bindings_.back().original = Ref::borrow(object);
  captured_.set(key, static_cast<std::uint32_t>(bindings_.size() - 1));
  return v;
}

ValueId Recorder::number(PyObject* number, DType as) {
  const int which = structural_number(number);
  if (is_complex(as) && which < 0) {
    if (!PyComplex_CheckExact(number)) {
      // A real number varies as one slot; its conversion is structure.
      return convert(Expr(*this, slot(number, real_dtype(as))), as).id();
    }
    const Ref descr = descr_of(as);
    const Ref array = Ref::checked(PyArray_FromAny(
        number, reinterpret_cast<PyArray_Descr*>(Py_NewRef(descr.get())), 0, 0, 0, nullptr));
    return capture(array.get());
  }
  if (which < 0 || (which == 4 && !is_inexact(as))) return slot(number, as);
  if (!has_constants_) {
    std::fill_n(&constants_[0][0], kDTypeCount * 5, kNoValue);
    has_constants_ = true;
  }
  ValueId& v = constants_[static_cast<int>(as)][which];
  if (v == kNoValue) {
    constexpr double kNumbers[] = {0, 1, -1, 2, 0.5};
    if (!is_inexact(as)) number_bits(number, as);  // OverflowError for -1 as an unsigned integer
    v = constant(kNumbers[which], as);
  }
  return v;
}

ValueId Recorder::slot(PyObject* number, DType as) {
  Binding b;
  b.source = Binding::Source::kNumber;
  b.bits = number_bits(number, as);
  // A number that something else holds (a variable, a literal) is one slot wherever it is used; one
  // just computed is held by this operation alone and gets its own. Both follow from the code, not
  // from values.
  if (Py_REFCNT(number) < 2) return bind(std::move(b), {as, {}});
  const std::uint64_t key = address_of(number) ^ static_cast<std::uint64_t>(as) << 56;
  if (const ValueId* const known = slots_.find(key)) return *known;
  b.original = Ref::borrow(number);
  const ValueId v = bind(std::move(b), {as, {}});
  slots_.set(key, v);
  return v;
}

ValueId Recorder::adopt(const Binding& binding, const Type& type) {
  Binding b = binding;
  b.is_argument = false;
  if (b.source == Binding::Source::kNumber && b.original) {
    return slot(b.original.get(), type.dtype);
  }
  if (b.source == Binding::Source::kArray) {
    const std::uint64_t key = address_of(b.original ? b.original.get() : b.owner.get());
    const std::uint32_t* const found = captured_.find(key);
    if (found && b.batch_axis < 0 && type_of(program_.inputs[*found]) == type) {
      const Binding& mine = bindings_[*found];
      if (mine.owner.get() == b.owner.get() || same_bytes(mine.owner.array(), b.owner.array())) {
        return program_.inputs[*found];
      }
    }
    const ValueId v = bind(std::move(b), type);
    captured_.set(key, static_cast<std::uint32_t>(bindings_.size() - 1));
    return v;
  }
  return bind(std::move(b), type);
}

}  // namespace dualtape::engine
