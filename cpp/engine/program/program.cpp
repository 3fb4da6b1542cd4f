#include "program/program.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "program/opcodes.hpp"

namespace dualtape::engine {
namespace {

template <class Words>
void mix_words(Hash& h, const Words& words) {
  h.mix(words.size());
  for (auto w : words) h.mix(static_cast<std::uint64_t>(w));
}

void mix_types(Hash& h, const std::deque<Type>& types) {
  h.mix(types.size());
  for (const Type& t : types) {
    h.mix((static_cast<std::uint64_t>(t.dtype) << 32) | t.shape.size());
    for (std::int64_t d : t.shape) h.mix(static_cast<std::uint64_t>(d));
  }
}

bool same_subprograms(const Program& a, const Program& b) {
  return std::ranges::equal(a.subprograms, b.subprograms,
                            [](const auto& p, const auto& q) { return p == q || *p == *q; });
}

}  // namespace

Hash Program::hash() const {
  if (hash_ != Hash{}) return hash_;
  Hash h{0x64756c, 0x74617065};
  for (const Instruction& i : instructions) {
    std::uint64_t words[2];
    std::memcpy(words, &i, sizeof words);
    h.mix(words[0]);
    h.mix(words[1]);
  }
  mix_words(h, args);
  mix_words(h, attrs);
  mix_words(h, inputs);
  mix_words(h, outputs);
  mix_types(h, types);
  for (const ProgramPtr& p : subprograms) {
    const Hash sub = p->hash();
    h.mix(sub.lo);
    h.mix(sub.hi);
  }
  return h;
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
