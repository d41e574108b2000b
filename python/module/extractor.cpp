#include "features/extractor.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <mutex>

#include "features/dataset/corpus_features.h"
#include "host/core/error.h"
#include "host/device/choose_exec.h"
#include "host/io/audio_container.h"
#include "model/run_config.h"
#include "python/module/bindings.h"

namespace cutract::python {
namespace {

// Computes features on the CPU, one recording at a time.
class Features {
 public:
  explicit Features(const FeatureConfig& config)
      : extractor_(config), ex_(choose_exec("cpu", /*threads=*/0, "device").ex) {}

  const Extractor& extractor() const { return extractor_; }
  Matrix operator()(std::span<const float> samples, int sample_rate) {
    const std::lock_guard lock(mutex_);
    std::vector<float> resampled;
    if (const int own = extractor_.config().sample_rate; sample_rate != own) {
      resampled = resample(samples, sample_rate, own);
      samples = resampled;
    }
    return features_of(ex_, extractor_, samples).matrix(ex_);
  }

 private:
  std::mutex mutex_;
  Extractor extractor_;
  Exec ex_;
};

// The settings of a TOML file ("": the defaults), then of assignments "features.n_mels=40".
FeatureConfig settings(const nb::bytes& path, const std::vector<std::string>& assignments) {
  FeatureConfig config = read_run_config(text_of(path), assignments).features;
  if (reads_files(config))
    fail(Fault::config,
         "features.streams: the stream \"file\" reads arrays of a corpus, and features are computed from audio alone "
         "here; leave the stream out");
  return config;
}

// Of the features that a model reads, by its config.
std::unique_ptr<Features> of_model(const std::string& config) {
  return std::make_unique<Features>(parse_run_config(config, "config").features);
}

// Returns the features [frames, columns].
nb::ndarray<nb::numpy, float> compute(Features& features, const Samples& samples, int sample_rate) {
  Matrix out;
  {
    const nb::gil_scoped_release unlocked;
    out = features(span_of(samples), sample_rate);
  }
  const auto rows = static_cast<std::size_t>(out.rows), cols = static_cast<std::size_t>(out.cols);
  return array_of(std::move(out.values), {rows, cols});
}

std::vector<std::string> columns(const Features& features) {
  std::vector<std::string> names;
  for (const Column& c : features.extractor().columns()) names.push_back(c.name);
  return names;
}

// Returns the samples of a file, its rate, and what the reader noticed about it.
nb::tuple read(const nb::bytes& path, int channel) {
  const std::string file = text_of(path);
  Audio audio;
  {
    const nb::gil_scoped_release unlocked;
    audio = read_audio(file, {.channel = channel});
  }
  const std::size_t count = audio.samples.size();
  return nb::make_tuple(array_of(std::move(audio.samples), {count}), audio.sample_rate, audio.notes);
}

}  // namespace

void bind_extractor(nb::module_& m) {
  nb::class_<Features>(m, "Extractor")
      .def(
          "__init__",
          [](Features* self, const nb::bytes& path, const std::vector<std::string>& assignments) {
            const FeatureConfig config = settings(path, assignments);
            const nb::gil_scoped_release unlocked;
            new (self) Features(config);
          },
          nb::arg("path"), nb::arg("assignments"))
      .def_static("of_model", of_model, nb::arg("config"))
      .def("compute", compute, nb::arg("samples"), nb::arg("sample_rate"))
      .def("columns", columns)
      .def_prop_ro("first_s", [](const Features& f) { return f.extractor().first_centre_s(); })
      .def_prop_ro("step_s", [](const Features& f) { return f.extractor().step_s(); });
  m.def("read_audio", read, nb::arg("path"), nb::arg("channel"));
  m.def(
      "check_settings",
      [](const nb::bytes& path, const std::vector<std::string>& assignments) {
        return write_run_config(read_run_config(text_of(path), assignments));
      },
      nb::arg("path"), nb::arg("assignments"));
  m.attr("LOWEST_RATE") = kLowestRate;
  m.attr("HIGHEST_RATE") = kHighestRate;
}

}  // namespace cutract::python
