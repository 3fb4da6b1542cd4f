/// vmap.
#include "record/tracer.hpp"
#include "record/transforms.hpp"

namespace dualtape::engine {
namespace {

/// The batch axis of each leaf, and the length all of them share; -1: there is none, or an error.
class BatchAxes {
 public:
  BatchAxes(PyObject* axes, const Point& point, std::size_t n_args) : axes_(point.size()) {
    const auto counts = child_leaf_counts(point.treedef());
    if (counts.size() != n_args) return;
    std::size_t leaf = 0;
    for (std::size_t k = 0; k < n_args; ++k) {
      PyObject* axis =
          PyTuple_Check(axes) ? PyTuple_GET_ITEM(axes, static_cast<Py_ssize_t>(k)) : axes;
      for (std::size_t last = leaf + counts[k]; leaf < last; ++leaf) {
        if (!add(axis, point.leaf(leaf), leaf)) return;
      }
    }
    is_complete_ = size_ >= 0;
  }

  bool is_complete() const { return is_complete_; }
  std::int64_t size() const { return size_; }
  std::span<const int> axes() { return axes_; }

 private:
  bool add(PyObject* given, PyObject* leaf, std::size_t k) {
    axes_[k] = Tracing::kUntraced;
    if (given == Py_None) return true;
    std::span<const npy_intp> shape;
    if (is_tracer(leaf)) {
      shape = type_of(as_tracer(leaf)).shape;
    } else if (PyArray_CheckExact(leaf)) {
      auto* array = reinterpret_cast<PyArrayObject*>(leaf);
      shape = {PyArray_DIMS(array), static_cast<std::size_t>(PyArray_NDIM(array))};
    }
    const long axis = PyLong_AsLong(given);
    if (axis == -1 && PyErr_Occurred()) throw PythonError{};
    const auto rank = static_cast<long>(shape.size());
    if (axis < -rank || axis >= rank) return false;
    axes_[k] = static_cast<int>(axis < 0 ? axis + rank : axis);
    const std::int64_t length = shape[static_cast<std::size_t>(axes_[k])];
    if (size_ >= 0 && size_ != length) return false;
    size_ = length;
    return true;
  }

  ShortList<int, 16> axes_;
  std::int64_t size_ = -1;
  bool is_complete_ = false;
};

}  // namespace

Ref call_mapped(PyObject* fun, PyObject* axes, PyObject* check, const Ref& title,
                const GivenCall& given) {
  const std::size_t n = given.args.size();
  if (n == 0 || given.names) return {};
  if (PyTuple_Check(axes) && static_cast<std::size_t>(PyTuple_GET_SIZE(axes)) != n) return {};
  const Chosen all(n);
  const Point point(given.args);
  BatchAxes batch(axes, point, n);
  if (!batch.is_complete()) return {};
  Traced traced = trace({fun, title, given, all, point, Wanted::kArrays, check, batch.axes()});
  Derivation how;
  how.kind = Derivation::Kind::kBatch;
  how.batch_size = batch.size();
  for (Binding& b : traced.inputs()) {
    how.batched.push_back(b.batch_axis >= 0);
    b = batch_axis_first(b);
  }
  const ValueKinds kinds(traced.kinds.size(), ValueKind::kArray);
  const Objects values = run(*derive(*traced.executable, title, how), traced.inputs(), kinds);
  return traced.fill(values.all());
}

}  // namespace dualtape::engine
