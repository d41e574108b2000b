// The public interface: one inverter, many recordings.
#include <cutract/error.h>
#include <cutract/inverter.h>
#include <cutract/log.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "features/extractor.h"
#include "host/core/log.h"
#include "host/io/audio.h"
#include "model/predictor.h"
#include "model/speaker_statistics.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

std::string model_path() { return test::source_file("tests/golden/models/0.1.0/mel.safetensors"); }

Audio example() { return read_audio(test::source_file("tests/golden/models/0.1.0/input.wav")); }

// The speech of the example, again and again, with a level that changes slowly.
std::vector<float> long_speech(std::size_t samples) {
  const std::vector<float> once = example().samples;
  std::vector<float> x(samples);
  for (std::size_t i = 0; i < samples; ++i)
    x[i] = once[i % once.size()] * static_cast<float>(0.6 + 0.4 * std::sin(1e-5 * static_cast<double>(i)));
  return x;
}

TEST(Library, WritesItsLogWhereTheProgramWants) {
  std::vector<std::string> lines;
  write_log_to([&](const std::string& line) { lines.push_back(line); });
  log::warn("a\x1b[1m");
  log::info("b");
  testing::internal::CaptureStderr();
  write_log_to({});
  log::warn("c");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: c\n");
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines.front().starts_with("warning: a")) << lines.front();
  EXPECT_EQ(lines.back(), "b");
}

TEST(Inverter, SaysWhatItsColumnsAre) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const TrainedModel m = load_model(model_path());
  ASSERT_EQ(invert.channels().size(), m.channels.size());
  EXPECT_EQ(invert.channels()[0].name, m.channels[0].name);
  EXPECT_EQ(invert.channels()[0].unit, m.channels[0].unit);
  EXPECT_EQ(invert.step_s(), Extractor(m.config.features).step_s());
  EXPECT_EQ(invert.sample_rate(), m.config.features.sample_rate);
  EXPECT_EQ(invert.speakers(), speakers_of(m));
}

TEST(Inverter, SaysWhereItComesFrom) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const TrainedModel m = load_model(model_path());
  const Inverter::Origin& from = invert.origin();
  EXPECT_EQ(from.checkpoint, model_path());
  EXPECT_EQ(from.corpus, m.corpus_name);
  EXPECT_EQ(from.epoch, m.epoch);
  EXPECT_EQ(from.val_loss, m.val_loss);
  EXPECT_EQ(from.config, write_run_config(m.config));
  EXPECT_EQ(from.audio_channel, m.config.data.channel);
}

TEST(Inverter, PredictsWhatTheModelPredicts) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const TrainedModel m = load_model(model_path());
  const Audio audio = example();
  const Movement got = invert(audio.samples, audio.sample_rate, "spk1");
  Exec ex{CpuExec(1)};
  Network network(ex, m.model);
  const Extractor extractor(m.config.features);
  const Matrix want = predict(ex, m, network, features_of(ex, extractor, audio), "spk1");
  EXPECT_EQ(got.values, want.values);
  EXPECT_EQ(got.frames(), static_cast<std::size_t>(want.rows));
  EXPECT_EQ(got.at(3, 1), want.row(3)[1]);
  EXPECT_EQ(got.step_s, extractor.step_s());
  EXPECT_EQ(got.time_s(2), extractor.first_centre_s() + 2 * extractor.step_s());
  EXPECT_EQ(got.channels.size(), m.channels.size());
}

// A call does not change the result of the next one, whether it has a different length or speaker, or fails.
TEST(Inverter, CallsDoNotDependOnEarlierOnes) {
  const Audio audio = example();
  const std::span<const float> all(audio.samples);
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const auto fresh = [&](std::span<const float> x, const char* speaker) {
    return Inverter::load(model_path(), "cpu")(x, audio.sample_rate, speaker).values;
  };
  for (const char* speaker : {"", "spk1", ""})
    for (const std::size_t n : {all.size(), all.size() / 3, all.size()}) {
      EXPECT_EQ(invert(all.first(n), audio.sample_rate, speaker).values, fresh(all.first(n), speaker));
      EXPECT_THROW(invert({}, 5), Error);
    }
}

TEST(Inverter, ALongRecordingIsPredictedInPartsAsWhole) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const TrainedModel m = load_model(model_path());
  const std::vector<float> x = long_speech(160 * (2 * kPieceFrames + 2 * kPieceOverlap + 7));
  const Movement got = invert(x, 16000);
  Exec ex{CpuExec(1)};
  const Extractor extractor(m.config.features);
  Frames features = features_of(ex, extractor, x);
  Normaliser by = m.features;
  adapt(by, measure(ex, features, extractor.config()), extractor.config(), "");
  const Normaliser::Part part{"", features.view()};
  by.apply(ex, {&part, 1});
  Network network(ex, m.model, {}, Mode::inference);
  const RaggedBatch one(std::vector<std::int32_t>{static_cast<std::int32_t>(features.rows())});
  const In z = network.forward(ex, features.view(), one.view());
  Matrix want(z.shape[0], z.shape[1]);
  copy_to_host(ex, z.data, std::span(want.values));
  ASSERT_EQ(got.values.size(), want.values.size());
  const std::vector<double> unit = m.targets.unit_per_z("");
  double most = 0;
  m.targets.invert(want.view(), "");
  for (std::size_t i = 0; i < want.values.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(got.values[i] - want.values[i])) / unit[i % unit.size()]);
  EXPECT_LE(most, 1e-5);
}

TEST(Inverter, ResamplesAudioOfAnotherRate) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const Audio audio = example();
  const std::vector<float> faster = resample(audio.samples, audio.sample_rate, 22050);
  EXPECT_EQ(invert(faster, 22050).values, invert(resample(faster, 22050, 16000), 16000).values);
}

TEST(Inverter, RefusesBadInputAndStaysUsable) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  Audio audio = example();
  EXPECT_FAULT(invert(audio.samples, 0), Fault::data, "sample rate: is 0 Hz, expected 1000 to 768000 Hz");
  EXPECT_FAULT(invert(audio.samples, 16000, "bob"), Fault::usage,
               "speaker bob: not a speaker of this model's training");
  std::vector<float> bad = audio.samples;
  bad[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FAULT(invert(bad, 16000), Fault::data, "samples: sample 7 is nan, expected a finite number");
  EXPECT_EQ(invert(audio.samples, 16000).values, Inverter::load(model_path(), "cpu")(audio.samples, 16000).values);
  EXPECT_FAULT(Inverter::load("nowhere"), Fault::io, "nowhere");
  EXPECT_FAULT(Inverter::load(model_path(), "gpu"), Fault::usage, "device gpu: expected auto, cpu or cuda[:N]");
  EXPECT_FAULT(Inverter::load(test::source_file("CMakeLists.txt")), Fault::io, "CMakeLists.txt: is not a run folder");
}

TEST(Inverter, ServesSeveralThreads) {
  const Inverter invert = Inverter::load(model_path(), "cpu");
  const Audio audio = example();
  const std::vector<float> want = invert(audio.samples, 16000).values;
  std::vector<std::vector<float>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) threads.emplace_back([&] { mine = invert(audio.samples, 16000).values; });
  for (std::thread& t : threads) t.join();
  for (const auto& mine : got) EXPECT_EQ(mine, want);
}

}  // namespace
}  // namespace cutract
