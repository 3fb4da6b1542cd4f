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

/// A loop that several threads share. A piece is taken by the next thread that is free.
class Loop {
 public:
  Loop(std::int64_t count, std::int64_t piece, PieceFunction f, void* context)
      : count_(count), piece_(piece), f_(f), context_(context) {}

  void work() noexcept {
    inside_loop = true;
    for (;;) {
      const std::int64_t first = next_.fetch_add(piece_, std::memory_order_relaxed);
      if (first >= count_) break;
      try {
        f_(context_, first, std::min(first + piece_, count_));
      } catch (...) {
        fail(first);
      }
    }
    inside_loop = false;
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  /// Pieces are taken in order: those before a failed one run to their end, and the error of the
  /// first is kept.
  void fail(std::int64_t first) noexcept {
    next_.store(count_, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    if (error_ && first > failed_) return;
    error_ = std::current_exception();
    failed_ = first;
  }

  const std::int64_t count_, piece_;
  const PieceFunction f_;
  void* const context_;
  std::atomic<std::int64_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr error_;
  std::int64_t failed_ = 0;
};

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Spins until `done` or some microseconds later: waking a thread that sleeps takes longer.
template <class Condition>
void spin(Condition done) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kSpin = std::chrono::microseconds(5);
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
    loop.work();
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
      while (workers_.size() < wanted) workers_.emplace_back([this, now] { serve(now); });
    } catch (const std::system_error&) {
      // No more threads to be had: fewer share the loop.
    }
#if defined(__unix__) || defined(__APPLE__)
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
  }

  void serve(std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen; });
      seen = epoch_.load(std::memory_order_relaxed);
      if (stop_) return;
      if (!loop_) continue;
      Loop* const loop = loop_;
      active_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      loop->work();
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

/// Never destroyed: its workers sleep until the process ends.
Pool& the_pool() {
  if (Pool* const known = pool.load(std::memory_order_acquire)) return *known;
#if defined(__unix__) || defined(__APPLE__)
  // A child has none of its parent's workers; it starts its own when it needs them.
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr, std::memory_order_release); });
  static_cast<void>(registered);
#endif
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
    const std::int64_t pieces = (count - 1) / piece + 1;
    if (the_pool().run(loop, static_cast<std::size_t>(pieces - 1))) return loop.rethrow();
  }
  f(context, 0, count);
}

}  // namespace dualtape::engine
