/// What the engine throws; the bindings turn each into the Python exception of the same name.
#pragma once

#include <dualtape/error.hpp>

#include <stdexcept>
#include <string>

namespace dualtape::engine {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Shapes that do not fit (Python: ShapeError, a ValueError).
struct ShapeError : Error {
  using Error::Error;
};
/// A value that a function does not take (Python: ValueError).
struct ValueError : Error {
  using Error::Error;
};
/// Element types that do not fit (Python: TypeError).
struct DTypeError : Error {
  using Error::Error;
};
/// An index out of range (Python: IndexError).
struct IndexError : Error {
  using Error::Error;
};
/// A matrix without an inverse (Python: numpy.linalg.LinAlgError).
struct SingularMatrixError : Error {
  using Error::Error;
};
/// A decomposition that does not exist or was not found (Python: numpy.linalg.LinAlgError).
struct FactorizationError : Error {
  using Error::Error;
};
using dualtape::DerivativeError;

}  // namespace dualtape::engine
