/// What passes between a module that holds a C++ model and the engine: neither links to the other,
/// and they may come from different compilers.
///
/// A model is y = F(x), its arguments flattened to n numbers, its results to m. What is asked of it
/// is closed under differentiation:
///   direct      D^k F(x)[v_1, ..., v_k]                      m numbers, symmetric in the v_i
///   transposed  D^(k+1) F(x)[v_1, ..., v_k, .]^T y_bar       n numbers
/// since either is linear in each v_i and in y_bar, with the other, or itself, as its transpose.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dualtape {

inline constexpr std::uint32_t kModelVersion = 1;
/// Name of the PyCapsule that holds a ModelAbi*.
inline constexpr const char* kModelCapsule = "dualtape.ModelAbi";

/// How an evaluation ended, and the Python exception it becomes.
enum class ModelStatus : std::int32_t {
  kDone = 0,
  kRuntimeError,
  kValueError,
  kIndexError,
  kMemoryError,
};

/// operands: x; v_1, ..., v_k; of a transposed one y_bar last. The second operand is `lanes`
/// vectors one after the other, and so is the result; the others are single.
struct ModelCall {
  std::int32_t order;       // k
  std::int32_t transposed;  // 0 or 1
  std::int64_t lanes;       // 1 where there is no second operand
  const double* const* operands;
  double* result;
};

struct ModelAbi {
  std::uint32_t version;   // kModelVersion
  std::int32_t max_order;  // largest k, or k + 1 of a transposed one
  std::int64_t inputs;     // n
  std::int64_t outputs;    // m
  const char* name;
  void (*retain)(const ModelAbi*);
  void (*release)(const ModelAbi*);
  /// From any thread, several at a time. Writes what went wrong to `message`, ended by 0.
  ModelStatus (*evaluate)(const ModelAbi*, const ModelCall*, char* message, std::size_t size);
};

}  // namespace dualtape
