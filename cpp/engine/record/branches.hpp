/// Branches: the recordings jit made for arguments of one structure and type, one for each way
/// through the function's branches.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "record/rerun.hpp"

namespace dualtape::engine {

/// One recording: what Python was told at each guard, and how the results are structured.
struct Branch {
  Recording recording;  // outputs: the traced results, then the values guards were taken from
  std::vector<std::int64_t> outcomes;
  std::vector<std::uint32_t> traced;  // places of the traced results among the leaves
  std::vector<Ref> leaves;            // the other results are Python objects fixed at recording
  Ref treedef;
  Ref entry;  // what Python knows of it

  bool has_guards() const { return !outcomes.empty(); }
  /// The results, structured as the function's.
  Ref fill(Results& results) const;
};
using BranchPtr = std::shared_ptr<const Branch>;

class Branches {
 public:
  void add(BranchPtr branch);
  void clear();
  /// Runs the recording whose guards hold and makes an object of it and its results. Nothing if a
  /// new recording is needed: also where one with guards fails, perhaps on a branch not taken.
  template <class Make>
  Ref replay(const GivenLeaves& given, Make&& make) {
    BranchPtr branch = latest_;
    for (std::size_t k = 0; branch && k <= all_.size(); ++k) {
      const BranchPtr running = branch;  // the GIL is free while it runs
      Results results(running->recording.program(), running->recording.kinds);
      if (!run(*running, given, results)) return {};
      if (agrees(*running, results, branch)) {
        latest_ = running;
        return make(*running, results);
      }
    }
    return {};
  }

 private:
  /// False if it failed.
  static bool run(const Branch& branch, const GivenLeaves& given, Results& results);
  /// Whether every guard had its outcome; if not, `next` is a recording that may fit.
  bool agrees(const Branch& branch, Results& results, BranchPtr& next) const;
  /// A recording that went the same way so far, the newest first.
  BranchPtr starting_with(std::span<const std::int64_t> outcomes) const;

  std::vector<BranchPtr> all_;
  BranchPtr latest_;
};

/// The branches of a Python object Branches; nullptr if it is none.
Branches* branches_of(PyObject* object);
void add_branches_type(PyObject* module);
void add_jit_type(PyObject* module);

}  // namespace dualtape::engine
