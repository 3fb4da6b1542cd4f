/// dualtape._core: the types and functions of record/, and the registry for the test table.
#define DUALTAPE_IMPORT_NUMPY
#include "record/python.hpp"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "dualtape/ops/registry.hpp"
#include "kernels/library.hpp"
#include "record/branches.hpp"
#include "record/custom.hpp"
#include "record/external.hpp"
#include "record/functions.hpp"
#include "record/leaf_checks.hpp"
#include "record/linear_map.hpp"
#include "record/python_model.hpp"
#include "record/recording.hpp"
#include "record/tracer.hpp"
#include "record/transformed.hpp"
#include "record/transforms.hpp"
#include "record/tree.hpp"
#include "record/ufunc_model.hpp"
#include "resources.hpp"
#include "version.hpp"

namespace py = pybind11;

namespace dualtape::engine {
namespace {

py::list points(const Points& given) {
  py::list list;
  for (const double p : given) list.append(p);
  return list;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kSmooth: return "smooth";
    case Kind::kLocallyConstant: return "locally_constant";
    case Kind::kPredicate: return "predicate";
    default: return "select";
  }
}

py::list registry() {
  py::list rows;
  for (const ops::OpInfo& info : ops::op_table) {
    py::list sampling;
    for (int i = 0; i < info.arity; ++i) {
      const Domain& d = info.sampling.arguments[static_cast<std::size_t>(i)];
      sampling.append(py::make_tuple(d.lo, d.hi, points(d.special)));
    }
    py::dict row;
    row["name"] = py::str(info.name.data(), info.name.size());
    row["arity"] = info.arity;
    row["kind"] = py::str(kind_name(info.kind).data());
    row["holomorphic"] = info.holomorphic;
    row["integral"] = info.integral;
    row["parametric"] = info.parametric;
    row["parameters"] = std::vector<int>(info.parameters.begin(), info.parameters.end());
    row["max_ulp"] = info.max_ulp;
    row["sampling"] = sampling;
    rows.append(row);
  }
  return rows;
}

/// What show_config() prints.
py::dict config() {
  py::list usable;
  for (const std::string_view name : usable_levels()) usable.append(std::string(name));
  py::dict row;
  row["version"] = std::string(version());
  row["kernels"] = kernels().level;
  row["usable_kernels"] = usable;
  row["compiler"] = compiler_name();
  row["eigen"] = eigen_version();
  return row;
}

PyObject* is_tracer_function(PyObject*, PyObject* x) { return PyBool_FromLong(is_tracer(x)); }
PyObject* is_recording(PyObject*, PyObject*) {
  return PyBool_FromLong(Recorder::active() != nullptr);
}
PyObject* stop_gradient_function(PyObject*, PyObject* x) {
  return guarded([&] {
    if (!is_tracer(x)) return Py_NewRef(x);
    TracerObject* t = as_tracer(x);
    const Expr value = expr_of(t);
    t->recorder->require_open(value.id());
    return make_tracer(*t->recorder, stop_gradient(value).id(), t->kind);
  });
}
PyObject* clear_caches_function(PyObject*, PyObject*) {
  clear_caches();
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"is_tracer", is_tracer_function, METH_O, "is_tracer(x, /)\n--\n\nWhether x is a Tracer."},
    {"is_recording", is_recording, METH_NOARGS, "is_recording()\n--\n\nInside a recording."},
    {"stop_gradient", stop_gradient_function, METH_O,
     "stop_gradient(x, /)\n--\n\nx without derivatives."},
    {"clear_caches", clear_caches_function, METH_NOARGS,
     "clear_caches()\n--\n\nForgets all plans, and gives memory kept for results back."},
    {"product_at", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(product_at)),
     METH_FASTCALL,
     "product_at(name, fun, primals, vectors, check, has_aux=False, /)\n--\n\n"
     "jvp, hvp or vhp, or None."},
    {"linear_map_at", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(linear_map_at)),
     METH_FASTCALL,
     "linear_map_at(name, fun, primals, check, check_operands, has_aux=False, /)\n--\n\n"
     "vjp or linearize, or None."},
    {"all_differentiable", all_differentiable, METH_O,
     "all_differentiable(leaves, /)\n--\n\nFloats and arrays of floats."},
    {"all_alike", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(all_alike)),
     METH_FASTCALL, "all_alike(leaves, others, /)\n--\n\nOf the same shapes and dtypes, floating."},
    {"custom_call", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(custom_call)),
     METH_FASTCALL,
     "custom_call(kind, function, rules, operands, /)\n--\n\nA call with rules of its own."},
    {"external_model", external_model, METH_O,
     "external_model(capsule, /)\n--\n\nThe C++ model that another module offers."},
    {"external_call", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(external_call)),
     METH_FASTCALL, "external_call(model, x, /)\n--\n\nIts numbers y for its numbers x."},
    {"ufunc_model", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(ufunc_model)),
     METH_FASTCALL,
     "ufunc_model(ufunc, is_complex, constants, name, /)\n--\n\nA ufunc's loop as a model of "
     "single points."},
    {"python_model", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(python_model)),
     METH_FASTCALL,
     "python_model(evaluate, inputs, outputs, max_order, name, /)\n--\n\nA Python function of "
     "plain numbers as a model."},
    {"register_function",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(register_function)), METH_FASTCALL,
     "register_function(numpy_function, implementation, /)\n--\n\n"},
    {"add_at", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(add_at)), METH_FASTCALL,
     "add_at(x, index, v, /)\n--\n\nx[index] += v, entries as often as they are named."},
    {nullptr, nullptr, 0, nullptr}};

void fill_module(PyObject* module) {
  add_resources(module);
  add_error_types(module);
  add_tracer_type(module);
  add_recorder_type(module);
  add_recording_type(module);
  add_tree_type(module);
  add_branches_type(module);
  add_jit_type(module);
  add_linear_map_type(module);
  add_transformed_type(module);
  add_functions(module);
  add_dispatch(module);
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace
}  // namespace dualtape::engine

PYBIND11_MODULE(_core, module) {
  using namespace dualtape::engine;
  module.doc() = "The compiled part of dualtape.";
  module.attr("__version__") = version();
  try {
    kernels();
  } catch (const KernelLibraryError& e) {
    throw py::import_error(e.what());
  }
  if (PyArray_ImportNumPyAPI() < 0) throw py::error_already_set();
  if (!guarded([&] {
        fill_module(module.ptr());
        return Py_NewRef(Py_None);
      })) {
    throw py::error_already_set();
  }
  module.def("config", &config, "How the module was built and what it runs on.");
  module.def("registry", &registry, "The elementary functions and how to test them.");
}
