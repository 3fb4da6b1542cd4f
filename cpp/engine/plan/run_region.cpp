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
    if (region_.count == 0) return neutral();
    for (const Reduction& r : region_.reductions) {
      if (r.kind == ReductionKind::kTotal) state(r).chunks = 0;
    }
    std::int64_t n = 0;
    for (std::int64_t first = 0; first < region_.count; first += n) {
      n = block_length(first);
      compute(first, n);
      for (const Reduction& r : region_.reductions) reduce(r, first, n);
      for (const Stream& s : region_.streams) registers_[s.reg] += n * s.step;
    }
    for (const Reduction& r : region_.reductions) {
      if (r.kind == ReductionKind::kTotal) r.reducer->finish(state(r), frame_.at(r.out));
    }
  }

 private:
  RowState& state(const Reduction& r) const {
    return *reinterpret_cast<RowState*>(frame_.scratch + r.state);
  }
  void neutral() const {
    for (const Reduction& r : region_.reductions) {
      r.reducer->rows(frame_.at(r.out), nullptr, r.results, 0);
    }
  }

  /// A block holds whole rows, or a piece of one.
  std::int64_t block_length(std::int64_t first) const {
    const std::int64_t row = region_.row, rest = region_.count - first;
    if (row == 0) return std::min(region_.block, rest);
    if (row <= region_.block) return std::min(region_.block / row * row, rest);
    return std::min(region_.block, row - first % row);
  }

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

  void reduce(const Reduction& r, std::int64_t first, std::int64_t n) const {
    const char* x = registers_[r.reg];
    if (r.kind == ReductionKind::kTotal) return r.reducer->push(state(r), x, n);
    const std::int64_t row = region_.row, k = first / row, column = first % row;
    if (r.kind == ReductionKind::kLeading) {
      for (std::int64_t done = 0; done < n; done += row) {
        accumulate_row(*r.reducer, frame_.at(r.out), frame_.scratch + r.state, r.item, r.rows,
                       k + done / row, row, column, x + done * r.item, std::min(n, row));
      }
      return;
    }
    char* result = frame_.at(r.out) + k * r.item;
    if (column == 0 && n >= row) return r.reducer->rows(result, x, n / row, row);
    if (column == 0) state(r).chunks = 0;
    r.reducer->push(state(r), x, n);
    if (column + n == row) r.reducer->finish(state(r), result);
  }

  const Region& region_;
  const Frame& frame_;
  char** registers_;
};

}  // namespace

void run_region(const Region& region, const Frame& frame) { RegionRun(region, frame).run(); }

}  // namespace dualtape::engine
