#include <cutract/error.h>
#include <cutract/log.h>
#include <nanobind/stl/string.h>

#include <exception>
#include <memory>
#include <new>

#include "python/module/bindings.h"

namespace cutract::python {
namespace {

// Sets the exception that the package has for this fault.
void raise(Fault fault, const char* text) {
  const nb::object error = nb::module_::import_("cutract._errors").attr("error_of")(static_cast<int>(fault), text);
  PyErr_SetObject(error.type().ptr(), error.ptr());
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& e) { raise(e.fault(), e.what()); } catch (const std::bad_alloc&) {
    raise(Fault::memory, "out of memory; give a shorter recording, or close other programs");
  }
}

// Calls `write` with each line of the log. Whatever it raises is reported on stderr, because the library cannot pass it
// on from here.
void write_log_with(const nb::object& write) {
  if (write.is_none()) {
    const nb::gil_scoped_release unlocked;
    write_log_to({});
    return;
  }
  // The last reference may be dropped by a thread without the GIL.
  const std::shared_ptr<nb::object> kept(new nb::object(write), [](nb::object* p) {
    const nb::gil_scoped_acquire locked;
    delete p;
  });
  const nb::gil_scoped_release unlocked;
  write_log_to([kept](const std::string& line) {
    const nb::gil_scoped_acquire locked;
    try {
      (*kept)(nb::str(line.c_str(), line.size()));
    } catch (nb::python_error& e) { e.discard_as_unraisable("cutract's log"); }
  });
}

}  // namespace

void bind_errors(nb::module_&) { nb::register_exception_translator(translate); }

void bind_log(nb::module_& m) { m.def("write_log_with", write_log_with, nb::arg("write").none()); }

}  // namespace cutract::python

NB_MODULE(_native, m) {
  cutract::python::bind_errors(m);
  cutract::python::bind_log(m);
  cutract::python::bind_inverter(m);
  cutract::python::bind_extractor(m);
  cutract::python::bind_corpus(m);
}
