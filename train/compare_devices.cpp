#include "train/compare_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/philox.h"
#include "train/stepper.h"

namespace cutract {
namespace {

// An array that an op computed.
struct Left {
  std::string what;
  std::vector<float> values;
};

// A rising tone, and noise 40 dB below it.
std::vector<float> synthetic_second(int sample_rate) {
  PhiloxStream noise(derive_key(1, 2, 3));
  std::vector<float> out;
  for (int i = 0; i < sample_rate; ++i) {
    const double t = static_cast<double>(i) / sample_rate;
    const double tone = 0.3 * std::sin(2 * std::numbers::pi * (200 + 1500 * t) * t);
    out.push_back(static_cast<float>(tone + 0.003 * (2 * static_cast<double>(uniform(noise.next())) - 1)));
  }
  return out;
}

// A second of features for the stream `file`, if there is one.
Track synthetic_states(const Extractor& extractor) {
  Index columns = 1;
  for (const StreamConfig& s : extractor.streams())
    if (s.is("file")) columns = s.base;
  Track out{50, 0, Matrix(50, columns)};
  PhiloxStream values(derive_key(4, 5, 6));
  for (float& v : out.values.values) v = 2 * uniform(values.next()) - 1;
  return out;
}

// Copies the examples with the indices `which` into the memory of `to`.
std::vector<Example> copies(Exec& from, Exec& to, std::span<const Example> examples, const std::vector<int>& which) {
  std::vector<Example> out;
  out.reserve(which.size());
  for (const int i : which) {
    const Example& e = examples[static_cast<std::size_t>(i)];
    out.push_back({e.id, e.speaker, Frames(to, e.features.matrix(from)), e.targets, e.unit_per_z, e.digest});
  }
  return out;
}

// Returns the results of one step: activations, loss, gradients, updated parameters.
std::vector<Left> one_step(Exec& ex, const RunConfig& config, const Model& model, std::span<const Example> examples) {
  const Extractor extractor(config.features);
  const Track states = synthetic_states(extractor);
  const Frames features = features_of(ex, extractor, synthetic_second(config.features.sample_rate), &states);
  std::vector<Left> left{{"features", features.matrix(ex).values}};
  Network network(ex, model, compute(config));
  Optimizer optimizer(ex, config.optim, model.size());
  Batches batches(ex, examples, config.trainer.batch_size);
  Stepper stepper(
      ex, network, optimizer, batches,
      {config.trainer.loss, config.trainer.gradient_clip_val, static_cast<std::uint64_t>(config.trainer.seed)});
  stepper.begin_epoch({batches.longest()}, config.optim.lr);
  stepper.step();
  const StepRecord record = stepper.wait();
  for (const auto& [what, view] : network.activations()) left.push_back({what, to_host(ex, view)});
  left.push_back({"loss", {static_cast<float>(record.loss)}});
  const std::vector<float> grads = to_host(ex, network.grads()), params = to_host(ex, network.params());
  const auto part = [](const std::vector<float>& all, const Parameter& p) {
    return std::vector<float>(all.begin() + p.offset, all.begin() + p.offset + p.size);
  };
  for (const Parameter& p : network.parameters()) left.push_back({"gradient of " + p.name, part(grads, p)});
  left.push_back({"gradient norm", {static_cast<float>(record.grad_norm)}});
  left.push_back({"parameters after the step", params});
  const bool sgd = config.optim.name == OptimKind::sgd;
  left.push_back({sgd ? "momentum" : "Adam's first moments", optimizer.m.values(ex)});
  if (!sgd) left.push_back({"Adam's second moments", optimizer.v.values(ex)});
  return left;
}

double relative_l2(const std::vector<float>& got, const std::vector<float>& want) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double w = static_cast<double>(want[i]), e = static_cast<double>(got[i]) - w;
    error += e * e;
    norm += w * w;
  }
  return error == 0 ? 0 : std::abs(std::sqrt(error / norm));  // abs removes the sign of a NaN
}

}  // namespace

std::vector<Compared> compare_devices(Exec& ex, Exec& reference, const RunConfig& config, const Model& model,
                                      std::span<const Example> examples) {
  if (examples.empty()) fail(Fault::internal, "compare_devices: no examples, expected at least one");
  const std::vector<int> longest = longest_batch(examples, config.trainer.batch_size);
  const std::vector<Left> got = one_step(ex, config, model, copies(ex, ex, examples, longest)),
                          want = one_step(reference, config, model, copies(ex, reference, examples, longest));
  std::vector<Compared> out;
  for (const Left& w : want) {
    const auto g = std::find_if(got.begin(), got.end(), [&](const Left& l) { return l.what == w.what; });
    if (g == got.end()) continue;  // the engine does not expose it
    // A GPU's batch may have rows after the last utterance.
    if (g->values.size() < w.values.size())
      fail(Fault::internal, fmt::format("compare_devices: {} has {} values, expected at least {}", w.what,
                                        g->values.size(), w.values.size()));
    const bool fp32 =
        w.what == "features" || std::holds_alternative<CpuExec>(ex);  // these use fp32 whatever the setting
    out.push_back(
        {w.what, relative_l2(g->values, w.values), bound_of(fp32 ? Precision::fp32 : config.trainer.precision, 1e-5)});
  }
  return out;
}

void check_device(Exec& ex, const RunConfig& config, const Model& model, std::span<const Example> examples) {
  Exec cpu = CpuExec(config.trainer.threads);
  const std::vector<Compared> all = compare_devices(ex, cpu, config, model, examples);
  log::info(fmt::format("{} compared with the CPU, relative L2 of one training step:", describe(ex)));
  std::size_t widest = 0;
  for (const Compared& c : all) widest = std::max(widest, c.what.size());
  for (const Compared& c : all)
    log::info(fmt::format("  {:<{}} {:>9.2g}  {}", c.what, widest, c.difference,
                          c.agrees() ? "ok" : fmt::format("expected at most {:.2g}", c.bound)));
  const auto bad = std::find_if(all.begin(), all.end(), [](const Compared& c) { return !c.agrees(); });
  if (bad != all.end())
    fail(Fault::device, fmt::format("{}: {} differs from the CPU's by {:.2g} (relative L2), expected at most {:.2g}; "
                                    "try a different trainer.engine or --device cpu, and report it",
                                    describe(ex), bad->what, bad->difference, bad->bound));
}

}  // namespace cutract
