#include <fmt/format.h>

#include "cli/commands.h"
#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "train/config.h"

namespace cutract::cli {

int run(const FeaturesArgs& a) {
  const FeatureConfig config = a.preset.empty() ? read_run_config(a.config, {}).features : feature_preset(a.preset);
  const Extractor extractor(config);
  Exec ex = choose_device("cpu", 0);
  make_folder(a.out);
  const std::vector<std::string> paths = output_paths(a.audio, a.out, "npy");
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Audio audio = read_audio(a.audio[i]);
    const Frames m = extractor.from_audio(ex, audio.samples, audio.sample_rate);
    if (m.rows() == 0) fail(Fault::data, a.audio[i] + ": is too short for one frame; give longer audio");
    write_output(real_file_system(), paths[i], encode_npy(m.matrix(ex).view()));
  }
  log::info(fmt::format("done {} files: {} features every {:.1f} ms, first centre at {:.1f} ms -> {}", a.audio.size(),
                        extractor.dim(), extractor.step_s() * 1000, extractor.first_centre_s() * 1000, a.out));
  return 0;
}

}  // namespace cutract::cli
