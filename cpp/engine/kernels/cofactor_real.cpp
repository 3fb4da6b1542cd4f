#include "kernels/cofactor.hpp"
#include "kernels/decompose.hpp"

namespace dualtape::engine {

template <>
SingularValues<double> singular_values(const Eigen::Map<const Square<double>>& matrix) {
  const std::int64_t n = matrix.rows();
  std::vector<double> packed(static_cast<std::size_t>(n + 2 * n * n));
  decompose_svd({packed.data(), {matrix.data(), nullptr, nullptr}, n, n, n, {}});
  using Part = Eigen::Map<const Square<double>>;
  return {Part(packed.data() + n, n, n), Part(packed.data() + n + n * n, n, n),
          Eigen::Map<const Eigen::VectorXd>(packed.data(), n)};
}

CofactorsPtr make_real_cofactors(DType dtype, std::int64_t n) {
  if (dtype == DType::kFloat64) return std::make_unique<CofactorOf<double>>(n);
  return std::make_unique<WidenedCofactors<float, double>>(n);
}

}  // namespace dualtape::engine
