/// Passes: the steps of one, if they can run block of rows by block of rows.
#include <algorithm>

#include "dualtape/ops/registry.hpp"
#include "kernels/library.hpp"
#include "plan/generate.hpp"
#include "plan/joint.hpp"
#include "plan/share.hpp"

namespace dualtape::engine {
namespace {

/// Of the matrix: in the second-level cache, beside the rows that come next. Blocks that fit the
/// first one were slower, a region takes too long to begin.
constexpr std::int64_t kBlockBytes = 128 * 1024;
/// Rows of a block are a multiple of these: whole registers of their elements; of kChunk, for the
/// sake of sums, if there are as many.
constexpr std::int64_t kRowUnit = 16;
/// Elements of the matrix worth a piece, some 30 us, and pieces at most.
constexpr std::int64_t kPieceElements = 1 << 18, kMostPieces = 32;

/// Blocks may begin at any element.
bool runs_anywhere(const Region& region) {
  return region.row == 0 && region.run == region.count && !region.in_order && !region.direct &&
         region.borders.empty() && region.outer_walks.empty() &&
         std::ranges::none_of(region.gathers,
                              [](const Gather& g) { return g.once || g.panel != 0; }) &&
         std::ranges::all_of(region.reductions,
                             [](const Reduction& r) { return r.kind == ReductionKind::kTotal; });
}

class PassGenerator {
 public:
  PassGenerator(Generator& generator, StepRange steps) : generator_(generator), steps_(steps) {}

  void run() {
    const bool possible = make_regions() && steps_.last - steps_.first < PassStep::kMostParts;
    if (!possible) return one_by_one();
    Code& code = generator_.code();
    settle_rows();
    for (std::uint32_t step = steps_.first; step <= steps_.last; ++step) add(step);
    pass_.scratch_bytes += product_scratch_;
    for (PassPart& part : pass_.parts) part.scratch += product_scratch_;
    code.steps.push_back({StepKind::kPass, static_cast<std::uint32_t>(code.passes.size())});
    code.passes.push_back(std::move(pass_));
  }

 private:
  const ScheduledStep& at(std::uint32_t step) const { return generator_.schedule().steps[step]; }
  ValueId first_member(std::uint32_t step) const {
    return generator_.schedule().members[at(step).first];
  }
  MatrixVector product(std::uint32_t step) const {
    return *as_matrix_vector(generator_.program(), generator_.views(), first_member(step));
  }

  bool make_regions() {
    Code& code = generator_.code();
    bool possible = true;
    for (std::uint32_t step = steps_.first; step <= steps_.last; ++step) {
      if (at(step).kind != StepKind::kRegion) continue;
      generate_region(generator_, at(step));
      regions_.push_back(code.steps.back());
      code.steps.pop_back();
      possible &= runs_anywhere(code.regions[regions_.back().index]);
    }
    return possible;
  }

  void one_by_one() {
    Code& code = generator_.code();
    auto region = regions_.begin();
    for (std::uint32_t step = steps_.first; step <= steps_.last; ++step) {
      if (at(step).kind == StepKind::kRegion) {
        code.steps.push_back(*region++);
      } else {
        code.steps.push_back({StepKind::kArray, generate_array(generator_, first_member(step))});
      }
    }
  }

  void settle_rows() {
    const MatrixVector p = product(steps_.first);
    const DType dtype = generator_.type_of(p.product).dtype;
    pass_.matrix = generator_.first_ref_of(p.matrix);
    pass_.rows = p.rows;
    pass_.columns = p.columns;
    pass_.row = p.row;
    pass_.item = static_cast<std::int64_t>(item_size(dtype));
    pass_.add_rows = kernels().add_rows(dtype);
    pass_.add = lookup_kernel(static_cast<OpCode>(ops::op_index<ops::Add>), dtype);
    pass_.sums_bytes = align(p.columns * pass_.item);
    const std::int64_t fit = kBlockBytes / (p.columns * pass_.item);
    const std::int64_t unit = fit < kChunk ? kRowUnit : kChunk;
    pass_.block = std::max<std::int64_t>(fit / unit, 1) * unit;
    const std::int64_t pieces =
        std::clamp<std::int64_t>(p.rows * p.columns / kPieceElements + 1, 1, kMostPieces);
    const std::int64_t rows = (p.rows + pieces - 1) / pieces;
    pass_.piece = (rows + pass_.block - 1) / pass_.block * pass_.block;
  }

  std::int64_t next_partial(std::int64_t bytes) {
    const std::int64_t offset = pass_.partials_bytes;
    pass_.partials_bytes += pass_.pieces() * bytes;
    return offset;
  }

  void add(std::uint32_t step) {
    PassPart part{at(step).kind};
    if (part.kind == StepKind::kRegion) {
      const StepRef made = regions_[next_region_++];
      Region& region = generator_.code().regions[made.index];
      lay_out_partials(region);
      part.region = made.index;
      part.first_ref = made.first_ref;
      part.scratch = pass_.scratch_bytes;
      part.partial = next_partial(region.partial_bytes);
      pass_.scratch_bytes += align(region.scratch_bytes);
    } else {
      add_product(product(step), part);
    }
    pass_.parts.push_back(part);
  }

  void add_product(const MatrixVector& p, PassPart& part) {
    part.along_rows = p.along_rows;
    part.vector = generator_.first_ref_of(p.vector);
    part.out = generator_.ref_of(p.product);
    generator_.code().work += p.rows * p.columns;
    if (!p.along_rows) {
      part.partial = next_partial(pass_.sums_bytes);
      return;
    }
    part.shape = {p.rows, 1, p.columns, p.row, 1, p.step, 1, 1};
    part.product = kernels().product(generator_.type_of(p.product).dtype, part.shape);
    product_scratch_ = std::max(product_scratch_, align(part.product.scratch_bytes));
  }

  Generator& generator_;
  const StepRange steps_;
  std::vector<StepRef> regions_;  // in order
  std::size_t next_region_ = 0;
  std::int64_t product_scratch_ = 0;
  PassStep pass_{};
};

}  // namespace

void generate_pass(Generator& generator, StepRange steps) { PassGenerator(generator, steps).run(); }

}  // namespace dualtape::engine
