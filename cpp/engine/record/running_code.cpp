/// In CPython 3.11 from the interpreter's own frame. Its API makes a frame object, once for each
/// call of a Python function that records: with its release 800 instructions, as many as recording
/// four operations take.
#include <patchlevel.h>

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000 && \
    __has_include(<internal/pycore_frame.h>)
#define DUALTAPE_READS_FRAMES
#define Py_BUILD_CORE_MODULE 1
#endif

#include "record/running_code.hpp"

#ifdef DUALTAPE_READS_FRAMES
#include <internal/pycore_frame.h>
#endif

namespace dualtape::engine {

#ifdef DUALTAPE_READS_FRAMES

RunningCode running_code() {
  const _PyInterpreterFrame* frame = PyThreadState_Get()->cframe->current_frame;
  // As PyEval_GetFrame: a frame that is being made has no instruction yet.
  while (frame && _PyFrame_IsIncomplete(const_cast<_PyInterpreterFrame*>(frame))) {
    frame = frame->previous;
  }
  if (!frame) return {};
  return {frame->f_code, _PyInterpreterFrame_LASTI(frame) * static_cast<int>(sizeof(_Py_CODEUNIT))};
}

#else

RunningCode running_code() {
  PyFrameObject* const frame = PyEval_GetFrame();  // borrowed
  if (!frame) return {};
  PyCodeObject* const code = PyFrame_GetCode(frame);
  Py_DECREF(code);  // the frame has it
  return {code, PyFrame_GetLasti(frame)};
}

#endif

}  // namespace dualtape::engine
