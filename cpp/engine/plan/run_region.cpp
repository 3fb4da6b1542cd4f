/// Runs a region block by block.
#include <algorithm>
#include <cstring>

#include "plan/code.hpp"

namespace dualtape::engine {
namespace {

/// Bytes from the first row to row `r` of rows that lie as `walk` says.
std::int64_t row_offset(const Walk& walk, std::int64_t r) {
  std::int64_t offset = 0;
  for (std::size_t axis = walk.shape.size(); axis-- > 0; r /= walk.shape[axis]) {
    offset += r % walk.shape[axis] * walk.strides[axis];
  }
  return offset;
}

class RegionRun {
 public:
  RegionRun(const Region& region, const Frame& frame)
      : region_(region), frame_(frame), at_(reinterpret_cast<char**>(frame.scratch)) {}

  /// All elements from `first` to `last`; both begin a block.
  void run(std::int64_t first, std::int64_t last) {
    if (region_.count == 0) return neutral();
    const std::int64_t widest = std::min(region_.block, last - first);
    for (std::uint32_t k = 0; k < region_.block_count; ++k) {
      at_[k] = frame_.scratch + region_.registers[k].ref.offset;
    }
    const std::int64_t rows = region_.row ? std::max<std::int64_t>(1, widest / region_.row) : 1;
    for (const Fill& f : region_.fills) {
      const bool of_rows = region_.registers[f.reg].step == 0;
      fill(at_[f.reg], frame_.at(f.ref), of_rows ? rows : widest, f.item);
    }
    for (const Gather& g : region_.gathers) {
      if (g.once) gather(at_[g.reg], frame_.at(g.ref), g.walk, first, widest);
    }
    for (const Reduction& r : region_.reductions) {
      if (r.kind == ReductionKind::kTotal) state(r).chunks = 0;
    }
    while (first < last) {
      const std::int64_t n = std::min(widest, std::min(last - first, run_rest(first)));
      block(first, n);
      first += n;
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
  std::int64_t run_rest(std::int64_t first) const {
    return region_.run == region_.count ? region_.count : region_.run - first % region_.run;
  }

  /// All instructions on elements [first, first + n).
  void block(std::int64_t first, std::int64_t n) {
    const std::int64_t row = region_.row ? first / region_.row : 0;
    const std::int64_t column = first - row * region_.row;
    for (std::size_t k = region_.block_count; k < region_.registers.size(); ++k) {
      const Register& r = region_.registers[k];
      const std::int64_t apart =
          r.outer ? row_offset(region_.outer_walks[r.outer - 1], row) : row * r.row_step;
      at_[k] = frame_.at(r.ref) + apart + column * r.step;
    }
    for (const Gather& g : region_.gathers) {
      if (!g.once) gather(at_[g.reg], frame_.at(g.ref), g.walk, first, n);
    }
    // A piece of a row counts as one.
    const std::int64_t rows = region_.row && n > region_.row ? n / region_.row : 1;
    for (const RegionInstruction& i : region_.instructions) {
      const void* in[] = {at_[i.in[0]], at_[i.in[1]], at_[i.in[2]]};
      switch (i.mode) {
        case Mode::kFlat: i.kernel(at_[i.out], in, n, &i.attr); break;
        case Mode::kByRows: by_rows(i, rows, n / rows); break;
        case Mode::kOfRows: i.kernel(at_[i.out], in, rows, &i.attr); break;
        case Mode::kExpand: expand(i, rows, n / rows); break;
        case Mode::kReduce:
          reduce(region_.reductions[static_cast<std::size_t>(i.attr)], at_[i.out], first, n);
      }
    }
  }

  std::int64_t row_step(std::uint32_t reg) const { return region_.registers[reg].row_step; }

  void by_rows(const RegionInstruction& i, std::int64_t rows, std::int64_t n) const {
    char* out = at_[i.out];
    const char* in[] = {at_[i.in[0]], at_[i.in[1]], at_[i.in[2]]};
    for (std::int64_t r = 0; r < rows; ++r) {
      const void* operands[] = {in[0], in[1], in[2]};
      i.kernel(out, operands, n, &i.attr);
      out += row_step(i.out);
      for (int k = 0; k < 3; ++k) in[k] += row_step(i.in[k]);
    }
  }

  void expand(const RegionInstruction& i, std::int64_t rows, std::int64_t n) const {
    expand_rows(at_[i.out], at_[i.in[0]], row_step(i.in[0]), rows, n,
                static_cast<std::size_t>(i.attr));
  }

  /// `result` is that of the block's first row, if rows are reduced.
  void reduce(const Reduction& r, char* result, std::int64_t first, std::int64_t n) const {
    const char* x = at_[r.reg];
    switch (r.kind) {
      case ReductionKind::kTotal: return r.reducer->push(state(r), x, n);
      case ReductionKind::kRows: return reduce_rows(r, result, x, first % r.row, n);
      case ReductionKind::kLeading: break;
    }
    if (r.folded) return add_folded(r, x, first / region_.block, n / r.row);
    for (std::int64_t done = 0; done < n;) {
      const std::int64_t column = (first + done) % r.row;
      const std::int64_t piece = std::min(n - done, r.row - column);
      accumulate_row(*r.reducer, frame_.at(r.out), frame_.scratch + r.state, r.item, r.rows,
                     (first + done) / r.row, r.row, column, x + done * r.item, piece);
      done += piece;
    }
  }

  /// Whole rows, or a piece of one that begins at `column`.
  void reduce_rows(const Reduction& r, char* result, const char* x, std::int64_t column,
                   std::int64_t n) const {
    if (column == 0 && n >= r.row) return r.reducer->rows(result, x, n / r.row, r.row);
    if (column == 0) state(r).chunks = 0;
    r.reducer->push(state(r), x, n);
    if (column + n == r.row) r.reducer->finish(state(r), result);
  }

  /// Combines the `m` rows of a block pairwise, halves at a time, and adds the one that is left.
  void add_folded(const Reduction& r, const char* x, std::int64_t block, std::int64_t m) const {
    const std::int64_t bytes = r.row * r.item;
    char* half = frame_.scratch + r.state;
    while (m > 1) {
      const std::int64_t pairs = m / 2, kept = m - pairs;
      const void* in[] = {x, x + kept * bytes};
      r.reducer->combine(half, in, pairs * r.row, nullptr);
      if (kept > pairs && x != half) {
        std::memcpy(half + pairs * bytes, x + pairs * bytes, static_cast<std::size_t>(bytes));
      }
      x = half;
      m = kept;
    }
    char* partial = half + (region_.block / r.row + 1) / 2 * bytes;
    accumulate_row(*r.reducer, frame_.at(r.out), partial, r.item, r.rows, block, r.row, 0, x,
                   r.row);
  }

  const Region& region_;
  const Frame& frame_;
  char** at_;
};

}  // namespace

void run_region(const Region& region, const Frame& frame) {
  RegionRun(region, frame).run(0, region.count);
}

}  // namespace dualtape::engine
