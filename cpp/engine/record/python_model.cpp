#include "record/python_model.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "record/external.hpp"

namespace dualtape::engine {
namespace {

struct PythonModel {
  ModelAbi abi;  // first: what the engine holds is its address
  std::atomic<std::int64_t> references{0};
  PyObject* evaluate;
  std::string name;
};

/// A run may have given Python's lock away, or kept it.
class WithPython {
 public:
  WithPython() : state_(PyGILState_Ensure()) {}
  ~WithPython() { PyGILState_Release(state_); }
  WithPython(const WithPython&) = delete;
  WithPython& operator=(const WithPython&) = delete;

 private:
  PyGILState_STATE state_;
};

PythonModel& model_of(const ModelAbi* abi) {
  return *const_cast<PythonModel*>(reinterpret_cast<const PythonModel*>(abi));
}

void retain(const ModelAbi* abi) { ++model_of(abi).references; }

void release(const ModelAbi* abi) {
  PythonModel& model = model_of(abi);
  if (--model.references > 0) return;
  if (Py_IsInitialized()) {  // else Python is gone, and its object with it
    const WithPython lock;
    Py_DECREF(model.evaluate);
  }
  delete &model;
}

Ref array_of(const double* numbers, std::initializer_list<npy_intp> shape) {
  Ref array =
      Ref::checked(PyArray_SimpleNew(static_cast<int>(shape.size()), std::data(shape), NPY_DOUBLE));
  std::copy_n(numbers, PyArray_SIZE(array.array()),
              static_cast<double*>(PyArray_DATA(array.array())));
  return array;
}

/// Runs on the thread that Python called: its error indicator outlives the lock, and the engine
/// hands PythonError on to where the run began.
ModelStatus evaluate(const ModelAbi* abi, const ModelCall* call, char*, std::size_t) {
  const WithPython lock;
  const char* word = call->transposed ? "vjp" : call->order > 0 ? "jvp" : "value";
  const std::int64_t width = call->transposed ? abi->outputs : abi->inputs;
  const Ref x = array_of(call->operands[0], {abi->inputs});
  const bool has_rows = call->transposed || call->order > 0;
  const Ref rows =
      has_rows ? array_of(call->operands[1], {call->lanes, width}) : Ref::borrow(Py_None);
  const Ref given =
      Ref::checked(PyObject_CallFunction(model_of(abi).evaluate, "sOO", word, x.get(), rows.get()));
  const Ref result =
      Ref::checked(PyArray_FROMANY(given.get(), NPY_DOUBLE, 0, 0, NPY_ARRAY_IN_ARRAY));
  const std::int64_t wanted = call->lanes * (call->transposed ? abi->inputs : abi->outputs);
  if (PyArray_SIZE(result.array()) != wanted) {
    raise(error_types.shape, model_of(abi).name + ": " + std::to_string(wanted) +
                                 " numbers are wanted, got " +
                                 std::to_string(PyArray_SIZE(result.array())));
  }
  std::copy_n(static_cast<const double*>(PyArray_DATA(result.array())), wanted, call->result);
  return ModelStatus::kDone;
}

}  // namespace

PyObject* python_model(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 5) {
      raise(PyExc_TypeError, "python_model takes evaluate, inputs, outputs, max_order, a name");
    }
    auto model = std::make_unique<PythonModel>();
    model->name = text_of(args[4]);
    model->abi = {kModelVersion,
                  static_cast<std::int32_t>(integer_of(args[3])),
                  integer_of(args[1]),
                  integer_of(args[2]),
                  model->name.c_str(),
                  retain,
                  release,
                  evaluate};
    model->evaluate = Py_NewRef(args[0]);
    return capsule_of_model(&model.release()->abi);
  });
}

}  // namespace dualtape::engine
