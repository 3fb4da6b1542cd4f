/// Recorder: the builder behind the tracers of one recording.
///
/// Beside the program it knows what each input is bound to, the source line of each instruction,
/// the values already worked out, and which values tracers still hold. All of it is guarded by the
/// GIL.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "program/builder.hpp"
#include "record/binding.hpp"
#include "record/flat_map.hpp"

namespace dualtape::engine {

struct RecorderOptions {
  bool guards = false;  // note each bool or int taken from a value (jit)
  bool owns = false;  // copy every array given or captured: the recording outlives the call (Tape)
};

class Recorder final : public Builder {
 public:
  using Options = RecorderOptions;
  struct Guard {
    ValueId value;
    Ref outcome;
  };

  /// A recorder with no references yet; `title` is a str.
  static Recorder* make(Ref title, Options options);
  static Recorder* make(std::string_view title, Options options);
  static Recorder* of(Builder& b) { return static_cast<Recorder*>(&b); }

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) recycle();
  }

  std::string name() const { return text_of(title_.get()); }
  const Ref& title() const { return title_; }
  const Options& options() const { return options_; }
  bool closed() const { return closed_; }
  void close() { closed_ = true; }
  /// LeakedTracerError if the recording has ended; names the line that made v.
  void require_open(ValueId v) const {
    if (closed_) [[unlikely]]
      raise_leaked(v);
  }
  [[noreturn]] void raise_leaked(ValueId v) const;

  /// The newest recorder entered and not left by this thread; nullptr outside of recordings.
  static Recorder* active() { return active_; }
  void enter();
  void exit();

  // Inputs (capture.cpp).
  /// An argument of the recorded function: an array or a number. `batch_axis` -1: none.
  ValueId argument(PyObject* value, int batch_axis, ValueKind* kind);
  /// An argument that is a value of an older recorder; batch_axis as above.
  ValueId outer_argument(Recorder& source, ValueId value, ValueKind kind, int batch_axis);
  ValueId abstract_argument(const Type& type, ValueKind kind);
  /// A value of an older recorder or of this one as a new input bound to it.
  ValueId outer_input(Recorder& source, ValueId value);
  /// An array or a NumPy scalar the function uses; one input while its contents stay the same.
  ValueId capture(PyObject* array);
  /// A Python number as a scalar of this element type: structural ones as constants, the others as
  /// slots.
  ValueId number(PyObject* number, DType as);
  /// The input of a program called here, bound to the same thing.
  ValueId adopt(const Binding& binding, const Type& type);

  Bindings& bindings() { return bindings_; }
  /// From now on the bindings belong to who finished it; no value can be worked out here any more.
  void finish() { is_finished_ = true; }
  /// Position of an `input` instruction among the inputs.
  std::size_t input_position(ValueId v) const;

  // Notes on values.
  /// The values made since the last note come from the line that runs now.
  void note_position();
  std::string line_of(ValueId v) const;
  void add_live(ValueId v) {
    if (live_.size() <= v) live_.resize(static_cast<std::size_t>(v) + 64);
    if (live_[v] != kManyTracers) ++live_[v];
  }
  void drop_live(ValueId v) {
    if (live_[v] != kManyTracers) --live_[v];
  }

  // Values (values.cpp).
  /// Depends on an argument with a batch axis or without a value.
  bool is_abstract(ValueId v);
  void mark_abstract(ValueId input);
  /// The value as an array nobody else writes. ConcreteValueError if there is none.
  Ref value_of(ValueId v);

  /// The value if it needs no running: bound to an input, or worked out before.
  Ref known_value(ValueId v) const;

  std::vector<Guard>& guards() { return guards_; }
  /// Python takes a number from v: a guard of the recording of jit that encloses this one, if any
  /// (guards.cpp).
  void note_guard(ValueId v, PyObject* outcome);
  /// Inside a recording of jit, which runs again for other values.
  static bool is_guarded();

 protected:
  void on_capture(const Capture& capture) override;

 private:
  struct Position {
    std::uint32_t code;  // index in codes_
    std::int32_t lasti;
  };
  static constexpr std::uint8_t kManyTracers = 255;  // sticks: no longer counted

  Recorder();
  ~Recorder() override;
  /// Deletes it, or keeps its memory for the next recording.
  void recycle();
  void reset();
  DType recorded_dtype(PyArrayObject* array) const;
  ValueId bind(Binding binding, const Type& type);
  ValueId bind_array(PyObject* array, bool is_argument, int batch_axis, std::uint64_t key);
  ValueId capture_as_is(const Ref& array, PyObject* object, std::uint64_t key);
  Ref copy_of_enclosing(PyObject* array, std::uint64_t key) const;
  bool still_equal(const Binding& binding, PyObject* array) const;
  ValueId slot(PyObject* number, DType as);

  void evaluate_cone(ValueId v);
  /// v and what it needs, copied into the recorder its inputs come from.
  ValueId copy_outward(ValueId v, Recorder& outer);

  Ref title_;
  Options options_;
  std::uint32_t references_ = 0;
  bool closed_ = false;
  bool is_finished_ = false;
  Bindings bindings_;
  FlatMap captured_;                   // address of an array, or of its data -> latest position
  FlatMap slots_;                      // (address of a number, type) -> value
  ValueId constants_[kDTypeCount][5];  // valid if has_constants_
  bool has_constants_ = false;
  std::vector<PyObject*> codes_;
  PodVector<Position> positions_;
  std::vector<std::uint8_t> live_;
  std::vector<std::uint8_t> abstract_;
  bool any_abstract_ = false;
  std::unordered_map<ValueId, Ref> known_;
  std::unordered_map<ValueId, std::uint64_t> known_scalars_;  // of at most 8 bytes
  std::vector<Guard> guards_;
  std::unordered_map<ValueId, ValueId> outward_;      // copies made by copy_outward
  std::uint64_t outward_serial_ = ~std::uint64_t{0};  // of the recorder they are in

  static std::vector<Recorder*>& active_recorders();
  static constinit thread_local Recorder* active_;
};

/// Bytes of what an input is bound to (Source kNumber or kArray).
inline const void* data_of(const Binding& b) {
  if (b.source == Binding::Source::kNumber) return &b.bits;
  return PyArray_DATA(b.owner.array());
}

}  // namespace dualtape::engine
