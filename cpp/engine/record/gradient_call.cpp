#include "record/gradient_call.hpp"

#include <algorithm>
#include <numeric>

#include "record/leaf_checks.hpp"
#include "record/rerun.hpp"
#include "record/tracer.hpp"
#include "record/tree.hpp"

namespace dualtape::engine {
namespace {

/// A recording of this thread, left and closed at the end of the block.
class Entered {
 public:
  explicit Entered(const RecorderRef& recorder) : recorder_(recorder) { recorder_.get()->enter(); }
  ~Entered() {
    recorder_.get()->exit();
    recorder_.get()->close();
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  RecorderRef recorder_;
};

using Positions = Few<Py_ssize_t, 8>;

/// The chosen positions from zero; false if one does not exist or comes twice.
bool find_positions(PyObject* argnums, Py_ssize_t n_args, Positions& positions) {
  for (std::size_t k = 0; k < positions.size(); ++k) {
    PyObject* given =
        PyLong_Check(argnums) ? argnums : PyTuple_GET_ITEM(argnums, static_cast<Py_ssize_t>(k));
    const Py_ssize_t p = PyLong_AsSsize_t(given);
    if (p == -1 && PyErr_Occurred()) throw PythonError{};
    if (p < -n_args || p >= n_args) return false;
    positions[k] = p < 0 ? p + n_args : p;
    const auto before = positions.data() + k;
    if (std::find(positions.data(), before, positions[k]) != before) return false;
  }
  return true;
}

/// The trees of the chosen arguments: one of them, or a tuple.
class Point {
 public:
  Point(PyObject* argnums, const Positions& positions, PyObject* args)
      : is_single_(PyLong_Check(argnums)), walk_(Leaves::kAlike) {
    if (is_single_) {
      walk_.add(PyTuple_GET_ITEM(args, positions[0]));
    } else {
      Few<PyObject*, 8> trees(positions.size());
      for (std::size_t k = 0; k < trees.size(); ++k) {
        trees[k] = PyTuple_GET_ITEM(args, positions[k]);
      }
      walk_.add_tuple(trees);
    }
    if (walk_.words().size() > 1 || walk_.leaves().empty()) structure_ = structure_of(walk_);
  }

  std::size_t size() const { return walk_.leaves().size(); }
  PyObject* leaf(std::size_t k) const {
    return walk_.leaves()[structure_ ? structure_->order[k] : k];
  }
  Ref fill(std::span<PyObject* const> leaves) const {
    return structure_ ? unflatten(structure_->treedef.get(), leaves) : Ref::borrow(leaves[0]);
  }
  bool is_single() const { return is_single_; }

 private:
  bool is_single_;
  TreeWalk walk_;
  std::shared_ptr<const Structure> structure_;  // null: a lone leaf
};

/// fun(*args, **kwargs) with tracers in place of the leaves.
Ref call_traced(PyObject* fun, PyObject* args, PyObject* kwargs, const Point& point,
                Positions& positions, Recorder& recorder) {
  std::vector<Ref> tracers;
  tracers.reserve(point.size());
  Few<PyObject*, 16> leaves(point.size());
  for (std::size_t k = 0; k < point.size(); ++k) {
    leaves[k] = input_tracer(recorder, point.leaf(k), -1);
    tracers.push_back(Ref::checked(leaves[k]));
  }
  const Ref trees = point.fill(leaves);
  const auto n = static_cast<std::size_t>(PyTuple_GET_SIZE(args));
  Few<PyObject*, 16> given(n + 1);
  for (std::size_t k = 0; k < n; ++k) {
    given[k + 1] = PyTuple_GET_ITEM(args, static_cast<Py_ssize_t>(k));
  }
  for (std::size_t k = 0; k < positions.size(); ++k) {
    given[static_cast<std::size_t>(positions[k]) + 1] =
        point.is_single() ? trees.get() : PyTuple_GET_ITEM(trees.get(), static_cast<Py_ssize_t>(k));
  }
  tracers.clear();  // The trees hold them.
  return Ref::checked(PyObject_VectorcallDict(fun, given.data() + 1,
                                              n | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                              PyDict_GET_SIZE(kwargs) > 0 ? kwargs : nullptr));
}

bool is_scalar_tracer(PyObject* o) {
  if (!is_tracer(o)) return false;
  const Type& type = type_of(as_tracer(o));
  return type.shape.empty() && is_floating(type.dtype);
}

}  // namespace

PyObject* scalar_gradient(PyObject*, PyObject* const* given, Py_ssize_t n_given) {
  return guarded([&]() -> PyObject* {
    if (n_given != 7) raise(PyExc_TypeError, "scalar_gradient takes 7 arguments");
    PyObject *fun = given[0], *argnums = given[2], *args = given[3], *kwargs = given[4];
    const bool with_value = given[5] == Py_True;
    const Ref title = Ref::borrow(given[1]);
    Positions positions(
        PyLong_Check(argnums) ? 1 : static_cast<std::size_t>(PyTuple_GET_SIZE(argnums)));
    if (!find_positions(argnums, PyTuple_GET_SIZE(args), positions)) Py_RETURN_NONE;
    const Point point(argnums, positions, args);
    const std::size_t n = point.size();
    for (std::size_t k = 0; k < n; ++k) {
      if (!is_differentiable(point.leaf(k))) Py_RETURN_NONE;
    }
    const RecorderRef recorder(Recorder::make(title, {}));
    ValueId y = kNoValue;
    ValueKind kind = ValueKind::kScalar;
    {
      const Entered entered(recorder);
      const Ref result = call_traced(fun, args, kwargs, point, positions, *recorder.get());
      if (!is_scalar_tracer(result.get())) {
        Ref::checked(PyObject_CallFunctionObjArgs(given[6], title.get(), result.get(), nullptr));
      }
      y = output_value(*recorder.get(), result.get(), &kind);
    }
    recorder.get()->set_outputs({&y, 1});
    const ExecutablePtr executable = find_or_add(recorder.get()->program());
    const Bindings inputs = recorder.get()->take_bindings();
    verify_unchanged(inputs, title);
    Derivation how;
    how.kind = Derivation::Kind::kGrad;
    how.wrt.resize(n);
    std::iota(how.wrt.begin(), how.wrt.end(), 0u);
    if (with_value) how.keep = {0};
    std::vector<ValueKind> kinds;
    for (std::size_t k = 0; k < n; ++k) kinds.push_back(inputs[k].kind);
    if (with_value) kinds.push_back(kind);
    const Ref list = Ref::checked(run(*derive(*executable, title, how), inputs, kinds));
    PyObject** items = PySequence_Fast_ITEMS(list.get());
    const Ref gradient = point.fill({items, n});
    return PyTuple_Pack(2, with_value ? items[n] : Py_None, gradient.get());
  });
}

}  // namespace dualtape::engine
