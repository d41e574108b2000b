#include "features/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "features/extractor.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

// A configuration in which the feature settings are one part, as in the training configuration.
struct Whole {
  int epochs = 3;
  FeatureConfig features;
};
void fields(FieldTable& v, Whole& w) {
  v("epochs", w.epochs, in(1, 100), "epochs");
  v.section("features", w.features);
}

Whole read(const std::string& text, const std::vector<std::string>& assignments = {}) {
  Whole w;
  FieldTable table;
  fields(table, w);
  read_with_preset(w.features, [&] { parse_config(table, text, "t.toml", assignments); });
  return w;
}

std::string written(FeatureConfig c) {
  FieldTable table;
  fields(table, c);
  return write_config(table);
}

TEST(FeatureConfig, DefaultsAreThePresetLibrosa) {
  EXPECT_EQ(written(FeatureConfig{}), written(feature_preset("librosa")));
  EXPECT_EQ(written(read("").features), written(feature_preset("librosa")));
}

TEST(FeatureConfig, PresetFillsWhatTheConfigLeavesAlone) {
  for (const char* name : {"librosa", "kaldi", "whisper"})
    EXPECT_EQ(written(read(std::string("[features]\npreset = \"") + name + "\"").features),
              written(feature_preset(name)));
}

TEST(FeatureConfig, GivenFieldsOverrideThePresetWhereverTheyStand) {
  // 512 is librosa's default; given explicitly, it must be kept although it equals a default
  const Whole w =
      read("epochs = 7\n[features]\nwin_samples = 512\nremove_dc = false\npreset = \"kaldi\"\nn_mels = 40\n");
  EXPECT_EQ(w.epochs, 7);
  FeatureConfig want = feature_preset("kaldi");
  want.win_samples = 512;
  want.remove_dc = false;
  want.n_mels = 40;
  EXPECT_EQ(written(w.features), written(want));
}

TEST(FeatureConfig, PresetMayComeFromTheCommandLine) {
  const Whole w =
      read("[features]\npreset = \"kaldi\"\nhop_samples = 80\n", {"features.preset=whisper", "features.n_mels=9"});
  FeatureConfig want = feature_preset("whisper");
  want.hop_samples = 80;
  want.n_mels = 9;
  EXPECT_EQ(written(w.features), written(want));
}

TEST(FeatureConfig, EchoReadsBackTheSame) {
  Whole w = read("[features]\npreset = \"kaldi\"\nfmin_hz = 60.5\ndeltas = 2\n");
  FieldTable table;
  fields(table, w);
  EXPECT_EQ(written(read(write_config(table)).features), written(w.features));
}

TEST(FeatureConfig, NamesEveryMistakeOnce) {
  const Error e = test::thrown_by([] { read("[features]\npreset = \"kaldy\"\nn_mel = 3\nn_fft = 1\n"); });
  EXPECT_EQ(e.fault(), Fault::config);
  const std::string text = e.what();
  EXPECT_NE(
      text.find(
          "t.toml:2:10: features.preset = \"kaldy\" is not one of librosa, kaldi, whisper (did you mean \"kaldi\"?)"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("unknown key \"features.n_mel\" (did you mean \"features.n_mels\"?)"), std::string::npos) << text;
  EXPECT_NE(text.find("features.n_fft = 1 is outside [2, 65536]"), std::string::npos) << text;
  EXPECT_FAULT(feature_preset("wisper"), Fault::config, "did you mean \"whisper\"?");
}

TEST(FeatureConfig, ContradictionsAreNamedTogether) {
  const auto made = [](const auto& change) {
    FeatureConfig c;
    change(c);
    return [c] { Extractor extractor(c); };
  };
  EXPECT_FAULT(made([](auto& c) { c.win_samples = 513; })(), Fault::config,
               "features.win_samples: is 513, expected at most n_fft (512)");
  EXPECT_FAULT(made([](auto& c) {
                 c.sample_rate = 8000;
                 c.delta_window = 4;
               })(),
               Fault::config,
               "features.fmax_hz: is 8000, expected at most half of features.sample_rate (4000); 0 means that half\n"
               "features.delta_window: is 4, expected an odd number");
  EXPECT_FAULT(made([](auto& c) { c.fmin_hz = 8000; })(), Fault::config, "features.fmin_hz: is 8000");
  EXPECT_FAULT(made([](auto& c) {
                 c.kind = FeatureKind::mfcc;
                 c.n_mfcc = 81;
               })(),
               Fault::config, "features.n_mfcc: is 81");
  EXPECT_FAULT(made([](auto& c) { c.hop_samples = 0; })(), Fault::config, "features.hop_samples = 0 is outside");
  EXPECT_FAULT(read("[features]\nlog = \"loge\"\n"), Fault::config, "features.log = \"loge\" is not one of");
}

TEST(FeatureConfig, UpperEdgeZeroIsHalfTheSampleRate) {
  FeatureConfig c = feature_preset("kaldi");
  c.sample_rate = 8000;
  EXPECT_EQ(Extractor(c).config().fmax_hz, 4000);
}

}  // namespace
}  // namespace cutract
