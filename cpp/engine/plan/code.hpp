/// Code: what a plan executes. Made by generate(), run by execute().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/chain.hpp"
#include "kernels/kernels.hpp"
#include "kernels/prepared.hpp"
#include "kernels/product.hpp"
#include "kernels/reduce.hpp"
#include "kernels/rows.hpp"
#include "kernels/strided.hpp"
#include "plan/schedule.hpp"
#include "plan/storage.hpp"

namespace dualtape::engine {

/// A place in memory: space 0 is the arena, then come the inputs, then the outputs.
struct Ref {
  std::uint32_t space = 0;
  std::int64_t offset = 0;  // bytes
};

/// The memory of one run.
struct Frame {
  char* arena;
  char* scratch;  // of the step that runs
  std::span<const void* const> inputs;
  std::span<void* const> outputs;

  char* at(const Ref& ref) const {
    if (ref.space == 0) return arena + ref.offset;
    const std::size_t k = ref.space - 1;
    // Inputs are only read.
    void* base = k < inputs.size() ? const_cast<void*>(inputs[k]) : outputs[k - inputs.size()];
    return static_cast<char*>(base) + ref.offset;
  }
  Frame with_scratch(char* other) const { return {arena, other, inputs, outputs}; }
};

/// How an instruction of a region runs over a block.
enum class Mode : std::uint8_t {
  kFlat,    // operands are elements one after the other, or single values
  kByRows,  // row by row: an operand has one value a row, or rows that lie apart
  kOfRows,  // on the values of each row
  kExpand,  // a value of each row, written out over the row
  kPair,    // two functions of one operand, element by element, or row by row if attr says so
  kReduce,  // attr: index of the reduction
  kChain,   // attr: index of the chain
  kTake,    // attr: index of the rows taken
};

struct RegionInstruction {
  union {
    Kernel kernel;
    PairKernel pair;  // of kPair
  };
  std::int64_t attr;  // integer of a parametric operation; bytes of an element to expand
  std::uint32_t out;
  std::uint32_t second;  // the other result of kPair
  std::uint32_t in[3];   // those that do not exist repeat the first
  Mode mode;
  std::uint8_t operands;  // 0: cannot be a link of a chain
  DType dtype;            // of the operands
  OpCode op;
};

struct RegionChain {
  const ChainKernels* kernels;
  bool by_rows;
  std::vector<ChainLink> links;
  std::vector<ChainSlot> slots;
  std::vector<std::uint32_t> regs;  // of slots
};

/// A region's code knows its memory by number: steps of one form differ in a list of places alone.
using PlaceId = std::uint32_t;

/// Points at the current block of a value: in the scratch, or in place in memory.
struct Register {
  std::uint32_t step = 0;     // bytes from an element to the next; 0: one value a row, or in all
  PlaceId place = 0;          // of memory in place
  std::int64_t offset = 0;    // of a block, in the scratch
  std::int64_t row_step = 0;  // bytes from a row to the next
  std::uint32_t outer = 0;    // 1 + index of the walk over rows that lie apart unevenly; 0: none
};

/// A single value written out over a block, once a run.
struct Fill {
  std::uint32_t reg;
  std::uint32_t item;
  PlaceId place;
};

/// A strided operand, copied block by block; once, if each block is the same; several rows at once,
/// if neighbours in memory lie in neighbouring rows.
struct Gather {
  std::uint32_t reg;
  bool once;
  std::int64_t panel;  // elements of so many rows; 0: block by block
  PlaceId place;
  Walk walk;
};

/// Rows of a table at the indices of a block.
struct TakenRows {
  PlaceId table, index;
  RowTable rows;
  std::int64_t item;  // bytes of an element
  bool of_rows;       // an element for each row of the region
};

struct Reduction {
  const Reducer* reducer;
  ReductionKind kind;
  bool folded;  // kLeading: the rows of a block are combined before they are added
  std::uint32_t reg;
  std::uint32_t item;
  std::int64_t results;  // number of them
  std::int64_t row;      // length of a row of kRows and kLeading
  std::int64_t rows;     // of the region; of a folded one, its blocks
  PlaceId out;
  std::int64_t state = 0;    // offset in the scratch: RowState, or partial rows of kLeading
  std::int64_t partial = 0;  // offset among the partial results of a piece
};

/// Memory outside of a window, zero before the region runs.
struct Border {
  PlaceId place;
  std::int64_t bytes;
};

struct Region {
  std::int64_t count = 0;         // elements
  std::int64_t row = 0;           // length of a row, where rows matter; else 0
  std::int64_t block = 0;         // elements
  std::int64_t run = 0;           // no block straddles a multiple of it
  std::uint32_t block_count = 0;  // registers that have a block; they come first
  std::int64_t scratch_bytes = 0;
  std::int64_t piece = 0;          // elements, or columns, that one thread takes; 0: not shared
  bool by_columns = false;         // pieces are of all rows of the leading reductions
  std::int64_t partial_bytes = 0;  // of reductions of a piece that others have their part in
  std::int64_t shared_bytes = 0;   // of all pieces: they lie in the frame's scratch
  std::vector<Register> registers;
  std::vector<Walk> outer_walks;  // over rows
  std::vector<Fill> fills;
  std::vector<Gather> gathers;
  std::vector<TakenRows> taken;
  std::vector<RegionInstruction> instructions;
  std::vector<RegionChain> chains;
  std::vector<Reduction> reductions;
  std::vector<Border> borders;
  std::vector<Ref> places;  // as symbols: see forms.hpp
  bool in_order = false;    // windows meet: blocks run one after the other
  bool direct = false;      // one leading reduction of rows that lie in memory
};

struct Operand {
  Ref ref;
  const Layout* layout;
};

struct ArrayStep {
  const PreparedKernel* kernel;
  std::uint32_t first_ref;      // the result comes first
  std::uint32_t operand_count;  // without the result
};

/// Two products with one matrix.
struct JointStep {
  JointProduct product;
  JointShape shape;
  Ref out[2], in[2], matrix;
  std::uint32_t alone[2];  // array steps: large products are shared by threads one after the other
};

/// A step of a pass: a region, or a product of the matrix.
struct PassPart {
  StepKind kind;
  std::uint32_t region = 0, first_ref = 0;  // as StepRef
  bool along_rows = false;                  // the product has an entry for each row
  ProductKernel product = {};               // along rows
  ProductShape shape = {};
  Ref vector = {}, out = {};
  std::int64_t scratch = 0;  // of a region, offset in that of a piece
  std::int64_t partial = 0;  // offset of the partial results of the pieces
};

/// Steps that run on a block of rows of a matrix, one after the other, before the next block.
struct PassStep {
  static constexpr std::size_t kMostParts = 8;
  std::vector<PassPart> parts;
  Ref matrix;
  std::int64_t rows, columns, row, item;  // row: from one to the next, in elements
  std::int64_t block, piece;              // rows
  AddRows add_rows;
  Kernel add;                       // of the sums of two pieces
  std::int64_t sums_bytes = 0;      // of the sums of the rows of a piece
  std::int64_t scratch_bytes = 0;   // of each piece
  std::int64_t partials_bytes = 0;  // of all pieces, in the frame's scratch

