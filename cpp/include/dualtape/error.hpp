/// How the headers report a mistake, with and without exceptions.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace dualtape {

/// A derivative that a function does not define (Python: DerivativeError).
struct DerivativeError : std::logic_error {
  using std::logic_error::logic_error;
};

namespace detail {

/// Throws an E; where exceptions are switched off (-fno-exceptions), prints the message and aborts.
template <class E>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const std::string& message) {
#ifdef __cpp_exceptions
  throw E(message);
#else
  std::fprintf(stderr, "dualtape: %s\n", message.c_str());
  std::abort();
#endif
}

}  // namespace detail
}  // namespace dualtape
