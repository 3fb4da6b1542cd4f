/// Executable: a program with its plan and the programs derived from it, each made when first asked
/// for.
///
/// The process-wide cache finds an executable by the structure of a recorded program, so a function
/// recorded anew at every call runs at the speed of a replay. Thread-safe; compiling and deriving
/// happen outside the cache's lock.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "plan/plan.hpp"
#include "sparse/sparse.hpp"
#include "transform/derive.hpp"

namespace dualtape::engine {

class Executable;
using PlanPtr = std::shared_ptr<const Plan>;
using ExecutablePtr = std::shared_ptr<const Executable>;

/// A program that gives the entries of a sparse matrix, and its pattern.
struct SparseExecutable {
  SparseFormPtr form;
  ExecutablePtr executable;
};
/// Runs a program of index operands on the inputs at hand.
using IndexRunner = std::function<std::vector<IndexArray>(const ExecutablePtr&)>;

class Executable {
 public:
  explicit Executable(ProgramPtr program, ExecutablePtr second = nullptr)
      : program_(std::move(program)), second_(std::move(second)) {}

  const ProgramPtr& program() const { return program_; }
  /// The plan that serves, made when it is first asked for.
  const Plan& plan() const {
    if (const Plan* ready = ready_.load(std::memory_order_acquire)) return *ready;
    return compile();
  }
  /// For one run of the program: the first may get a plan for that run alone, for most programs
  /// recorded without `jit` never run again; the second makes the one that serves.
  PlanPtr plan_to_run() const {
    // No owner, so nothing is counted: the executable keeps its plan.
    if (const Plan* ready = ready_.load(std::memory_order_acquire)) return {PlanPtr(), ready};
    return compile_to_run();
  }
  /// Derived at the first call.
  ExecutablePtr derive(const Derivation& how) const;
  /// A sparse Jacobian, for the values that `run` finds for the index operands.
  SparseExecutable sparse(const SparseQuestion& question, const IndexRunner& run) const;
  /// The linear program of kLinearize, the pullback of kVjp.
  const ExecutablePtr& second() const { return second_; }
  /// Bytes held, with plans and derived programs.
  std::size_t bytes() const;

 private:
  /// A sparse Jacobian's task, the program of its index operands, and what was made so far.
  struct Sparse {
    std::shared_ptr<SparseTask> task;
    ExecutablePtr indices;  // null: there are none
    std::vector<SparseExecutable> made;
  };
  /// Forms kept for each question.
  static constexpr std::size_t kMaxSparse = 4;

  const Plan& compile() const;
  PlanPtr compile_to_run() const;
  void keep(PlanPtr plan) const;
  Sparse sparse_task(const SparseQuestion& question) const;

  ProgramPtr program_;
  ExecutablePtr second_;
  mutable std::mutex mutex_;
  mutable bool has_run_ = false;
  mutable PlanPtr plan_;
  mutable std::atomic<const Plan*> ready_{nullptr};  // plan_, for readers without the lock
  mutable std::vector<std::pair<Derivation, ExecutablePtr>> derived_;
  mutable std::vector<Sparse> sparse_;
};

/// The executable of this structure; the program is copied only if it is new.
ExecutablePtr find_or_add(const Program& structure);
void clear_caches();

}  // namespace dualtape::engine
