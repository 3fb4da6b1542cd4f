/// FlatModel: a model of several arguments as a function of flat numbers, and the derivatives that
/// model_abi.hpp asks for.

#include <dualtape/model.hpp>

#include <functional>

#include "check.hpp"

namespace {

using dualtape::FlatModel, dualtape::Matrix, dualtape::ModelShape, dualtape::Vector;
using Numbers = std::vector<double>;

/// y_0 = a^2 b and y_1 = b c^3 of x = (a, b, c): every derivative is known.
struct Powers {
  template <class T>
  std::array<T, 2> operator()(const Vector<T>& x) const {
    return {x[0] * x[0] * x[1], x[1] * x[2] * x[2] * x[2]};
  }
};

FlatModel<3, Powers, Eigen::VectorXd> powers() {
  FlatModel<3, Powers, Eigen::VectorXd> model(std::make_shared<const Powers>(),
                                              {ModelShape{1, {3, 1}}});
  const Numbers x{1, 1, 1};
  model.find_results(x.data());
  return model;
}

const Numbers kX{0.7, -1.3, 2.1};
const Numbers kU{0.3, 1.1, -0.4}, kV{-0.9, 0.2, 0.8}, kW{1.7, -0.6, 0.5};

/// Operands after x; the first holds `lanes` vectors.
template <class Model>
Numbers evaluated(const Model& model, const Numbers& x, const std::vector<Numbers>& others,
                  bool transposed, std::int64_t lanes = 1) {
  std::vector<const double*> operands{x.data()};
  for (const Numbers& v : others) operands.push_back(v.data());
  const std::int64_t size = transposed ? model.inputs() : model.outputs();
  Numbers result(static_cast<std::size_t>(size * lanes), 1e300);
  const auto order = static_cast<std::int32_t>(others.size()) - (transposed ? 1 : 0);
  model.evaluate({order, transposed ? 1 : 0, lanes, operands.data(), result.data()});
  return result;
}

void all_close(const Numbers& got, const Numbers& wanted,
               const check::Where& where = check::Where::current()) {
  check::is_true(got.size() == wanted.size(), "as many", where);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    check::close(got[i], wanted[i], 1e-13, std::to_string(i), where);
  }
}

void derivatives_along_directions() {
  const auto model = powers();
  const double a = kX[0], b = kX[1], c = kX[2];
  all_close(evaluated(model, kX, {}, false), {a * a * b, b * c * c * c});
  all_close(evaluated(model, kX, {kU}, false),
            {2 * a * b * kU[0] + a * a * kU[1], c * c * c * kU[1] + 3 * b * c * c * kU[2]});
  all_close(evaluated(model, kX, {kU, kV}, false),
            {2 * b * kU[0] * kV[0] + 2 * a * (kU[0] * kV[1] + kU[1] * kV[0]),
             3 * c * c * (kU[1] * kV[2] + kU[2] * kV[1]) + 6 * b * c * kU[2] * kV[2]});
  all_close(evaluated(model, kX, {kU, kV, kW}, false),
            {2 * (kU[0] * kV[0] * kW[1] + kU[0] * kV[1] * kW[0] + kU[1] * kV[0] * kW[0]),
             6 * c * (kU[1] * kV[2] * kW[2] + kU[2] * kV[1] * kW[2] + kU[2] * kV[2] * kW[1]) +
                 6 * b * kU[2] * kV[2] * kW[2]});
}

/// <transposed(x; v, y_bar), e_j> = <y_bar, direct(x; v, e_j)>.
void transposed_ones_are_transposes() {
  const auto model = powers();
  const Numbers y_bar{1.4, -0.35};
  for (const std::vector<Numbers>& v : {std::vector<Numbers>{}, {kU}, {kU, kV}}) {
    std::vector<Numbers> others = v;
    others.push_back(y_bar);
    Numbers wanted;
    for (std::size_t j = 0; j < 3; ++j) {
      std::vector<Numbers> directions = v;
      directions.push_back({0, 0, 0});
      directions.back()[j] = 1;
      const Numbers y = evaluated(model, kX, directions, false);
      wanted.push_back(y_bar[0] * y[0] + y_bar[1] * y[1]);
    }
    all_close(evaluated(model, kX, others, true), wanted);
  }
}

