#include "model/run_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "model/config_synonyms.h"
#include "model/objective.h"

namespace cutract {

static void fields(FieldTable& v, DataConfig& c) {
  v("corpus", c.corpus, "corpus folder: contains corpus.toml and manifest.tsv");
  v("train_split", c.train_split, "split used for training");
  v("val_split", c.val_split, "split used for early stopping and for choosing the best epoch");
  v("test_split", c.test_split, "split scored by `cutract eval` unless --split is given");
  v("normalise_features", c.normalise_features,
    "scope of the means and standard deviations that normalise features; computed on training data");
  v("normalise_targets", c.normalise_targets,
    "scope of the means and standard deviations that normalise channels; computed on training data");
  v("skip_bad", c.skip_bad, "whether training skips bad utterances instead of stopping");
  v("channel", c.channel, in(0, 64), "channel of multichannel audio to use, counted from 1; 0: the average of all");
  v("fill_gaps_ms", c.fill_gaps_ms, in(0.0, 10000.0),
    "longest gap of missing values in a track that is filled by a cubic spline when it is read, in ms; longer gaps "
    "stay "
    "missing");
}

static void fields(FieldTable& v, ModelConfig& c) {
  v("hidden", c.hidden, in(1, 4096), "LSTM units per direction");
  v("layers", c.layers, in(1, 8), "number of Bi-LSTM layers");
  v("dropout", c.dropout, in(0.0, 0.9), "dropout probability between layers and before the output layer");
  v("stack", c.stack,
    "blocks between the features and the output layer, e.g. [\"dense width=300\", \"bilstm hidden=128\"]; empty: one "
    "Bi-LSTM of model.hidden, model.layers and model.dropout; `cutract help config model.stack` describes the blocks");
}

static void fields(FieldTable& v, OptimConfig& c) {
  v("name", c.name, "optimizer");
  v("lr", c.lr, in(1e-9, 10.0), "learning rate at the start");
  v("beta1", c.beta1, in(0.0, 0.9999999), "decay rate of the mean of gradients (first moment)");
  v("beta2", c.beta2, in(0.0, 0.9999999), "decay rate of the mean of squared gradients (second moment)");
  v("eps", c.eps, in(1e-16, 1.0), "constant added to the denominator of the update, for stability");
  v("weight_decay", c.weight_decay, in(0.0, 10.0),
    "weight decay: an L2 penalty in the gradient (adam, sgd), or decoupled (adamw)");
  v("momentum", c.momentum, in(0.0, 0.9999999), "sgd: momentum; 0: none");
  v("nesterov", c.nesterov, "sgd: whether the momentum is Nesterov's");
}

static void fields(FieldTable& v, ScheduleConfig& c) {
  v("name", c.name, "learning-rate schedule");
  v("factor", c.factor, in(0.01, 0.99), "plateau, step: factor applied to the learning rate");
  v("patience", c.patience, in(0, 1000000), "plateau: epochs without improvement before the rate is reduced");
  v("min_lr", c.min_lr, in(0.0, 10.0), "plateau, cosine: lowest learning rate");
  v("step_epochs", c.step_epochs, in(1, 1000000), "step: epochs between two reductions");
  v("length_epochs", c.length_epochs, in(0, 1000000), "cosine, one-cycle: length in epochs; 0: trainer.max_epochs");
  v("warmup_epochs", c.warmup_epochs, in(0.0, 1e6), "cosine: epochs in which the rate rises linearly to optim.lr");
  v("warmup_start", c.warmup_start, in(0.0, 1.0), "cosine: share of optim.lr at which the warm-up starts");
  v("pct_start", c.pct_start, in(0.0, 1.0), "one-cycle: share of the updates in which the rate rises to optim.lr");
  v("div_factor", c.div_factor, in(1.0, 1e9), "one-cycle: optim.lr divided by the rate at the start");
  v("final_div_factor", c.final_div_factor, in(1.0, 1e9), "one-cycle: rate at the start divided by that at the end");
}

static void fields(FieldTable& v, TrainerConfig& c) {
  v("max_epochs", c.max_epochs, in(1, 1000000), "maximum number of epochs (passes over the training split)");
  v("batch_size", c.batch_size, in(1, 65536), "utterances per training step");
  v("bucket_batches", c.bucket_batches, in(1, 1000000),
    "batches per pool in which utterances are sorted by length, so that those of a batch are of similar length; 1: no "
    "sorting");
  v("gradient_clip_val", c.gradient_clip_val, in(0.0, 1e9), "largest norm of the whole gradient; 0: no clipping");
  v("loss",
    TextsMember{[&c] { return objective_texts(c.loss); },
                [&c](const auto& texts) { c.loss = parse_objective(texts, "trainer.loss"); }},
    "loss to minimise: a term, or a list of terms that are added, e.g. [\"ccc weight=0.7\", \"mse weight=0.3\"]; "
    "terms: " +
        describe_objectives());
  v("precision", c.precision,
    "precision of the matrix products of linear layers and LSTMs on a GPU; attention, the output layer and the CPU use "
    "fp32");
  v("engine", c.engine, "LSTM implementation on a GPU; auto: the fastest for this size, precision and GPU");
  v("early_stopping_patience", c.early_stopping_patience, in(0, 1000000),
    "epochs without improvement before training stops; 0: never stop early");
  v("min_delta", c.min_delta, in(0.0, 1e9), "smallest decrease of the validation loss that counts as an improvement");
  v("save_top_k", c.save_top_k, in(1, 1000000), "number of best checkpoints to keep, in addition to the last");
  v("seed", c.seed, in(std::int64_t{0}, std::int64_t{1} << 53),
    "random seed for initial weights, batch order and dropout");
  v("threads", c.threads, in(0, 1024), "number of CPU threads; 0: all cores; the result does not depend on it");
  v("max_nonfinite_steps", c.max_nonfinite_steps, in(1, 1000000),
    "consecutive steps with infinite or NaN gradients before training fails (exit code 8)");
}

static void fields(FieldTable& v, Goals& c) {
  v("target_rmse", c.rmse, in(0.0, 1e9), "target that eval judges the RMSE by (z)");
  v("target_pearson", c.pearson, in(-1.0, 1.0), "target that eval judges the Pearson correlation by");
  v("target_mae", c.mae, in(0.0, 1e9), "target that eval judges the MAE by (z)");
  v("target_loss", c.loss, in(0.0, 1e9), "target that eval judges the loss by (trainer.loss, z)");
}

void fields(FieldTable& v, RunConfig& c) {
  v.section("data", c.data);
  v.section("features", c.features);
  v.section("model", c.model);
  v.section("optim", c.optim);
  v.section("schedule", c.schedule);
  v.section("trainer", c.trainer);
  v.section("eval", c.eval);
  add_synonyms(v);
}

namespace {

FieldTable table_of(RunConfig& c) {
  FieldTable table;
  fields(table, c);
  return table;
}

// Writes each block with all its options, so that two configs of the same stack are equal. Settings that a stack makes
// meaningless are refused if they are not the defaults.
ModelConfig checked(ModelConfig c) {
  if (c.stack.empty()) return c;
  const ModelConfig defaults;
  const char* unused = c.hidden != defaults.hidden     ? "hidden"
                       : c.layers != defaults.layers   ? "layers"
                       : c.dropout != defaults.dropout ? "dropout"
                                                       : nullptr;
  if (unused)
    fail(Fault::config, fmt::format("model.{0}: has no effect beside model.stack, whose blocks have their own options; "
                                    "remove model.{0}",
                                    unused));
  std::vector<std::string> stack;
  for (const BlockConfig& block : parse_stack(c.stack, "model.stack")) stack.push_back(write_block(block));
  c.stack = std::move(stack);
  return c;
}

}  // namespace

RunConfig read_run_config(const std::string& path, std::span<const std::string> assignments) {
  RunConfig c;
  const FieldTable table = table_of(c);
  const std::string text = config_text(path);  // read once, because a pipe cannot be read twice
  read_with_preset(c.features, [&] { parse_config(table, text, path, assignments); });
  c.features = checked(c.features);
  c.model = checked(std::move(c.model));
  return c;
}

RunConfig parse_run_config(const std::string& text, const std::string& origin) {
  RunConfig c;
  parse_config(table_of(c), text, origin);
  try {
    c.features = checked(std::move(c.features));
    c.model = checked(std::move(c.model));
  } catch (const Error& e) { fail(e.fault(), origin + ": " + e.what()); }
  return c;
}

std::string write_run_config(RunConfig c) { return write_config(table_of(c)); }

std::string help_run_config(const std::string& subject) {
  RunConfig c;
  std::string out = help_config(table_of(c), 80, subject);
  if (subject == "model.stack")
    for (const std::string& block : help_of_blocks()) out += "\n" + wrapped(block, 2, 80);
  return out;
}

std::string difference_in_learning(RunConfig was, RunConfig is) {
  static const std::vector<std::string> may_differ{"data.corpus",        "data.test_split",
                                                   "trainer.threads",    "trainer.max_epochs",
                                                   "trainer.save_top_k", "eval.target_rmse",
                                                   "eval.target_mae",    "eval.target_pearson",
                                                   "eval.target_loss",   "trainer.early_stopping_patience",
                                                   "trainer.min_delta"};
  const FieldTable a = table_of(was), b = table_of(is);
  std::string out;
  for (std::size_t i = 0; i < a.all().size(); ++i) {
    const Field &f = a.all()[i], &g = b.all()[i];
    if (std::find(may_differ.begin(), may_differ.end(), f.name) != may_differ.end()) continue;
    const std::string x = value_text(f), y = value_text(g);
    if (x != y) out += (out.empty() ? "" : ", ") + f.name + " was " + x + ", is " + y;
  }
  return out;
}

ModelSpec model_spec(const ModelConfig& c, Index inputs, Index outputs) {
  if (c.stack.empty()) return bi_lstm_spec(inputs, c.hidden, c.layers, outputs, c.dropout);
  return {inputs, outputs, parse_stack(c.stack, "model.stack")};
}

Compute compute(const RunConfig& c) {
  return {.precision = c.trainer.precision, .engine = c.trainer.engine, .rows = c.trainer.batch_size};
}

std::vector<EngineOfSize> choose_engines(const Exec& ex, const RunConfig& c) {
  std::vector<EngineOfSize> all;
  for (const BlockConfig& block : model_spec(c.model, 1, 1).stack) {
    const auto* lstm = std::get_if<BiLstmConfig>(&block);
    if (!lstm || std::any_of(all.begin(), all.end(), [&](const auto& is) { return is.request.H == lstm->hidden; }))
      continue;
    const LstmRequest request = lstm->request(compute(c));
    all.push_back({request, choose_engine(ex, request)});
  }
  return all;
}

}  // namespace cutract
