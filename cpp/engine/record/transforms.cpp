#include "record/transforms.hpp"

#include <algorithm>

#include "record/leaf_checks.hpp"
#include "record/linear_map.hpp"
#include "record/tracer.hpp"

namespace dualtape::engine {
namespace {

using Kind = Derivation::Kind;

}  // namespace

Derivation in_all_leaves(const At& at, Kind kind) {
  Derivation how;
  how.kind = kind;
  how.wrt = first_positions(at.point.size());
  return how;
}

void keep_aux(const At& at, Derivation& how, std::size_t n) {
  if (!at.traced.aux) return;
  how.outputs = first_positions(n);
  const auto first = static_cast<std::uint32_t>(n);
  for (std::uint32_t k = 0; k < at.traced.aux->traced.size(); ++k) how.keep.push_back(first + k);
}

namespace {

/// Results of a run, taken part by part.
class Values {
 public:
  explicit Values(Objects all) : all_(std::move(all)) {}
  std::size_t size() const { return all_.size() - beside_; }
  /// The last n, which no longer count.
  std::span<PyObject* const> take_last(std::size_t n) {
    beside_ = n;
    return part(size(), n);
  }
  std::span<PyObject* const> part(std::size_t start, std::size_t n) const {
    return all_.all().subspan(start, n);
  }