  std::int64_t pieces() const { return (rows + piece - 1) / piece; }
};

struct StepRef {
  StepKind kind;
  std::uint32_t index;          // in scalars, regions, arrays, joints or passes
  std::uint32_t first_ref = 0;  // of a region: its places
  bool is_float32 = false;      // of a stretch of scalars: what its interpreter computes with
};

/// An input copied to its slot, or a result copied to the caller's memory.
struct ScalarCopy {
  std::uint32_t index;  // of the input or output
  std::uint32_t item;   // bytes
  Ref slot;
};
struct ArrayCopy {
  std::uint32_t output;
  Operand from;
};

struct Code {
  std::vector<StepRef> steps;
  std::vector<std::uint64_t> scalars;  // see scalar.hpp
  std::vector<Region> regions;         // one of each form
  std::vector<ArrayStep> arrays;
  std::vector<JointStep> joints;
  std::vector<PassStep> passes;
  std::vector<Ref> refs;              // of array steps and regions
  std::vector<PreparedPtr> prepared;  // one for all array steps that differ in memory alone
  std::deque<Layout> layouts;         // addresses stay
  std::vector<char> constants;        // image of the first slots
  std::vector<ScalarCopy> scalar_inputs, scalar_outputs;
  std::vector<ArrayCopy> array_outputs;
  std::int64_t slot_bytes = 8;
  std::int64_t scratch_at = 0;  // offset in the arena
  std::int64_t arena_bytes = 0;
  std::int64_t output_bytes = 0;
  std::int64_t work = 0;

  std::size_t bytes() const;
};

/// Which instructions run together. `copies`: see Schedule.
struct Arrangement {
  explicit Arrangement(const Program& program, const std::vector<bool>& copies = {})
      : live(find_live(program)), views(program, live), schedule(program, live, views, copies) {}
  std::vector<bool> live;
  Views views;
  Schedule schedule;
};

/// What is decided about a program before code is written; also what is printed.
struct Analysis {
  explicit Analysis(const Program& program) : Analysis(program, Arrangement(program)) {}
  Analysis(const Program& program, Arrangement&& arranged)
      : live(std::move(arranged.live)),
        views(std::move(arranged.views)),
        schedule(std::move(arranged.schedule), program, views),
        storage(program, views, schedule) {}
  std::vector<bool> live;
  Views views;
  OrderedSchedule schedule;
  Storage storage;
};

std::unique_ptr<const Code> generate(const Program& program, const Analysis& analysis);

void execute(const Code& code, std::span<const void* const> inputs, std::span<void* const> outputs);
void run_scalars(const Code& code, const StepRef& step, const Frame& frame);
/// `places`: of this step.
void run_region(const Region& region, const Ref* places, const Frame& frame);
void run_pass(const Code& code, const PassStep& pass, const Frame& frame);

}  // namespace dualtape::engine
