/// The Python type JitCall: the part of a jitted function that runs at every call.
///
/// Its call looks the types of the arguments up and runs the recording that fits. All else - a
/// first recording, a branch not taken before, errors - is the business of the subclass's method
/// `_miss(args, kwargs)`, which adds to Branches objects and lets calls find them by `remember`.
#include "record/branches.hpp"
#include "record/parse.hpp"
#include "record/tree.hpp"

#include <algorithm>
#include <cstddef>
#include <unordered_map>

namespace dualtape::engine {
namespace {

/// Branches by the types of the arguments.
struct Remembered {
  WalkKey key;
  Ref branches;
  std::vector<std::uint32_t> order;  // of the leaves
  bool in_order;
};
using RememberedPtr = std::shared_ptr<const Remembered>;

struct State {
  std::vector<long long> static_positions;
  Ref static_names;  // a frozenset; null if there are none
  std::unordered_multimap<std::uint64_t, RememberedPtr> known;
  RememberedPtr latest;
};

struct JitObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* fun;
  State* state;
};

JitObject* jit_of(PyObject* o) { return reinterpret_cast<JitObject*>(o); }

// ------------------------------------------------------------ arguments

struct CallArguments {
  std::span<PyObject* const> args;
  std::span<PyObject* const> names;
  PyObject* const* values;
};

void walk_call(const State& state, const CallArguments& call, TreeWalk& walk) {
  const std::size_t n = call.args.size();
  if (state.static_positions.empty() && !state.static_names) {
    return walk.add_call(call.args, call.names, call.values);
  }
  std::vector<PyObject*> args, names, values;
  std::vector<std::pair<std::uint64_t, PyObject*>> fixed;
  for (std::size_t k = 0; k < n; ++k) {
    const auto first = static_cast<long long>(k);
    const bool is_static = std::ranges::any_of(state.static_positions, [&](long long p) {
      return p == first || p + static_cast<long long>(n) == first;
    });
    if (is_static) {
      fixed.emplace_back(k, call.args[k]);
    } else {
      args.push_back(call.args[k]);
    }
  }
  for (std::size_t k = 0; k < call.names.size(); ++k) {
    const int is_static =
        state.static_names ? PySet_Contains(state.static_names.get(), call.names[k]) : 0;
    if (is_static < 0) throw PythonError{};
    if (is_static) {
      fixed.emplace_back(PyObject_Hash(call.names[k]), call.values[k]);
    } else {
      names.push_back(call.names[k]);
      values.push_back(call.values[k]);
    }
  }
  walk.add_call(args, names, values.data());
  for (const auto& [where, value] : fixed) {
    walk.add_word(where);
    walk.add_static(value);
  }
  walk.add_word(n);
}

RememberedPtr find(State& state, const TreeWalk& walk) {
  // Copies: comparing may run Python code, and that may call this function.
  if (RememberedPtr latest = state.latest; latest && latest->key.matches(walk)) return latest;
  auto [first, last] = state.known.equal_range(walk.hash());
  std::vector<RememberedPtr> candidates;
  for (; first != last; ++first) {
    if (first->second->key.same_words(walk)) candidates.push_back(first->second);
  }
  for (const RememberedPtr& candidate : candidates) {
    if (candidate->key.matches(walk)) return state.latest = candidate;
  }
  return nullptr;
}

// ------------------------------------------------------------ calls

/// The result of a recording made before; null if there is none that fits.
Ref call_recorded(State& state, const CallArguments& call) {
  TreeWalk walk(Leaves::kByType);
  try {
    walk_call(state, call, walk);
  } catch (const PythonError&) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) throw;
    PyErr_Clear();
    return {};  // The way of a miss finds the same error and names the argument.
  }
  const RememberedPtr found = walk.has_tracer() ? nullptr : find(state, walk);
  if (!found) return {};
  const GivenLeaves given{walk.leaves(), found->in_order ? nullptr : found->order.data()};
  return branches_of(found->branches.get())
      ->replay(given, [](const Branch& branch, Results& results) { return branch.fill(results); });
}

PyObject* call_missed(PyObject* self, const CallArguments& call) {
  static PyObject* const name = PyUnicode_InternFromString("_miss");
  const auto n = static_cast<Py_ssize_t>(call.args.size());
  const Ref args = Ref::checked(PyTuple_New(n));
  for (Py_ssize_t k = 0; k < n; ++k) {
    PyTuple_SET_ITEM(args.get(), k, Py_NewRef(call.args[static_cast<std::size_t>(k)]));
  }
  const Ref kwargs = Ref::checked(PyDict_New());
  for (std::size_t k = 0; k < call.names.size(); ++k) {
    if (PyDict_SetItem(kwargs.get(), call.names[k], call.values[k]) < 0) throw PythonError{};
  }
  PyObject* given[] = {self, args.get(), kwargs.get()};
  return PyObject_VectorcallMethod(name, given, 3, nullptr);
}

PyObject* call(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  const auto n = static_cast<std::size_t>(PyVectorcall_NARGS(flagged));
  JitObject* jit = jit_of(self);
  // The enclosing recording sees the operations.
  if (Recorder::active()) return PyObject_Vectorcall(jit->fun, args, flagged, names);
  return guarded([&] {
    CallArguments given{{args, n}, {}, args + n};
    if (names) {
      given.names = {PySequence_Fast_ITEMS(names),
                     static_cast<std::size_t>(PyTuple_GET_SIZE(names))};
    }
    if (Ref result = call_recorded(*jit->state, given)) return result.release();
    return call_missed(self, given);
  });
}

