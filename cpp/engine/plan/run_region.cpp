/// Runs a region block by block.
#include <algorithm>
#include <cstring>
#include <optional>

#include "kernels/reduce_leading.hpp"
#include "memory/workspace.hpp"
#include "plan/share.hpp"
#include "threads/pool.hpp"

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

/// Columns that a leading reduction adds from top to bottom.
constexpr std::int64_t kStrip = 1024;

class RegionRun {
 public:
  /// `partials`: where reductions leave the results of a piece; null: they are those of the region.
  RegionRun(const Region& region, const Ref* places, const Frame& frame, char* partials = nullptr)
      : region_(region),
        places_(places),
        frame_(frame),
        partials_(partials),
        at_(reinterpret_cast<char**>(frame.scratch)) {}

  /// All elements from `first` to `last`: a piece.
  void run(std::int64_t first, std::int64_t last) {
    if (region_.count == 0) return neutral();
    if (region_.direct) {
      const std::int64_t row = region_.reductions[0].row;
      return strips(first / row, last / row, 0, row);
    }
    const std::int64_t widest = std::min(region_.block, last - first);
    begin(first, last, widest);
    blocks(first, last, widest);
    finish();
  }

  /// The same in parts: `begin`, then elements after elements up to `last`, then `finish`.
  void begin(std::int64_t first, std::int64_t last) {
    begin(first, last, std::min(region_.block, last - first));
  }
  void go_on(std::int64_t first, std::int64_t last) { blocks(first, last, region_.block); }

  void finish() const {
    for (const Reduction& r : region_.reductions) {
      if (r.kind == ReductionKind::kTotal) r.reducer->finish(state(r), destination(r));
    }
  }

  /// Columns [first, last) of rows of this length.
  void run_columns(std::int64_t first, std::int64_t last, std::int64_t row) {
    if (region_.direct) return strips(0, region_.count / row, first, last);
    const std::int64_t widest = std::min(region_.block, last - first);
    begin(0, region_.count, widest);
    for (std::int64_t at = 0; at < region_.count; at += row) blocks(at + first, at + last, widest);
    finish();
  }

