/// Tracer: the array-like Python object that stands for a value of a recording.
///
/// A tracer names a value in single-assignment form; writing into it makes it name a new one. A
/// view remembers its parent and the view's instruction: it is written again from the parent's
/// newest value when that changed, and a write into it is carried back along the chain of parents.
#pragma once

#include <memory>

#include "ops/array_ops.hpp"
#include "record/recorder.hpp"

namespace dualtape::engine {

struct TracerObject;

struct Index;

/// The instruction by which a view reads its parent.
struct ViewOp {
  OpCode op = kReshape;  // kSlice, kTranspose, kReshape, kBroadcastTo, kReal, kImag or kTake
  Dims a;                // slice: start; transpose: permutation; reshape, broadcast: shape
  Dims step;             // slice
  Dims count;            // slice
  std::shared_ptr<const Index> index = nullptr;  // kTake: traced integers, slices beside
};

struct ViewLink {
  TracerObject* parent;  // owned
  TracerObject* root;    // kept alive by the chain of parents
  std::uint32_t seen;    // writes into the root when this view was last in step with it
  bool is_certain;       // false: NumPy's answer to "view or copy?" depends on memory order
  ViewOp how;
};

struct TracerObject {
  PyObject_HEAD Recorder* recorder;  // owned
  ViewLink* link;                    // owned; nullptr: not a view
  ValueId id;
  std::uint32_t writes;  // into this tracer as the root of its views
  ValueKind kind;
  bool order_unknown;  // may not be C-contiguous in NumPy
  bool read_only;
};

extern PyTypeObject* tracer_type;
/// Makes the type and adds it to the module.
void add_tracer_type(PyObject* module);

inline bool is_tracer(const PyObject* o) { return Py_TYPE(o) == tracer_type; }
inline TracerObject* as_tracer(PyObject* o) { return reinterpret_cast<TracerObject*>(o); }

PyObject* make_tracer(Recorder& recorder, ValueId id, ValueKind kind);
/// An array; a NumPy scalar where the shape is ().
PyObject* make_result(const Expr& e);
/// An array, also where the shape is ().
PyObject* make_array(const Expr& e);
/// make_result with the memory order of NumPy's elementwise functions: unknown if an operand's is.
PyObject* make_elementwise(const Expr& e, bool order_unknown);

/// The value now, after writes into what this is a view of.
ValueId current_id(TracerObject* t);
inline Expr expr_of(TracerObject* t) { return {*t->recorder, current_id(t)}; }
inline Expr expr_of(PyObject* t) { return expr_of(as_tracer(t)); }
inline const Type& type_of(TracerObject* t) { return t->recorder->type_of(t->id); }

// Views and writes (views.cpp).
/// A view of an array; of a scalar, a plain new value. LeakedTracerError if the recording has
/// ended.
PyObject* make_view(TracerObject* parent, ViewOp how, bool is_certain = true);
/// NumPy's x[...] = v: `value` has t's shape and element type.
void rebind(TracerObject* t, const Expr& value);
/// Raises unless t may be written now.
void require_writable(TracerObject* t);
void drop_link(TracerObject* t);

PyObject* view_reshape(TracerObject* t, Dims shape);
PyObject* view_transpose(TracerObject* t, Dims permutation);
PyObject* view_broadcast(TracerObject* t, Dims shape);
/// kReal or kImag of complex values.
PyObject* view_part(TracerObject* t, OpCode part);
PyObject* view_slice(TracerObject* t, Dims start, Dims count, Dims step);

// The protocols, one file each; slots and methods are collected in tracer.cpp.
extern PyMethodDef tracer_methods[];
extern PyGetSetDef tracer_attributes[];
PyObject* tracer_subscript(PyObject* self, PyObject* key);
int tracer_assign_subscript(PyObject* self, PyObject* key, PyObject* value);
PyObject* tracer_compare(PyObject* a, PyObject* b, int op);
/// Appends the number protocol's slots.
void add_number_slots(std::vector<PyType_Slot>& slots);

}  // namespace dualtape::engine
