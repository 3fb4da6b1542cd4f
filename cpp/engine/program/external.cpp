#include "program/external.hpp"

#include <new>

#include "program/errors.hpp"

namespace dualtape::engine {

External::External(const ModelAbi* model) : model_(model) {
  if (model->version != kModelVersion) {
    throw Error("a C++ model was built for version " + std::to_string(model->version) +
                " of dualtape's interface, version " + std::to_string(kModelVersion) +
                " is wanted: build it again");
  }
  model_->retain(model_);
}

External::~External() { model_->release(model_); }

void External::evaluate(const ModelCall& call) const {
  char message[512] = "";
  const ModelStatus status = model_->evaluate(model_, &call, message, sizeof message);
  if (status == ModelStatus::kDone) return;
  if (status == ModelStatus::kMemoryError) throw std::bad_alloc();
  const std::string text = name() + ": " + message;
  if (status == ModelStatus::kValueError) throw ValueError(text);
  if (status == ModelStatus::kIndexError) throw IndexError(text);
  throw Error(text);
}

}  // namespace dualtape::engine
