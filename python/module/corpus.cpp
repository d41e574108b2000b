#include "host/corpus/corpus.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/module/bindings.h"

namespace cutract::python {
namespace {

Corpus open_corpus(const nb::bytes& path, int channel) {
  const std::string dir = text_of(path);
  const nb::gil_scoped_release unlocked;
  return read_corpus(dir, {.channel = channel});
}

std::vector<std::pair<std::string, std::string>> channels(const Corpus& corpus) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Channel& c : corpus.channels) all.emplace_back(c.name, c.unit);
  return all;
}

// What the manifest says about each utterance: id, speaker, split and text.
nb::list manifest(const Corpus& corpus) {
  nb::list all;
  for (const Utterance& u : corpus.utterances) all.append(nb::make_tuple(u.id, u.speaker, u.split, u.text));
  return all;
}

// Returns the samples of an utterance, its track [frames, channels], the time of the first row and what the reader
// noticed about the audio file.
nb::tuple read(const Corpus& corpus, std::size_t index) {
  const Utterance& utterance = corpus.utterances.at(index);
  Recording r;
  {
    const nb::gil_scoped_release unlocked;
    r = read_recording(corpus, utterance);
  }
  const std::size_t samples = r.samples.size();
  Matrix& track = r.track.values;
  const auto rows = static_cast<std::size_t>(track.rows), cols = static_cast<std::size_t>(track.cols);
  return nb::make_tuple(array_of(std::move(r.samples), {samples}), array_of(std::move(track.values), {rows, cols}),
                        r.track.first_s, r.notes);
}

}  // namespace

void bind_corpus(nb::module_& m) {
  nb::class_<Corpus>(m, "Corpus")
      .def_ro("name", &Corpus::name)
      .def_ro("sample_rate", &Corpus::sample_rate)
      .def_ro("articulation_rate_hz", &Corpus::articulation_rate_hz)
      .def("channels", channels)
      .def("manifest", manifest)
      .def("read", read, nb::arg("index"));
  m.def("open_corpus", open_corpus, nb::arg("path"), nb::arg("channel"));
}

}  // namespace cutract::python
