#pragma once

#include <span>
#include <string>

#include "eval/metrics.h"
#include "features/config.h"
#include "features/dataset/normaliser.h"
#include "host/core/fields.h"
#include "kernels/loss.h"
#include "kernels/lstm/lstm_engines.h"
#include "nn/pass.h"
#include "nn/stack.h"

namespace cutract {

struct DataConfig {
  std::string corpus = "data/corpus";
  std::string train_split = "train", val_split = "val", test_split = "test";
  Scope normalise_features = Scope::speaker, normalise_targets = Scope::speaker;
  bool skip_bad = false;
  int channel = 0;  // of multichannel audio, from 1; 0: the average of all
  double fill_gaps_ms = 0;
};

struct ModelConfig {
  int hidden = 128;  // of the single Bi-LSTM block that an empty stack means, like layers and dropout
  int layers = 2;
  double dropout = 0.3;
  std::vector<std::string> stack;  // "bilstm hidden=128 layers=2"; see nn/stack.h
};

enum class OptimKind { adam, adamw, sgd };
template <>
inline constexpr auto kNames<OptimKind> =
    std::to_array<Named<OptimKind>>({{OptimKind::adam, "adam"}, {OptimKind::adamw, "adamw"}, {OptimKind::sgd, "sgd"}});

struct OptimConfig {
  OptimKind name = OptimKind::adam;
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double momentum = 0.9;  // of sgd, like nesterov
  bool nesterov = false;
};

enum class ScheduleKind { constant, plateau, step, cosine, one_cycle };
template <>
inline constexpr auto kNames<ScheduleKind> = std::to_array<Named<ScheduleKind>>({{ScheduleKind::constant, "constant"},
                                                                                 {ScheduleKind::plateau, "plateau"},
                                                                                 {ScheduleKind::step, "step"},
                                                                                 {ScheduleKind::cosine, "cosine"},
                                                                                 {ScheduleKind::one_cycle,
                                                                                  "one-cycle"}});

// train/schedule.h says which schedule uses which setting.
struct ScheduleConfig {
  ScheduleKind name = ScheduleKind::plateau;
  double factor = 0.5;
  int patience = 5;
  double min_lr = 0;
  int step_epochs = 10;
  int length_epochs = 0;
  double warmup_epochs = 0, warmup_start = 0.1;
  double pct_start = 0.3, div_factor = 25, final_div_factor = 1e4;
};

struct TrainerConfig {
  int max_epochs = 50;
  int batch_size = 8;
  int bucket_batches = 4;
  double gradient_clip_val = 1.0;
  Objective loss;
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;
  int early_stopping_patience = 10;
  double min_delta = 0;
  int save_top_k = 3;
  std::int64_t seed = 17;
  int threads = 0;
  int max_nonfinite_steps = 5;
};

// All settings of a run: read from a TOML file and from --set, and written by --print-config.
struct RunConfig {
  DataConfig data;
  FeatureConfig features;
  ModelConfig model;
  OptimConfig optim;
  ScheduleConfig schedule;
  TrainerConfig trainer;
  Goals eval;
};
// Adds every setting, with its range and meaning, to the table.
void fields(FieldTable&, RunConfig&);

// Reads a file ("": the defaults) and then assignments "a.b=c". Throws Error{config} with every mistake.
RunConfig read_run_config(const std::string& path, std::span<const std::string> assignments);
// Reads text that write_run_config returned. Throws Error{config} that names `origin`.
RunConfig parse_run_config(const std::string& text, const std::string& origin);
// Returns the TOML of all settings.
std::string write_run_config(RunConfig);
// Returns every setting with its default, range and meaning, or only those of the section or key `subject`. Throws
// Error{usage} if there is no such section or key.
std::string help_run_config(const std::string& subject = "");

// Returns the names and values of the settings that differ between two configs and change what is learned; "" if there
// are none. Paths and the length of training (data.corpus, data.test_split, trainer.threads, trainer.max_epochs,
// trainer.save_top_k, trainer.early_stopping_patience, trainer.min_delta, eval.*) may differ.
std::string difference_in_learning(RunConfig was, RunConfig is);

// The model that the settings describe.
ModelSpec model_spec(const ModelConfig&, Index inputs, Index outputs);
// How training computes on a GPU; batches are taken to be ragged.
Compute compute(const RunConfig&);
// The LSTM engine of each size of Bi-LSTM block in the model; none if the model has no such block. Throws Error{config}
// if trainer.engine does not support the model on this device.
struct EngineOfSize {
  LstmRequest request;
  LstmChoice choice;
};
std::vector<EngineOfSize> choose_engines(const Exec&, const RunConfig&);

}  // namespace cutract
