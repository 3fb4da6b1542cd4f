/// Sparse Jacobians of recordings.
#include "record/sparse.hpp"
#include "program/errors.hpp"
#include "record/dtypes.hpp"
#include "record/parse.hpp"
#include "record/recording_matrices.hpp"
#include "record/rerun.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

/// A new array that owns a copy of these integers.
template <class T>
Ref array_of(DType dtype, const std::vector<T>& values) {
  const Dims shape{static_cast<std::int64_t>(values.size())};
  Ref array = new_array(dtype, shape);
  std::copy(values.begin(), values.end(), static_cast<T*>(PyArray_DATA(array.array())));
  return array;
}

std::vector<IndexArray> run_indices(const Recording& r, const ExecutablePtr& indices) {
  ShortList<const void*, 16> data(r.bound->inputs.size());
  for (std::size_t k = 0; k < data.size(); ++k) data[k] = data_of(r.bound->inputs[k]);
  const Program& program = *indices->program();
  std::vector<IndexArray> values;
  for (const ValueId v : program.outputs) {
    values.emplace_back(static_cast<std::size_t>(element_count(program.type_of(v).shape)));
  }
  std::vector<void*> buffers;
  for (IndexArray& x : values) buffers.push_back(x.data());
  run_plan(*indices, data, buffers);
  return values;
}

void require_numbers(const Recording& r) {
  for (const Binding& b : r.bound->inputs) {
    const bool known = b.source == Binding::Source::kArray || b.source == Binding::Source::kNumber;
    if (known && b.batch_axis < 0) continue;
    raise(PyExc_TypeError, r.bound->name() +
                               ": a sparse matrix has numbers, so it cannot be made inside another "
                               "recording (grad, jit, vmap, ...); use dt.jacobian or dt.hessian "
                               "there");
  }
}

/// (recording of the entries, indptr, indices, products or None, number of watched outputs)
Ref answer(const Recording& r, const SparseQuestion& question, const SparseExecutable& found) {
  const SparseForm& form = *found.form;
  auto bound = std::make_shared<Bound>(*r.bound);
  for (const SharedIndices& values : form.inputs) {
    Binding b;
    b.source = Binding::Source::kArray;
    b.owner = array_of(DType::kInt64, *values);
    bound->inputs.push_back(std::move(b));
  }
  Recording result{found.executable, std::move(bound), {}};
  result.kinds.assign(1 + form.n_watched, ValueKind::kArray);
  for (const auto k : question.keep) result.kinds.push_back(r.kinds[k]);
  const Ref recording = Ref::checked(make_recording(std::move(result)));
  const Ref starts = array_of(DType::kInt32, form.pattern.starts);
  const Ref indices = array_of(DType::kInt32, form.pattern.indices);
  const Ref products =
      form.products ? Ref::checked(PyLong_FromLongLong(*form.products)) : Ref::borrow(Py_None);
  const Ref watched = Ref::checked(PyLong_FromSize_t(form.n_watched));
  return Ref::checked(
      PyTuple_Pack(5, recording.get(), starts.get(), indices.get(), products.get(), watched.get()));
}

PyObject* sparse_jacobian(const Recording& r, const SparseQuestion& question) {
  require_numbers(r);
  const Ref title = r.bound->title;
  try {
    const SparseExecutable found = r.executable->sparse(
        question, [&](const ExecutablePtr& indices) { return run_indices(r, indices); });
    return answer(r, question, found).release();
  } catch (const DerivativeError& e) {
    throw DerivativeError(text_of(title.get()) + ": " + e.what());
  } catch (const DTypeError& e) {
    throw DerivativeError(text_of(title.get()) + ": " + e.what());
  }
}

PyObject* sparse(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{
        "sparse", {"wrt", "of", "keep", "symmetric", "by_columns", "by_products"}, 5};
    const auto a = signature.parse(args, n, names);
    const Recording& r = recording_of(self);
    const std::size_t n_outputs = r.program().outputs.size();
    const SparseQuestion question{positions_of(a[0], r.program().inputs.size(), *r.bound),
                                  positions_of(a[1], n_outputs, *r.bound),
                                  positions_of(a[2], n_outputs, *r.bound),
                                  a[3] == Py_True,
                                  a[4] == Py_True,
                                  a[5] == Py_True};
    return sparse_jacobian(r, question);
  });
}

}  // namespace

bool has_custom_rules(const Program& p) {
  for (ValueId v = 0; v < p.size(); ++v) {
    const OpCode op = p.instructions[v].op;
    if (op == kCall ? has_custom_rules(subprogram(p, v, 0)) : subprogram_count(op) > 0) {
      return true;
    }
  }
  return false;
}

/// (recording of the entries, indptr, indices, number of products or None, number of outputs
/// behind the entries that must be the same at another point for the pattern to hold).
PyMethodDef sparse_method() {
  return fast_method<sparse>("sparse",
                             "sparse($self, wrt, of, keep, symmetric, by_columns, "
                             "by_products=False)\n--\n\n"
                             "Entries of the Jacobian, and their positions.");
}

}  // namespace dualtape::engine
