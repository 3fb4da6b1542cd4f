/// A test program is a list of named functions; a failed check prints where and what.
#pragma once

#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <limits>
#include <source_location>
#include <string>
#include <vector>

namespace check {

#ifdef __cpp_lib_source_location
using Where = std::source_location;
#else
/// clang 14 has no std::source_location.
class Where {
 public:
  static Where current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    return Where(file, line);
  }
  const char* file_name() const { return file_; }
  unsigned line() const { return line_; }

 private:
  Where(const char* file, unsigned line) : file_(file), line_(line) {}
  const char* file_;
  unsigned line_;
};
#endif

inline int& failures() {
  static int count = 0;
  return count;
}

inline void fail(const std::string& message, const Where& where) {
  ++failures();
  std::fprintf(stderr, "%s:%u: %s\n", where.file_name(), where.line(), message.c_str());
}

inline std::string text(double x) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", x);
  return buffer;
}

inline void is_true(bool claim, const std::string& what, const Where& where = Where::current()) {
  if (!claim) fail("false: " + what, where);
}

/// The same number: NaN equals NaN, -0 differs from 0.
inline void same(double got, double wanted, const std::string& what = "",
                 const Where& where = Where::current()) {
  const bool equal = (std::isnan(got) && std::isnan(wanted)) ||
                     (got == wanted && std::signbit(got) == std::signbit(wanted));
  if (!equal) fail(what + " wanted " + text(wanted) + ", got " + text(got), where);
}

inline bool is_close(double got, double wanted, double rtol) {
  if (std::isnan(wanted) || std::isinf(wanted) || wanted == 0) {
    return got == wanted || (std::isnan(got) && std::isnan(wanted));
  }
  return std::abs(got - wanted) <= rtol * std::abs(wanted);
}

/// Relative; 0, inf and NaN exactly.
inline void close(double got, double wanted, double rtol, const std::string& what = "",
                  const Where& where = Where::current()) {
  if (!is_close(got, wanted, rtol)) {
    fail(what + " wanted " + text(wanted) + ", got " + text(got) + ", rtol " + text(rtol), where);
  }
}

/// f throws an E whose message holds `part`.
template <class E, class F>
void throws(F&& f, const std::string& part, const Where& where = Where::current()) {
  try {
    f();
  } catch (const E& error) {
    if (std::string(error.what()).find(part) == std::string::npos) {
      fail("wanted a message with '" + part + "', got '" + error.what() + "'", where);
    }
    return;
  }
  fail("wanted an exception with '" + part + "'", where);
}

struct Test {
  const char* name;
  std::function<void()> body;
};

inline int run(const std::vector<Test>& tests) {
  for (const Test& test : tests) {
    const int before = failures();
    try {
      test.body();
    } catch (const std::exception& error) {
      fail(std::string("unexpected exception: ") + error.what(), Where::current());
    }
    std::printf("%s %s\n", failures() == before ? "ok  " : "FAIL", test.name);
  }
  return failures() == 0 ? 0 : 1;
}

}  // namespace check
