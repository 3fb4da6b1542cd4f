/// Entries gathered from where they are computed. A banded matrix takes each part in equal steps:
/// then the entries are written by strided stores. Else they are read at a list of places.

#include <algorithm>
#include <numeric>

#include "ops/array_ops.hpp"
#include "sparse/sources.hpp"

namespace dualtape::engine {
namespace {

/// Entries first + step * k are those at from + from_step * k, for 0 <= k < count.
struct Run {
  std::int64_t first, step, from, from_step, count;

  bool takes(std::int64_t entry, std::int64_t place) {
    if (count == 1) {
      if (entry <= first || place < from) return false;
      step = entry - first;
      from_step = place - from;
    }
    if (entry != first + step * count || place != from + from_step * count) return false;
    ++count;
    return true;
  }
};

/// More runs than this are better read at a list of places.
constexpr std::size_t kMaxRuns = 24;
/// Times that one place may be read, unless it is all of its part.
constexpr std::size_t kMaxUses = 4;

/// 0, 1, ... by rising place.
std::vector<SparseIndex> by_place(const IndexArray& places, std::int64_t n_places) {
  std::vector<SparseIndex> next(static_cast<std::size_t>(n_places) + 1);
  for (const std::int64_t place : places) ++next[static_cast<std::size_t>(place) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<SparseIndex> order(places.size());
  for (std::size_t k = 0; k < places.size(); ++k) {
    const SparseIndex at = next[static_cast<std::size_t>(places[k])]++;
    order[static_cast<std::size_t>(at)] = static_cast<SparseIndex>(k);
  }
  return order;
}

/// The pairs (entries[k], places[k]) as few runs; false if they are many. Without `entries`: (k,
/// places[k]). `starts`: of the parts.
bool find_runs(const IndexArray* entries, const IndexArray& places,
               const std::vector<std::int64_t>& starts, std::vector<Run>& runs) {
  std::vector<Run> open;  // by how often the place was read before
  std::size_t part = 0, uses = 0;
  std::int64_t before = -1;
  for (const SparseIndex at : by_place(places, starts.back())) {
    const auto k = static_cast<std::size_t>(at);
    const std::int64_t entry = entries ? (*entries)[k] : at;
    while (places[k] >= starts[part + 1]) {
      ++part;
      runs.insert(runs.end(), open.begin(), open.end());
      open.clear();
    }
    const bool single = starts[part + 1] - starts[part] == 1;
    uses = places[k] == before && !single ? uses + 1 : 0;
    before = places[k];
    if (uses == kMaxUses) return false;
    if (uses >= open.size()) {
      open.push_back({entry, 1, places[k], 1, 1});
    } else if (!open[uses].takes(entry, places[k])) {
      runs.push_back(open[uses]);
      open[uses] = {entry, 1, places[k], 1, 1};
      if (runs.size() > kMaxRuns) return false;
    }
  }
  runs.insert(runs.end(), open.begin(), open.end());
  return runs.size() <= kMaxRuns;
}

class Writer {
 public:
  Writer(const Sources& sources, DType dtype) {
    starts_.push_back(0);
    for (const Expr& part : sources.parts) {
      parts_.push_back(convert(part, dtype));
      starts_.push_back(starts_.back() + part.shape()[0]);
    }
    n_ = static_cast<std::int64_t>(sources.places.size());
  }
  const std::vector<std::int64_t>& starts() const { return starts_; }
  std::vector<Expr> take_parts() { return std::move(parts_); }

  Expr write(const std::vector<Run>& runs, const std::vector<Run>& more) const {
    if (runs.size() == 1 && runs[0].count == n_ && runs[0].from_step != 0) return values(runs[0]);
    std::vector<Expr> summed;
    for (const Run& run : runs) summed.push_back(values(run));
    std::vector<Run> apart;
    for (const Run& run : more) {
      if (!add_to(runs, run, summed)) apart.push_back(run);
    }
    Tangent entries;
    for (std::size_t k = 0; k < runs.size(); ++k) {
      const Dims start{runs[k].first}, step{runs[k].step};
      entries = entries ? update_slice(*entries, summed[k], start, step)
                        : pad(summed[k], Dims{n_}, start, step);
    }
    for (const Run& run : apart) {
      entries = add_slice(*entries, values(run), Dims{run.first}, Dims{run.step});
    }
    return *entries;
  }

 private:
  /// Adds a run to the values of the one that writes all its entries, before these are spread out.
  bool add_to(const std::vector<Run>& runs, const Run& run, std::vector<Expr>& summed) const {
    for (std::size_t k = 0; k < runs.size(); ++k) {
      const std::int64_t behind = run.first - runs[k].first;
      if (run.step != runs[k].step || behind < 0 || behind % run.step != 0) continue;
      const std::int64_t start = behind / run.step;
      if (start + run.count > runs[k].count) continue;
      summed[k] = add_slice(summed[k], values(run), Dims{start}, Dims{1});
      return true;
    }
    return false;
  }

  Expr values(const Run& run) const {
    const auto next = std::ranges::upper_bound(starts_, run.from);
    const auto part = static_cast<std::size_t>(next - starts_.begin()) - 1;
    const std::int64_t from = run.from - starts_[part];
    if (run.from_step == 0) {
      return broadcast_to(slice_axis(parts_[part], 0, from, 1), Dims{run.count});
    }
    return slice_axis(parts_[part], 0, from, run.count, run.from_step);
  }

  std::vector<Expr> parts_;
  std::vector<std::int64_t> starts_;
  std::int64_t n_ = 0;
};

}  // namespace

Expr gathered(Sources sources, DType dtype, Builder& b, FurtherInputs& inputs) {
  const auto n = static_cast<std::int64_t>(sources.places.size());
  if (n == 0) return full(b, 0, Type{dtype, Dims{0}});
  Writer writer(sources, dtype);
  std::vector<Run> runs, more;
  if (find_runs(nullptr, sources.places, writer.starts(), runs) &&
      find_runs(&sources.more_entries, sources.more_places, writer.starts(), more)) {
    return writer.write(runs, more);
  }
  const auto parts = writer.take_parts();
  const Expr all = parts.size() == 1 ? parts[0] : concatenate(parts, 0);
  const Expr entries = take(all, inputs.add(std::move(sources.places)));
  if (sources.more_entries.empty()) return entries;
  const Expr further = take(all, inputs.add(std::move(sources.more_places)));
  return take_add(entries, inputs.add(std::move(sources.more_entries)), further);
}

}  // namespace dualtape::engine
