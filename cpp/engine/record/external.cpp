#include "record/external.hpp"

#include <exception>
#include <memory>

#include "ops/external.hpp"
#include "program/errors.hpp"
#include "record/operand.hpp"

namespace dualtape::engine {
namespace {

constexpr const char* kHandle = "dualtape._core.External";

void drop(PyObject* handle) {
  delete static_cast<ExternalPtr*>(PyCapsule_GetPointer(handle, kHandle));
}

void check_length(const External& model, std::int64_t n) {
  if (n == model.inputs()) return;
  throw ShapeError(model.name() + ": " + std::to_string(model.inputs()) +
                   " numbers are wanted, got " + std::to_string(n));
}

PyObject* evaluated(const External& model, PyObject* x) {
  const Ref array = Ref::checked(PyArray_FROMANY(x, NPY_DOUBLE, 1, 1, NPY_ARRAY_IN_ARRAY));
  check_length(model, PyArray_DIM(array.array(), 0));
  npy_intp size = model.outputs();
  Ref result = Ref::checked(PyArray_SimpleNew(1, &size, NPY_DOUBLE));
  const auto* operand = static_cast<const double*>(PyArray_DATA(array.array()));
  auto* y = static_cast<double*>(PyArray_DATA(result.array()));
  std::exception_ptr error;
  Py_BEGIN_ALLOW_THREADS;
  try {
    model.evaluate({0, 0, 1, &operand, y});
  } catch (...) {
    error = std::current_exception();
  }
  Py_END_ALLOW_THREADS;
  if (error) std::rethrow_exception(error);
  return result.release();
}

}  // namespace

PyObject* external_model(PyObject*, PyObject* capsule) {
  return guarded([&] {
    const auto* model = static_cast<const ModelAbi*>(PyCapsule_GetPointer(capsule, kModelCapsule));
    if (!model) throw PythonError{};
    return capsule_of_model(model);
  });
}

PyObject* capsule_of_model(const ModelAbi* model) {
  auto external = std::make_unique<ExternalPtr>(std::make_shared<const External>(model));
  Ref handle = Ref::checked(PyCapsule_New(external.get(), kHandle, drop));
  external.release();
  return handle.release();
}

PyObject* external_call(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) raise(PyExc_TypeError, "external_call takes a model and an array");
    const auto* handle = static_cast<const ExternalPtr*>(PyCapsule_GetPointer(args[0], kHandle));
    if (!handle) throw PythonError{};
    const External& model = **handle;
    const Operand x = operand_of(args[1], model.name());
    if (!x.is_traced()) return evaluated(model, x.object);
    Recorder* recorder = recorder_of({&x, 1});
    const Expr arg = lower(x, *recorder, DType::kFloat64);
    if (arg.rank() == 0) throw ShapeError(model.name() + ": an axis of its numbers is wanted");
    check_length(model, arg.shape().back());
    return make_array(external(model, false, {&arg, 1}));
  });
}

}  // namespace dualtape::engine
