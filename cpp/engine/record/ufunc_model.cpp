#include "record/ufunc_model.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "record/external.hpp"
#define NO_IMPORT_UFUNC
#include <numpy/ufuncobject.h>

namespace dualtape::engine {
namespace {

constexpr std::size_t kMaxOperands = 16;

/// An argument of a loop that never changes.
union Constant {
  long integer;
  double number;
};

/// One loop of a ufunc: the model of a single point. The ufunc is kept for ever, as SciPy keeps it.
struct LoopModel {
  ModelAbi abi;  // first: what the engine holds is its address
  std::atomic<std::int64_t> references{0};
  PyUFuncGenericFunction loop;
  void* data;
  std::size_t width;  // doubles of an operand
  std::size_t input_count, output_count;
  std::vector<Constant> constants;  // the arguments after the inputs
  std::string name;
};

void retain(const ModelAbi* abi) {
  ++const_cast<LoopModel*>(reinterpret_cast<const LoopModel*>(abi))->references;
}

void release(const ModelAbi* abi) {
  auto* model = const_cast<LoopModel*>(reinterpret_cast<const LoopModel*>(abi));
  if (--model->references == 0) delete model;
}

ModelStatus evaluate(const ModelAbi* abi, const ModelCall* call, char*, std::size_t) {
  const auto& model = *reinterpret_cast<const LoopModel*>(abi);
  std::array<char*, kMaxOperands> operands;
  const std::array<npy_intp, kMaxOperands> steps{};
  std::size_t n = 0;
  // A loop does not write its inputs.
  auto* x = const_cast<double*>(call->operands[0]);
  for (std::size_t i = 0; i < model.input_count; ++i) {
    operands[n++] = reinterpret_cast<char*>(x + i * model.width);
  }
  for (const Constant& c : model.constants) {
    operands[n++] = reinterpret_cast<char*>(const_cast<Constant*>(&c));
  }
  for (std::size_t i = 0; i < model.output_count; ++i) {
    operands[n++] = reinterpret_cast<char*>(call->result + i * model.width);
  }
  const npy_intp one = 1;
  model.loop(operands.data(), &one, steps.data(), model.data);
  return ModelStatus::kDone;
}

/// The first loop of these operand types; -1 where there is none.
int find_loop(const PyUFuncObject* ufunc, std::span<const char> types) {
  for (int k = 0; k < ufunc->ntypes; ++k) {
    if (std::ranges::equal(types, std::span(ufunc->types + k * ufunc->nargs, types.size()))) {
      return k;
    }
  }
  return -1;
}

}  // namespace

PyObject* ufunc_model(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 4) raise(PyExc_TypeError, "ufunc_model takes a ufunc, is_complex, constants, a name");
    const auto* ufunc = reinterpret_cast<const PyUFuncObject*>(args[0]);
    const bool is_complex = PyObject_IsTrue(args[1]) == 1;
    const char type = is_complex ? NPY_CDOUBLE : NPY_DOUBLE;
    auto model = std::make_unique<LoopModel>();
    std::vector<char> types(static_cast<std::size_t>(ufunc->nargs), type);
    const Py_ssize_t count = PyTuple_GET_SIZE(args[2]);
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* item = PyTuple_GET_ITEM(args[2], i);
      const bool is_number = PyFloat_Check(item);
      Constant constant;
      if (is_number) {
        constant.number = PyFloat_AS_DOUBLE(item);
      } else {
        constant.integer = static_cast<long>(integer_of(item));
      }
      model->constants.push_back(constant);
      types[static_cast<std::size_t>(ufunc->nin - count + i)] = is_number ? NPY_DOUBLE : NPY_LONG;
    }
    const int k = find_loop(ufunc, types);
    if (k < 0 || types.size() > kMaxOperands) {
      raise(PyExc_TypeError, text_of(args[3]) + ": has no loop of these types");
    }
    model->loop = ufunc->functions[k];
    model->data = ufunc->data ? ufunc->data[k] : nullptr;
    model->width = is_complex ? 2 : 1;
    model->input_count = static_cast<std::size_t>(ufunc->nin - count);
    model->output_count = static_cast<std::size_t>(ufunc->nout);
    model->name = text_of(args[3]);
    const auto width = static_cast<std::int64_t>(model->width);
    model->abi = {kModelVersion,
                  0,
                  width * (ufunc->nin - count),
                  width * ufunc->nout,
                  model->name.c_str(),
                  retain,
                  release,
                  evaluate};
    Py_INCREF(args[0]);
    return capsule_of_model(&model.release()->abi);
  });
}

}  // namespace dualtape::engine
