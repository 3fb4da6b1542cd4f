/// Recording: a recorded or derived program together with what its inputs are bound to.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/executable.hpp"
#include "record/binding.hpp"
#include "record/recorder.hpp"

namespace dualtape::engine {

struct Bound {
  Ref title;  // what errors call the recording: a str
  Bindings inputs;

  std::string name() const { return text_of(title.get()); }
};

struct Recording {
  ExecutablePtr executable;
  std::shared_ptr<const Bound> bound;
  std::vector<ValueKind> kinds;  // of the outputs

  const Program& program() const { return *executable->program(); }
  const Type& input_type(std::size_t k) const;
  const Type& output_type(std::size_t k) const;
};

/// The recorder's program with these outputs (tracers, arrays, numbers); ends the recording.
Recording finish_recording(Recorder& recorder, std::span<PyObject* const> outputs);
/// A Recorder's tracers as functions of others, without ending the recording (Tape). ValueError if
/// one of `wrt` depends on another.
Recording snapshot_recording(RecorderRef recorder, std::span<PyObject* const> outputs,
                             std::span<PyObject* const> wrt);

/// The output's value in the recorder: lifted where it is an older recording's, captured where it
/// is an array.
ValueId output_value(Recorder& recorder, PyObject* output, ValueKind* kind);
/// An argument of the recorded function: a new tracer.
PyObject* input_tracer(Recorder& recorder, PyObject* value, int batch_axis);
/// Executable::derive, with the recording's name before an error.
ExecutablePtr derive(const Executable& executable, const Ref& title, const Derivation& how);

/// An array, a Python float or a traced value of exactly this type, as it is; false for all else.
bool bind_as_is(PyObject* value, const Type& type, Binding& binding);
/// `value` bound to an input of this type: its shape and element type must fit.
Binding bind_value(PyObject* value, const Type& type, const std::string& what);

/// The binding of an input with a batch axis, this axis first; others as they are.
Binding batch_axis_first(const Binding& binding);
/// Objects owned together, without a list around them.
class Objects {
 public:
  Objects() = default;
  Objects(Objects&& o) noexcept = default;
  Objects& operator=(Objects&& o) noexcept {
    std::swap(items_, o.items_);
    return *this;
  }
  ~Objects() {
    for (PyObject* item : items_) Py_DECREF(item);
  }

  void add(Ref object) {
    items_.push_back(object.get());
    object.release();
  }
  std::size_t size() const { return items_.size(); }
  std::span<PyObject* const> all() const { return items_; }
  std::span<PyObject* const> first(std::size_t n) const { return all().first(n); }
  /// The first n as a new list.
  PyObject* list(std::size_t n) const;
  PyObject* list() const { return list(size()); }

 private:
  ShortList<PyObject*, 8> items_;
};
/// Runs the program, or records it as a `call` where an input is a tracer: NumPy results or
/// tracers.
Objects run(const Executable& executable, const Bindings& inputs, std::span<const ValueKind> kinds);

void add_recorder_type(PyObject* module);
void add_recording_type(PyObject* module);
PyObject* make_recording(Recording recording);
/// The Recording of a Python object; TypeError if it is none.
const Recording& recording_of(PyObject* object);

}  // namespace dualtape::engine
