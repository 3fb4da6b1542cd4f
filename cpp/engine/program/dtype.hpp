/// Element types, with NumPy's names and item sizes (bytes).
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dualtape::engine {

enum class DType : std::uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
  kTuple,  // what an instruction with several results has; `get` takes one of them
};

inline constexpr int kDTypeCount = 13;  // without kTuple

constexpr std::string_view dtype_name(DType d) {
  constexpr std::string_view names[] = {"bool",    "int8",      "int16",      "int32",  "int64",
                                        "uint8",   "uint16",    "uint32",     "uint64", "float32",
                                        "float64", "complex64", "complex128", "tuple"};
  return names[static_cast<int>(d)];
}

constexpr std::size_t item_size(DType d) {
  constexpr std::size_t sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16, 0};
  return sizes[static_cast<int>(d)];
}

constexpr bool is_floating(DType d) { return d == DType::kFloat32 || d == DType::kFloat64; }
constexpr bool is_complex(DType d) { return d == DType::kComplex64 || d == DType::kComplex128; }
/// The type of the parts of a complex number, and of the numbers with such parts; others as they
/// are.
constexpr DType real_dtype(DType d) {
  if (d == DType::kComplex64) return DType::kFloat32;
  return d == DType::kComplex128 ? DType::kFloat64 : d;
}
constexpr DType complex_dtype(DType d) {
  if (d == DType::kFloat32) return DType::kComplex64;
  return d == DType::kFloat64 ? DType::kComplex128 : d;
}
/// Types whose values have tangents.
constexpr bool is_inexact(DType d) { return is_floating(d) || is_complex(d); }
constexpr bool is_integer(DType d) { return d >= DType::kInt8 && d <= DType::kUInt64; }

/// Calls f(T{}) with the C++ type of `d`.
template <class F>
decltype(auto) dispatch(DType d, F&& f) {
  switch (d) {
    case DType::kBool: return f(bool{});
    case DType::kInt8: return f(std::int8_t{});
    case DType::kInt16: return f(std::int16_t{});
    case DType::kInt32: return f(std::int32_t{});
    case DType::kInt64: return f(std::int64_t{});
    case DType::kUInt8: return f(std::uint8_t{});
    case DType::kUInt16: return f(std::uint16_t{});
    case DType::kUInt32: return f(std::uint32_t{});
    case DType::kUInt64: return f(std::uint64_t{});
    case DType::kFloat32: return f(float{});
    case DType::kComplex64: return f(std::complex<float>{});
    case DType::kComplex128: return f(std::complex<double>{});
    default: return f(double{});
  }
}

}  // namespace dualtape::engine
