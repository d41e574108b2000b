#include "train/init_from.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"

namespace cutract {
namespace {

std::string shape_text(const Parameter& p) { return fmt::format("[{}]", fmt::join(p.shape, ",")); }

bool of_the_head(const Parameter& p) { return p.name.starts_with("fc."); }

bool same_channels(const std::vector<Channel>& a, const std::vector<Channel>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Channel& x, const Channel& y) { return x.name == y.name && x.unit == y.unit; });
}

}  // namespace

void init_from(TrainedModel& m, const std::string& path) {
  const TrainedModel from = load_model(path);
  if (Extractor(from.config.features).hash() != Extractor(m.config.features).hash())
    fail(Fault::config, path +
                            ": its model was trained on other features than this config has; take over its settings "
                            "of features (`cutract train --print-config` shows this config's)");
  const bool same_head = same_channels(from.channels, m.channels);
  std::span<float> values(m.model.values());
  for (const Parameter& p : m.model.parameters()) {
    if (of_the_head(p) && !same_head) continue;
    const auto all = from.model.parameters();
    const auto it = std::find_if(all.begin(), all.end(), [&](const Parameter& q) { return q.name == p.name; });
    if (it == all.end() || it->shape != p.shape)
      fail(Fault::config,
           fmt::format("{}: its tensor {} {}, but this config needs {}; set the model of this run ({}) as "
                       "that of the other ({})",
                       path, p.name, it == all.end() ? "is missing" : "has shape " + shape_text(*it), shape_text(p),
                       describe(m.model.spec().stack), describe(from.model.spec().stack)));
    std::copy_n(from.model.values().begin() + it->offset, p.size, values.begin() + p.offset);
  }
  log::info(fmt::format("starting from the weights of {} (epoch {}){}", from.checkpoint, from.epoch,
                        same_head
                            ? ""
                            : fmt::format("; the output layer starts anew, because the channels differ ({} there, "
                                          "{} here)",
                                          from.channels.size(), m.channels.size())));
}

}  // namespace cutract
