/// Walking pytrees.
#include <algorithm>
#include <cstring>

#include "program/short_list.hpp"
#include "record/tracer.hpp"
#include "record/tree.hpp"
#include "record/tree_words.hpp"

namespace dualtape::engine {
namespace {

/// Python's limit of recursion, for trees that hold themselves.
class Depth {
 public:
  Depth() {
    if (Py_EnterRecursiveCall(" in a pytree")) throw PythonError{};
  }
  ~Depth() { Py_LeaveRecursiveCall(); }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
};

/// Objects held while they are walked: that may run Python code.
struct Held {
  ShortList<PyObject*, 32> objects;
  ~Held() {
    for (PyObject* o : objects) Py_DECREF(o);
  }
};

std::uint64_t address(const void* p) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(p));
}

/// (leaves, structure) by optree.
Ref flatten_by_optree(PyObject* tree) {
  static PyObject* function = nullptr;
  static PyObject* names = nullptr;
  static PyObject* space = nullptr;
  if (!function) {
    const Ref module = Ref::checked(PyImport_ImportModule("optree"));
    names = Ref::checked(Py_BuildValue("(s)", "namespace")).release();
    space = Ref::checked(PyUnicode_FromString(kTreeNamespace)).release();
    function = attribute(module.get(), "tree_flatten").release();
  }
  PyObject* args[] = {tree, space};
  return Ref::checked(PyObject_Vectorcall(function, args, 1, names));
}

}  // namespace

bool is_plain_leaf(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  if (type == &PyArray_Type || type == tracer_type || type == &PyFloat_Type) return true;
  if (type == &PyTuple_Type || type == &PyDict_Type || type == &PyList_Type) return false;
  return type == &PyLong_Type || type == &PyBool_Type || type == &PyComplex_Type ||
         type == &PyUnicode_Type || PyArray_IsScalar(o, Generic);
}

TreeWalk::TreeWalk(Leaves leaves) : by_type_(leaves == Leaves::kByType) {
  words_.reserve(kWords);
  objects_.reserve(kObjects);
  leaves_.reserve(kObjects);
}

TreeWalk::~TreeWalk() {
  for (PyObject* o : objects_) Py_DECREF(o);
  for (PyObject* o : leaves_) Py_DECREF(o);
}

std::uint64_t TreeWalk::hash() const {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words_) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash;
}

void TreeWalk::add(PyObject* tree) {
  if (is_plain_leaf(tree)) return add_leaf(tree);
  if (tree == Py_None) return put(word_of(TreeMark::kNone, 0));
  const Depth depth;
  if (PyTuple_CheckExact(tree)) {
    put(word_of(TreeMark::kTuple, PyTuple_GET_SIZE(tree)));
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tree); ++k) add(PyTuple_GET_ITEM(tree, k));
  } else if (PyList_CheckExact(tree)) {
    const Py_ssize_t n = PyList_GET_SIZE(tree);
    put(word_of(TreeMark::kList, n));
    for (Py_ssize_t k = 0; k < n; ++k) {
      if (k >= PyList_GET_SIZE(tree)) raise(PyExc_RuntimeError, "a list changed while it was read");
      const Ref item = Ref::borrow(PyList_GET_ITEM(tree, k));
      add(item.get());
    }
  } else if (!PyDict_CheckExact(tree) || !add_dict(tree)) {
    add_foreign(tree);
  }
}

void TreeWalk::add_tuple(std::span<PyObject* const> trees) {
  put(word_of(TreeMark::kTuple, static_cast<Py_ssize_t>(trees.size())));
  for (PyObject* tree : trees) add(tree);
}

void TreeWalk::add_call(std::span<PyObject* const> args, std::span<PyObject* const> names,
                        PyObject* const* values) {
  put(word_of(TreeMark::kTuple, 2));
  add_tuple(args);
  put(word_of(TreeMark::kDict, static_cast<Py_ssize_t>(names.size())));
  for (PyObject* name : names) add_key(name);
  for (std::size_t k = 0; k < names.size(); ++k) add(values[k]);
}

