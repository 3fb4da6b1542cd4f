/// The registers of a region being generated, and how values of other steps get into them.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/generate.hpp"

namespace dualtape::engine {

/// How the value of a register lies along the elements of a region.
enum class Lie : std::uint8_t {
  kElements,  // one after the other
  kApart,     // so inside a row; the rows lie apart
  kColumn,    // one value a row
  kSingle,    // one value in all
};

struct Placed {
  std::uint32_t reg = 0;
  Lie lie = Lie::kElements;
};

/// Registers by what they hold: most regions read few values, found faster one by one.
class PlacedValues {
 public:
  /// nullptr: not there yet.
  const Placed* find(std::uint64_t key) const;
  Placed add(std::uint64_t key, Placed placed);

 private:
  static constexpr std::size_t kFew = 16;
  std::vector<std::pair<std::uint64_t, Placed>> few_;
  std::unordered_map<std::uint64_t, Placed> many_;  // past kFew
};

class RegionRegisters {
 public:
  RegionRegisters(const Generator& generator, Region& region)
      : generator_(generator), region_(region) {}

  /// Before the first register: memory for those of so many instructions.
  void reserve(std::size_t instructions);

  /// Settles the length of rows, if no reduction has: the shortest over which some operand from
  /// outside can be read in place.
  void consider_row(ValueId a, ValueId reader);

  /// A block of elements, or of one value a row. Values whose lives do not overlap share one in the
  /// end.
  std::uint32_t new_block(std::size_t item, Lie lie);
  PlaceId new_place(const Ref& symbol);
  /// Of the first element of a value.
  PlaceId place_of(ValueId v) { return new_place(generator_.forms().symbol_of(v)); }
  /// Memory written or read in place.
  std::uint32_t new_stream(PlaceId place, std::size_t item, Lie lie);

  /// A value of another step, broadcast to the shape of `reader`; in place if possible.
  Placed outside(ValueId a, ValueId reader);
  /// The same, its elements one after the other.
  std::uint32_t outside_elements(ValueId a, ValueId reader);
  std::uint32_t outside_elements(ValueId a, const Walk& walk);
  /// A value of another step that has one element a row or in all.
  Placed outside_of_rows(ValueId a);
  /// A single value of another step as the value of each row.
  Placed outside_filled_rows(ValueId a);

  /// One and the same value for all elements.
  bool is_single(ValueId a) const;
  /// Rows are long enough to be run through one by one.
  bool rows_are_long() const;

  /// Sizes of blocks, final numbers of registers, places in the scratch.
  void finish(bool whole_rows);

 private:
  bool is_aligned(ValueId a) const;
  Walk walk_of(ValueId a, ValueId reader) const;
  bool can_stay(const Walk& walk, std::int64_t row) const;
  Placed place(ValueId a, const Walk& walk, bool as_elements);
  Placed stay(PlaceId place, const Walk& walk);
  void list_registers();
  void number_streams();
  void read_fills_in_place();
  void share_blocks();
  void settle_block(bool whole_rows);
  std::int64_t settle_periods();
  void settle_panels(std::int64_t grain);
  void settle_scratch();

  const Generator& generator_;
  Region& region_;
  std::vector<Register> blocks_, streams_;
  PlacedValues outside_;
};

}  // namespace dualtape::engine
