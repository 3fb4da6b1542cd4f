/// Runs a region block by block.
#include <algorithm>

#include "plan/code.hpp"

namespace dualtape::engine {
namespace {

class RegionRun {
 public:
  RegionRun(const Region& region, const Frame& frame)
      : region_(region), frame_(frame), registers_(reinterpret_cast<char**>(frame.scratch)) {
    char* block = frame.scratch + region.blocks_at;
    for (std::uint32_t k = 0; k < region.block_count; ++k, block += region.block_bytes) {
      registers_[k] = block;
    }
    for (const Stream& s : region.streams) registers_[s.reg] = frame.at(s.ref);
    const std::int64_t n = std::min(region.block, region.count);
    for (const Fill& f : region.fills) fill(registers_[f.reg], frame.at(f.ref), n, f.item);
  }

  void run() {
    if (region_.reductions.empty()) {
      for (std::int64_t first = 0; first < region_.count; first += region_.block) {
        block(first, std::min(region_.block, region_.count - first));
      }
    } else if (region_.count == 0) {
      for (const Reduction& r : region_.reductions) {
        r.reducer->rows(frame_.at(r.out), nullptr, r.results, 0);
      }
    } else if (region_.row <= region_.block) {
      run_whole_rows();
    } else {
      run_long_rows();
    }
  }

 private:
  /// All instructions on elements [first, first + n).
  void compute(std::int64_t first, std::int64_t n) {
    for (const Gather& g : region_.gathers) {
      gather(registers_[g.reg], frame_.at(g.ref), g.walk, first, n);
    }
    for (const RegionInstruction& i : region_.instructions) {
      const void* in[] = {registers_[i.in[0]], registers_[i.in[1]], registers_[i.in[2]]};
      i.kernel(registers_[i.out], in, n, &i.attr);
    }
  }
  void advance(std::int64_t n) {
    for (const Stream& s : region_.streams) registers_[s.reg] += n * s.step;
  }
  void block(std::int64_t first, std::int64_t n) {
    compute(first, n);
    advance(n);
  }

  char* result(const Reduction& r, std::int64_t k) const { return frame_.at(r.out) + k * r.item; }
  void accumulate(const Reduction& r, std::int64_t row, std::int64_t column, const char* x,
                  std::int64_t n) const {
    accumulate_row(*r.reducer, frame_.at(r.out), frame_.scratch + r.state, r.item, r.rows, row,
                   r.row, column, x, n);
  }

  void run_whole_rows() {
    const std::int64_t row = region_.row, rows = region_.count / row;
    const std::int64_t at_once = region_.block / row;
    for (std::int64_t k = 0; k < rows; k += at_once) {
      const std::int64_t n = std::min(at_once, rows - k);
      compute(k * row, n * row);
      for (const Reduction& r : region_.reductions) {
        const char* x = registers_[r.reg];
        if (!r.leading) {
          r.reducer->rows(result(r, k), x, n, row);
        } else {
          for (std::int64_t i = 0; i < n; ++i) accumulate(r, k + i, 0, x + i * row * r.item, row);
        }
      }
      advance(n * row);
    }
  }

  void run_long_rows() {
    const std::int64_t row = region_.row, rows = region_.count / row;
    for (std::int64_t k = 0; k < rows; ++k) {
      for (std::int64_t column = 0; column < row; column += region_.block) {
        const std::int64_t n = std::min(region_.block, row - column);
        compute(k * row + column, n);
        for (const Reduction& r : region_.reductions) {
          const char* x = registers_[r.reg];
          if (r.leading) {
            accumulate(r, k, column, x, n);
            continue;
          }
          auto& state = *reinterpret_cast<RowState*>(frame_.scratch + r.state);
          if (column == 0) state.chunks = 0;
          r.reducer->push(state, x, n);
          if (column + n == row) r.reducer->finish(state, result(r, k));
        }
        advance(n);
      }
    }
  }

  const Region& region_;
  const Frame& frame_;
  char** registers_;
};

}  // namespace

void run_region(const Region& region, const Frame& frame) { RegionRun(region, frame).run(); }

}  // namespace dualtape::engine
