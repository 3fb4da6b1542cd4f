#include "record/point.hpp"

#include <algorithm>
#include <numeric>

#include "record/tracer.hpp"

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

bool is_array_or_tracer(PyObject* o) { return is_tracer(o) || PyArray_CheckExact(o); }

/// Up to n owned references.
class Owned {
 public:
  explicit Owned(std::size_t n) : objects_(n) {}
  ~Owned() { clear(); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  PyObject* add(PyObject* object) { return objects_[count_++] = object; }
  void clear() {
    while (count_ > 0) Py_DECREF(objects_[--count_]);
  }

 private:
  ShortList<PyObject*, 16> objects_;
  std::size_t count_ = 0;
};

/// fun(*args, **kwargs) with tracers in place of the leaves.
Ref call_traced(const Tracing& how, Recorder& recorder) {
  const Point& point = how.point;
  Owned inputs(point.size());
  ShortList<PyObject*, 16> leaves(point.size());
  for (std::size_t k = 0; k < point.size(); ++k) {
    const int axis = how.axes.empty() ? -1 : how.axes[k];
    if (axis == Tracing::kUntraced) {
      leaves[k] = point.leaf(k);
      continue;
    }
    leaves[k] = inputs.add(input_tracer(recorder, point.leaf(k), axis));
  }
  const Ref trees = point.fill(leaves);
  inputs.clear();  // The trees hold them.
  const std::size_t n = how.given.args.size();
  const std::size_t named =
      how.given.names ? static_cast<std::size_t>(PyTuple_GET_SIZE(how.given.names)) : 0;
  ShortList<PyObject*, 16> call(n + named + 1);
  std::copy_n(how.given.args.data(), n + named, call.data() + 1);
  for (std::size_t k = 0; k < how.chosen.size(); ++k) {
    call[how.chosen[k] + 1] = how.chosen.is_single()
                                  ? trees.get()
                                  : PyTuple_GET_ITEM(trees.get(), static_cast<Py_ssize_t>(k));
  }
  return Ref::checked(PyObject_Vectorcall(how.fun, call.data() + 1,
                                          n | PY_VECTORCALL_ARGUMENTS_OFFSET, how.given.names));
}

/// Whether the result is what is wanted, as far as that can be told from its traced leaves.
bool is_wanted(const Point& result, Wanted wanted) {
  if (wanted == Wanted::kScalar && result.treedef() != leaf_treedef()) return false;
  for (std::size_t k = 0; k < result.size(); ++k) {
    PyObject* leaf = result.leaf(k);
    if (wanted == Wanted::kArrays) {
      if (!is_array_or_tracer(leaf)) return false;
      continue;
    }
    if (!is_tracer(leaf)) return false;
    const Type& type = type_of(as_tracer(leaf));
    if (!(wanted == Wanted::kInexact ? is_inexact(type.dtype) : is_floating(type.dtype))) {
      return false;
    }
    if (wanted == Wanted::kScalar && !type.shape.empty()) return false;
  }
  return true;
}

}  // namespace

/// Whether these are a few lone leaves: then no walk is made.
bool Point::take_few(std::span<PyObject* const> leaves) {
  if (leaves.size() > kFewLeaves || !std::ranges::all_of(leaves, is_plain_leaf)) return false;
  for (PyObject* leaf : leaves) few_.push_back(Py_NewRef(leaf));
  treedef_ = flat_treedef(leaves.size());
  return true;
}

void Point::keep_structure() {
  structure_ = structure_of(*walk_);
  treedef_ = structure_->treedef.get();
}

Point::Point(PyObject* tree) {
  if (is_plain_leaf(tree)) {
    few_.push_back(Py_NewRef(tree));
    treedef_ = leaf_treedef();
    return;
  }
  if (PyTuple_CheckExact(tree) &&
      take_few({PySequence_Fast_ITEMS(tree), static_cast<std::size_t>(PyTuple_GET_SIZE(tree))})) {
    return;
  }
  walk_.emplace(Leaves::kAlike).add(tree);
  keep_structure();
}

Point::Point(std::span<PyObject* const> trees) {
  if (take_few(trees)) return;
  walk_.emplace(Leaves::kAlike).add_tuple(trees);
  keep_structure();
}