 private:
  Objects all_;
  std::size_t beside_ = 0;
};

using Kinds = ValueKinds;

void append_leaves(const At& at, Kinds& kinds, std::size_t times = 1) {
  for (; times > 0; --times) {
    for (std::size_t k = 0; k < at.point.size(); ++k) kinds.push_back(at.traced.inputs()[k].kind);
  }
}

void append_outputs(const At& at, Kinds& kinds) { kinds.append(at.traced.kinds); }

Values run_with_aux(const At& at, const Executable& derived, Kinds kinds) {
  const Aux* const aux = at.traced.aux.get();
  if (aux) kinds.append(aux->kinds);
  Values values(run(derived, at.traced.inputs(), kinds));
  if (aux) at.aux = aux->fill(values.take_last(aux->kinds.size()));
  return values;
}

Values derive_and_run(const At& at, Derivation how, Kinds kinds) {
  keep_aux(at, how, at.traced.kinds.size());
  return run_with_aux(at, *derive(*at.traced.executable, at.title, how), std::move(kinds));
}

Ref pair(const Ref& a, const Ref& b) { return Ref::checked(PyTuple_Pack(2, a.get(), b.get())); }

Ref with_aux(const At& at, const Ref& value) { return at.aux ? pair(value, at.aux) : value; }

// ------------------------------------------------------------ matrices

/// For each leaf of the result the tree of blocks in the leaves of the point, `width` each.
template <class Inner>
Ref tree_of_blocks(const At& at, const Values& values, std::size_t width, const Inner& inner) {
  const std::size_t n = at.traced.kinds.size();
  std::vector<Ref> trees;
  ShortList<PyObject*, 8> leaves(n);
  for (std::size_t k = 0; k < n; ++k) {
    trees.push_back(inner(values.part(k * width, width)));
    leaves[k] = trees.back().get();
  }
  return at.traced.fill(leaves);
}

Ref square_of_blocks(const At& at, std::span<PyObject* const> blocks) {
  const std::size_t n = at.point.size();
  std::vector<Ref> rows;
  ShortList<PyObject*, 8> leaves(n);
  for (std::size_t k = 0; k < n; ++k) {
    rows.push_back(at.point.fill(blocks.subspan(k * n, n)));
    leaves[k] = rows.back().get();
  }
  return at.point.fill(leaves);
}

template <Kind kKind>
Ref jacobian(const At& at) {
  Kinds kinds;
  append_leaves(at, kinds, at.traced.kinds.size());
  const Values values = derive_and_run(at, in_all_leaves(at, kKind), std::move(kinds));
  return tree_of_blocks(at, values, at.point.size(),
                        [&](auto blocks) { return at.point.fill(blocks); });
}

Ref value_and_jacobian(const At& at) {
  Derivation how = in_all_leaves(at, Kind::kJacobian);
  const std::size_t n = at.traced.kinds.size();
  how.keep = first_positions(n);
  Kinds kinds;
  append_leaves(at, kinds, n);
  append_outputs(at, kinds);
  const Values values = derive_and_run(at, how, std::move(kinds));
  return pair(with_aux(at, at.traced.fill(values.part(values.size() - n, n))),
              tree_of_blocks(at, values, at.point.size(),
                             [&](auto blocks) { return at.point.fill(blocks); }));
}

Ref hessian(const At& at) {
  const std::size_t n = at.point.size();
  const std::size_t outputs = at.traced.kinds.size();
  Kinds kinds;
  append_leaves(at, kinds, n * outputs);
  const auto square = [&](auto blocks) { return square_of_blocks(at, blocks); };
  if (outputs == 1 && at.traced.output_type(0).shape.empty()) {
    const Values values = derive_and_run(at, in_all_leaves(at, Kind::kHessian), std::move(kinds));
    return tree_of_blocks(at, values, n * n, square);
  }
  Derivation once = in_all_leaves(at, Kind::kJacobian), twice = once;
  keep_aux(at, once, outputs);
  keep_aux(at, twice, n * outputs);
  const ExecutablePtr first = derive(*at.traced.executable, at.title, once);
  const Values values = run_with_aux(at, *derive(*first, at.title, twice), std::move(kinds));
  return tree_of_blocks(at, values, n * n, square);
}

Ref value_grad_and_hessian(const At& at) {
  Derivation how = in_all_leaves(at, Kind::kHessian);
  how.keep = {0};
  how.gradient = true;
  const std::size_t n = at.point.size();
  Kinds kinds;
  append_leaves(at, kinds, n + 1);
  append_outputs(at, kinds);
  const Values values = derive_and_run(at, how, std::move(kinds));
  const Ref gradient = at.point.fill(values.part(n * n, n));
  const Ref matrix = square_of_blocks(at, values.part(0, n * n));
  const Ref value = with_aux(at, at.traced.fill(values.part(n * n + n, 1)));
  return Ref::checked(PyTuple_Pack(3, value.get(), gradient.get(), matrix.get()));
}

Ref hessian_diagonal(const At& at) {
  Kinds kinds;
  append_leaves(at, kinds);
  const Values values =
      derive_and_run(at, in_all_leaves(at, Kind::kHessianDiagonal), std::move(kinds));
  return at.point.fill(values.part(0, at.point.size()));
}

Ref laplacian(const At& at) {
  const Values values = derive_and_run(at, in_all_leaves(at, Kind::kLaplacian), at.traced.kinds);
  return at.traced.fill(values.part(0, at.traced.kinds.size()));
}

// ------------------------------------------------------------ gradients

Ref gradient(const At& at) {
  Kinds kinds;
  append_leaves(at, kinds);
  const Values values = derive_and_run(at, in_all_leaves(at, Kind::kGrad), std::move(kinds));
  return at.point.fill(values.part(0, at.point.size()));
}

Ref value_and_gradient(const At& at) {
  Derivation how = in_all_leaves(at, Kind::kGrad);
  how.keep = {0};
  Kinds kinds;
  append_leaves(at, kinds);
  append_outputs(at, kinds);
  const Values values = derive_and_run(at, how, std::move(kinds));
  const std::size_t n = at.point.size();
  return pair(with_aux(at, Ref::borrow(values.part(n, 1)[0])), at.point.fill(values.part(0, n)));
}

constexpr Transform kTransforms[] = {
    {"grad", Wanted::kScalar, true, gradient},
    {"value_and_grad", Wanted::kScalar, true, value_and_gradient, true},
    {"jacfwd", Wanted::kInexact, false, jacobian<Kind::kJacfwd>},
    {"jacrev", Wanted::kInexact, false, jacobian<Kind::kJacrev>},
    {"jacobian", Wanted::kInexact, false, jacobian<Kind::kJacobian>},
    {"value_and_jacobian", Wanted::kInexact, false, value_and_jacobian, true},
    {"hessian", Wanted::kFloating, false, hessian},
    {"value_grad_and_hessian", Wanted::kScalar, false, value_grad_and_hessian, true},
    {"hessian_diagonal", Wanted::kScalar, false, hessian_diagonal},
    {"laplacian", Wanted::kFloating, false, laplacian},
};

}  // namespace

namespace {

/// What a function calls itself; the name of its type if it has no name.
Ref name_of(PyObject* fun) {
  if (PyFunction_Check(fun))
    return Ref::borrow(reinterpret_cast<PyFunctionObject*>(fun)->func_name);
  static PyObject* const dunder = PyUnicode_InternFromString("__name__");
  // No AttributeError to make and to drop for types that are known to have none.
  if (!is_linear_map(fun)) {
    Ref own = Ref::steal(PyObject_GetAttr(fun, dunder));
    if (!own) {
      if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw PythonError{};
      PyErr_Clear();
    }
    if (own && PyUnicode_Check(own.get()) && PyUnicode_GET_LENGTH(own.get()) > 0) return own;
  }
  return engine::attribute(reinterpret_cast<PyObject*>(Py_TYPE(fun)), "__name__");
}

/// Texts made lately of the name of a transformation and that of a function: making one takes a
/// tenth of a small transformation.
class KnownTexts {
 public:
  explicit KnownTexts(const char* format) : format_(format) {}

