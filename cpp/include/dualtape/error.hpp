/// How the headers report a mistake, with and without exceptions.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace dualtape::detail {

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

}  // namespace dualtape::detail