/// Lanes in groups of any size, those of a tape past one sweep too.
void lanes_are_the_single_ones() {
  const auto model = powers();
  const Numbers y_bar{1.4, -0.35};
  for (const std::int64_t lanes : {2, 3, 4, 5, 8, 9, 33, 70}) {
    Numbers many, bars;
    for (int lane = 0; lane < lanes; ++lane) {
      for (int j = 0; j < 3; ++j) many.push_back(std::sin(3 * lane + j));
      for (int i = 0; i < 2; ++i) bars.push_back(std::cos(2 * lane + i));
    }
    const auto compare = [&](const Numbers& all, std::size_t width, bool transposed,
                             const std::vector<Numbers>& rest) {
      std::vector<Numbers> others{all};
      others.insert(others.end(), rest.begin(), rest.end());
      const Numbers got = evaluated(model, kX, others, transposed, lanes);
      Numbers wanted;
      for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(lane * width);
        others[0].assign(first, first + static_cast<std::ptrdiff_t>(width));
        const Numbers one = evaluated(model, kX, others, transposed);
        wanted.insert(wanted.end(), one.begin(), one.end());
      }
      all_close(got, wanted);
    };
    compare(many, 3, false, {});
    compare(many, 3, false, {kV});
    compare(bars, 2, true, {});
    compare(many, 3, true, {y_bar});
    compare(many, 3, true, {kV, y_bar});
  }
}

/// Matrices lie row by row, whatever Eigen does; results may be expressions and tuples of them.
struct Mixed {
  template <class T>
  auto operator()(const Matrix<T>& a, const T& s, const std::array<T, 2>& p,
                  const Eigen::Matrix<T, 1, 2>& r) const {
    const Matrix<T> scaled = a * s;
    return std::tuple<Matrix<T>, T>(scaled, p[0] * r[0] + p[1] * r[1]);
  }
};

void arguments_of_all_kinds() {
  FlatModel<1, Mixed, Eigen::MatrixXd, double, std::array<double, 2>, Eigen::RowVector2d> model(
      std::make_shared<const Mixed>(),
      {ModelShape{2, {2, 3}}, ModelShape{}, ModelShape{1, {2, 1}}, ModelShape{1, {2, 1}}});
  const Numbers x{1, 2, 3, 4, 5, 6, 10, 7, 8, 0.5, 2};
  check::is_true(model.inputs() == 11, "inputs");
  model.find_results(x.data());
  check::is_true(model.results() == std::vector{ModelShape{2, {2, 3}}, ModelShape{}}, "shapes");
  all_close(evaluated(model, x, {}, false), {10, 20, 30, 40, 50, 60, 19.5});
  const Numbers y_bar{0, 1, 0, 0, 0, 0, 1};
  all_close(evaluated(model, x, {y_bar}, true), {0, 10, 0, 0, 0, 0, 2, 0.5, 2, 7, 8});
}

/// One variable twice among the results, and a result that is a constant.
struct Repeated {
  template <class T>
  std::array<T, 3> operator()(const T& x) const {
    const T y = exp(x);
    return {y, y, T(4)};
  }
};

void results_that_are_one_variable() {
  FlatModel<2, Repeated, double> model(std::make_shared<const Repeated>(), {ModelShape{}});
  const Numbers x{0.3}, one{1}, y_bar{1, 10, 100};
  model.find_results(x.data());
  all_close(evaluated(model, x, {y_bar}, true), {11 * std::exp(0.3)});
  all_close(evaluated(model, x, {one, y_bar}, true), {11 * std::exp(0.3)});
}

/// The length of the result goes by the value.
struct Fickle {
  template <class T>
  Vector<T> operator()(const Vector<T>& x) const {
    return x.head(x[0] < 2.0 ? 1 : 2);
  }
};

void mistakes_are_told() {
  FlatModel<1, Fickle, Eigen::VectorXd> model(std::make_shared<const Fickle>(),
                                              {ModelShape{1, {2, 1}}});
  const Numbers small{1, 5}, large{3, 5};
  model.find_results(small.data());
  check::throws<std::length_error>([&] { evaluated(model, large, {}, false); },
                                   "2 entries, with other values of the arguments it had 1");
  const Numbers v{1, 1};
  check::throws<std::logic_error>([&] { evaluated(model, small, {v, v}, false); }, "order");
  const Numbers y_bar{1};
  check::throws<std::logic_error>([&] { evaluated(model, small, {v, y_bar}, true); }, "order");
}

}  // namespace

int main() {
  return check::run({
      {"derivatives along directions", derivatives_along_directions},
      {"transposed ones are transposes", transposed_ones_are_transposes},
      {"lanes are the single ones", lanes_are_the_single_ones},
      {"arguments of all kinds", arguments_of_all_kinds},
      {"results that are one variable", results_that_are_one_variable},
      {"mistakes are told", mistakes_are_told},
  });
}
