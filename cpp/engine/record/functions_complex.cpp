/// The parts of complex numbers, and Fourier transforms along one axis.
#include "record/arrays.hpp"
#include "record/functions.hpp"

namespace dualtape::engine {

PyObject* part_of(TracerObject* t, OpCode part) {
  t->recorder->require_open(t->id);
  const bool complex = is_complex(type_of(t).dtype);
  if (complex) {
    const ValueKind kind = t->kind;
    PyObject* view = view_part(t, part);
    as_tracer(view)->kind = kind;
    return view;
  }
  if (part == kReal) return Py_NewRef(reinterpret_cast<PyObject*>(t));
  PyObject* zeros = make_tracer(*t->recorder, zeros_like(expr_of(t)).id(), t->kind);
  as_tracer(zeros)->read_only = true;
  return zeros;
}

namespace {

PyObject* record_real(const Arguments& a) {
  const Ref x = tracer_argument(a[0], "real");
  return part_of(as_tracer(x.get()), kReal);
}
FftScale scale_of(PyObject* scale) {
  const std::int64_t s = integer_of(scale);
  if (s < 0 || s > 2) raise(PyExc_ValueError, "scale must be 0, 1 or 2");
  return static_cast<FftScale>(s);
}

PyObject* record_fft(const Arguments& a) {
  return make_array(fft(array_argument(a[0], "fft"), integer_of(a[1]), flag(a[3]), scale_of(a[2])));
}
PyObject* record_rfft(const Arguments& a) {
  return make_array(rfft(array_argument(a[0], "rfft"), integer_of(a[1]), scale_of(a[2])));
}
PyObject* record_irfft(const Arguments& a) {
  return make_array(
      irfft(array_argument(a[0], "irfft"), integer_of(a[3]), integer_of(a[1]), scale_of(a[2])));
}

constexpr Function kFunctions[] = {
    {"real", {"real", {"val"}, 1}, record_real},
    // Without NumPy's names: these take a whole axis and one of three factors, see numpy/fft.py.
    {nullptr, {"fourier", {"x", "axis", "scale", "inverse"}, 4}, record_fft},
    {nullptr, {"fourier_of_real", {"x", "axis", "scale"}, 3}, record_rfft},
    {nullptr, {"fourier_to_real", {"x", "axis", "scale", "n"}, 4}, record_irfft},
};

}  // namespace

std::span<const Function> complex_functions() { return kFunctions; }

}  // namespace dualtape::engine