Chosen::Chosen(std::size_t n_args) : is_single_(false), positions_(n_args) {
  std::iota(positions_.data(), positions_.data() + n_args, Py_ssize_t{0});
}

Chosen::Chosen(PyObject* argnums, std::size_t n_args)
    : is_single_(PyLong_Check(argnums)),
      positions_(is_single_ ? 1 : static_cast<std::size_t>(PyTuple_GET_SIZE(argnums))) {
  const auto n = static_cast<Py_ssize_t>(n_args);
  for (std::size_t k = 0; k < positions_.size(); ++k) {
    PyObject* given = is_single_ ? argnums : PyTuple_GET_ITEM(argnums, static_cast<Py_ssize_t>(k));
    const Py_ssize_t p = PyLong_AsSsize_t(given);
    if (p == -1 && PyErr_Occurred()) throw PythonError{};
    positions_[k] = p < 0 ? p + n : p;
    const auto before = positions_.data() + k;
    exists_ = exists_ && p >= -n && p < n &&
              std::find(positions_.data(), before, positions_[k]) == before;
  }
}

Point Chosen::of(std::span<PyObject* const> args) const {
  if (is_single_) return Point(args[(*this)[0]]);
  ShortList<PyObject*, 8> trees(size());
  for (std::size_t k = 0; k < trees.size(); ++k) trees[k] = args[(*this)[k]];
  return Point(std::span<PyObject* const>(trees));
}

Aux::Aux(PyObject* object) : tree(object) {
  for (std::size_t k = 0; k < tree.size(); ++k) {
    if (is_tracer(tree.leaf(k))) traced.push_back(k);
  }
  kinds.resize(traced.size());
}

Ref Aux::fill(std::span<PyObject* const> values) const {
  ShortList<PyObject*, 8> leaves(tree.size());
  for (std::size_t k = 0; k < tree.size(); ++k) leaves[k] = tree.leaf(k);
  for (std::size_t k = 0; k < traced.size(); ++k) leaves[traced[k]] = values[k];
  return tree.fill(leaves);
}

namespace {

/// (result, aux), as functions with has_aux must return it; else TypeError.
PyObject* checked_pair(PyObject* returned, const Ref& title) {
  const bool is_tuple = PyTuple_Check(returned);
  if (is_tuple && PyTuple_GET_SIZE(returned) == 2) return returned;
  const std::string given =
      is_tuple ? std::to_string(PyTuple_GET_SIZE(returned)) + " entries" : type_name(returned);
  raise(PyExc_TypeError, text_of(title.get()) +
                             ": with has_aux=True the function must return "
                             "(result, aux), got " +
                             given);
}

}  // namespace

Traced trace(const Tracing& how) {
  const RecorderRef owner(Recorder::make(how.title, {}));
  Recorder& recorder = *owner.get();
  Traced traced;
  std::optional<ShortList<ValueId, 8>> values;
  {
    const Entered entered(owner);
    const Ref returned = call_traced(how, recorder);
    PyObject* tree = returned.get();
    if (how.has_aux) {
      PyObject* const both = checked_pair(tree, how.title);
      tree = PyTuple_GET_ITEM(both, 0);
      traced.aux = std::make_unique<Aux>(PyTuple_GET_ITEM(both, 1));
    }
    const Point result(tree);
    if (!is_wanted(result, how.wanted)) {
      Ref::checked(PyObject_CallFunctionObjArgs(how.check, how.title.get(), tree, nullptr));
    }
    const std::size_t n = result.size(), m = traced.aux ? traced.aux->traced.size() : 0;
    values.emplace(n + m);
    traced.kinds.resize(n);
    for (std::size_t k = 0; k < n; ++k) {
      (*values)[k] = output_value(recorder, result.leaf(k), &traced.kinds[k]);
    }
    for (std::size_t k = 0; k < m; ++k) {
      Aux& aux = *traced.aux;
      (*values)[n + k] = output_value(recorder, aux.tree.leaf(aux.traced[k]), &aux.kinds[k]);
    }
    traced.treedef = Ref::borrow(result.treedef());
  }
  recorder.set_outputs(*values);
  traced.executable = find_or_add(recorder.program());
  recorder.finish();
  traced.recorder = owner;
  verify_unchanged(traced.inputs(), how.title);
  return traced;
}

}  // namespace dualtape::engine
