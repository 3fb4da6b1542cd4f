/// C++ models as dualtape operations in Python. Needs pybind11; links to nothing of dualtape's.
///
///   struct Decay {
///     double rate;
///     template <class T>
///     T operator()(const dualtape::Vector<T>& amounts, const T& time) const {
///       return amounts.sum() * exp(-rate * time);
///     }
///   };
///   PYBIND11_MODULE(_decay, module) {
///     module.attr("decay") = dualtape::python::function("decay", Decay{0.1});
///     module.def("decay_of", [](double rate) {
///       return dualtape::python::function("decay", Decay{rate});
///     });
///   }
///
/// The model is called from any thread without the GIL, several at a time: its call is const and
/// must touch nothing that changes.
#pragma once

#include <dualtape/model.hpp>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace dualtape::python {

/// The highest order of derivatives; each one more makes the module longer to compile.
template <int K>
struct Order {};
template <int K>
inline constexpr Order<K> order{};

namespace detail {

namespace py = pybind11;

/// The Python exception for the C++ exception that is being handled, as pybind11 has it.
inline ModelStatus status_of_exception(char* message, std::size_t size) noexcept {
  const auto say = [&](const std::exception& e, ModelStatus status) {
    std::strncpy(message, e.what(), size - 1);
    message[size - 1] = 0;
    return status;
  };
  try {
    throw;
  } catch (const std::bad_alloc& e) {
    return say(e, ModelStatus::kMemoryError);
  } catch (const std::out_of_range& e) {
    return say(e, ModelStatus::kIndexError);
  } catch (const std::invalid_argument& e) {
    return say(e, ModelStatus::kValueError);
  } catch (const std::domain_error& e) {
    return say(e, ModelStatus::kValueError);
  } catch (const std::length_error& e) {
    return say(e, ModelStatus::kValueError);
  } catch (const std::range_error& e) {
    return say(e, ModelStatus::kValueError);
  } catch (const std::exception& e) {
    return say(e, ModelStatus::kRuntimeError);
  } catch (...) {
    return say(std::runtime_error("threw what is no std::exception"), ModelStatus::kRuntimeError);
  }
}

/// A model at fixed shapes, counted by those who call it.
template <class Flat>
class SharedModel : public ModelAbi {
 public:
  SharedModel(std::string name, int max_order, Flat flat)
      : ModelAbi{kModelVersion, max_order, flat.inputs(), flat.outputs(),
                 nullptr,       retain,    release,       evaluate},
        name_(std::move(name)),
        flat_(std::move(flat)) {
    ModelAbi::name = name_.c_str();
  }

  static py::capsule capsule(std::string name, int max_order, Flat flat) {
    auto model = std::make_unique<SharedModel>(std::move(name), max_order, std::move(flat));
    py::capsule result(static_cast<const ModelAbi*>(model.get()), kModelCapsule,
                       [](PyObject* object) {
                         const void* self = PyCapsule_GetPointer(object, kModelCapsule);
                         release(static_cast<const ModelAbi*>(self));
                       });
    model.release();
    return result;
  }

 private:
  static const SharedModel& of(const ModelAbi* self) {
    return *static_cast<const SharedModel*>(self);
  }
  static void retain(const ModelAbi* self) { ++of(self).uses_; }
  static void release(const ModelAbi* self) {
    if (--of(self).uses_ == 0) delete &of(self);
  }
  static ModelStatus evaluate(const ModelAbi* self, const ModelCall* call, char* message,
                              std::size_t size) {
    try {
      of(self).flat_.evaluate(*call);
      return ModelStatus::kDone;
    } catch (...) {
      return status_of_exception(message, size);
    }
  }

