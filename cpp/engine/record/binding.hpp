/// What an input of a recorded program is bound to.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.hpp"
#include "program/short_list.hpp"
#include "record/python.hpp"

namespace dualtape::engine {

class Recorder;

/// An owned reference to a Recorder; the count is guarded by the GIL.
class RecorderRef {
 public:
  RecorderRef() = default;
  explicit RecorderRef(Recorder* r);
  RecorderRef(const RecorderRef& o) : RecorderRef(o.r_) {}
  RecorderRef(RecorderRef&& o) noexcept : r_(std::exchange(o.r_, nullptr)) {}
  RecorderRef& operator=(RecorderRef o) noexcept {
    std::swap(r_, o.r_);
    return *this;
  }
  ~RecorderRef();
  Recorder* get() const { return r_; }

 private:
  Recorder* r_ = nullptr;
};

/// Whether NumPy would give an array, one of its scalars, or a Python number.
enum class ValueKind : std::uint8_t { kArray, kScalar, kPython };
using ValueKinds = ShortList<ValueKind, 16>;

/// An address as a key of a FlatMap.
inline std::uint64_t address_of(const void* p) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(p));
}

struct Binding {
  enum class Source : std::uint8_t {
    kAbstract,  // no value: the argument of a custom rule
    kNumber,    // a real number, in `bits` (the input's element type)
    kArray,     // `owner`, a C-contiguous array
    kOuter,     // value `value` of the recorder `outer`
  };
  Source source = Source::kAbstract;
  ValueKind kind = ValueKind::kArray;
  bool is_argument = false;      // given to Recorder.input, not captured
  bool by_reference = false;     // owner is the caller's writable array: `bits` is its checksum
  bool was_frozen = false;       // owner is the caller's array, which nobody could write
  bool is_unguarded = false;     // owner may be the caller's array: to be run at once, or captured
  std::int16_t batch_axis = -1;  // axis of the bound array that the program does not see; -1: none
  ValueId value = kNoValue;
  std::uint64_t bits = 0;
  Ref owner;
  Ref original;  // the caller's array where owner is a copy of it
  RecorderRef outer;
};
using Bindings = std::vector<Binding>;

/// 64 bits over all bytes; a changed byte changes it.
std::uint64_t checksum(const void* data, std::size_t bytes);
/// RuntimeError if an array that was bound by reference was written since, or one that nobody could
/// write was made writable.
void verify_unchanged(const Bindings& bindings, const Ref& recording);

}  // namespace dualtape::engine
