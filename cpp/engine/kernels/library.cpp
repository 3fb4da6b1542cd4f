#include "kernels/library.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "kernels/abi.hpp"

namespace dualtape::engine {
namespace {

struct Level {
  std::string_view name;
  bool (*usable)();
};

#ifdef __x86_64__
// The operating system must keep the wide registers too; these tests include that.
constexpr Level kLevels[] = {
    {"x86-64-v4", [] { return __builtin_cpu_supports("x86-64-v4") != 0; }},
    {"x86-64-v3", [] { return __builtin_cpu_supports("x86-64-v3") != 0; }},
    {"x86-64-v2", [] { return __builtin_cpu_supports("x86-64-v2") != 0; }},
};
#else
constexpr Level kLevels[] = {{"generic", [] { return true; }}};
#endif

std::string names(bool all) {
  std::string list;
  for (const Level& level : kLevels) {
    if (!all && !level.usable()) continue;
    if (!list.empty()) list += ", ";
    list += level.name;
  }
  return list.empty() ? "none" : list;
}

const Level& choose() {
  const char* forced = std::getenv("DUALTAPE_KERNELS");
  if (forced && *forced) {
    for (const Level& level : kLevels) {
      if (level.name != forced) continue;
      if (level.usable()) return level;
      throw KernelLibraryError("DUALTAPE_KERNELS: this CPU cannot run " + std::string(forced) +
                               ", only " + names(false));
    }
    throw KernelLibraryError("DUALTAPE_KERNELS: wanted one of " + names(true) + ", got " + forced);
  }
  for (const Level& level : kLevels) {
    if (level.usable()) return level;
  }
  throw KernelLibraryError("dualtape: this CPU has none of the instruction sets " + names(true));
}

/// The folder of the binary that this code is in: the extension module, or a test program.
std::string own_folder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(&own_folder), &info) || !info.dli_fname) return "./";
  const std::string path = info.dli_fname;
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

const KernelLibrary& load(const Level& level) {
  const std::string path = own_folder() + "_kernels." + std::string(level.name) + ".so";
  // Never closed: plans and reducers point into it.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    throw KernelLibraryError("dualtape: cannot load the kernels of " + std::string(level.name) +
                             ": " + dlerror());
  }
  using Entry = const KernelLibrary* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "dualtape_kernels"));
  const KernelLibrary* library = entry ? entry() : nullptr;
  if (!library || library->abi != kKernelAbi) {
    throw KernelLibraryError("dualtape: " + path +
                             " was built from other sources than the engine; install again");
  }
  return *library;
}

}  // namespace

const KernelLibrary& kernels() {
  static const KernelLibrary& chosen = load(choose());
  return chosen;
}

std::vector<std::string_view> usable_levels() {
  std::vector<std::string_view> list;
  for (const Level& level : kLevels) {
    if (level.usable()) list.push_back(level.name);
  }
  return list;
}

Kernel lookup_kernel(OpCode op, DType dtype) { return kernels().elementwise(op, dtype); }

Kernel lookup_broadcast_kernel(OpCode op, DType dtype, Broadcast which) {
  return kernels().broadcast(op, dtype, which);
}

PairKernel lookup_pair_kernel(OpCode first, OpCode second, DType dtype) {
  return kernels().pair(first, second, dtype);
}

const ChainKernels* lookup_chains(DType dtype) { return kernels().chains(dtype); }

Kernel lookup_convert(DType from, DType to) { return kernels().convert(from, to); }

const Reducer* lookup_reducer(OpCode op, DType dtype) { return kernels().reducer(op, dtype); }

}  // namespace dualtape::engine
