/// jvp, hvp, vhp; vjp and linearize, whose results hold a linear map.
#include <algorithm>

#include "record/leaf_checks.hpp"
#include "record/linear_map.hpp"
#include "record/transforms.hpp"

namespace dualtape::engine {
namespace {

using Kind = Derivation::Kind;
using Kinds = ValueKinds;

/// Tangents are no Python numbers.
ValueKind tangent_kind(ValueKind kind) {
  return kind == ValueKind::kPython ? ValueKind::kScalar : kind;
}

Kinds kinds_of_leaves(const At& at) {
  Kinds kinds;
  for (std::size_t k = 0; k < at.point.size(); ++k) {
    kinds.push_back(tangent_kind(at.traced.inputs()[k].kind));
  }
  return kinds;
}

/// The inputs of the recording, then these vectors, which have the types of the leaves.
const Bindings& with_vectors(const At& at, const Point& vectors) {
  Bindings& inputs = at.traced.recorder.get()->bindings();  // its last use
  const Program& program = *at.traced.executable->program();
  for (std::size_t k = 0; k < vectors.size(); ++k) {
    const Type& type = program.type_of(program.inputs[k]);
    inputs.emplace_back();
    if (!bind_as_is(vectors.leaf(k), type, inputs.back())) {
      inputs.back() = bind_value(vectors.leaf(k), type, text_of(at.title.get()));
    }
  }
  return inputs;
}

// ------------------------------------------------------------ products

Ref jvp(const At& at, const Point& tangents) {
  const Aux* const aux = at.traced.aux.get();
  const std::size_t n = at.traced.kinds.size();
  Derivation how = in_all_leaves(at, Kind::kJvp);
  keep_aux(at, how, n);
  Kinds kinds = at.traced.kinds;
  for (std::size_t k = 0; k < n; ++k) kinds.push_back(tangent_kind(kinds[k]));
  if (aux) kinds.append(aux->kinds);
  const ExecutablePtr program = derive(*at.traced.executable, at.title, how);
  const Objects values = run(*program, with_vectors(at, tangents), kinds);
  PyObject* const* const items = values.all().data();
  const Ref result = at.traced.fill({items, n});
  const Ref product = at.traced.fill({items + n, n});
  if (!aux) return Ref::checked(PyTuple_Pack(2, result.get(), product.get()));
  const Ref beside = aux->fill({items + 2 * n, aux->kinds.size()});
  return Ref::checked(PyTuple_Pack(3, result.get(), product.get(), beside.get()));
}

/// The Hessian times a vector, from the gradient by one more derivation.
template <Kind kKind>
Ref hessian_product(const At& at, const Point& vectors) {
  const std::size_t n = at.point.size();
  const ExecutablePtr gradient =
      derive(*at.traced.executable, at.title, in_all_leaves(at, Kind::kGrad));
  const ExecutablePtr program = derive(*gradient, at.title, in_all_leaves(at, kKind));
  const Objects values = run(*program, with_vectors(at, vectors), kinds_of_leaves(at));
  Ref trees = at.point.fill(values.first(n));
  if (PyTuple_GET_SIZE(trees.get()) != 1) return trees;
  return Ref::borrow(PyTuple_GET_ITEM(trees.get(), 0));
}

struct Product {
  const char* name;
  Wanted wanted;
  bool takes_lone;  // anything but a tuple of primals counts as the one argument
  Ref (*result)(const At&, const Point& vectors);
};
constexpr Product kProducts[] = {
    {"jvp", Wanted::kArrays, false, jvp},
    {"hvp", Wanted::kScalar, true, hessian_product<Kind::kTangent>},
    {"vhp", Wanted::kScalar, true, hessian_product<Kind::kCotangent>},
};

/// The vectors if they are structured and typed as the point.
bool belong_to(const Point& vectors, const Point& point) {
  if (vectors.treedef() != point.treedef()) return false;
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!is_tangent(vectors.leaf(k), point.leaf(k))) return false;
  }
  return true;
}

// ------------------------------------------------------------ linear maps

