#include "cache/executable.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <list>
#include <unordered_map>

#include "memory/blocks.hpp"

namespace dualtape::engine {

const Plan& Executable::compile() const {
  std::lock_guard lock(mutex_);
  if (!plan_) keep(Plan::compile(program_));
  return *plan_;
}

PlanPtr Executable::compile_to_run() const {
  std::lock_guard lock(mutex_);
  if (plan_) return plan_;  // another thread was faster
  PlanPtr plan = Plan::compile(program_, has_run_ ? Effort::kManyRuns : Effort::kOneRun);
  has_run_ = true;
  if (plan->is_final()) keep(plan);
  return plan;
}

void Executable::keep(PlanPtr plan) const {
  plan_ = std::move(plan);
  ready_.store(plan_.get(), std::memory_order_release);
}

ExecutablePtr Executable::derive(const Derivation& how) const {
  {
    std::lock_guard lock(mutex_);
    for (const auto& [known, executable] : derived_) {
      if (known == how) return executable;
    }
  }
  const Derived made = engine::derive(*program_, how);
  auto second = made.second ? std::make_shared<const Executable>(made.second) : nullptr;
  auto executable = std::make_shared<const Executable>(made.first, std::move(second));
  std::lock_guard lock(mutex_);
  for (const auto& [known, other] : derived_) {
    if (known == how) return other;  // another thread was faster
  }
  derived_.emplace_back(how, executable);
  return executable;
}

Executable::Sparse Executable::sparse_task(const SparseQuestion& question) const {
  const auto asks = [&](const Sparse& s) { return s.task->question() == question; };
  {
    std::lock_guard lock(mutex_);
    const auto known = std::ranges::find_if(sparse_, asks);
    if (known != sparse_.end()) return *known;
  }
  Sparse fresh{std::make_shared<SparseTask>(*program_, question), nullptr, {}};
  if (const ProgramPtr& indices = fresh.task->index_program()) {
    fresh.indices = std::make_shared<const Executable>(indices);
  }
  std::lock_guard lock(mutex_);
  const auto known = std::ranges::find_if(sparse_, asks);
  if (known != sparse_.end()) return *known;  // another thread was faster
  sparse_.push_back(fresh);
  return fresh;
}

SparseExecutable Executable::sparse(const SparseQuestion& question, const IndexRunner& run) const {
  const Sparse found = sparse_task(question);
  const SparseFormPtr form =
      found.task->form(found.indices ? run(found.indices) : std::vector<IndexArray>());
  const auto is_its = [&](const SparseExecutable& e) { return e.form == form; };
  std::lock_guard lock(mutex_);
  for (Sparse& s : sparse_) {
    if (s.task != found.task) continue;
    const auto known = std::ranges::find_if(s.made, is_its);
    if (known != s.made.end()) return *known;
    if (s.made.size() == kMaxSparse) s.made.erase(s.made.begin());
    s.made.push_back({form, std::make_shared<const Executable>(form->program)});
    return s.made.back();
  }
  return {form, std::make_shared<const Executable>(form->program)};
}

std::size_t Executable::bytes() const {
  std::lock_guard lock(mutex_);
  std::size_t total = sizeof *this + program_->bytes() + (plan_ ? plan_->bytes() : 0);
  if (second_) total += second_->bytes();
  for (const auto& [how, executable] : derived_) total += executable->bytes();
  for (const Sparse& s : sparse_) {
    total += s.task->bytes();
    for (const SparseExecutable& e : s.made) total += e.executable->bytes();
  }
  return total;
}

namespace {

struct HashOf {
  std::size_t operator()(const Hash& h) const { return h.lo ^ (h.hi << 1); }
};

/// Least recently used out first, by bytes.
class Cache {
 public:
  ExecutablePtr find_or_add(const Program& structure) {
    const Hash hash = structure.hash();
    {
      std::lock_guard lock(mutex_);
      if (ExecutablePtr found = find(hash, structure)) return found;
    }
    auto copy = std::make_shared<Program>(structure);
    copy->seal();
    auto fresh = std::make_shared<const Executable>(std::move(copy));
    if (structure.size() > kLargeProgram) return fresh;
    std::lock_guard lock(mutex_);
    if (ExecutablePtr found = find(hash, structure)) return found;
    entries_.push_front({hash, fresh});
    index_.emplace(hash, entries_.begin());
    if (++added_ % kCheckEvery == 0) shrink();
    return fresh;
  }

  void clear() {
    std::lock_guard lock(mutex_);
    index_.clear();
    entries_.clear();
  }

 private:
  struct Entry {
    Hash hash;
    ExecutablePtr executable;
  };
  using Position = std::list<Entry>::iterator;

  static constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
  /// Instructions; planning a larger one costs less than its recording did, its memory is given
  /// back at once.
  static constexpr std::size_t kLargeProgram = 200'000;
  static constexpr std::size_t kCheckEvery = 64;  // additions between two looks at the bytes

  ExecutablePtr find(const Hash& hash, const Program& structure) {
    auto [first, last] = index_.equal_range(hash);
    for (; first != last; ++first) {
      const Position at = first->second;
      if (!(*at->executable->program() == structure)) continue;
      entries_.splice(entries_.begin(), entries_, at);
      return at->executable;
    }
    return nullptr;
  }

  /// Plans grow after they were added, so bytes are counted here, newest first.
  void shrink() {
    std::size_t total = 0;
    for (Position at = entries_.begin(); at != entries_.end();) {
      total += at->executable->bytes();
      const Position here = at++;
      if (total > kMaxBytes && here != entries_.begin()) remove(here);
    }
  }

  void remove(Position at) {
    auto [first, last] = index_.equal_range(at->hash);
    for (; first != last; ++first) {
      if (first->second == at) {
        index_.erase(first);
        break;
      }
    }
    entries_.erase(at);
  }

  std::mutex mutex_;
  std::list<Entry> entries_;
  std::unordered_multimap<Hash, Position, HashOf> index_;
  std::size_t added_ = 0;
};

Cache& cache() {
  static auto* const instance = new Cache;  // never destroyed: threads may outlive static storage
  return *instance;
}

}  // namespace

ExecutablePtr find_or_add(const Program& structure) { return cache().find_or_add(structure); }

void clear_caches() {
  cache().clear();
  release_kept_blocks();
#ifdef __GLIBC__
  malloc_trim(0);  // freed memory goes back to the system at once
#endif
}

}  // namespace dualtape::engine
