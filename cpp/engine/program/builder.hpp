/// Builder: a program being written.
///
/// A builder that derives (kDerive) shares equal instructions and applies bit-exact algebra as it
/// goes; one that records (kRecord) only appends. An operation on values of several builders is
/// written into the newest of them, which lifts the others' values to inputs: so inner recordings
/// capture outer tracers, and linear programs their residuals.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

class Builder {
 public:
  enum class Mode { kRecord, kDerive };

  /// An input that stands for a value of an older builder.
  struct Capture {
    Builder* source;
    ValueId value;
    ValueId input;
  };

  explicit Builder(Mode mode);
  virtual ~Builder() = default;
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  /// Grows with each builder made: the newest of several has the largest.
  std::uint64_t serial() const { return serial_; }
  Mode mode() const { return mode_; }
  const Program& program() const { return program_; }
  const Type& type_of(ValueId v) const { return program_.type_of(v); }

  TypeId intern(DType dtype, std::span<const std::int64_t> shape);
  TypeId intern(const Type& type) { return intern(type.dtype, type.shape); }

  ValueId input(TypeId type);
  ValueId input(const Type& type) { return input(intern(type)); }
  /// A scalar whose value is structure.
  ValueId constant(double value, DType dtype);
  ValueId constant(std::int64_t re_bits, std::int64_t im_bits, DType dtype);
  ValueId emit(OpCode op, std::span<const ValueId> args, TypeId type,
               std::span<const std::int64_t> attrs = {});
  std::int64_t add_subprogram(ProgramPtr program);

  /// The input standing for a value of an older builder; one input for each value.
  ValueId lift(Builder& source, ValueId value);
  const std::vector<Capture>& captures() const { return captures_; }

  void set_outputs(std::span<const ValueId> outputs);
  /// The program of what the outputs need; every input stays, in order.
  ProgramPtr finish(std::span<const ValueId> outputs);
  /// All that was written, dead or not, without a copy; the builder is empty afterwards.
  ProgramPtr take(std::span<const ValueId> outputs);

 protected:
  /// Called when lift() makes an input, before it is used (the recorder notes what to bind there).
  virtual void on_capture(const Capture&) {}

  /// Empty again, with a new serial number and the memory it has.
  void reset();

  Program program_;

 private:
  void index_types();
  ValueId& lifted(const Builder& source, ValueId value);
  ValueId find_or_append(const Instruction& head, std::span<const ValueId> args,
                         std::span<const std::int64_t> attrs);
  ValueId append(const Instruction& head, std::span<const ValueId> args, std::uint32_t attrs);
  std::uint32_t append_attrs(std::span<const std::int64_t> attrs);
  std::uint32_t find_or_append_attrs(std::span<const std::int64_t> attrs, std::uint64_t hash);
  bool same(ValueId v, const Instruction& head, std::span<const ValueId> args,
            std::span<const std::int64_t> attrs) const;
  void grow_shared();

  /// Past this size the table of shared instructions forgets: a program of millions of instructions
  /// must not pay a cache miss for each, nor memory; what repeats there mostly repeats nearby.
  static constexpr std::size_t kMaxShared = std::size_t{1} << 16;
  static constexpr int kMaxProbes = 16;
  struct Shared {
    ValueId value = kNoValue;
    std::uint32_t tag = 0;  // upper half of the hash: few false candidates are looked at
  };

  Mode mode_;
  std::uint64_t serial_;
  std::vector<Capture> captures_;
  // Inputs by what they stand for: a recorder captures few of many values, a linear program most of
  // a few builders'.
  std::unordered_map<std::uint64_t, ValueId> lifted_few_;
  std::vector<std::pair<std::uint64_t, PodVector<ValueId>>> lifted_many_;
  /// Most programs have few types, found faster one by one.
  static constexpr std::size_t kFewTypes = 8;
  std::unordered_multimap<std::uint64_t, TypeId> type_index_;  // empty up to kFewTypes
  TypeId last_type_ = 0;
  /// Offsets of attributes written lately, by their hash: most instructions repeat some. kDerive.
  static constexpr std::size_t kRecentAttrs = 64;
  std::array<std::uint32_t, kRecentAttrs> recent_attrs_{};
  std::vector<Shared> shared_;  // open addressing over instruction hashes, kDerive only
  std::size_t shared_count_ = 0;
};

/// `outputs` of `source` and what they need, renumbered; `inputs` (any values of source) become the
/// inputs in this order. Inputs of source that are needed and not listed are appended and reported
/// in `extra_inputs`.
ProgramPtr extract(const Program& source, std::span<const ValueId> inputs,
                   std::span<const ValueId> outputs, std::vector<ValueId>* extra_inputs = nullptr);

}  // namespace dualtape::engine
