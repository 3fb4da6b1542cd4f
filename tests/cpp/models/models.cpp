// Structs with a call operator that is a template of the scalar type.
#include <dualtape/python.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace {

using dualtape::Matrix, dualtape::Vector;

/// R^3 -> R^2, nothing vanishes at any order.
struct Waves {
  template <class T>
  Vector<T> operator()(const Vector<T>& x) const {
    Vector<T> y(2);
    y << x[0] * x[1] * exp(x[2]) + x[0], sin(x[0] * x[1]) + x[1] / (1.0 + x[2] * x[2]);
    return y;
  }
};

/// Several arguments of all kinds, several results, and a parameter.
struct Forms {
  double weight;

  template <class T>
  std::tuple<Matrix<T>, T, std::array<T, 2>> operator()(const Matrix<T>& a, const Vector<T>& x,
                                                        const T& s) const {
    const Vector<T> y = a * x;
    const Matrix<T> outer = s * y * x.transpose();
    return {outer, weight * y.squaredNorm(), {y[0] * s, exp(s)}};
  }
};

/// Counts its living copies.
struct Counted {
  inline static std::atomic<int> alive{0};
  double factor;

  explicit Counted(double f) : factor(f) { ++alive; }
  Counted(const Counted& o) : factor(o.factor) { ++alive; }
  ~Counted() { --alive; }

  template <class T>
  T operator()(const Vector<T>& x) const {
    return factor * x.squaredNorm();
  }
};

/// Calls from different threads in pairs: each waits inside for its other; 0 if that never comes.
struct Meeting {
  struct Place {
    std::mutex mutex;
    std::condition_variable arrived;
    int arrivals = 0;
  };
  std::shared_ptr<Place> place = std::make_shared<Place>();

  template <class T>
  T operator()(const T& x) const {
    std::unique_lock lock(place->mutex);
    const int pair_complete = (place->arrivals++ | 1) + 1;
    place->arrived.notify_all();
    const bool met = place->arrived.wait_for(lock, std::chrono::seconds(20),
                                             [&] { return place->arrivals >= pair_complete; });
    return met ? T(x * 1.0) : T(x * 0.0);
  }
};

}  // namespace

PYBIND11_MODULE(_models, module) {
  using dualtape::python::function, dualtape::python::order;
  module.attr("waves") = function("waves", Waves{});
  module.def("forms", [](double weight) { return function("forms", Forms{weight}, order<2>); });
  module.def("counted", [](double f) { return function("counted", Counted(f), order<1>); });
  module.def("alive", [] { return Counted::alive.load(); });
  module.def("meeting", [] { return function("meeting", Meeting{}, order<1>); });
}
