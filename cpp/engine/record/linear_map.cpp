#include "record/linear_map.hpp"

#include <algorithm>
#include <cstddef>

#include "program/errors.hpp"
#include "record/dtypes.hpp"
#include "record/parse.hpp"
#include "record/point.hpp"
#include "record/rerun.hpp"

namespace dualtape::engine {
namespace {

struct LinearMapObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  LinearMap* map;
};
PyTypeObject* linear_map_type = nullptr;

const LinearMap& map_of(PyObject* o) { return *reinterpret_cast<LinearMapObject*>(o)->map; }

/// The types of the operands, behind the residuals.
class OperandTypes {
 public:
  explicit OperandTypes(const LinearMap& map)
      : program_(*map.executable->program()), first_(map.residuals.size()) {}
  std::size_t size() const { return program_.inputs.size() - first_; }
  const Type& operator[](std::size_t k) const {
    return program_.type_of(program_.inputs[first_ + k]);
  }

  /// A list of pairs (shape, dtype).
  Ref list() const {
    Ref types = Ref::checked(PyList_New(0));
    for (std::size_t k = 0; k < size(); ++k) {
      const Ref shape = tuple_of((*this)[k].shape);
      const Ref descr = descr_of((*this)[k].dtype);
      const Ref type = Ref::checked(PyTuple_Pack(2, shape.get(), descr.get()));
      if (PyList_Append(types.get(), type.get()) < 0) throw PythonError{};
    }
    return types;
  }

 private:
  const Program& program_;
  std::size_t first_;
};

/// The tree of results where residuals and operands are arrays that can be read; else null.
Ref run_in_place(const LinearMap& map, const Point& given, const OperandTypes& types) {
  if (map.depends_on_recording) return {};
  const std::size_t n = map.residuals.size();
  ShortList<const void*, 16> data(n + types.size());
  for (std::size_t k = 0; k < n; ++k) data[k] = data_of(map.residuals[k]);
  for (std::size_t k = 0; k < types.size(); ++k) {
    PyObject* leaf = given.leaf(k);
    if (!can_be_read(leaf, types[k])) return {};
    data[n + k] = PyArray_DATA(reinterpret_cast<PyArrayObject*>(leaf));
  }
  Results results(*map.executable->program(), map.kinds);
  run_plan(*map.executable, data, results.buffers());
  const Objects values = results.take_all();
  return unflatten(map.results.get(), values.first(leaf_count(map.results.get())));
}

/// The operands' own arrays, if they can be read where they are.
bool bind_all(const Point& given, const OperandTypes& types, Bindings& inputs) {
  for (std::size_t k = 0; k < types.size(); ++k) {
    inputs.emplace_back();
    if (!bind_as_is(given.leaf(k), types[k], inputs.back())) return false;
  }
  return true;
}

Objects apply(const LinearMap& map, std::span<PyObject* const> operands, Bindings inputs) {
  const OperandTypes types(map);
  if (operands.size() != types.size()) {
    throw ShapeError(text_of(map.title.get()) + ": " + std::to_string(types.size()) +
                     " operands are wanted");
  }
  for (std::size_t k = 0; k < types.size(); ++k) {
    inputs.push_back(
        bind_value(operands[k], types[k], text_of(map.title.get()) + ": tangent or cotangent"));
  }
  return run(*map.executable, inputs, map.kinds);
}

std::span<PyObject* const> items_of(const Ref& fast) {
  return {PySequence_Fast_ITEMS(fast.get()),
          static_cast<std::size_t>(PySequence_Fast_GET_SIZE(fast.get()))};
}

Ref new_tuple(std::span<PyObject* const> items) {
  Ref tuple = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(items.size())));
  for (std::size_t k = 0; k < items.size(); ++k) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(k), Py_NewRef(items[k]));
  }
  return tuple;
}

PyObject* apply_to_tree(const LinearMap& map, std::span<PyObject* const> args) {
  if (!map.takes_many && args.size() != 1) {
    raise(PyExc_TypeError, text_of(map.title.get()) + ": the pullback takes 1 argument, got " +
                               std::to_string(args.size()));
  }
  const Point given = map.takes_many ? Point(args) : Point(args[0]);
  const OperandTypes operands(map);
  const bool is_alike = given.treedef() == map.operands.get();
  if (is_alike) {
    if (Ref tree = run_in_place(map, given, operands)) return tree.release();
  }
  Bindings inputs;
  inputs.reserve(map.residuals.size() + operands.size());
  inputs.insert(inputs.end(), map.residuals.begin(), map.residuals.end());
  Objects values;
  if (is_alike && bind_all(given, operands, inputs)) {
    values = run(*map.executable, inputs, map.kinds);
  } else {
    const Ref tree = map.takes_many ? new_tuple(args) : Ref::borrow(args[0]);
    const Ref types = operands.list();
    const Ref leaves = Ref::checked(PyObject_CallFunctionObjArgs(
        map.check.get(), map.title.get(), tree.get(), map.operands.get(), types.get(), nullptr));
    const Ref items = Ref::checked(PySequence_Fast(leaves.get(), "check gives a list"));
    values = apply(map, items_of(items), map.residuals);
  }
  return unflatten(map.results.get(), values.first(leaf_count(map.results.get()))).release();
}