  std::string name_;
  Flat flat_;
  mutable std::atomic<int> uses_{1};
};

template <int MaxOrder, class F, class... X>
py::object make(const std::string& name, F model);

/// Argument types of a call operator that is a template of one scalar type.
template <class Call>
struct Arguments;
template <class F, class R, class... X>
struct Arguments<R (F::*)(X...) const> {
  template <int MaxOrder>
  static py::object make(const std::string& name, F model) {
    return detail::make<MaxOrder, F, std::remove_cvref_t<X>...>(name, std::move(model));
  }
};
template <class F, class R, class... X>
struct Arguments<R (F::*)(X...) const noexcept> : Arguments<R (F::*)(X...) const> {};

inline std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// The shape of argument k, if it is one that X can have.
template <class X>
ModelShape checked_shape(const std::string& name, std::size_t k,
                         const std::vector<std::int64_t>& shape) {
  using Layout = dualtape::detail::Flat<X>;
  ModelShape result;
  result.rank = Layout::kRank;
  bool fits = static_cast<int>(shape.size()) == Layout::kRank;
  std::string wanted = "(";
  for (std::size_t a = 0; a < Layout::kRank; ++a) {
    const int fixed = Layout::kSizes[a];
    if (fits) result.sizes[a] = shape[a];
    fits = fits && (fixed == Eigen::Dynamic || shape[a] == fixed);
    wanted += (a ? ", " : "") + (fixed == Eigen::Dynamic ? "n" : std::to_string(fixed));
  }
  if (fits) return result;
  throw py::value_error(name + ": argument " + std::to_string(k) + " must have shape " + wanted +
                        (Layout::kRank == 1 ? ",)" : ")") + ", got " + text_of(shape));
}

[[noreturn]] inline void raise(ModelStatus status, const std::string& message) {
  switch (status) {
    case ModelStatus::kMemoryError: throw std::bad_alloc();
    case ModelStatus::kIndexError: throw py::index_error(message);
    case ModelStatus::kValueError: throw py::value_error(message);
    default: throw std::runtime_error(message);
  }
}

using ShapeList = std::vector<std::vector<std::int64_t>>;

/// The model at these shapes of its arguments, as (capsule, shapes of the results, whether they are
/// a tuple). It is evaluated once, at the numbers x.
template <int MaxOrder, class F, class... X, std::size_t... K>
py::tuple prepare(const std::string& name, const std::shared_ptr<const F>& model,
                  const ShapeList& shapes, const std::vector<double>& x,
                  std::index_sequence<K...>) {
  using Flat = FlatModel<MaxOrder, F, X...>;
  Flat flat(model, {checked_shape<X>(name, K, shapes.at(K))...});
  if (static_cast<std::int64_t>(x.size()) != flat.inputs()) {
    throw py::value_error(name + ": the numbers do not fit the shapes");
  }
  char message[512] = "";
  ModelStatus status = ModelStatus::kDone;
  {
    const py::gil_scoped_release no_gil;
    try {
      flat.find_results(x.data());
    } catch (...) {
      status = status_of_exception(message, sizeof message);
    }
  }
  if (status != ModelStatus::kDone) raise(status, name + ": " + message);
  py::list results;
  for (const ModelShape& shape : flat.results()) {
    py::tuple sizes(static_cast<std::size_t>(shape.rank));
    for (std::size_t a = 0; a < sizes.size(); ++a) sizes[a] = shape.sizes[a];
    results.append(sizes);
  }
  constexpr bool kTuple = dualtape::detail::kIsTuple<typename Flat::Result>;
  return py::make_tuple(SharedModel<Flat>::capsule(name, MaxOrder, std::move(flat)), results,
                        kTuple);
}

template <int MaxOrder, class F, class... X>
py::object make(const std::string& name, F model) {
  static_assert(sizeof...(X) > 0, "a model takes at least one argument");
  auto prepared = [name, shared = std::make_shared<const F>(std::move(model))](
                      const ShapeList& shapes, const std::vector<double>& x) {
    return prepare<MaxOrder, F, X...>(name, shared, shapes, x, std::index_sequence_for<X...>());
  };
  return py::module_::import("dualtape._external")
      .attr("Function")(name, py::cpp_function(std::move(prepared)), sizeof...(X));
}

}  // namespace detail

/// A Python callable of the model: on NumPy arrays, and in recorded functions with all derivatives
/// up to order K. Its argument types are those of `operator()<double>`.
template <class F, int K = 3>
pybind11::object function(const std::string& name, F model, Order<K> = {}) {
  using Call = detail::Arguments<decltype(&F::template operator()<double>)>;
  return Call::template make<K>(name, std::move(model));
}

/// The same with argument types named, those for double: where the call operator takes
/// `const auto&`, or is overloaded.
template <class First, class... Others, class F, int K = 3>
  requires(!std::same_as<First, F>)
pybind11::object function(const std::string& name, F model, Order<K> = {}) {
  return detail::make<K, F, First, Others...>(name, std::move(model));
}

}  // namespace dualtape::python
