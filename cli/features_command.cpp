#include <fmt/format.h>

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "train/config.h"

namespace cutract::cli {
namespace {

FeatureConfig settings(const FeaturesArgs& a) {
  std::vector<std::string> set = a.set;
  if (!a.preset.empty()) {
    feature_preset(a.preset);  // names the option if the preset is unknown
    set.insert(set.begin(), "features.preset=" + a.preset);
  }
  return read_run_config(a.config, set).features;
}

}  // namespace

int run(const FeaturesArgs& a) {
  const Extractor extractor(settings(a));
  const AudioInputs inputs = audio_inputs(a.audio, a.list);
  const std::vector<std::string> paths = output_paths(inputs.files, a.out, "npy");
  Exec ex = choose_device("cpu", 0);
  make_folder(a.out);
  std::size_t done = 0;
  const auto summarise = [&] {
    if (done > 0)
      log::info(fmt::format("Wrote {} to {}: {} per {:g} ms frame; first frame centred at {:g} ms",
                            counted(static_cast<Index>(done), "file"), a.out, counted(extractor.dim(), "feature"),
                            extractor.step_s() * 1000, extractor.first_centre_s() * 1000));
  };
  try {
    for_each_input(inputs, [&](std::size_t i) {
      const AudioInput& input = inputs.files[i];
      const Audio audio = read_input(input, {.channel = a.channel});
      const Frames m = extractor.from_audio(ex, audio.samples, audio.sample_rate);
      if (m.rows() == 0) fail(Fault::data, input.name + ": is too short for one frame; give longer audio");
      make_folder(folder_of(paths[i]));
      write_output(real_file_system(), paths[i], encode_npy(m.matrix(ex).view()));
      ++done;
    });
  } catch (const Error&) {
    summarise();
    throw;
  }
  summarise();
  return 0;
}

}  // namespace cutract::cli
