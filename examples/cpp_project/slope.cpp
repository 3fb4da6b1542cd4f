// Prints the gradient of x sin(z) at (2, 3): sin(3) and 2 cos(3).
#include <dualtape/dualtape.hpp>

#include <cstdio>

int main() {
  const auto f = [](const auto& x) { return x[0] * sin(x[1]); };
  const std::array<double, 2> slope = dualtape::gradient(f, std::array{2.0, 3.0});
  std::printf("%.15f %.15f\n", slope[0], slope[1]);
}
