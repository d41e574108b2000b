#include <cutract/inverter.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "model/run_config.h"
#include "python/module/bindings.h"

namespace cutract::python {
namespace {

Inverter load(const nb::bytes& path, const std::string& device) {
  const std::string model = text_of(path);
  const nb::gil_scoped_release unlocked;
  return Inverter::load(model, device);
}

// Returns the values [frames, channels], the time of the first frame and the time between frames.
nb::tuple predict(const Inverter& invert, const Samples& samples, int sample_rate, const std::string& speaker) {
  Movement m;
  {
    const nb::gil_scoped_release unlocked;
    m = invert(span_of(samples), sample_rate, speaker);
  }
  const std::size_t frames = m.frames();
  return nb::make_tuple(array_of(std::move(m.values), {frames, m.channels.size()}), m.first_s, m.step_s);
}

std::vector<std::pair<std::string, std::string>> channels(const Inverter& invert) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Movement::Channel& c : invert.channels()) all.emplace_back(c.name, c.unit);
  return all;
}

nb::dict origin(const Inverter& invert) {
  const Inverter::Origin& from = invert.origin();
  nb::dict out;
  out["checkpoint"] = nb::bytes(from.checkpoint.data(), from.checkpoint.size());
  out["corpus"] = from.corpus;
  out["epoch"] = from.epoch;
  out["val_loss"] = from.val_loss;
  out["config"] = from.config;
  out["audio_channel"] = from.audio_channel;
  return out;
}

// The blocks of the model that a config describes, each with all its options: "dense width=64 activation=relu
// dropout=0".
std::vector<std::string> blocks(const std::string& config) {
  std::vector<std::string> all;
  for (const BlockConfig& block : model_spec(parse_run_config(config, "config").model, 1, 1).stack)
    all.push_back(write_block(block));
  return all;
}

}  // namespace

void bind_inverter(nb::module_& m) {
  nb::class_<Inverter>(m, "Inverter")
      .def_static("load", load, nb::arg("path"), nb::arg("device"))
      .def("predict", predict, nb::arg("samples"), nb::arg("sample_rate"), nb::arg("speaker"))
      .def("channels", channels)
      .def("speakers", &Inverter::speakers)
      .def("origin", origin)
      .def_prop_ro("step_s", &Inverter::step_s)
      .def_prop_ro("sample_rate", &Inverter::sample_rate);
  m.def("blocks", blocks, nb::arg("config"));
}

}  // namespace cutract::python
