/// A C++ model of the user's, which an instruction calls. A program keeps the models it calls
/// alive, so the address in an instruction's attributes names one model and no other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dualtape/model_abi.hpp"

namespace dualtape::engine {

class External : public std::enable_shared_from_this<External> {
 public:
  /// Error if the model was built for another version of this interface.
  explicit External(const ModelAbi* model);
  ~External();
  External(const External&) = delete;
  External& operator=(const External&) = delete;

  std::string name() const { return model_->name; }
  std::int64_t inputs() const { return model_->inputs; }
  std::int64_t outputs() const { return model_->outputs; }
  std::int32_t max_order() const { return model_->max_order; }
  /// Throws the model's own error, with its name.
  void evaluate(const ModelCall& call) const;

  std::int64_t id() const { return reinterpret_cast<std::intptr_t>(this); }
  static const External& of(std::int64_t id) {
    return *reinterpret_cast<const External*>(static_cast<std::intptr_t>(id));
  }

 private:
  const ModelAbi* model_;
};

using ExternalPtr = std::shared_ptr<const External>;

}  // namespace dualtape::engine
