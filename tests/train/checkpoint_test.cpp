#include "model/trained_model.h"
#include "train/state.h"

#include <gtest/gtest.h>

#include "features/extractor.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TrainedModel some_model() {
  RunConfig config;
  config.features = checked(config.features);
  config.model.hidden = 5;
  test::Rng rng(4);
  const auto stats = [&](Index columns) {
    Matrix anna(10, columns), bert(10, columns);
    anna.values = rng.normals(10 * columns);
    bert.values = rng.normals(10 * columns);
    const std::vector<Normaliser::Part> parts{{"anna", anna.view()}, {"bert", bert.view()}};
    Exec cpu = CpuExec(1);
    return Normaliser::fit(cpu, Scope::speaker, parts);
  };
  TrainedModel m{
      config,   Model(bi_lstm_spec(80, 5, 2, 2, 0.3)), stats(80), stats(2), {{"tt_x", "mm"}, {"jaw", "deg"}}, "toy", 7,
      0.1 + 0.2};
  m.model.initialise(9);
  return m;
}

TEST(ModelFile, ReadsBackToTheSameBits) {
  const TrainedModel m = some_model();
  const std::string bytes = encode_model(m);
  const TrainedModel back = decode_model(bytes, "m");
  EXPECT_EQ(encode_model(back), bytes);
  EXPECT_EQ(back.features.hash(), m.features.hash());
  EXPECT_EQ(back.val_loss, 0.1 + 0.2);
  EXPECT_EQ(back.channels[1].unit, "deg");
}

// Only parameters are tensors, so that torch's load_state_dict(strict=True) accepts the file.
TEST(ModelFile, HoldsNoTensorBesidesParameters) {
  const TrainedModel m = some_model();
  EXPECT_EQ(decode_safetensors(encode_model(m), "m").tensors.size(), m.model.parameters().size());
}

TEST(ModelFile, RefusesFeaturesOfAnotherPreset) {
  TensorFile file = decode_safetensors(encode_model(some_model()), "m");
  TrainedModel other = some_model();
  other.config.features = feature_preset("kaldi");
  file.metadata["config"] = write_run_config(other.config);
  EXPECT_FAULT(decode_model(encode_safetensors(file), "m.safetensors"), Fault::data,
               "m.safetensors: was trained on different features than its config describes (");
}

// Changes one digit of one mean: without the check the model would load and predict nonsense for one channel.
TEST(ModelFile, RefusesAlteredStatistics) {
  TensorFile file = decode_safetensors(encode_model(some_model()), "m");
  bool changed = false;
  for (auto& [key, value] : file.metadata)
    if (!changed && key.starts_with("normaliser.targets.mean") && value.find('3') != std::string::npos) {
      value[value.find('3')] = '4';
      changed = true;
    }
  ASSERT_TRUE(changed);
  EXPECT_FAULT(decode_model(encode_safetensors(file), "m"), Fault::data, "m: its content does not match its digest");
}

// A model sent by mail has no MANIFEST that would tell.
TEST(ModelFile, RefusesEveryDamageThatWouldChangeIt) {
  const std::string bytes = encode_model(some_model());
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += at < 512 ? 1 : 61) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    try {
      EXPECT_EQ(encode_model(decode_model(damaged, "m")), bytes) << at;
    } catch (const Error&) { ++refused; }
  }
  EXPECT_GT(refused, 500);
}

TEST(ModelFile, IsReadWithoutADigest) {
  TensorFile averaged = decode_safetensors(encode_model(some_model()), "m");
  ASSERT_EQ(averaged.metadata.erase("sha256"), 1u);
  const std::vector<float> bias{0.25f, -0.5f};
  averaged.tensors.at("fc.bias") = Tensor::f32({2}, bias);
  EXPECT_EQ(decode_model(encode_safetensors(averaged), "m").model.values().back(), -0.5f);
}

TEST(ModelFile, RefusesWhatIsNoModel) {
  EXPECT_FAULT(decode_model(encode_safetensors({}), "x.safetensors"), Fault::data,
               "expected a model written by cutract train");
  TensorFile future = decode_safetensors(encode_model(some_model()), "m");
  future.metadata["format"] = "cutract-model-9";
  EXPECT_FAULT(decode_model(encode_safetensors(future), "m"), Fault::io,
               "\"cutract-model-9\", this build reads \"cutract-model-1\"");
  const std::string bytes = encode_model(some_model());
  EXPECT_FAULT(decode_model(bytes.substr(0, bytes.size() - 10), "m"), Fault::data, "m");
}