void TreeWalk::add_key(PyObject* key) {
  put(static_cast<std::uint64_t>(PyObject_Hash(key)));  // of a string: kept in it
  hold(key);
}

/// False, and nothing is written, if a key is no plain string.
bool TreeWalk::add_dict(PyObject* dict) {
  const std::size_t words = words_.size(), objects = objects_.size();
  put(word_of(TreeMark::kDict, PyDict_GET_SIZE(dict)));
  Held values;
  Py_ssize_t at = 0;
  PyObject *key = nullptr, *value = nullptr;
  while (PyDict_Next(dict, &at, &key, &value)) {
    if (!PyUnicode_CheckExact(key)) {
      for (; objects_.size() > objects; objects_.pop_back()) Py_DECREF(objects_.back());
      words_.resize(words);
      return false;
    }
    add_key(key);
    values.objects.push_back(Py_NewRef(value));
  }
  for (PyObject* item : values.objects) add(item);
  return true;
}

void TreeWalk::add_leaf(PyObject* leaf) {
  leaves_.push_back(Py_NewRef(leaf));
  if (!by_type_) return put(word_of(TreeMark::kLeaf, 0));
  has_tracer_ = has_tracer_ || is_tracer(leaf);
  PyTypeObject* type = Py_TYPE(leaf);
  if (!PyArray_Check(leaf)) {
    put(leaf_word(1, 0));
    put(address(type));
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) hold(reinterpret_cast<PyObject*>(type));
    return;
  }
  auto* array = reinterpret_cast<PyArrayObject*>(leaf);
  const int rank = PyArray_NDIM(array);
  const bool is_exact = type == &PyArray_Type;
  // The byte order is left out: a run converts it.
  put(leaf_word(rank + !is_exact, PyArray_TYPE(array) + 1));
  for (int k = 0; k < rank; ++k) put(static_cast<std::uint64_t>(PyArray_DIM(array, k)));
  if (is_exact) return;
  put(address(type));
  hold(reinterpret_cast<PyObject*>(type));
}

void TreeWalk::add_foreign(PyObject* tree) {
  const Ref pair = flatten_by_optree(tree);
  PyObject* items = PyTuple_GET_ITEM(pair.get(), 0);
  PyObject* spec = PyTuple_GET_ITEM(pair.get(), 1);
  const Py_ssize_t n = PyList_GET_SIZE(items);
  if (n == 1 && PyList_GET_ITEM(items, 0) == tree) return add_leaf(tree);
  has_foreign_ = true;
  put(word_of(TreeMark::kForeign, n));
  hold(spec);
  for (Py_ssize_t k = 0; k < n; ++k) add_leaf(PyList_GET_ITEM(items, k));
}

void TreeWalk::add_static(PyObject* value) {
  const Py_hash_t hash = PyObject_Hash(value);
  if (hash == -1) throw PythonError{};
  put(static_cast<std::uint64_t>(hash));
  // 1, 1.0 and True are equal but do not make equal recordings.
  put(address(Py_TYPE(value)));
  hold(value);
}

WalkKey::WalkKey(const TreeWalk& walk) : words(walk.words().begin(), walk.words().end()) {
  objects.reserve(walk.objects().size());
  for (PyObject* o : walk.objects()) objects.push_back(Ref::borrow(o));
}

bool WalkKey::same_words(const TreeWalk& walk) const {
  return std::ranges::equal(words, walk.words()) && objects.size() == walk.objects().size();
}

bool WalkKey::matches(const TreeWalk& walk) const {
  if (!same_words(walk)) return false;
  for (std::size_t k = 0; k < objects.size(); ++k) {
    PyObject* mine = objects[k].get();
    PyObject* other = walk.objects()[k];
    if (mine == other) continue;
    const int equal = PyObject_RichCompareBool(mine, other, Py_EQ);
    if (equal < 0) throw PythonError{};
    if (equal == 0) return false;
  }
  return true;
}

}  // namespace dualtape::engine
