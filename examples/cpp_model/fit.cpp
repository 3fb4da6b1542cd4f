// The same fit in C++ alone: rates from counts, by Gauss and Newton's method.
#include <dualtape/dualtape.hpp>

#include <Eigen/QR>
#include <iomanip>
#include <iostream>

#include "populations.hpp"

int main() {
  using dualtape::Matrix, dualtape::Vector;
  const Populations model;
  const Vector<double> start = Eigen::Vector2d(30, 4);
  const Vector<double> truth = Eigen::Vector4d(0.55, 0.028, 0.024, 0.8);
  const Matrix<double> counts = model(truth, start);

  // Logarithms of the rates: they stay positive.
  const auto residuals = [&]<class T>(const Vector<T>& logarithms) {
    const Vector<T> rates = logarithms.array().exp();
    const Matrix<T> n = model(rates, Vector<T>(start));
    return Matrix<T>(n - counts);
  };
  Vector<double> logarithms = Eigen::Vector4d(0.5, 0.03, 0.03, 0.7).array().log();
  for (int iteration = 0; iteration < 20; ++iteration) {
    const Matrix<double> r = residuals(logarithms);
    const Matrix<double> jacobian = dualtape::jacobian(residuals, logarithms);
    const Vector<double> step = jacobian.householderQr().solve(r.reshaped());
    logarithms -= step;
    if (step.norm() < 1e-12) break;
  }
  std::cout << std::setprecision(12) << logarithms.array().exp().transpose() << "\n";
}