  Ref text(const char* name, PyObject* fun) {
    const Ref of = name_of(fun);
    const std::uint64_t key = (address_of(of.get()) ^ address_of(name) << 1) * 0x9E3779B97F4A7C15u;
    Known& known = known_[(key >> 32) % kCount];
    if (known.name == name && known.of == of.get()) return Ref::borrow(known.text);
    const Ref text = Ref::checked(PyUnicode_FromFormat(format_, name, of.get()));
    known.name = name;
    Py_XSETREF(known.of, Py_NewRef(of.get()));
    Py_XSETREF(known.text, Py_NewRef(text.get()));
    return text;
  }

 private:
  struct Known {
    const char* name = nullptr;
    PyObject* of = nullptr;  // owned, so that its address stays its own
    PyObject* text = nullptr;
  };
  static constexpr std::size_t kCount = 64;

  const char* format_;
  Known known_[kCount];  // guarded by the GIL
};
KnownTexts known_titles("%s of %U");
// Kept as well: a function transformed twice is named by them, and its title found by their
// address.
KnownTexts known_names("%s_%U");

}  // namespace

Ref title_of(const char* name, PyObject* fun) { return known_titles.text(name, fun); }
Ref transformed_name(const char* name, PyObject* fun) { return known_names.text(name, fun); }

bool all_have_derivatives(const Point& point, bool takes_complex) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(takes_complex ? is_differentiable(point.leaf(k))
                        : is_real_differentiable(point.leaf(k)))) {
      return false;
    }
  }
  return true;
}

const Transform* find_transform(std::string_view name) {
  const auto* found = std::ranges::find(kTransforms, name, &Transform::name);
  return found == std::end(kTransforms) ? nullptr : found;
}

Ref call_transform(const Transform& transform, PyObject* fun, PyObject* argnums, PyObject* check,
                   const Ref& title, const GivenCall& given, bool has_aux) {
  const Chosen chosen(argnums, given.args.size());
  if (!chosen.exists()) return {};
  const Point point = chosen.of(given.args);
  if (!all_have_derivatives(point, transform.takes_complex)) return {};
  const Traced traced =
      trace({fun, title, given, chosen, point, transform.wanted, check, {}, has_aux});
  const At at{title, point, traced};
  const Ref result = transform.result(at);
  return transform.gives_value ? result : with_aux(at, result);
}

}  // namespace dualtape::engine
