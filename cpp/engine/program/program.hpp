/// Program: an immutable Wengert list in single-assignment form.
///
/// Instruction i defines value i. Instructions are 16 bytes; operands and attributes live in two
/// pools, types in a table, so that a program of 1e6 scalar operations takes about 25 bytes an
/// operation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program/external.hpp"
#include "program/pod_vector.hpp"
#include "program/types.hpp"

namespace dualtape::engine {

using ValueId = std::uint32_t;
using TypeId = std::uint32_t;
using OpCode = std::uint16_t;
inline constexpr ValueId kNoValue = ~ValueId{0};

struct Instruction {
  OpCode op;
  std::uint16_t n_args;
  TypeId type;
  std::uint32_t args;   // offset in Program::args
  std::uint32_t attrs;  // offset in Program::attrs of [count, a_0, a_1, ...]; 0: none
};
static_assert(sizeof(Instruction) == 16);

/// 128 bits over everything that makes a program what it is.
struct Hash {
  std::uint64_t lo = 0, hi = 0;
  friend bool operator==(const Hash&, const Hash&) = default;
  void mix(std::uint64_t word) {
    lo = (lo ^ word) * 0x9E3779B97F4A7C15u;
    lo ^= lo >> 32;
    hi = (hi ^ (word + lo)) * 0xC2B2AE3D27D4EB4Fu;
    hi ^= hi >> 29;
  }
};

class Program;
using ProgramPtr = std::shared_ptr<const Program>;

class Program {
 public:
  PodVector<Instruction> instructions;
  PodVector<ValueId> args;
  PodVector<std::int64_t> attrs{0};
  TypeTable types;
  std::vector<ProgramPtr> subprograms;  // of call, custom_jvp, custom_linear
  std::vector<ExternalPtr> externals;   // kept alive for the instructions that call them
  std::vector<ValueId> inputs;          // ids of the `input` instructions, in argument order
  std::vector<ValueId> outputs;

  std::size_t size() const { return instructions.size(); }
  std::span<const ValueId> args_of(ValueId v) const {
    const Instruction& i = instructions[v];
    return {args.data() + i.args, i.n_args};
  }
  std::span<const std::int64_t> attrs_of(ValueId v) const {
    const std::int64_t* p = attrs.data() + instructions[v].attrs;
    return {p + 1, static_cast<std::size_t>(*p)};
  }
  const Type& type_of(ValueId v) const { return types[instructions[v].type]; }
  /// Hash of the structure; a sealed program has it at once.
  Hash hash() const;
  /// Keeps the hash: the program will not change any more.
  void seal();
  /// One line an instruction: `%3 = sin %2 : float64[3]`.
  std::string str() const;
  /// Bytes held, without the sub-programs.
  std::size_t bytes() const;

 private:
  Hash hash_{};
};

/// Equal structure, sub-programs included.
bool operator==(const Program& a, const Program& b);

/// The structure as bytes, and back (pickle, files). Throws Error on bytes that are no program.
std::string serialize(const Program& program);
ProgramPtr deserialize(std::string_view bytes);

}  // namespace dualtape::engine
