/// Views of tracers and writing through them.
#include <algorithm>
#include <vector>

#include "record/indexing.hpp"

namespace dualtape::engine {
namespace {

Expr read(const ViewOp& how, const Expr& parent) {
  switch (how.op) {
    case kSlice: return slice(parent, how.a, how.count, how.step);
    case kTranspose: return transpose(parent, how.a);
    case kBroadcastTo: return broadcast_to(parent, how.a);
    case kReal: return real(parent);
    case kImag: return imag(parent);
    case kTake: return read_advanced(parent, *how.index);
    default: return reshape(parent, how.a);
  }
}

/// The parent with the part that the view reads replaced.
Expr write_back(const ViewOp& how, const Expr& parent, const Expr& value) {
  switch (how.op) {
    case kSlice: return update_slice(parent, value, how.a, how.step);
    case kTranspose: {
      Dims inverse(how.a.size());
      for (std::size_t i = 0; i < how.a.size(); ++i) {
        inverse[static_cast<std::size_t>(how.a[i])] = static_cast<std::int64_t>(i);
      }
      return transpose(value, inverse);
    }
    case kReal: return make_complex(value, imag(parent));
    case kImag: return make_complex(real(parent), value);
    case kTake: return write_advanced(parent, *how.index, value, take_set);
    default: return reshape(value, parent.shape());
  }
}

void set_id(TracerObject* t, ValueId id) {
  t->recorder->drop_live(t->id);
  t->id = id;
  t->recorder->add_live(id);
}

[[noreturn]] void raise_uncertain(TracerObject* t) {
  raise(PyExc_ValueError,
        t->recorder->name() +
            ": whether this reshape is a view or a copy depends on the memory order of its "
            "operand, so a write to either of them is ambiguous; write x.reshape(...).copy(), or "
            "assign before reshaping");
}

/// A slice of a C-contiguous array is C-contiguous if it only shortens the first axis.
bool slice_keeps_order(const ViewOp& how, const Dims& shape) {
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (how.step[i] != 1 || (i > 0 && how.count[i] != shape[i])) return false;
  }
  return true;
}

bool breaks_order(const ViewOp& how, const Dims& parent_shape) {
  if (how.op == kSlice) return !slice_keeps_order(how, parent_shape);
  return how.op != kReshape;
}

}  // namespace

void drop_link(TracerObject* t) {
  PyObject* parent = reinterpret_cast<PyObject*>(t->link->parent);
  delete t->link;
  t->link = nullptr;
  Py_DECREF(parent);
}

ValueId current_id(TracerObject* t) {
  if (!t->link || t->link->seen == t->link->root->writes) return t->id;
  // The values of a tape stay readable after it; what its views show is written down late.
  if (!t->recorder->options().owns) t->recorder->require_open(t->id);
  const std::uint32_t writes = t->link->root->writes;
  std::vector<TracerObject*> stale;
  for (TracerObject* v = t; v->link && v->link->seen != writes; v = v->link->parent) {
    stale.push_back(v);
  }
  for (std::size_t i = stale.size(); i-- > 0;) {
    TracerObject* v = stale[i];
    if (!v->link->is_certain) raise_uncertain(v);
    const Expr parent(*v->recorder, v->link->parent->id);
    set_id(v, read(v->link->how, parent).id());
    v->link->seen = writes;
  }
  t->recorder->note_position();
  return t->id;
}

PyObject* make_view(TracerObject* parent, ViewOp how, bool is_certain) {
  Expr x = expr_of(parent);
  parent->recorder->require_open(parent->id);
  const Dims parent_shape = x.shape();
  const Expr view = read(how, x);
  Ref result = Ref::steal(make_array(view));
  TracerObject* t = as_tracer(result.get());
  t->order_unknown = view.rank() > 1 && (parent->order_unknown || breaks_order(how, parent_shape));
  t->read_only = parent->read_only || how.op == kBroadcastTo;
  // An inner recording's part of an outer array: no recording could write through it.
  if (t->recorder != parent->recorder) {
    t->read_only = true;
    return result.release();
  }
  // A scalar is not written: what is made of it owes it nothing.
  if (parent->kind == ValueKind::kArray) {
    TracerObject* root = parent->link ? parent->link->root : parent;
    t->link = new ViewLink{parent, root, root->writes, is_certain, std::move(how)};
    Py_INCREF(reinterpret_cast<PyObject*>(parent));
  }
  return result.release();
}

PyObject* view_reshape(TracerObject* t, Dims shape) {
  const Dims& old = type_of(t).shape;
  // One axis can always be split in place, and ones can be put in anywhere.
  Dims long_axes, old_long_axes;
  std::ranges::copy_if(shape, std::back_inserter(long_axes), [](auto n) { return n != 1; });
  std::ranges::copy_if(old, std::back_inserter(old_long_axes), [](auto n) { return n != 1; });
  const bool is_certain =
      !t->order_unknown || old_long_axes.size() <= 1 || long_axes == old_long_axes;
  return make_view(t, {kReshape, std::move(shape), {}, {}}, is_certain);
}

PyObject* view_transpose(TracerObject* t, Dims permutation) {
  return make_view(t, {kTranspose, std::move(permutation), {}, {}});
}

PyObject* view_broadcast(TracerObject* t, Dims shape) {
  return make_view(t, {kBroadcastTo, std::move(shape), {}, {}});
}

PyObject* view_part(TracerObject* t, OpCode part) { return make_view(t, {part, {}, {}, {}}); }

PyObject* view_slice(TracerObject* t, Dims start, Dims count, Dims step) {
  return make_view(t, {kSlice, std::move(start), std::move(step), std::move(count)});
}

void require_writable(TracerObject* t) {
  Recorder& r = *t->recorder;
  r.require_open(t->id);
  if (t->kind != ValueKind::kArray) {
    raise(PyExc_TypeError, "a NumPy scalar does not support item assignment");
  }
  if (t->read_only) raise(PyExc_ValueError, "assignment destination is read-only");
  Recorder* newest = Recorder::active();
  if (newest && newest != &r) {
    raise(PyExc_ValueError, newest->name() +
                                ": the function writes into an array of the enclosing recording (" +
                                r.name() + "); copy it first (x.copy()), or return the new values");
  }
}

void rebind(TracerObject* t, const Expr& value) {
  require_writable(t);
  Expr written = value;
  if (&value.builder() != t->recorder) {
    if (value.builder().serial() > t->recorder->serial()) {
      raise(PyExc_ValueError, t->recorder->name() +
                                  ": a value of an inner recording is written into an array of an "
                                  "outer one; return it from the inner function instead");
    }
    written = {*t->recorder, t->recorder->lift(value.builder(), value.id())};
  }
  current_id(t);
  for (const TracerObject* v = t; v->link; v = v->link->parent) {
    if (!v->link->is_certain) raise_uncertain(t);
  }
  TracerObject* v = t;
  set_id(v, written.id());
  while (v->link) {
    TracerObject* parent = v->link->parent;
    written = write_back(v->link->how, {*parent->recorder, current_id(parent)}, written);
    set_id(parent, written.id());
    v = parent;
  }
  ++v->writes;
  for (TracerObject* w = t; w->link; w = w->link->parent) w->link->seen = v->writes;
  t->recorder->note_position();
}

}  // namespace dualtape::engine