 private:
  void begin(std::int64_t first, std::int64_t last, std::int64_t widest) {
    first_ = first;
    last_ = last;
    for (std::uint32_t k = 0; k < region_.block_count; ++k) {
      at_[k] = frame_.scratch + region_.registers[k].offset;
    }
    const std::int64_t rows = region_.row ? std::max<std::int64_t>(1, widest / region_.row) : 1;
    for (const Fill& f : region_.fills) {
      const bool of_rows = region_.registers[f.reg].step == 0;
      fill(at_[f.reg], memory(f.place), of_rows ? rows : widest, f.item);
    }
    for (const Gather& g : region_.gathers) {
      if (g.once) gather(at_[g.reg], memory(g.place), g.walk, first, widest);
      if (g.panel) held_panel(g) = -1;
    }
    for (const Reduction& r : region_.reductions) {
      if (r.kind == ReductionKind::kTotal) state(r).chunks = 0;
    }
  }
  void blocks(std::int64_t first, std::int64_t last, std::int64_t widest) {
    while (first < last) {
      const std::int64_t n = std::min(widest, std::min(last - first, run_rest(first)));
      block(first, n);
      first += n;
    }
  }
  /// Strips of columns from top to bottom: their sums stay in registers for some rows, and in the
  /// first-level cache between.
  void strips(std::int64_t first, std::int64_t last, std::int64_t column, std::int64_t end) const {
    const Reduction& r = region_.reductions[0];
    const char* const x = memory(region_.registers[r.reg].place);
    for (std::int64_t n; column < end; column += n) {
      n = std::min(kStrip, end - column);
      add_rows(r, last - first,
               {x + (first * r.row + column) * r.item, r.row, 0, last - first, column, n});
    }
  }
  char* memory(PlaceId place) const { return frame_.at(places_[place]); }
  char* destination(const Reduction& r) const {
    return partials_ ? partials_ + r.partial : memory(r.out);
  }
  RowState& state(const Reduction& r) const {
    return *reinterpret_cast<RowState*>(frame_.scratch + r.state);
  }
  void neutral() const {
    for (const Reduction& r : region_.reductions) {
      r.reducer->rows(memory(r.out), nullptr, r.results, 0);
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
      at_[k] = memory(r.place) + apart + column * r.step;
    }
    for (const Gather& g : region_.gathers) {
      if (g.panel) {
        read_panel(g, first);
      } else if (!g.once) {
        gather(at_[g.reg], memory(g.place), g.walk, first, n);
      }
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
        case Mode::kPair: pair(i, i.attr ? rows : 1, i.attr ? n / rows : n); break;
        case Mode::kReduce:
          reduce(region_.reductions[static_cast<std::size_t>(i.attr)], at_[i.out], first, n);
          break;
        case Mode::kChain: chain(region_.chains[static_cast<std::size_t>(i.attr)], rows, n); break;
        case Mode::kTake: {
          const TakenRows& t = region_.taken[static_cast<std::size_t>(i.attr)];
          take(t, at_[i.out], t.of_rows ? row : first, t.of_rows ? rows : n);
        }
      }
    }
  }

  void take(const TakenRows& t, char* out, std::int64_t first, std::int64_t n) const {
    const auto* entry = reinterpret_cast<const std::int64_t*>(memory(t.index));
    copy_rows(out, memory(t.table), t.rows, entry, first * t.item, n * t.item);
  }

  void chain(const RegionChain& c, std::int64_t rows, std::int64_t n) const {
    char* at[kMostSlots];
    for (std::size_t k = 0; k < c.regs.size(); ++k) at[k] = at_[c.regs[k]];
    const Chain chain{c.links.data(), c.slots.data(), c.slots.size()};
    if (!c.by_rows) return c.kernels->run(chain, at, n);
    for (std::int64_t r = 0; r < rows; ++r) {
      c.kernels->run(chain, at, n / rows);
      for (std::size_t k = 0; k < c.regs.size(); ++k) at[k] += row_step(c.regs[k]);
    }
  }

  /// First element of the panel that is in the scratch now.
  std::int64_t& held_panel(const Gather& g) const {
    return *reinterpret_cast<std::int64_t*>(panel(g) - kAlignment);
  }
  char* panel(const Gather& g) const { return frame_.scratch + region_.registers[g.reg].offset; }
  /// Points into the panel that holds element `first`.
  void read_panel(const Gather& g, std::int64_t first) {
    const std::int64_t begin = first - first % g.panel;
    if (held_panel(g) != begin) {
      gather(panel(g), memory(g.place), g.walk, begin, std::min(g.panel, region_.count - begin));
      held_panel(g) = begin;
    }
    at_[g.reg] = panel(g) + (first - begin) * static_cast<std::int64_t>(g.walk.item);
  }

  std::int64_t row_step(std::uint32_t reg) const { return region_.registers[reg].row_step; }

  void by_rows(const RegionInstruction& i, std::int64_t rows, std::int64_t n) const {
    char* out = at_[i.out];
    const char *x = at_[i.in[0]], *y = at_[i.in[1]], *z = at_[i.in[2]];
    const std::int64_t steps[] = {row_step(i.out), row_step(i.in[0]), row_step(i.in[1]),
                                  row_step(i.in[2])};
    const Kernel kernel = i.kernel;
    for (std::int64_t r = 0; r < rows; ++r) {
      const void* in[] = {x, y, z};
      kernel(out, in, n, &i.attr);
      out += steps[0];
      x += steps[1];
      y += steps[2];
      z += steps[3];
    }
  }

  void pair(const RegionInstruction& i, std::int64_t rows, std::int64_t n) const {
    for (std::int64_t r = 0; r < rows; ++r) {
      i.pair(at_[i.out] + r * row_step(i.out), at_[i.second] + r * row_step(i.second),
             at_[i.in[0]] + r * row_step(i.in[0]), n);
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
    first -= first_;
    if (r.folded) return add_folded(r, x, first / region_.block, n / r.row);
    // Whole rows, between the ends of two others.
    for (std::int64_t done = 0; done < n;) {
      const std::int64_t column = (first + done) % r.row, rest = n - done;
      const std::int64_t rows = column == 0 && rest >= r.row ? rest / r.row : 1;
      const std::int64_t columns = std::min(rest, r.row - column);
      add_rows(r, (last_ - first_) / r.row,
               {x + done * r.item, r.row, (first + done) / r.row, rows, column, columns});
      done += rows == 1 ? columns : rows * r.row;
    }
  }
  void add_rows(const Reduction& r, std::int64_t rows, const RowPart& part) const {
    accumulate_rows(*r.reducer, destination(r), frame_.scratch + r.state, r.item, rows, r.row,
                    part);
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
    const std::int64_t blocks = (last_ - first_ + region_.block - 1) / region_.block;
    accumulate_row(*r.reducer, destination(r), partial, r.item, blocks, block, r.row, 0, x, r.row);
  }

  const Region& region_;
  const Ref* const places_;
  const Frame& frame_;
  char* const partials_;
  char** at_;
  std::int64_t first_ = 0, last_ = 0;  // of the piece
};

/// Rows of a pass that one thread takes.
class PassPiece {
 public:
  PassPiece(const Code& code, const PassStep& pass, const Frame& frame, std::int64_t piece)
      : code_(code), pass_(pass), frame_(frame), piece_(piece), scratch_(bytes(pass)) {}

