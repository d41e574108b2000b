#include "nn/stack.h"

#include <fmt/format.h>

#include <optional>

#include "host/core/entry.h"
#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

constexpr std::size_t kMostBlocks = 64;

// Calls with.operator()<B>() for every kind of block B in turn.
template <class... B, class F>
void for_each_kind(std::variant<B...>*, F&& with) {
  (with.template operator()<B>(), ...);
}
template <class F>
void for_each_kind(F&& with) {
  for_each_kind(static_cast<AnyBlock*>(nullptr), with);
}

template <class Config>
FieldTable table_of(Config& c) {
  FieldTable table;
  fields(table, c);
  return table;
}

std::vector<std::string> names_of_kinds() {
  std::vector<std::string> names;
  for_each_kind([&]<class B>() { names.emplace_back(B::kName); });
  return names;
}

BlockConfig parse_block(const std::string& text, const std::string& setting) {
  const Entry entry = parse_entry(text, setting);
  std::optional<BlockConfig> found;
  for_each_kind([&]<class B>() {
    if (entry.name != B::kName) return;
    typename B::Config config;
    read_options(table_of(config), entry.options, fmt::format("{} ({})", setting, B::kName));
    found = config;
  });
  if (found) return *found;
  const std::vector<std::string> known = names_of_kinds();
  const std::string near = did_you_mean(entry.name, known);
  fail(Fault::config, fmt::format("{}: unknown block \"{}\"{}", setting, shortened(entry.name),
                                  near.empty() ? fmt::format("; the blocks are {}", fmt::join(known, ", "))
                                               : fmt::format(" (did you mean \"{}\"?)", near)));
}

Index output_of(const std::vector<AnyBlock>& blocks, Index inputs) {
  if (blocks.empty()) return inputs;
  return std::visit([](const auto& last) { return last.width(); }, blocks.back());
}

std::vector<AnyBlock> build(Layout& layout, const ModelSpec& spec) {
  std::vector<AnyBlock> blocks;
  for (const BlockConfig& config : spec.stack) {
    const Index inputs = output_of(blocks, spec.inputs);
    for_each_kind([&]<class B>() {
      if (const auto* own = std::get_if<typename B::Config>(&config)) blocks.emplace_back(B(layout, inputs, *own));
    });
  }
  return blocks;
}

}  // namespace

std::vector<BlockConfig> parse_stack(std::span<const std::string> entries, const std::string& setting) {
  if (entries.size() > kMostBlocks)
    fail(Fault::config, fmt::format("{}: has {} blocks, expected at most {}", setting, entries.size(), kMostBlocks));
  std::vector<BlockConfig> stack;
  std::string mistakes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    try {
      stack.push_back(parse_block(entries[i], fmt::format("{}[{}]", setting, i + 1)));
    } catch (const Error& e) { mistakes += (mistakes.empty() ? "" : "\n") + std::string(e.what()); }
  }
  if (!mistakes.empty()) fail(Fault::config, mistakes);
  return stack;
}

std::string write_block(const BlockConfig& config) {
  std::string out;
  for_each_kind([&]<class B>() {
    if (const auto* own = std::get_if<typename B::Config>(&config)) {
      typename B::Config copy = *own;
      out = B::kName + write_options(table_of(copy));
    }
  });
  return out;
}

std::string describe(std::span<const BlockConfig> stack) {
  std::string out;
  for (const BlockConfig& block : stack)
    out += (out.empty() ? "" : ", ") + std::visit([](const auto& c) { return describe(c); }, block);
  return out;
}

std::vector<std::string> help_of_blocks() {
  std::vector<std::string> out;
  for_each_kind([&]<class B>() {
    typename B::Config config;
    out.push_back(fmt::format("{}: {}. Options: {}", B::kName, B::kHelp, describe_options(table_of(config))));
  });
  return out;
}

ModelSpec bi_lstm_spec(Index inputs, Index hidden, Index layers, Index outputs, double dropout) {
  return {inputs, outputs, {BiLstmConfig{static_cast<int>(hidden), static_cast<int>(layers), dropout}}};
}

Stack::Stack(Layout& layout, const ModelSpec& spec)
    : blocks(build(layout, spec)), head(layout, "fc", output_of(blocks, spec.inputs), spec.outputs) {}

}  // namespace cutract
