#include "plan/share.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace dualtape::engine {
namespace {

/// Element operations, about 0.1 ns each, that are worth a piece of its own: waking a thread takes
/// some 10 us. An element's way from memory and back counts as so many.
constexpr std::int64_t kPieceWork = 400'000;
constexpr std::int64_t kMemoryWork = 3;

/// Sums of rows: fewer in a piece, and combining the pieces costs as much as the pieces.
constexpr std::int64_t kLeastRows = 32;
/// Columns: whole cache lines, and enough for a kernel.
constexpr std::int64_t kLeastColumns = 512;

bool has(const Region& region, ReductionKind kind) {
  return std::ranges::any_of(region.reductions, [&](const Reduction& r) { return r.kind == kind; });
}

bool is_filled_once(const Region& region) {
  return std::ranges::any_of(region.gathers, [](const Gather& g) { return g.once; });
}

/// A piece holds a multiple of so many elements.
std::int64_t unit_of(const Region& region) {
  const bool folded = std::ranges::any_of(region.reductions, &Reduction::folded);
  const bool whole_rows = region.row && region.row <= region.block;
  std::int64_t unit = kChunk;
  if (is_filled_once(region) || folded || whole_rows) {
    unit = region.run < region.count ? region.run : region.block;
  }
  for (const Reduction& r : region.reductions) {
    if (r.kind != ReductionKind::kTotal) unit = std::lcm(unit, r.row);
  }
  for (const Gather& g : region.gathers) {
    if (g.panel) unit = std::lcm(unit, g.panel);
  }
  return unit;
}

/// Rows that are few and long are cut across: each thread adds all rows of its columns.
bool can_share_columns(const Region& region) {
  if (!has(region, ReductionKind::kLeading) || has(region, ReductionKind::kRows)) return false;
  if (is_filled_once(region)) return false;
  if (std::ranges::any_of(region.gathers, [](const Gather& g) { return g.panel != 0; })) {
    return false;
  }
  const std::int64_t row = row_of_columns(region);
  if (region.row && (region.row != row || row <= region.block)) return false;
  return std::ranges::all_of(region.reductions, [&](const Reduction& r) {
    return r.kind == ReductionKind::kLeading && r.row == row && !r.folded;
  });
}

}  // namespace

std::int64_t row_of_columns(const Region& region) { return region.reductions[0].row; }

void lay_out_partials(Region& region) {
  region.partial_bytes = 0;
  for (Reduction& r : region.reductions) {
    if (r.kind == ReductionKind::kRows) continue;
    r.partial = region.partial_bytes;
    region.partial_bytes += align(r.results * r.item);
  }
}

void share_region(Region& region, std::int64_t work) {
  work += region.count * kMemoryWork;
  if (work < 2 * kPieceWork || region.count < 2 || region.in_order) return;
  const std::int64_t pieces = work / kPieceWork;
  const std::int64_t unit = unit_of(region);
  std::int64_t least = unit;
  for (const Reduction& r : region.reductions) {
    if (r.kind == ReductionKind::kLeading) least = std::max(least, kLeastRows * r.row);
  }
  const std::int64_t piece = (std::max(region.count / pieces, least) + unit - 1) / unit * unit;
  if (piece <= region.count / 2) {
    region.piece = piece;
    lay_out_partials(region);
    region.shared_bytes = (region.count + piece - 1) / piece * region.partial_bytes;
    return;
  }
  if (!can_share_columns(region)) return;
  const std::int64_t row = row_of_columns(region);
  const std::int64_t columns =
      (std::max(row / pieces, kLeastColumns) + kChunk - 1) / kChunk * kChunk;
  if (columns > row / 2) return;
  region.piece = columns;
  region.by_columns = true;
}

void combine_pairwise(Kernel combine, char* first, std::int64_t bytes, std::int64_t pieces,
                      std::int64_t results) {
  for (std::int64_t step = 1; step < pieces; step *= 2) {
    for (std::int64_t k = 0; k + step < pieces; k += 2 * step) {
      char* const sum = first + k * bytes;
      const void* in[] = {sum, sum + step * bytes};
      combine(sum, in, results, nullptr);
    }
  }
}

void combine_pieces(const Region& region, const Ref* places, const Frame& frame, char* partials,
                    std::int64_t pieces) {
  const std::int64_t bytes = region.partial_bytes;
  for (const Reduction& r : region.reductions) {
    if (r.kind == ReductionKind::kRows) continue;
    char* const first = partials + r.partial;
    combine_pairwise(r.reducer->combine, first, bytes, pieces, r.results);
    std::memcpy(frame.at(places[r.out]), first, static_cast<std::size_t>(r.results * r.item));
  }
}

}  // namespace dualtape::engine
