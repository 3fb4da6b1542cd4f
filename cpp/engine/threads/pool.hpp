/// Threads: loops over pieces of a range, shared by the caller and a pool of workers.
///
/// Pieces lie at fixed places whatever the number of threads, so a result that depends on pieces
/// alone has the same bits for any number. Workers start at the first loop that needs them, and
/// again after a fork.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace dualtape::engine {

/// Threads a loop may use, the caller's included: what was set, else the environment's
/// DUALTAPE_NUM_THREADS, else the CPUs this process may run on.
int thread_count();
/// From the next loop on; n >= 1.
void set_thread_count(int n);
inline constexpr int kMaxThreads = 256;

/// Whether parallel_for would share its loop now: several threads are wanted, and this is not
/// already a piece of another loop.
bool may_share_loops();

using PieceFunction = void (*)(void* context, std::int64_t first, std::int64_t last);
void run_pieces(std::int64_t count, std::int64_t piece, PieceFunction f, void* context);

/// Calls f(first, last) for the pieces [0, piece), [piece, 2 piece), ... of [0, count), or for
/// several neighbouring ones at once, from any threads in any order; returns when all are done.
/// Serial inside another loop's piece, and while another thread's loop has the pool. Throws the
/// exception of the first piece that threw, as a serial loop would; the pieces after it may not
/// have run.
template <class F>
void parallel_for(std::int64_t count, std::int64_t piece, F&& f) {
  using Function = std::remove_reference_t<F>;
  run_pieces(
      count, piece,
      [](void* context, std::int64_t first, std::int64_t last) {
        (*static_cast<Function*>(context))(first, last);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(f))));
}

}  // namespace dualtape::engine
