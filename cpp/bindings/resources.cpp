#include "resources.hpp"

#include <cstdlib>

#include "record/recording.hpp"
#include "record/result_memory.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

std::size_t bytes_of_type(const Type& type) {
  return static_cast<std::size_t>(element_count(type.shape)) * item_size(type.dtype);
}

PyObject* memory_of(PyObject*, PyObject* object) {
  return guarded([&] {
    const Recording& r = recording_of(object);
    std::size_t arguments = 0, captured = 0;
    for (std::size_t k = 0; k < r.bound->inputs.size(); ++k) {
      (r.bound->inputs[k].is_argument ? arguments : captured) += bytes_of_type(r.input_type(k));
    }
    const RunMemory run = r.executable->plan().memory();
    return Py_BuildValue("(nnnnn)", static_cast<Py_ssize_t>(arguments),
                         static_cast<Py_ssize_t>(captured), static_cast<Py_ssize_t>(run.outputs),
                         static_cast<Py_ssize_t>(run.temporary),
                         static_cast<Py_ssize_t>(run.scratch));
  });
}

PyObject* set_num_threads(PyObject*, PyObject* n) {
  return guarded([&] {
    const long long threads = integer_of(n);
    if (threads < 1 || threads > kMaxThreads) {
      raise(PyExc_ValueError, "set_num_threads: 1 to " + std::to_string(kMaxThreads) +
                                  " threads, got " + std::to_string(threads));
    }
    set_thread_count(static_cast<int>(threads));
    return Py_NewRef(Py_None);
  });
}

PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(thread_count()); }

PyMethodDef functions[] = {{"memory_of", memory_of, METH_O,
                            "memory_of(recording, /)\n--\n\n"
                            "Bytes: arguments, captured, results, temporary, scratch."},
                           {"set_num_threads", set_num_threads, METH_O,
                            "set_num_threads(n, /)\n--\n\nThreads a run may use."},
                           {"get_num_threads", get_num_threads, METH_NOARGS,
                            "get_num_threads()\n--\n\nThreads a run may use."},
                           {nullptr, nullptr, 0, nullptr}};

/// A typing error there must not silently mean all CPUs.
void check_environment() {
  const char* const text = std::getenv("DUALTAPE_NUM_THREADS");
  if (!text) return;
  char* end = nullptr;
  const long n = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || n < 1 || n > kMaxThreads) {
    raise(PyExc_ValueError, "DUALTAPE_NUM_THREADS: a number from 1 to " +
                                std::to_string(kMaxThreads) + " wanted, got '" + text + "'");
  }
}

}  // namespace

void add_resources(PyObject* module) {
  check_environment();
  add_memory_handler();
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace dualtape::engine
