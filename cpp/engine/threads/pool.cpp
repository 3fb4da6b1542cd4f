#include "threads/pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#endif

namespace dualtape::engine {
namespace {

int available_cpus() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
#endif
  return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

int default_thread_count() {
  // The module has refused anything but a number in range.
  const char* const wanted = std::getenv("DUALTAPE_NUM_THREADS");
  const long n = wanted ? std::strtol(wanted, nullptr, 10) : 0;
  return static_cast<int>(std::clamp(n > 0 ? n : available_cpus(), 1L, long{kMaxThreads}));
}

std::atomic<int> wanted_threads{0};  // 0: not asked for yet
thread_local bool inside_loop = false;

/// A loop that several threads share. Each has a share of its pieces, the same part of one loop as
/// of the next: what it wrote there is still in its core's cache. A thread that is done with its
/// own takes pieces of the others'.
class Loop {
 public:
  Loop(std::int64_t count, std::int64_t piece, PieceFunction f, void* context)
      : piece_(piece), f_(f), context_(context), failed_(count) {
    const std::int64_t pieces = pieces_of(count, piece);
    n_shares_ = std::min({pieces, std::int64_t{thread_count()}, kMostShares});
    for (std::int64_t k = 0; k < n_shares_; ++k) {
      shares_[k].next = pieces * k / n_shares_ * piece;
      shares_[k].end = std::min(pieces * (k + 1) / n_shares_ * piece, count);
    }
  }

  static std::int64_t pieces_of(std::int64_t count, std::int64_t piece) {
    return (count - 1) / piece + 1;
  }

  /// `thread`: 0 for the caller, then the workers in order.
  void work(std::int64_t thread) noexcept {
    inside_loop = true;
    for (std::int64_t k = 0; k < n_shares_; ++k) take(shares_[(thread + k) % n_shares_]);
    inside_loop = false;
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  struct alignas(64) Share {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };
  static constexpr std::int64_t kMostShares = 32;

  void take(Share& share) noexcept {
    for (;;) {
      const std::int64_t first = share.next.fetch_add(piece_, std::memory_order_relaxed);
      if (first >= std::min(share.end, failed_.load(std::memory_order_relaxed))) return;
      try {
        f_(context_, first, std::min(first + piece_, share.end));
      } catch (...) {
        fail(first);
      }
    }
  }

  /// Pieces before one that failed run to their end, and the error of the first is kept.
  void fail(std::int64_t first) noexcept {
    const std::lock_guard lock(mutex_);
    if (first > failed_.load(std::memory_order_relaxed)) return;
    error_ = std::current_exception();
    failed_.store(first, std::memory_order_relaxed);
  }

  const std::int64_t piece_;
  const PieceFunction f_;
  void* const context_;
  std::int64_t n_shares_;
  Share shares_[kMostShares];
  std::mutex mutex_;
  std::exception_ptr error_;
  std::atomic<std::int64_t> failed_;  // the first piece that did; behind the last: none
};

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Spins until `done` or for as long as waking a thread that sleeps takes, some 50 us in a virtual
/// machine: from one shared step of a plan to the next workers stay awake.
template <class Condition>
void spin(Condition done) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kSpin = std::chrono::microseconds(60);
  const auto end = Clock::now() + kSpin;
  while (!done() && Clock::now() < end) {
    for (int k = 0; k < 16; ++k) pause_briefly();
  }
}

class Pool {
 public:
  /// At most `helpers` workers are woken. False if another thread's loop has the pool.
  bool run(Loop& loop, std::size_t helpers) {
    const std::unique_lock mine(in_use_, std::try_to_lock);
    if (!mine) return false;
    resize(static_cast<std::size_t>(thread_count() - 1));
    {
      const std::lock_guard lock(mutex_);
      loop_ = &loop;
      epoch_.fetch_add(1, std::memory_order_release);
    }
    if (helpers >= workers_.size()) {
      wake_.notify_all();
    } else {
      while (helpers-- > 0) wake_.notify_one();
    }
    loop.work(0);
    close();
    return true;
  }

 private:
  /// Workers that come late find no loop; waits for those at work.
  void close() {
    std::unique_lock lock(mutex_);
    loop_ = nullptr;
    if (active_.load(std::memory_order_relaxed) == 0) return;
    lock.unlock();
    spin([this] { return active_.load(std::memory_order_acquire) == 0; });
    lock.lock();
    done_.wait(lock, [this] { return active_.load(std::memory_order_relaxed) == 0; });
  }

  void resize(std::size_t wanted) {
    if (workers_.size() == wanted) return;
    if (workers_.size() > wanted) {
      {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        epoch_.fetch_add(1, std::memory_order_release);
      }
      wake_.notify_all();
      for (std::thread& worker : workers_) worker.join();
      workers_.clear();
      stop_ = false;
    }
#if defined(__unix__) || defined(__APPLE__)
    // Signals are for the threads that Python knows.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
    try {
      const std::uint64_t now = epoch_.load(std::memory_order_relaxed);
      while (workers_.size() < wanted) {
        const auto thread = static_cast<std::int64_t>(workers_.size()) + 1;
        workers_.emplace_back([this, thread, now] { serve(thread, now); });
      }
    } catch (const std::system_error&) {
      // No more threads to be had: fewer share the loop.
    }
#if defined(__unix__) || defined(__APPLE__)
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
  }

  void serve(std::int64_t thread, std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen; });
      seen = epoch_.load(std::memory_order_relaxed);
      if (stop_) return;
      if (!loop_) continue;
      Loop* const loop = loop_;
      active_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      loop->work(thread);
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_release) == 1) done_.notify_one();
      lock.unlock();
      spin([&] { return epoch_.load(std::memory_order_acquire) != seen; });
      lock.lock();
    }
  }

  std::mutex in_use_;  // held by the thread whose loop runs
  std::vector<std::thread> workers_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, done_;
  std::atomic<std::uint64_t> epoch_{0};  // counts loops
  Loop* loop_ = nullptr;
  std::atomic<int> active_{0};  // workers in the loop
  bool stop_ = false;
};

std::atomic<Pool*> pool{nullptr};
#if defined(__unix__) || defined(__APPLE__)
// A child has none of its parent's workers; it starts its own when it needs them. Said while the
// library is loaded: at the first loop another thread might be forking.
[[maybe_unused]] const int forgets_at_fork =
    pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr, std::memory_order_release); });
#endif

/// Never destroyed: its workers sleep until the process ends.
Pool& the_pool() {
  if (Pool* const known = pool.load(std::memory_order_acquire)) return *known;
  auto fresh = std::make_unique<Pool>();
  Pool* expected = nullptr;
  if (pool.compare_exchange_strong(expected, fresh.get())) return *fresh.release();
  return *expected;
}

}  // namespace

int thread_count() {
  int n = wanted_threads.load(std::memory_order_relaxed);
  if (n == 0) {
    const int standard = default_thread_count();
    if (wanted_threads.compare_exchange_strong(n, standard)) n = standard;
  }
  return n;
}

void set_thread_count(int n) { wanted_threads = std::clamp(n, 1, kMaxThreads); }

bool may_share_loops() { return !inside_loop && thread_count() > 1; }

void run_pieces(std::int64_t count, std::int64_t piece, PieceFunction f, void* context) {
  if (count <= 0) return;
  if (count > piece && may_share_loops()) {
    Loop loop(count, piece, f, context);
    const std::int64_t others = Loop::pieces_of(count, piece) - 1;
    if (the_pool().run(loop, static_cast<std::size_t>(others))) return loop.rethrow();
  }
  f(context, 0, count);
}

}  // namespace dualtape::engine
