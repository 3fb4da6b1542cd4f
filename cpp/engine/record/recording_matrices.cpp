#include "record/recording_matrices.hpp"

#include "program/errors.hpp"
#include "record/parse.hpp"

namespace dualtape::engine {

Positions positions_of(PyObject* ints, std::size_t limit, const Bound& bound) {
  const Ref items = Ref::checked(PySequence_Fast(ints, "positions must be a sequence of ints"));
  Positions positions;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    const long long p = integer_of(PySequence_Fast_GET_ITEM(items.get(), i));
    if (p < 0 || static_cast<std::size_t>(p) >= limit) {
      throw IndexError(bound.name() + ": position " + std::to_string(p) + " is out of range");
    }
    positions.push_back(static_cast<std::uint32_t>(p));
  }
  return positions;
}

ExecutablePtr derive(const Recording& r, const Derivation& how) {
  return engine::derive(*r.executable, r.bound->title, how);
}

Derivation derivation(const Recording& r, Derivation::Kind kind, PyObject* wrt, PyObject* keep) {
  Derivation how;
  how.kind = kind;
  how.wrt = positions_of(wrt, r.program().inputs.size(), *r.bound);
  if (keep) how.keep = positions_of(keep, r.program().outputs.size(), *r.bound);
  return how;
}

namespace {

Derivation::Kind jacobian_kind(const std::string& mode) {
  if (mode == "forward") return Derivation::Kind::kJacfwd;
  if (mode == "reverse") return Derivation::Kind::kJacrev;
  if (mode == "cheaper") return Derivation::Kind::kJacobian;
  raise(PyExc_ValueError,
        "jacobian: mode must be 'forward', 'reverse' or 'cheaper', got '" + mode + "'");
}

/// Positions of the outputs differentiated; None: all.
Positions differentiated(const Recording& r, Derivation& how, PyObject* outputs) {
  const std::size_t n = r.program().outputs.size();
  if (outputs && outputs != Py_None) return *(how.outputs = positions_of(outputs, n, *r.bound));
  return first_positions(n);
}

PyObject* jacobian(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{
        "jacobian", {"wrt", "mode", "keep", "outputs", "chunk"}, 2};
    const auto a = signature.parse(args, n, names);
    const Recording& r = recording_of(self);
    Derivation how = derivation(r, jacobian_kind(text_of(a[1])), a[0], a[2]);
    const auto outputs = differentiated(r, how, a[3]);
    if (a[4]) how.chunk = integer_of(a[4]);
    Recording result{derive(r, how), r.bound, {}};
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      for (auto w : how.wrt) result.kinds.push_back(r.bound->inputs[w].kind);
    }
    for (auto k : how.keep) result.kinds.push_back(r.kinds[k]);
    return make_recording(std::move(result));
  });
}

PyObject* hessian(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{
        "hessian", {"wrt", "keep", "gradient", "diagonal", "chunk"}, 1};
    const auto a = signature.parse(args, n, names);
    const Recording& r = recording_of(self);
    const bool diagonal = a[3] && PyObject_IsTrue(a[3]);
    const auto kind = diagonal ? Derivation::Kind::kHessianDiagonal : Derivation::Kind::kHessian;
    Derivation how = derivation(r, kind, a[0], a[1]);
    how.gradient = a[2] && PyObject_IsTrue(a[2]);
    if (a[4]) how.chunk = integer_of(a[4]);
    Recording result{derive(r, how), r.bound, {}};
    const std::size_t rows = (diagonal ? 1 : how.wrt.size()) + (how.gradient ? 1 : 0);
    for (std::size_t k = 0; k < rows; ++k) {
      for (auto w : how.wrt) result.kinds.push_back(r.bound->inputs[w].kind);
    }
    for (auto k : how.keep) result.kinds.push_back(r.kinds[k]);
    return make_recording(std::move(result));
  });
}

PyObject* laplacian(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"laplacian", {"wrt", "keep", "outputs", "chunk"}, 1};
    const auto a = signature.parse(args, n, names);
    const Recording& r = recording_of(self);
    Derivation how = derivation(r, Derivation::Kind::kLaplacian, a[0], a[1]);
    const auto outputs = differentiated(r, how, a[2]);
    if (a[3]) how.chunk = integer_of(a[3]);
    Recording result{derive(r, how), r.bound, {}};
    for (auto o : outputs) result.kinds.push_back(r.kinds[o]);
    for (auto k : how.keep) result.kinds.push_back(r.kinds[k]);
    return make_recording(std::move(result));
  });
}

}  // namespace

PyMethodDef jacobian_method() {
  return fast_method<jacobian>("jacobian",
                               "jacobian($self, wrt, mode, keep=(), outputs=None, chunk=0)"
                               "\n--\n\nJacobians.");
}
PyMethodDef hessian_method() {
  return fast_method<hessian>(
      "hessian",
      "hessian($self, wrt, keep=(), gradient=False, diagonal=False, chunk=0)"
      "\n--\n\nSecond derivatives of output 0.");
}
PyMethodDef laplacian_method() {
  return fast_method<laplacian>("laplacian",
                                "laplacian($self, wrt, keep=(), outputs=None, chunk=0)"
                                "\n--\n\nSums of second derivatives.");
}

}  // namespace dualtape::engine