bool is_pullback(const LinearMap& map) { return map.operands && !map.takes_many; }

bool names_cotangents(PyObject* names) {
  return PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "cotangents") == 0;
}

PyObject* call(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  return guarded([&] {
    const LinearMap& map = map_of(self);
    const auto n = static_cast<std::size_t>(PyVectorcall_NARGS(flagged));
    const std::size_t named = names ? static_cast<std::size_t>(PyTuple_GET_SIZE(names)) : 0;
    if (named > 0 && !(named == 1 && n == 0 && is_pullback(map) && names_cotangents(names))) {
      raise(PyExc_TypeError, text_of(map.title.get()) + ": the linear map takes no such name");
    }
    if (map.operands) return apply_to_tree(map, {args, n + named});
    if (n != 1) raise(PyExc_TypeError, "LinearMap takes one sequence of operands");
    const Ref operands =
        Ref::checked(PySequence_Fast(args[0], "a sequence of tangents or cotangents is wanted"));
    return apply(map, items_of(operands), map.residuals).list();
  });
}

PyObject* structured(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{
        "structured", {"operands", "results", "check", "takes_many"}, 4};
    const auto a = signature.parse(args, n, names);
    if (!is_treedef(a[0]) || !is_treedef(a[1])) {
      raise(PyExc_TypeError, "structured: a TreeDef is wanted");
    }
    LinearMap map = map_of(self);
    map.operands = Ref::borrow(a[0]);
    map.results = Ref::borrow(a[1]);
    map.check = Ref::borrow(a[2]);
    map.takes_many = a[3] == Py_True;
    return make_linear_map(std::move(map));
  });
}

void dealloc(PyObject* self) {
  delete reinterpret_cast<LinearMapObject*>(self)->map;
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyMethodDef methods[] = {
    fast_method<structured>("structured",
                            "structured($self, operands, results, check, takes_many)\n--\n\n"
                            "The map of trees."),
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

SplitProgram run_split(const Executable& program, const Bindings& inputs,
                       std::span<const ValueKind> kinds, const Ref& title) {
  ValueKinds all(kinds);
  all.resize(program.program()->outputs.size(), ValueKind::kArray);
  SplitProgram parts{run(program, inputs, all), program.second(), {}};
  const Program& linear = *parts.executable->program();
  const std::span<PyObject* const> values = parts.outputs.all();
  parts.residuals.reserve(values.size() - kinds.size());
  for (std::size_t k = kinds.size(); k < values.size(); ++k) {
    const Type& type = linear.type_of(linear.inputs[k - kinds.size()]);
    parts.residuals.emplace_back();
    if (!bind_as_is(values[k], type, parts.residuals.back())) {
      parts.residuals.back() = bind_value(values[k], type, text_of(title.get()));
    }
    parts.residuals.back().is_unguarded = false;  // nobody else has it
  }
  return parts;
}

bool is_linear_map(PyObject* object) { return Py_TYPE(object) == linear_map_type; }

PyObject* make_linear_map(LinearMap map) {
  auto* o = PyObject_New(LinearMapObject, linear_map_type);
  if (!o) throw PythonError{};
  o->vectorcall = call;
  o->map = new LinearMap(std::move(map));
  o->map->depends_on_recording = std::ranges::any_of(
      o->map->residuals, [](const Binding& b) { return b.source != Binding::Source::kArray; });
  return reinterpret_cast<PyObject*>(o);
}

void add_linear_map_type(PyObject* module) {
  static const char doc[] = "The linear map of a derivative.";
  linear_map_type = add_type(module, "dualtape._core.LinearMap", sizeof(LinearMapObject),
                             {{Py_tp_doc, const_cast<char*>(doc)},
                              type_slot(Py_tp_dealloc, dealloc),
                              type_slot(Py_tp_call, PyVectorcall_Call),
                              {Py_tp_methods, methods}});
  linear_map_type->tp_vectorcall_offset = offsetof(LinearMapObject, vectorcall);
  linear_map_type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  PyType_Modified(linear_map_type);
}

}  // namespace dualtape::engine
