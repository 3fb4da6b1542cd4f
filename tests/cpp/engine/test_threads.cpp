// The pool: every element once, errors, nesting, several callers, another number of threads, a
// fork.
#include "threads/pool.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "memory/blocks.hpp"

namespace {

using namespace dualtape::engine;  // NOLINT: tests speak the engine's language

using Counts = std::vector<int>;

Counts counted(std::int64_t count, std::int64_t piece) {
  Counts visits(static_cast<std::size_t>(count));
  parallel_for(count, piece, [&](std::int64_t first, std::int64_t last) {
    check::is_true(first % piece == 0, "a piece begins at a multiple of its size");
    for (std::int64_t k = first; k < last; ++k) ++visits[static_cast<std::size_t>(k)];
  });
  return visits;
}

void test_every_element_is_visited_once() {
  for (const int threads : {1, 2, 3, 7}) {
    set_thread_count(threads);
    for (const std::int64_t count : {0, 1, 99, 100, 101, 12345}) {
      for (int repeat = 0; repeat < 50; ++repeat) {
        check::is_true(counted(count, 100) == Counts(static_cast<std::size_t>(count), 1), "once");
      }
    }
  }
}

/// Pieces wait for one another, so that one thread alone could not finish.
void test_two_threads_share_a_loop() {
  set_thread_count(2);
  std::atomic<int> arrived{0};
  std::set<std::thread::id> ids;
  std::mutex mutex;
  parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  check::is_true(ids.size() == 2, "two threads");
  check::is_true(ids.contains(std::this_thread::get_id()), "the caller is one of them");
}

void test_the_first_error_is_thrown_and_the_pool_goes_on() {
  set_thread_count(3);
  for (int repeat = 0; repeat < 100; ++repeat) {
    check::throws<std::runtime_error>(
        [] {
          parallel_for(1000, 1, [](std::int64_t first, std::int64_t) {
            if (first % 100 == 37) throw std::runtime_error("piece " + std::to_string(first));
          });
        },
        "piece 37");
    check::is_true(counted(500, 10) == Counts(500, 1), "after an error");
  }
}

void test_a_loop_inside_a_loop_is_serial() {
  set_thread_count(2);
  std::atomic<int> shared{0}, total{0};
  parallel_for(8, 1, [&](std::int64_t, std::int64_t) {
    shared += may_share_loops();
    const auto caller = std::this_thread::get_id();
    parallel_for(100, 1, [&](std::int64_t first, std::int64_t last) {
      shared += std::this_thread::get_id() != caller;
      total += static_cast<int>(last - first);
    });
  });
  check::is_true(shared == 0, "inner loops stay on their thread");
  check::is_true(total == 800, "inner loops run");
  check::is_true(may_share_loops(), "outside again");
}

void test_many_callers_and_changing_numbers_of_threads() {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int repeat = 0; repeat < 200; ++repeat) {
        if (caller == 0) set_thread_count(1 + repeat % 4);
        wrong += counted(3000, 64) != Counts(3000, 1);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  check::is_true(wrong == 0, "each caller's loop is its own");
}

/// The exit of `f` in a forked child, which has none of the other threads.
template <class F>
int run_forked(F f) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // hanging is failing
    _exit(f() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

bool takes_a_block() {
  free_block(allocate_block(kSmallestKeptBlock));
  return true;
}

/// While another thread comes for its first block. In processes that have taken none: first of all.
void test_fork_at_the_first_block() {
  for (int repeat = 0; repeat < 200; ++repeat) {
    const int status = run_forked([&] {
      std::thread other(takes_a_block);
      std::this_thread::sleep_for(std::chrono::microseconds(repeat));
      const bool is_fine = run_forked(takes_a_block) == 0;
      other.join();
      return is_fine;
    });
    check::is_true(status == 0, "the child's block; it ended with " + std::to_string(status));
  }
}

void test_fork() {
  set_thread_count(2);
  counted(1000, 10);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) {
      counted(1000, 10);
      takes_a_block();
    }
  });
  for (int repeat = 0; repeat < 20; ++repeat) {
    const int status =
        run_forked([] { return takes_a_block() && counted(1000, 10) == Counts(1000, 1); });
    check::is_true(status == 0, "the child's loop; it ended with " + std::to_string(status));
  }
  stop = true;
  busy.join();
}

}  // namespace

int main() {
  return check::run({
      {"fork at the first block", test_fork_at_the_first_block},
      {"every element is visited once", test_every_element_is_visited_once},
      {"two threads share a loop", test_two_threads_share_a_loop},
      {"the first error is thrown", test_the_first_error_is_thrown_and_the_pool_goes_on},
      {"a loop inside a loop is serial", test_a_loop_inside_a_loop_is_serial},
      {"many callers", test_many_callers_and_changing_numbers_of_threads},
      {"fork", test_fork},
  });
}
