#include "record/recorder.hpp"

#include <algorithm>

#include "record/running_code.hpp"

namespace dualtape::engine {
RecorderRef::RecorderRef(Recorder* r) : r_(r) {
  if (r_) r_->retain();
}
RecorderRef::~RecorderRef() {
  if (r_) r_->release();
}

constinit thread_local Recorder* Recorder::active_ = nullptr;

std::vector<Recorder*>& Recorder::active_recorders() {
  thread_local std::vector<Recorder*> stack;
  return stack;
}

namespace {

/// Recorders that ended: most recordings are short, and making the memory of a new one takes as
/// long as recording ten operations.
constexpr int kKeptRecorders = 4;
constexpr std::size_t kKeptInstructions = 4096;
Recorder* kept_recorders[kKeptRecorders];
int kept_count = 0;

}  // namespace

Recorder::Recorder() : Builder(Mode::kRecord) {
  // No growing step by step.
  program_.instructions.reserve(64);
  program_.args.reserve(128);
  positions_.reserve(64);
  live_.reserve(64);
  bindings_.reserve(8);
}

Recorder::~Recorder() {
  for (PyObject* code : codes_) Py_DECREF(code);
}

Recorder* Recorder::make(Ref title, Options options) {
  Recorder* r = nullptr;
  if (kept_count > 0) {
    r = kept_recorders[--kept_count];
    r->Builder::reset();  // here: the serial number tells which of two recorders is the newer
  } else {
    r = new Recorder;
  }
  r->title_ = std::move(title);
  r->options_ = options;
  return r;
}

Recorder* Recorder::make(std::string_view title, Options options) {
  return make(Ref::checked(
                  PyUnicode_FromStringAndSize(title.data(), static_cast<Py_ssize_t>(title.size()))),
              options);
}

void Recorder::recycle() {
  if (program_.instructions.capacity() > kKeptInstructions) {
    delete this;
    return;
  }
  reset();  // may run Python code, which may record
  if (kept_count < kKeptRecorders) {
    kept_recorders[kept_count++] = this;
  } else {
    delete this;
  }
}

void Recorder::reset() {
  title_ = Ref();
  closed_ = is_finished_ = any_abstract_ = has_constants_ = false;
  bindings_.clear();
  bindings_.reserve(8);
  captured_.clear();
  slots_.clear();
  for (PyObject* code : codes_) Py_DECREF(code);
  codes_.clear();
  positions_.clear();
  live_.clear();
  abstract_.clear();
  // An empty map takes its time to be emptied.
  if (!known_.empty()) known_.clear();
  if (!known_scalars_.empty()) known_scalars_.clear();
  if (!outward_.empty()) outward_.clear();
  guards_.clear();
  outward_serial_ = ~std::uint64_t{0};
  program_.subprograms.clear();
  program_.externals.clear();
}

bool Recorder::is_guarded() {
  return std::ranges::any_of(active_recorders(), [](Recorder* r) { return r->options_.guards; });
}

void Recorder::enter() {
  if (closed_) raise(PyExc_RuntimeError, name() + ": this recording has ended");
  retain();
  active_recorders().push_back(this);
  active_ = this;
}

void Recorder::exit() {
  auto& stack = active_recorders();
  const auto found = std::find(stack.rbegin(), stack.rend(), this);
  if (found == stack.rend()) return;
  stack.erase(std::next(found).base());
  active_ = stack.empty() ? nullptr : stack.back();
  release();
}

void Recorder::raise_leaked(ValueId v) const {
  std::string made = line_of(v);
  if (!made.empty()) made = " (made at " + made + ")";
  raise(
      error_types.leaked_tracer,
      name() + ": a traced value" + made +
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
  if (const RunningCode running = running_code(); running.code) {
    auto* const object = reinterpret_cast<PyObject*>(running.code);
    const auto recent = static_cast<std::size_t>(
        positions_.empty() || positions_.back().lasti < 0 ? codes_.size() : positions_.back().code);
    if (recent < codes_.size() && codes_[recent] == object) {
      here.code = static_cast<std::uint32_t>(recent);
    } else {
      const auto found = std::ranges::find(codes_, object);
      here.code = static_cast<std::uint32_t>(found - codes_.begin());
      if (found == codes_.end()) codes_.push_back(Py_NewRef(object));
    }
    here.lasti = running.offset;
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
