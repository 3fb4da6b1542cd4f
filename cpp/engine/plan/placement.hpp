/// Placement: results that are made where they are wanted, in their part of the array that a pad,
/// an update or a concatenation makes of them; then nothing is copied.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "plan/schedule.hpp"
#include "plan/views.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

struct Placement {
  ValueId reader;       // the array it is a part of; of an update, its memory is that of args[0]
  std::int64_t offset;  // bytes
};

class Placements {
 public:
  Placements(const Program& program, const Views& views, const OrderedSchedule& schedule);

  /// Null if `v` has memory of its own.
  const Placement* of(ValueId v) const {
    const auto at = placed_.find(v);
    return at == placed_.end() ? nullptr : &at->second;
  }

 private:
  void count_uses();
  void place_parts(ValueId reader);
  void place(ValueId part, ValueId reader, std::int64_t offset);
  bool can_overwrite(ValueId x, ValueId part, ValueId update, std::int64_t offset) const;

  const Program& program_;
  const Views& views_;
  const OrderedSchedule& schedule_;
  std::vector<std::uint32_t> uses_;  // of each root
  std::unordered_map<ValueId, Placement> placed_;
};

}  // namespace dualtape::engine
