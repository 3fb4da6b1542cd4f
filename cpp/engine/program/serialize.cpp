/// Programs as bytes: a header, then each table as its count and its words (little-endian, as the
/// machine has them).

#include <cstring>

#include "program/errors.hpp"
#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {
namespace {

constexpr char kMagic[8] = {'d', 't', 'p', 'r', 'o', 'g', '0', '1'};

class Writer {
 public:
  template <class Table>
  void table(const Table& values) {
    count(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()),
                  values.size() * sizeof(typename Table::value_type));
  }
  void count(std::uint64_t n) { bytes_.append(reinterpret_cast<const char*>(&n), sizeof n); }
  void text(std::string_view s) { bytes_.append(s); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size()) throw Error("deserialize: the bytes end too early");
    auto part = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return part;
  }
  std::uint64_t count() {
    std::uint64_t n;
    const std::string_view word = take(sizeof n);
    std::memcpy(&n, word.data(), word.size());
    return n;
  }
  template <class Table>
  void table(Table& values) {
    using T = typename Table::value_type;
    const std::uint64_t n = count();
    if (n > bytes_.size() / sizeof(T)) throw Error("deserialize: the bytes end too early");
    values.resize(n);
    if (n) std::memcpy(values.data(), take(n * sizeof(T)).data(), n * sizeof(T));
  }

 private:
  std::string_view bytes_;
};

void write(Writer& w, const Program& p) {
  if (!p.externals.empty()) {
    throw Error("serialize: the program calls the C++ model " + p.externals[0]->name() +
                ", which has no bytes");
  }
  w.table(p.instructions);
  w.table(p.args);
  w.table(p.attrs);
  w.table(p.inputs);
  w.table(p.outputs);
  w.count(p.types.size());
  for (TypeId t = 0; t < p.types.size(); ++t) {
    const Type& type = p.types[t];
    w.count(static_cast<std::uint64_t>(type.dtype));
    w.table(std::vector<std::int64_t>(type.shape.begin(), type.shape.end()));
  }
  w.count(p.subprograms.size());
  for (const ProgramPtr& sub : p.subprograms) write(w, *sub);
}

void check(bool fine) {
  if (!fine) throw Error("deserialize: the bytes are no dualtape program");
}

/// Every index inside its table, every operand defined before its use.
void validate(const Program& p) {
  for (ValueId v = 0; v < p.size(); ++v) {
    const Instruction& i = p.instructions[v];
    check(i.op < kArrayOpEnd && i.op != kExternal && i.type < p.types.size());
    check(std::uint64_t{i.args} + i.n_args <= p.args.size() && i.attrs < p.attrs.size());
    const std::int64_t n_attrs = p.attrs[i.attrs];
    check(n_attrs >= 0 && i.attrs + static_cast<std::uint64_t>(n_attrs) < p.attrs.size());
    for (ValueId a : p.args_of(v)) check(a < v);
    const std::size_t n_subs = subprogram_count(i.op);
    check(static_cast<std::size_t>(n_attrs) >= n_subs);
    for (std::int64_t sub : p.attrs_of(v).first(n_subs)) {
      check(sub >= 0 && static_cast<std::size_t>(sub) < p.subprograms.size());
    }
  }
  for (ValueId v : p.inputs) check(v < p.size() && p.instructions[v].op == kInput);
  for (ValueId v : p.outputs) check(v < p.size());
}

ProgramPtr read(Reader& r, int depth) {
  check(depth < 256);
  auto p = std::make_shared<Program>();
  r.table(p->instructions);
  r.table(p->args);
  r.table(p->attrs);
  check(!p->attrs.empty());
  r.table(p->inputs);
  r.table(p->outputs);
  for (std::uint64_t n = r.count(); n > 0; --n) {
    const std::uint64_t dtype = r.count();
    check(dtype <= static_cast<std::uint64_t>(DType::kTuple));
    std::vector<std::int64_t> shape;
    r.table(shape);
    p->types.push_back({static_cast<DType>(dtype), Dims(std::span<const std::int64_t>(shape))});
  }
  for (std::uint64_t n = r.count(); n > 0; --n) p->subprograms.push_back(read(r, depth + 1));
  validate(*p);
  p->seal();
  return p;
}

}  // namespace

std::string serialize(const Program& program) {
  Writer w;
  w.text({kMagic, sizeof kMagic});
  write(w, program);
  return w.take();
}

ProgramPtr deserialize(std::string_view bytes) {
  Reader r(bytes);
  check(r.take(sizeof kMagic) == std::string_view(kMagic, sizeof kMagic));
  return read(r, 0);
}

}  // namespace dualtape::engine
