#include "tests/fuzz/example_model.h"

#include <vector>

#include "host/device/exec.h"
#include "host/io/safetensors.h"
#include "model/trained_model.h"
#include "train/state.h"

namespace cutract::fuzz {
namespace {

constexpr int kMels = 2;

RunConfig example_config() {
  RunConfig config;
  config.features.n_mels = kMels;
  config.features.n_fft = config.features.win_samples = 64;
  config.features.hop_samples = 32;
  config.features = checked(config.features);
  config.model.hidden = 1;
  config.model.layers = 1;
  return config;
}

Normaliser example_statistics(Exec& ex, Index columns) {
  Matrix anna(2, columns), bert(2, columns);
  for (std::size_t i = 0; i < anna.values.size(); ++i) {
    anna.values[i] = static_cast<float>(i);
    bert.values[i] = static_cast<float>(2 * i) + 1;
  }
  const std::vector<Normaliser::Part> parts{{"anna", anna.view()}, {"bert", bert.view()}};
  return Normaliser::fit(ex, Scope::speaker, parts);
}

}  // namespace

std::string example_model(bool with_digest) {
  Exec ex = CpuExec(1);
  const RunConfig config = example_config();
  TrainedModel m{config,
                 Model(bi_lstm_spec(kMels, config.model.hidden, config.model.layers, 1, 0.3)),
                 example_statistics(ex, kMels),
                 example_statistics(ex, 1),
                 {{"tt_x", "mm"}},
                 "toy",
                 3,
                 0.25};
  m.model.initialise(1);
  TensorFile file = decode_safetensors(encode_model(m), "example");
  if (!with_digest) file.metadata.erase("sha256");
  return encode_safetensors(file);
}

std::string example_state() {
  Exec ex = CpuExec(1);
  const Optimizer optimizer(ex, {}, 4);
  TrainingState state{
      .config = write_run_config(example_config()), .order_key = "k", .data = "train\tu\td\n", .epoch = 2};
  state.val_losses = {0.5, 0.25};
  state.best_epoch = 2;
  state.best_val_loss = 0.25;
  state.schedule = "lr=0.001 best=0.25 bad=0";
  return encode_state(ex, state, optimizer);
}

}  // namespace cutract::fuzz
