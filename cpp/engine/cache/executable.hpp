/// Executable: a program with its plan and the programs derived from it, each made when first asked
/// for.
///
/// The process-wide cache finds an executable by the structure of a recorded program, so a function
/// recorded anew at every call runs at the speed of a replay. Thread-safe; compiling and deriving
/// happen outside the cache's lock.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "plan/plan.hpp"
#include "transform/derive.hpp"

namespace dualtape::engine {

class Executable;
using ExecutablePtr = std::shared_ptr<const Executable>;

class Executable {
 public:
  explicit Executable(ProgramPtr program, ExecutablePtr second = nullptr)
      : program_(std::move(program)), second_(std::move(second)) {}

  const ProgramPtr& program() const { return program_; }
  /// Compiled at the first call.
  const Plan& plan() const {
    if (const Plan* ready = ready_.load(std::memory_order_acquire)) return *ready;
    return compile();
  }
  /// Derived at the first call.
  ExecutablePtr derive(const Derivation& how) const;
  /// The linear program of kLinearize, the pullback of kVjp.
  const ExecutablePtr& second() const { return second_; }
  /// Bytes held, with plans and derived programs.
  std::size_t bytes() const;

 private:
  const Plan& compile() const;

  ProgramPtr program_;
  ExecutablePtr second_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Plan> plan_;
  mutable std::atomic<const Plan*> ready_{nullptr};  // plan_, for readers without the lock
  mutable std::vector<std::pair<Derivation, ExecutablePtr>> derived_;
};

/// The executable of this structure; the program is copied only if it is new.
ExecutablePtr find_or_add(const Program& structure);
void clear_caches();

}  // namespace dualtape::engine
