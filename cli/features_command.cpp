#include <fmt/format.h>

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "eval/prediction.h"
#include "features/dataset/corpus_features.h"
#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "model/run_config.h"

namespace cutract::cli {
namespace {

// Throws Error{usage} for settings that an option contradicts, or that features does not use.
void check_options(const FeaturesArgs& a) {
  if (a.out == "-") fail(Fault::usage, "--out -: features writes one file for each recording; name a folder");
  const auto sets = [&](const std::string& assignment, const char* key) { return assignment.starts_with(key); };
  for (const std::string& s : a.set) {
    if (!a.preset.empty() && sets(s, "features.preset="))
      fail(Fault::usage, fmt::format("--preset {} and --set {} contradict each other; give only one of them", a.preset,
                                     shortened(s)));
    if (a.channel >= 0 && sets(s, "data.channel="))
      fail(Fault::usage, fmt::format("--channel {} and --set {} contradict each other; give only one of them",
                                     a.channel, shortened(s)));
    for (const char* section : {"data.", "model.", "trainer.", "optim.", "schedule.", "eval."})
      if (sets(s, section) && !sets(s, "data.channel="))
        fail(Fault::usage,
             fmt::format("--set {}: has no effect on features, which depend on the settings in [features] "
                         "and on data.channel; leave it out",
                         shortened(s)));
  }
}

void expect_no_files(const FeatureConfig& c) {
  if (reads_files(c))
    fail(Fault::config,
         "features.streams: the stream \"file\" reads arrays of a corpus, and `cutract features` computes from audio "
         "alone; leave the stream out");
}

// Returns a file's features in the requested format. The CSV is as precise as that of predict.
std::string encode(const FeaturesArgs& a, const Extractor& extractor, const std::string& audio, const Matrix& m) {
  if (a.format == FeatureFormat::npy) return encode_npy(m.view());
  if (a.format == FeatureFormat::csv) {
    std::vector<Channel> columns;
    for (const Column& c : extractor.columns()) columns.push_back({c.name, ""});
    return prediction_csv({audio, extractor.first_centre_s(), extractor.step_s(), m}, columns);
  }
  std::vector<double> times;
  for (Index t = 0; t < m.rows; ++t)
    times.push_back(extractor.first_centre_s() + static_cast<double>(t) * extractor.step_s());
  std::vector<std::string> names;
  for (const Column& c : extractor.columns()) names.push_back(c.name);
  return encode_npz(
      {{"time_s", times}, {"values", m.view()}, {"columns", names}, {"audio", std::vector<std::string>{audio}}});
}

RunConfig settings(const FeaturesArgs& a) {
  std::vector<std::string> set = a.set;
  if (!a.preset.empty()) {
    feature_preset(a.preset);  // names the option if the preset is unknown
    set.insert(set.begin(), "features.preset=" + a.preset);
  }
  return read_run_config(a.config, set);
}

}  // namespace

int run(const FeaturesArgs& a) {
  check_options(a);
  const RunConfig config = settings(a);
  expect_no_files(config.features);
  const Extractor extractor(config.features);
  const AudioInputs inputs = audio_inputs(a.audio, a.list);
  const std::vector<std::string> paths = output_paths(inputs.files, a.out, name_of(a.format));
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
      const Audio audio = read_input(input, a.channel, config.data.channel);
      const Frames m = features_of(ex, extractor, audio);
      if (m.rows() == 0) fail(Fault::data, input.name + ": is too short for one frame; give longer audio");
      make_folder(folder_of(paths[i]));
      write_output(real_file_system(), paths[i], encode(a, extractor, input.name, m.matrix(ex)));
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
