#include "record/recorder.hpp"

#include <algorithm>

namespace dualtape::engine {
namespace {

std::vector<Recorder*>& active_recorders() {
  thread_local std::vector<Recorder*> stack;
  return stack;
}

}  // namespace

RecorderRef::RecorderRef(Recorder* r) : r_(r) {
  if (r_) r_->retain();
}
RecorderRef::~RecorderRef() {
  if (r_) r_->release();
}

Recorder::Recorder(std::string name, Options options)
    : Builder(Mode::kRecord), name_(std::move(name)), options_(options) {
  std::fill_n(&constants_[0][0], kDTypeCount * 5, kNoValue);
  // Most recordings are short: no growing step by step.
  positions_.reserve(64);
  live_.reserve(64);
  bindings_.reserve(8);
}

Recorder::~Recorder() {
  for (PyObject* code : codes_) Py_DECREF(code);
}

Recorder* Recorder::active() {
  const auto& stack = active_recorders();
  return stack.empty() ? nullptr : stack.back();
}

bool Recorder::is_guarded() {
  return std::ranges::any_of(active_recorders(), [](Recorder* r) { return r->options_.guards; });
}

void Recorder::enter() {
  if (closed_) raise(PyExc_RuntimeError, name_ + ": this recording has ended");
  retain();
  active_recorders().push_back(this);
}

void Recorder::exit() {
  auto& stack = active_recorders();
  const auto found = std::find(stack.rbegin(), stack.rend(), this);
  if (found == stack.rend()) return;
  stack.erase(std::next(found).base());
  release();
}

void Recorder::raise_leaked(ValueId v) const {
  std::string made = line_of(v);
  if (!made.empty()) made = " (made at " + made + ")";
  raise(
      error_types.leaked_tracer,
      name_ + ": a traced value" + made +
          " was used after its recording ended; return it from the function instead of keeping it");
}

std::size_t Recorder::input_position(ValueId v) const {
  const auto& inputs = program_.inputs;
  return static_cast<std::size_t>(std::ranges::lower_bound(inputs, v) - inputs.begin());
}

void Recorder::note_position() {
  const std::size_t n = program_.size();
  if (positions_.size() >= n) return;
  Position here{0, -1};
  // Borrowed; nullptr when no Python code is running.
  if (PyFrameObject* frame = PyEval_GetFrame()) {
    PyCodeObject* code = PyFrame_GetCode(frame);
    auto* object = reinterpret_cast<PyObject*>(code);
    const auto recent = static_cast<std::size_t>(
        positions_.empty() || positions_.back().lasti < 0 ? codes_.size() : positions_.back().code);
    if (recent < codes_.size() && codes_[recent] == object) {
      here.code = static_cast<std::uint32_t>(recent);
      Py_DECREF(object);
    } else {
      const auto found = std::ranges::find(codes_, object);
      here.code = static_cast<std::uint32_t>(found - codes_.begin());
      if (found == codes_.end()) {
        codes_.push_back(object);
      } else {
        Py_DECREF(object);
      }
    }
    here.lasti = PyFrame_GetLasti(frame);
  }
  positions_.resize(n, here);
}

std::string Recorder::line_of(ValueId v) const {
  if (v >= positions_.size() || positions_[v].lasti < 0) return "";
  auto* code = reinterpret_cast<PyCodeObject*>(codes_[positions_[v].code]);
  const int line = PyCode_Addr2Line(code, positions_[v].lasti);
  return text_of(code->co_filename) + ":" + std::to_string(line);
}

void Recorder::on_capture(const Capture& capture) {
  Binding b;
  b.source = Binding::Source::kOuter;
  b.outer = RecorderRef(of(*capture.source));
  b.value = capture.value;
  const bool is_abstract = of(*capture.source)->is_abstract(capture.value);
  bindings_.push_back(std::move(b));
  if (is_abstract) mark_abstract(capture.input);
}

}  // namespace dualtape::engine
