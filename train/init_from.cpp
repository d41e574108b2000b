#include "train/init_from.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/recipe.h"
#include "host/core/error.h"
#include "host/core/log.h"

namespace cutract {
namespace {

bool of_the_head(const Parameter& p) { return p.name.starts_with("fc."); }

// The blocks as text, without dropout, which may differ.
std::string blocks_of(ModelSpec spec) {
  std::string out;
  for (BlockConfig& block : spec.stack) {
    std::visit(
        [](auto& c) {
          if constexpr (requires { c.dropout; }) c.dropout = 0;
        },
        block);
    out += (out.empty() ? "\"" : ", \"") + write_block(block) + "\"";
  }
  return out;
}

bool same_channels(const std::vector<Channel>& a, const std::vector<Channel>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Channel& x, const Channel& y) { return x.name == y.name && x.unit == y.unit; });
}

}  // namespace

void init_from(TrainedModel& m, const std::string& path) {
  const TrainedModel from = load_model(path);
  if (feature_recipe(checked(from.config.features)) != feature_recipe(checked(m.config.features)))
    fail(Fault::config, path +
                            ": its model was trained with different features; use the [features] settings of that "
                            "model (`cutract train --print-config` shows those of this config)");
  const ModelSpec &ours = m.model.spec(), &theirs = from.model.spec();
  if (blocks_of(ours) != blocks_of(theirs))
    fail(Fault::config, fmt::format("{}: this run has the blocks {}, the other model {}; use the same blocks", path,
                                    blocks_of(ours), blocks_of(theirs)));
  // The same blocks on as many features have the same tensors in the same places, and the output layer comes last.
  const bool same_head = same_channels(from.channels, m.channels);
  std::span<float> values(m.model.values());
  for (const Parameter& p : m.model.parameters())
    if (same_head || !of_the_head(p))
      std::copy_n(from.model.values().begin() + p.offset, p.size, values.begin() + p.offset);
  log::info(
      fmt::format("starting from the weights of {} (epoch {}){}", from.checkpoint, from.epoch,
                  same_head ? "" : "; the output layer keeps its random initial values, because the channels differ"));
}

}  // namespace cutract