// Numbers of a damaged file must not reach a conversion that is undefined, or an allocation.
TEST(ModelFile, RefusesNumbersOutOfRange) {
  const auto with = [](const char* key, const char* value) {
    TensorFile file = decode_safetensors(encode_model(some_model()), "m");
    file.metadata[key] = value;
    return encode_safetensors(file);
  };
  for (const char* epoch : {"nan", "1e300", "-1", "7.5", "2147483648", ""})
    EXPECT_FAULT(decode_model(with("epoch", epoch), "m"), Fault::data, "expected an integer from 0 to 2147483647");
  EXPECT_FAULT(decode_model(with("feature_dim", "1000000000000000000"), "m"), Fault::data,
               "m: its model takes 1000000000000000000 features per frame, but its config gives 80");
  TrainedModel large = some_model();
  large.config.model.hidden = 4096;
  large.config.model.layers = 8;
  EXPECT_FAULT(decode_model(with("config", write_run_config(large.config).c_str()), "m"), Fault::data,
               "more than a file of");
}

// Without its digest, since a program that altered the file on purpose leaves that out.
TEST(ModelFile, RefusesStatisticsOfAnotherSize) {
  for (const char* what : {"features", "targets"}) {
    TensorFile file = decode_safetensors(encode_model(some_model()), "m");
    const std::string prefix = std::string("normaliser.") + what;
    file.metadata.erase("sha256");
    file.metadata[prefix + ".scope"] = "corpus";
    for (const char* part : {".mean", ".std", ".constant"}) file.metadata[prefix + part] = "1 1 1";
    EXPECT_FAULT(decode_model(encode_safetensors(file), "m"), Fault::data,
                 std::string("m: its statistics of ") + what + " are for 3 columns, but its model has ");
  }
}

TEST(TrainingStateFile, RefusesNumbersOutOfRange) {
  Exec ex = CpuExec(1);
  const Optimizer o(ex, {}, 6);
  const std::string bytes = encode_state(ex, {}, o);
  for (const char* key : {"epoch", "best_epoch", "step", "record.batches", "record.first_bad"})
    for (const char* value : {"nan", "1e300", "-2", "0.5"}) {
      TensorFile file = decode_safetensors(bytes, "s");
      file.metadata[key] = value;
      EXPECT_FAULT(decode_state(encode_safetensors(file), "s"), Fault::data,
                   std::string("s: metadata \"") + key + "\" is \"" + value + "\", expected an integer from");
    }
}

TEST(TrainingStateFile, ReadsBackTheSame) {
  Exec ex = CpuExec(1);
  Optimizer o(ex, {}, 6), back(ex, {}, 6);
  o.m.write(ex, std::vector<float>{1, 2, 3, 4, 5, 6});
  o.v.write(ex, std::vector<float>{6, 5, 4, 3, 2, 1});
  o.write(ex, {.steps = 77, .batches = 5, .in_a_row = 1, .first_bad = -1, .loss_sum = 0.1 + 0.2});
  TrainingState s{.config = "[model]\n", .order_key = "abc", .data = "train\tu\tdef\n", .origin = "", .epoch = 2};
  s.best_epoch = 1;
  s.best_val_loss = 0.123456789;
  s.schedule = "lr=0.30000000000000004 best=0.7 bad=2";
  s.val_losses = {0.123456789, 1.0 / 3};
  s.within = true;
  const SavedState saved = decode_state(encode_state(ex, s, o), "s");
  const TrainingState t = saved.state;
  saved.restore(ex, back, "s");
  EXPECT_EQ(encode_state(ex, t, back), encode_state(ex, s, o));
  EXPECT_EQ(t.schedule, s.schedule);
  EXPECT_EQ(t.val_losses, s.val_losses);
  EXPECT_EQ(back.read(ex).loss_sum, 0.1 + 0.2);
  EXPECT_EQ(back.read(ex).batches, 5);
  EXPECT_EQ(back.v.values(ex), o.v.values(ex));
  Optimizer small(ex, {}, 5);
  EXPECT_FAULT(decode_state(encode_state(ex, s, o), "s").restore(ex, small, "s"), Fault::data,
               "optimizer state is for a different model");
}

TEST(TrainingStateFile, KeepsTheMomentumOfSgd) {
  Exec ex = CpuExec(1);
  const OptimConfig sgd{.name = OptimKind::sgd};
  Optimizer o(ex, sgd, 3), back(ex, sgd, 3);
  o.m.write(ex, std::vector<float>{1, 2, 3});
  const std::string bytes = encode_state(ex, {}, o);
  decode_state(bytes, "s").restore(ex, back, "s");
  EXPECT_EQ(back.m.values(ex), o.m.values(ex));
  Optimizer adam(ex, {}, 3);
  EXPECT_FAULT(decode_state(bytes, "s").restore(ex, adam, "s"), Fault::data,
               "optimizer state is for a different model");
}

// The first check of a run has not happened yet: best is infinite.
TEST(TrainingStateFile, KeepsInfinity) {
  Exec ex = CpuExec(1);
  Optimizer o(ex, {}, 1);
  EXPECT_EQ(decode_state(encode_state(ex, {}, o), "s").state.best_val_loss, std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace cutract
