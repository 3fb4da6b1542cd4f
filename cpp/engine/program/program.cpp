#include "program/program.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "program/opcodes.hpp"

namespace dualtape::engine {
namespace {

/// Hashes memory 16 bytes at a time in two independent chains: each folds the 128 bits of a product
/// of two words that the chain and the data take part in.
class BytesHash {
 public:
  /// A multiple of four bytes. Their number is not hashed.
  void add(const void* data, std::size_t bytes) {
    const auto* p = static_cast<const char*>(data);
    for (; bytes >= 16; bytes -= 16, p += 16) {
      std::uint64_t words[2];
      std::memcpy(words, p, sizeof words);
      fold(words[0], words[1]);
    }
    if (bytes == 0) return;
    std::uint64_t first = 0;
    std::uint32_t last = 0;
    if (bytes >= 8) std::memcpy(&first, p, sizeof first);
    if (bytes % 8 != 0) std::memcpy(&last, p + bytes - 4, sizeof last);
    fold(first, last);
  }
  template <class Words>
  void add(const Words& words) {
    add(words.data(), words.size() * sizeof(words[0]));
  }
  void fold(std::uint64_t a, std::uint64_t b) {
    lo_ = product(lo_ ^ a ^ 0x9E3779B97F4A7C15u, b ^ 0xC2B2AE3D27D4EB4Fu) + a;
    hi_ = product(hi_ ^ b ^ 0xD6E8FEB86659FD93u, a ^ 0xA0761D6478BD642Fu) + b;
  }
  Hash result() const {
    Hash h{0x64756c, 0x74617065};
    h.mix(lo_);
    h.mix(hi_);
    return h;
  }

 private:
  static std::uint64_t product(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide full = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(full) ^ static_cast<std::uint64_t>(full >> 64);
  }

  std::uint64_t lo_ = 0x6c8e9cf570932bd5u, hi_ = 0x243f6a8885a308d3u;
};

void add_types(BytesHash& h, const TypeTable& types) {
  for (std::size_t i = 0; i < types.size(); ++i) {
    h.fold(static_cast<std::uint64_t>(types[i].dtype), types[i].shape.size());
    if (!types[i].shape.empty()) h.add(types[i].shape);
  }
}

bool same_subprograms(const Program& a, const Program& b) {
  return std::ranges::equal(a.subprograms, b.subprograms,
                            [](const auto& p, const auto& q) { return p == q || *p == *q; });
}

}  // namespace

Hash Program::hash() const {
  if (hash_ != Hash{}) return hash_;
  BytesHash h;
  h.fold(instructions.size() | args.size() << 32, attrs.size() | types.size() << 32);
  h.fold(inputs.size(), outputs.size());
  h.add(instructions);
  h.add(args);
  h.add(attrs);
  h.add(inputs);
  h.add(outputs);
  add_types(h, types);
  for (const ProgramPtr& p : subprograms) {
    const Hash sub = p->hash();
    h.fold(sub.lo, sub.hi);
  }
  return h.result();
}

void Program::seal() { hash_ = hash(); }

bool operator==(const Program& a, const Program& b) {
  auto same_bytes = [](const auto& x, const auto& y) {
    return x.size() == y.size() &&
           (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof x[0]) == 0);
  };
  return same_bytes(a.instructions, b.instructions) && same_bytes(a.args, b.args) &&
         same_bytes(a.attrs, b.attrs) && same_bytes(a.inputs, b.inputs) &&
         same_bytes(a.outputs, b.outputs) && a.types == b.types && same_subprograms(a, b);
}

std::size_t Program::bytes() const {
  return instructions.capacity() * sizeof(Instruction) + args.capacity() * sizeof(ValueId) +
         attrs.capacity() * 8 + types.size() * sizeof(Type) +
         (inputs.capacity() + outputs.capacity()) * sizeof(ValueId);
}

std::string to_string(const Type& type) {
  std::string s(dtype_name(type.dtype));
  if (type.shape.empty()) return s;
  s += '[';
  for (std::size_t i = 0; i < type.shape.size(); ++i) {
    if (i) s += ", ";
    s += std::to_string(type.shape[i]);
  }
  return s + ']';
}

namespace {

std::string constant_text(DType dtype, std::span<const std::int64_t> bits) {
  if (is_integer(dtype)) return std::to_string(bits[0]);
  if (dtype == DType::kBool) return bits[0] ? "true" : "false";
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", std::bit_cast<double>(bits[0]));
  std::string s = text;
  if (!is_complex(dtype)) return s;
  std::snprintf(text, sizeof text, "%+.17gj", std::bit_cast<double>(bits[1]));
  return s + text;
}

std::string attrs_text(const Program& p, ValueId v) {
  const auto attrs = p.attrs_of(v);
  if (attrs.empty()) return "";
  if (p.instructions[v].op == kConstant) return " " + constant_text(p.type_of(v).dtype, attrs);
  std::string s = " {";
  for (std::size_t i = 0; i < attrs.size(); ++i) s += (i ? ", " : "") + std::to_string(attrs[i]);
  return s + "}";
}

std::string value_list(std::span<const ValueId> values) {
  std::string s;
  for (ValueId v : values) s += (s.empty() ? "%" : ", %") + std::to_string(v);
  return s;
}

std::string indented(const std::string& text) {
  std::string s = "  ";
  for (char c : text) {
    s += c;
    if (c == '\n') s += "  ";
  }
  return s;
}

}  // namespace

std::string Program::str() const {
  std::string s = "program(" + value_list(inputs) + ") -> (" + value_list(outputs) + ")";
  for (ValueId v = 0; v < size(); ++v) {
    s += "\n  %" + std::to_string(v) + " = " + std::string(op_name(instructions[v].op));
    s += attrs_text(*this, v);
    if (!args_of(v).empty()) s += " " + value_list(args_of(v));
    s += " : " + to_string(type_of(v));
  }
  for (std::size_t k = 0; k < subprograms.size(); ++k) {
    s += "\n  where {" + std::to_string(k) + "} =\n  " + indented(subprograms[k]->str());
  }
  return s;
}

}  // namespace dualtape::engine