/// (result, map) or (result, map, aux): f_jvp(*tangents) or pullback(cotangents). aux is left out
/// of the map: not even 0 * inf comes back from it.
Ref split(const At& at, Kind kind, PyObject* check) {
  const std::size_t n = at.traced.kinds.size();
  const Aux* const aux = at.traced.aux.get();
  Derivation how = in_all_leaves(at, kind);
  keep_aux(at, how, n);
  Kinds values = at.traced.kinds;
  if (aux) values.append(aux->kinds);
  SplitProgram parts = run_split(*derive(*at.traced.executable, at.title, how), at.traced.inputs(),
                                 values, at.title);
  const bool is_pullback = kind == Kind::kVjp;
  Kinds kinds = kinds_of_leaves(at);
  if (!is_pullback) {
    kinds = at.traced.kinds;
    for (ValueKind& k : kinds) k = tangent_kind(k);
  }
  const Ref points = Ref::borrow(at.point.treedef());
  const Ref map = Ref::checked(make_linear_map(
      {std::move(parts.executable), at.title, std::move(parts.residuals), std::move(kinds),
       is_pullback ? at.traced.treedef : points, is_pullback ? points : at.traced.treedef,
       Ref::borrow(check), !is_pullback}));
  PyObject* const* const items = parts.outputs.all().data();
  const Ref result = at.traced.fill({items, n});
  if (!aux) return Ref::checked(PyTuple_Pack(2, result.get(), map.get()));
  const Ref beside = aux->fill({items + n, aux->kinds.size()});
  return Ref::checked(PyTuple_Pack(3, result.get(), map.get(), beside.get()));
}

std::string_view view_of(PyObject* text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text, &size);
  if (!data) throw PythonError{};
  return {data, static_cast<std::size_t>(size)};
}

/// A sequence of arguments or vectors: those Python takes are tuples and lists.
std::optional<std::span<PyObject* const>> items_of(PyObject* o) {
  if (!PyTuple_CheckExact(o) && !PyList_CheckExact(o)) return {};
  return std::span<PyObject* const>(PySequence_Fast_ITEMS(o),
                                    static_cast<std::size_t>(PySequence_Fast_GET_SIZE(o)));
}

}  // namespace

PyObject* product_at(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    if (n != 5 && n != 6) raise(PyExc_TypeError, "product_at takes 5 or 6 arguments");
    const bool has_aux = n == 6 && is_true(args[5]);
    const auto* product = std::ranges::find(kProducts, view_of(args[0]), &Product::name);
    if (product == std::end(kProducts) || !PyCallable_Check(args[1])) Py_RETURN_NONE;
    const bool is_lone = product->takes_lone && !PyTuple_Check(args[2]);
    const auto primals = is_lone ? std::span(args + 2, 1) : items_of(args[2]);
    const auto vectors = is_lone ? std::span(args + 3, 1) : items_of(args[3]);
    if (!primals || !vectors || primals->size() != vectors->size()) Py_RETURN_NONE;
    const Chosen all(primals->size());
    const Point point(*primals);
    const Point directions(*vectors);
    if (!all_have_derivatives(point, true) || !belong_to(directions, point)) Py_RETURN_NONE;
    const Ref title = title_of(product->name, args[1]);
    const Traced traced = trace(
        {args[1], title, {*primals, nullptr}, all, point, product->wanted, args[4], {}, has_aux});
    return product->result({title, point, traced}, directions).release();
  });
}

PyObject* linear_map_at(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    if (n != 5 && n != 6) raise(PyExc_TypeError, "linear_map_at takes 5 or 6 arguments");
    const bool has_aux = n == 6 && is_true(args[5]);
    const bool is_pullback = view_of(args[0]) == "vjp";
    const auto primals = items_of(args[2]);
    if (!primals || !PyCallable_Check(args[1])) Py_RETURN_NONE;
    const Chosen all(primals->size());
    const Point point(*primals);
    if (!all_have_derivatives(point, true)) Py_RETURN_NONE;
    const Ref title = title_of(is_pullback ? "vjp" : "linearize", args[1]);
    const Traced traced = trace(
        {args[1], title, {*primals, nullptr}, all, point, Wanted::kArrays, args[3], {}, has_aux});
    return split({title, point, traced}, is_pullback ? Kind::kVjp : Kind::kLinearize, args[4])
        .release();
  });
}

}  // namespace dualtape::engine
