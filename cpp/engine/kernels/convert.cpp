#include <array>
#include <limits>
#include <type_traits>

#include "kernels/level.hpp"
#include "kernels/wrapping.hpp"

namespace dualtape::engine {
namespace {

template <class From, class To>
To convert_one(const From& x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (kIsComplex<To> && !kIsComplex<From>) {
    return To(static_cast<typename To::value_type>(x));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Out of range (NaN too) is undefined in C++; through int64 it is what x86 and NumPy give.
    constexpr From kLimit = From(9223372036854775808.0);
    const bool fits = x >= -kLimit && x < kLimit;
    const bool upper = std::is_same_v<To, std::uint64_t> && x >= kLimit && x < 2 * kLimit;
    if (upper) return static_cast<To>(static_cast<std::uint64_t>(x));
    return static_cast<To>(fits ? static_cast<std::int64_t>(x)
                                : std::numeric_limits<std::int64_t>::min());
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
void convert_all(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const From* x = static_cast<const From*>(in[0]);
  To* y = static_cast<To*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = convert_one<From, To>(x[i]);
}

}  // namespace

Kernel level::convert(DType from, DType to) {
  // Booleans are bytes 0 and 1; of a loop over `bool` GCC makes no vector code.
  if (from == DType::kBool) from = DType::kUInt8;
  return dispatch(from, [&]<class From>(From) {
    return dispatch(to, [&]<class To>(To) -> Kernel {
      constexpr bool kDropsImaginary =
          kIsComplex<From> && !kIsComplex<To> && !std::is_same_v<To, bool>;
      if constexpr (kDropsImaginary || std::is_same_v<From, bool>) {
        return nullptr;
      } else {
        return convert_all<From, To>;
      }
    });
  });
}

}  // namespace dualtape::engine
