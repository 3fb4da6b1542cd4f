#include "record/rerun.hpp"

#include <cmath>
#include <cstring>
#include <exception>

#include "program/errors.hpp"
#include "record/dtypes.hpp"

namespace dualtape::engine {
namespace {

/// Element operations below which handing the GIL to another thread costs more than the run.
constexpr std::int64_t kReleaseGilWork = 20000;

bool has_shape(PyArrayObject* array, const Dims& shape) {
  return equal_dims({PyArray_DIMS(array), static_cast<std::size_t>(PyArray_NDIM(array))}, shape);
}

/// The inputs of one run: arrays that fit are read where they are, all else is converted.
class Inputs {
 public:
  Inputs(const Recording& recording, std::size_t n)
      : recording_(recording), data_(n), numbers_(n) {}

  void put_number(std::size_t k, const Binding& b) { data_[k] = data_of(b); }

  void put(std::size_t k, PyObject* value) {
    const Type& type = recording_.program().type_of(recording_.program().inputs[k]);
    if (PyFloat_CheckExact(value) && type.dtype == DType::kFloat64 && type.shape.empty()) {
      const double number = PyFloat_AS_DOUBLE(value);
      std::memcpy(&numbers_[k], &number, sizeof number);
      data_[k] = &numbers_[k];
      return;
    }
    if (can_be_read(value, type)) {
      data_[k] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(value));
      return;
    }
    const std::string name = recording_.bound->name();
    owners_.push_back(bind_value(value, type, name).owner);
    if (!owners_.back()) raise(PyExc_TypeError, name + ": a tracer cannot be given here");
    data_[k] = PyArray_DATA(owners_.back().array());
  }

  std::span<const void* const> buffers() { return data_; }

 private:
  const Recording& recording_;
  ShortList<const void*, 16> data_;
  ShortList<std::uint64_t, 16> numbers_;
  std::vector<Ref> owners_;
};

Ref scalar_object(const void* bytes, DType d, ValueKind kind) {
  if (kind == ValueKind::kPython && d == DType::kBool) {
    return Ref::steal(PyBool_FromLong(*static_cast<const char*>(bytes)));
  }
  if (kind == ValueKind::kPython && d == DType::kInt64) {
    long long v = 0;
    std::memcpy(&v, bytes, sizeof v);
    return Ref::checked(PyLong_FromLongLong(v));
  }
  const Ref descr = descr_of(d);
  return Ref::checked(PyArray_Scalar(const_cast<void*>(bytes),
                                     reinterpret_cast<PyArray_Descr*>(descr.get()), nullptr));
}

}  // namespace

Results::Results(const Program& program, std::span<const ValueKind> kinds)
    : program_(program),
      kinds_(kinds),
      buffers_(kinds.size()),
      arrays_(kinds.size()),
      scalars_(kinds.size()) {
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    if (type(k).shape.empty() && kinds[k] != ValueKind::kArray) {
      buffers_[k] = scalars_[k].bytes;
      continue;
    }
    arrays_[k] = new_array(type(k).dtype, type(k).shape).release();
    buffers_[k] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(arrays_[k]));
  }
}

Results::~Results() {
  for (std::size_t k = 0; k < arrays_.size(); ++k) Py_XDECREF(arrays_[k]);
}

Ref Results::take(std::size_t k) {
  if (arrays_[k]) return Ref::steal(std::exchange(arrays_[k], nullptr));
  return scalar_object(scalars_[k].bytes, type(k).dtype, kinds_[k]);
}

Objects Results::take_all() {
  Objects all;
  for (std::size_t k = 0; k < kinds_.size(); ++k) all.add(take(k));
  return all;
}

bool Results::integer(std::size_t k, std::int64_t& value) {
  return dispatch(type(k).dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T> || std::is_floating_point_v<T>) {
      T v{};
      std::memcpy(&v, buffers_[k], sizeof v);
      if constexpr (std::is_floating_point_v<T>) {
        if (!(std::abs(v) < T(9.2e18))) return false;
      }
      value = static_cast<std::int64_t>(v);
      return true;
    } else {
      return false;
    }
  });
}

bool can_be_read(PyObject* value, const Type& type) {
  if (!PyArray_CheckExact(value)) return false;
  auto* a = reinterpret_cast<PyArrayObject*>(value);
  return PyArray_TYPE(a) == type_number(type.dtype) && PyArray_IS_C_CONTIGUOUS(a) &&
         PyArray_ISBEHAVED_RO(a) && has_shape(a, type.shape);
}

void run_plan(const Executable& executable, std::span<const void* const> in,
              std::span<void* const> out) {
  const PlanPtr plan = executable.plan_to_run();
  if (plan->work() < kReleaseGilWork) return plan->run(in, out);
  std::exception_ptr error;
  Py_BEGIN_ALLOW_THREADS;
  try {
    plan->run(in, out);
  } catch (...) {
    error = std::current_exception();
  }
  Py_END_ALLOW_THREADS;
  if (error) std::rethrow_exception(error);
}

void rerun(const Recording& r, const GivenLeaves& given, Results& results) {
  const Bindings& bindings = r.bound->inputs;
  Inputs inputs(r, bindings.size());
  std::size_t next = 0;
  for (std::size_t k = 0; k < bindings.size(); ++k) {
    const Binding& b = bindings[k];
    if (b.is_argument) {
      if (next >= given.leaves.size())
        throw ShapeError(r.bound->name() + ": more inputs are wanted");
      inputs.put(k, given[next++]);
    } else if (b.source == Binding::Source::kArray) {
      // NumPy's scalars cannot change: the copy serves.
      const bool is_read = b.original && !PyArray_IsScalar(b.original.get(), Generic);
      inputs.put(k, is_read ? b.original.get() : b.owner.get());
    } else if (b.source == Binding::Source::kNumber) {
      inputs.put_number(k, b);
    } else {
      raise(PyExc_ValueError, r.bound->name() + ": depends on values of another recording");
    }
  }
  if (next != given.leaves.size()) throw ShapeError(r.bound->name() + ": fewer inputs are wanted");
  run_plan(*r.executable, inputs.buffers(), results.buffers());
}

}  // namespace dualtape::engine
