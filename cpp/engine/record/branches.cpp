/// The Python type Branches.
#include "record/branches.hpp"

#include <algorithm>
#include <ranges>

#include "record/parse.hpp"
#include "record/tree.hpp"

namespace dualtape::engine {
namespace {

struct BranchesObject {
  PyObject_HEAD Branches* branches;
};
PyTypeObject* branches_type = nullptr;

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
  return guarded([&] {
    auto* self = reinterpret_cast<BranchesObject*>(Ref::checked(type->tp_alloc(type, 0)).release());
    self->branches = new Branches;
    return reinterpret_cast<PyObject*>(self);
  });
}

void dealloc(PyObject* self) {
  delete reinterpret_cast<BranchesObject*>(self)->branches;
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

Branches& self_of(PyObject* o) { return *reinterpret_cast<BranchesObject*>(o)->branches; }

template <class F>
void for_each(PyObject* sequence, F&& f) {
  const Ref items = Ref::checked(PySequence_Fast(sequence, "a sequence is wanted"));
  for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(items.get()); ++k) {
    f(PySequence_Fast_GET_ITEM(items.get(), k));
  }
}

PyObject* add(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{
        "add", {"entry", "recording", "outcomes", "template", "traced", "treedef"}, 6};
    const auto a = signature.parse(args, n, names);
    auto branch = std::make_shared<Branch>();
    branch->entry = Ref::borrow(a[0]);
    branch->recording = recording_of(a[1]);
    for_each(a[2], [&](PyObject* outcome) {
      // The low 64 bits: a guard's value has no more.
      const auto bits = PyLong_AsUnsignedLongLongMask(outcome);
      if (PyErr_Occurred()) throw PythonError{};
      branch->outcomes.push_back(static_cast<std::int64_t>(bits));
    });
    for_each(a[3], [&](PyObject* leaf) { branch->leaves.push_back(Ref::borrow(leaf)); });
    for_each(a[4], [&](PyObject* k) {
      branch->traced.push_back(static_cast<std::uint32_t>(integer_of(k)));
    });
    if (!is_treedef(a[5])) raise(PyExc_TypeError, "add: treedef must be a TreeDef");
    branch->treedef = Ref::borrow(a[5]);
    if (branch->traced.size() + branch->outcomes.size() != branch->recording.kinds.size()) {
      raise(PyExc_ValueError, "add: an output for each traced result and guard is wanted");
    }
    self_of(self).add(std::move(branch));
    return Py_NewRef(Py_None);
  });
}

PyObject* replay(PyObject* self, PyObject* leaves) {
  return guarded([&] {
    const Ref items = Ref::checked(PySequence_Fast(leaves, "replay: a sequence is wanted"));
    const GivenLeaves given{{PySequence_Fast_ITEMS(items.get()),
                             static_cast<std::size_t>(PySequence_Fast_GET_SIZE(items.get()))}};
    Ref found = self_of(self).replay(given, [](const Branch& branch, Results& results) {
      const Ref values = Ref::checked(results.take_all().list());
      return Ref::checked(PyTuple_Pack(2, branch.entry.get(), values.get()));
    });
    return found ? found.release() : Py_NewRef(Py_None);
  });
}

PyObject* clear(PyObject* self, PyObject*) {
  self_of(self).clear();
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    fast_method<add>("add",
                     "add($self, entry, recording, outcomes, template, traced, treedef)\n--\n\n"
                     "A recording."),
    {"replay", replay, METH_O, "replay($self, leaves, /)\n--\n\n(entry, values), or None."},
    {"clear", clear, METH_NOARGS, "clear($self, /)\n--\n\nForgets all."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void Branches::add(BranchPtr branch) {
  latest_ = branch;
  all_.push_back(std::move(branch));
}

void Branches::clear() {
  all_.clear();
  latest_ = nullptr;
}

BranchPtr Branches::starting_with(std::span<const std::int64_t> outcomes) const {
  for (const BranchPtr& branch : std::views::reverse(all_)) {
    const auto& its = branch->outcomes;
    if (its.size() >= outcomes.size() &&
        std::ranges::equal(outcomes, std::span(its).first(outcomes.size()))) {
      return branch;
    }
  }
  return nullptr;
}

bool Branches::run(const Branch& branch, const GivenLeaves& given, Results& results) {
  if (!branch.has_guards()) {
    rerun(branch.recording, given, results);
    return true;
  }
  try {
    rerun(branch.recording, given, results);
    return true;
  } catch (...) {
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) throw;
    PyErr_Clear();
    return false;  // The function itself decides whether this is an error.
  }
}

bool Branches::agrees(const Branch& branch, Results& results, BranchPtr& next) const {
  for (std::size_t k = 0; k < branch.outcomes.size(); ++k) {
    std::int64_t actual = 0;
    if (!results.integer(branch.traced.size() + k, actual)) {
      next = nullptr;
      return false;
    }
    if (actual == branch.outcomes[k]) continue;
    std::vector<std::int64_t> wanted(branch.outcomes.begin(),
                                     branch.outcomes.begin() + static_cast<std::ptrdiff_t>(k));
    wanted.push_back(actual);
    next = starting_with(wanted);
    return false;
  }
  return true;
}

Ref Branch::fill(Results& results) const {
  if (treedef.get() == leaf_treedef() && traced.size() == 1) return results.take(0);
  ShortList<PyObject*, 16> all(leaves.size());
  for (std::size_t k = 0; k < leaves.size(); ++k) all[k] = leaves[k].get();
  std::vector<Ref> values;
  values.reserve(traced.size());
  for (std::size_t k = 0; k < traced.size(); ++k) {
    values.push_back(results.take(k));
    all[traced[k]] = values.back().get();
  }
  return unflatten(treedef.get(), all);
}

Branches* branches_of(PyObject* object) {
  return Py_TYPE(object) == branches_type ? &self_of(object) : nullptr;
}

void add_branches_type(PyObject* module) {
  static const char doc[] = "Recordings for arguments of one structure and type.";
  branches_type = add_type(module, "dualtape._core.Branches", sizeof(BranchesObject),
                           {{Py_tp_doc, const_cast<char*>(doc)},
                            type_slot(Py_tp_new, create),
                            type_slot(Py_tp_dealloc, dealloc),
                            {Py_tp_methods, methods}},
                           true);
}

}  // namespace dualtape::engine
