#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

// The module cutract._native: the library's classes with arrays of numpy. The package's Python files check the
// arguments, so the functions here have a few exact types. All of them release the GIL while they compute or read
// files, which lets the log take it.
namespace cutract::python {

namespace nb = nanobind;

// One channel of samples with full scale 1, read in place.
using Samples = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

inline std::span<const float> span_of(const Samples& samples) { return {samples.data(), samples.size()}; }

// Paths come as the bytes of os.fsencode, because a file name need not be UTF-8.
inline std::string text_of(const nb::bytes& path) { return {path.c_str(), path.size()}; }

// An array of numpy that owns the values, which are moved and not copied.
template <class T>
nb::ndarray<nb::numpy, T> array_of(std::vector<T> values, std::initializer_list<std::size_t> shape) {
  auto* owned = new std::vector<T>(std::move(values));
  const nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::ndarray<nb::numpy, T>(owned->data(), shape, owner);
}

void bind_errors(nb::module_&);
void bind_log(nb::module_&);
void bind_inverter(nb::module_&);
void bind_extractor(nb::module_&);
void bind_corpus(nb::module_&);

}  // namespace cutract::python