// ------------------------------------------------------------ methods

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
  return guarded([&] {
    const Ref self = Ref::checked(type->tp_alloc(type, 0));
    jit_of(self.get())->vectorcall = call;
    jit_of(self.get())->state = new State;
    jit_of(self.get())->fun = Py_NewRef(Py_None);
    return Ref(self).release();
  });
}

PyObject* wrap(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"_wrap", {"fun", "static_positions", "static_names"}, 3};
    const auto a = signature.parse(args, n, names);
    State& state = *jit_of(self)->state;
    const Ref positions = Ref::checked(PySequence_List(a[1]));
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(positions.get()); ++k) {
      state.static_positions.push_back(integer_of(PyList_GET_ITEM(positions.get(), k)));
    }
    const Ref static_names = Ref::checked(PyFrozenSet_New(a[2]));
    if (PySet_GET_SIZE(static_names.get()) > 0) state.static_names = static_names;
    Py_SETREF(jit_of(self)->fun, Py_NewRef(a[0]));
    return Py_NewRef(Py_None);
  });
}

PyObject* remember(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"_remember", {"args", "kwargs", "branches"}, 3};
    const auto a = signature.parse(args, n, names);
    if (!PyTuple_CheckExact(a[0]) || !PyDict_CheckExact(a[1]) || !branches_of(a[2])) {
      raise(PyExc_TypeError, "_remember: a tuple, a dict and Branches are wanted");
    }
    std::vector<PyObject*> keys, values;
    Py_ssize_t at = 0;
    PyObject *key = nullptr, *value = nullptr;
    while (PyDict_Next(a[1], &at, &key, &value)) {
      keys.push_back(key);
      values.push_back(value);
    }
    State& state = *jit_of(self)->state;
    TreeWalk walk(Leaves::kByType);
    walk_call(state,
              {{PySequence_Fast_ITEMS(a[0]), static_cast<std::size_t>(PyTuple_GET_SIZE(a[0]))},
               keys,
               values.data()},
              walk);
    if (find(state, walk)) return Py_NewRef(Py_None);
    std::vector<std::uint32_t> order = make_structure(walk).order;
    const bool in_order = std::ranges::is_sorted(order);
    state.latest = std::make_shared<const Remembered>(
        Remembered{WalkKey(walk), Ref::borrow(a[2]), std::move(order), in_order});
    state.known.emplace(walk.hash(), state.latest);
    return Py_NewRef(Py_None);
  });
}

PyObject* forget(PyObject* self, PyObject*) {
  State& state = *jit_of(self)->state;
  const auto known = std::exchange(state.known, {});  // dropped last: it may run Python code
  const auto latest = std::exchange(state.latest, nullptr);
  Py_RETURN_NONE;
}

void take_vectorcalls(PyTypeObject* type) {
  type->tp_vectorcall_offset = offsetof(JitObject, vectorcall);
  type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  PyType_Modified(type);
}

/// A Python subclass calls as fast as the type itself: CPython before 3.12 would not let it.
PyObject* init_subclass(PyObject* type, PyObject*) {
  take_vectorcalls(reinterpret_cast<PyTypeObject*>(type));
  Py_RETURN_NONE;
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
  if (!instance || instance == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, instance);
}

// ------------------------------------------------------------ garbage

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(jit_of(self)->fun);
  if (!jit_of(self)->state) return 0;
  for (const auto& [hash, remembered] : jit_of(self)->state->known) {
    for (const Ref& object : remembered->key.objects) Py_VISIT(object.get());
  }
  return 0;
}

int clear(PyObject* self) {
  if (jit_of(self)->state) Py_DECREF(forget(self, nullptr));
  Py_SETREF(jit_of(self)->fun, Py_NewRef(Py_None));  // a finaliser may still call
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  clear(self);
  Py_DECREF(jit_of(self)->fun);
  delete jit_of(self)->state;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef methods[] = {
    fast_method<wrap>("_wrap",
                      "_wrap($self, fun, static_positions, static_names)\n--\n\nWhat it calls."),
    fast_method<remember>("_remember",
                          "_remember($self, args, kwargs, branches)\n--\n\n"
                          "Calls with arguments of these types are these branches'."),
    {"_forget", forget, METH_NOARGS, "_forget($self, /)\n--\n\nAll calls miss again."},
    {"__init_subclass__", init_subclass, METH_NOARGS | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void add_jit_type(PyObject* module) {
  static const char doc[] = "Calls of a jitted function.";
  PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(doc)},
                         type_slot(Py_tp_new, create),
                         type_slot(Py_tp_dealloc, dealloc),
                         type_slot(Py_tp_traverse, traverse),
                         type_slot(Py_tp_clear, clear),
                         type_slot(Py_tp_call, PyVectorcall_Call),
                         type_slot(Py_tp_descr_get, bind),
                         {Py_tp_methods, methods},
                         {0, nullptr}};
  PyType_Spec spec{"dualtape._core.JitCall", sizeof(JitObject), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  const Ref type = Ref::checked(PyType_FromSpec(&spec));
  take_vectorcalls(reinterpret_cast<PyTypeObject*>(type.get()));
  if (PyModule_AddObjectRef(module, "JitCall", type.get()) < 0) throw PythonError{};
}

}  // namespace dualtape::engine