  void run() {
    const std::int64_t first = piece_ * pass_.piece;
    const std::int64_t last = std::min(first + pass_.piece, pass_.rows);
    for (std::size_t k = 0; k < pass_.parts.size(); ++k) begin(k, first, last);
    for (std::int64_t at = first; at < last; at += pass_.block) {
      const std::int64_t n = std::min(pass_.block, last - at);
      for (std::size_t k = 0; k < pass_.parts.size(); ++k) block(k, at, n);
    }
    for (const auto& region : regions_) {
      if (region) region->finish();
    }
  }

 private:
  static std::size_t bytes(const PassStep& pass) {
    return static_cast<std::size_t>(pass.scratch_bytes);
  }
  char* partial(const PassPart& part, std::int64_t bytes_of_piece) const {
    return frame_.scratch + part.partial + piece_ * bytes_of_piece;
  }

  void begin(std::size_t k, std::int64_t first, std::int64_t last) {
    const PassPart& part = pass_.parts[k];
    if (part.kind == StepKind::kRegion) {
      const Region& region = code_.regions[part.region];
      frames_[k].emplace(frame_.with_scratch(scratch_.data() + part.scratch));
      regions_[k].emplace(region, code_.refs.data() + part.first_ref, *frames_[k],
                          partial(part, region.partial_bytes));
      regions_[k]->begin(first, last);
    } else if (!part.along_rows) {
      std::memset(partial(part, pass_.sums_bytes), 0, static_cast<std::size_t>(pass_.sums_bytes));
    }
  }

  void block(std::size_t k, std::int64_t first, std::int64_t n) {
    const PassPart& part = pass_.parts[k];
    if (part.kind == StepKind::kRegion) return regions_[k]->go_on(first, first + n);
    const char* const matrix = frame_.at(pass_.matrix) + first * pass_.row * pass_.item;
    const char* const vector = frame_.at(part.vector);
    const std::int64_t at = first * pass_.item;
    if (part.along_rows) {
      ProductShape shape = part.shape;
      shape.rows = n;
      part.product.run(shape, frame_.at(part.out) + at, matrix, vector, scratch_.data());
    } else {
      pass_.add_rows(partial(part, pass_.sums_bytes), vector + at,
                     {matrix, n, pass_.columns, pass_.row});
    }
  }

  const Code& code_;
  const PassStep& pass_;
  const Frame& frame_;
  const std::int64_t piece_;
  const Workspace scratch_;
  std::optional<Frame> frames_[PassStep::kMostParts];
  std::optional<RegionRun> regions_[PassStep::kMostParts];
};

}  // namespace

void run_pass(const Code& code, const PassStep& pass, const Frame& frame) {
  const std::int64_t pieces = pass.pieces();
  parallel_for(pieces, 1, [&](std::int64_t first, std::int64_t last) {
    for (; first < last; ++first) PassPiece(code, pass, frame, first).run();
  });
  for (const PassPart& part : pass.parts) {
    char* const partials = frame.scratch + part.partial;
    if (part.kind == StepKind::kRegion) {
      combine_pieces(code.regions[part.region], code.refs.data() + part.first_ref, frame, partials,
                     pieces);
    } else if (!part.along_rows) {
      combine_pairwise(pass.add, partials, pass.sums_bytes, pieces, pass.columns);
      std::memcpy(frame.at(part.out), partials, static_cast<std::size_t>(pass.columns * pass.item));
    }
  }
}

void run_region(const Region& region, const Ref* places, const Frame& frame) {
  for (const Border& b : region.borders) {
    std::memset(frame.at(places[b.place]), 0, static_cast<std::size_t>(b.bytes));
  }
  if (region.piece == 0) return RegionRun(region, places, frame).run(0, region.count);
  const std::int64_t piece = region.piece;
  const auto scratch_bytes = static_cast<std::size_t>(region.scratch_bytes);
  if (region.by_columns) {
    const std::int64_t row = row_of_columns(region);
    return parallel_for(row, piece, [&](std::int64_t first, std::int64_t last) {
      const Workspace scratch(scratch_bytes);
      const Frame mine = frame.with_scratch(scratch.data());
      RegionRun(region, places, mine).run_columns(first, last, row);
    });
  }
  // Each piece has a scratch of its own: the frame's holds the partial results.
  char* const partials = frame.scratch;
  parallel_for(region.count, piece, [&](std::int64_t first, std::int64_t last) {
    const Workspace scratch(scratch_bytes);
    const Frame mine = frame.with_scratch(scratch.data());
    if (region.partial_bytes == 0) return RegionRun(region, places, mine).run(first, last);
    for (; first < last; first += piece) {
      char* const partial = partials + first / piece * region.partial_bytes;
      RegionRun(region, places, mine, partial).run(first, std::min(first + piece, last));
    }
  });
  if (region.partial_bytes == 0) return;
  combine_pieces(region, places, frame, partials, (region.count + piece - 1) / piece);
}

}  // namespace dualtape::engine
