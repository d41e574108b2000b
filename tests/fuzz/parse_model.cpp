#include <algorithm>
#include <iterator>
#include <string>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/device/exec.h"
#include "host/io/safetensors.h"
#include "model/trained_model.h"
#include "tests/fuzz/example_model.h"
#include "tests/fuzz/parsers.h"
#include "train/state.h"

namespace cutract::fuzz {
namespace {

void expect_model(const std::string& bytes) {
  const TrainedModel m = decode_model(bytes, "model.safetensors");
  expect(m.epoch >= 0, "the epoch is negative");
  expect(m.model.spec().outputs == static_cast<Index>(m.channels.size()), "channels and outputs differ in number");
  expect(m.features.columns() == m.model.spec().inputs, "statistics and features differ in number");
  expect(m.targets.columns() == m.model.spec().outputs, "statistics and channels differ in number");
  const std::string written = encode_model(m);
  expect(encode_model(decode_model(written, "again")) == written, "the model differs after writing and reading");
}

void expect_state(const std::string& bytes) {
  const SavedState saved = decode_state(bytes, "state.safetensors");
  const TrainingState& s = saved.state;
  expect(s.epoch >= 0 && s.best_epoch >= 0, "a count is negative");
  Exec ex = CpuExec(1);
  Optimizer optimizer(ex, {}, static_cast<Index>(saved.m.size()));
  saved.restore(ex, optimizer, "state.safetensors");
}

}  // namespace

void parse_model(std::string_view bytes) { expect_model(std::string(bytes)); }
void parse_state(std::string_view bytes) { expect_state(std::string(bytes)); }

// The first byte chooses model or state, and the entry. The rest replaces the entry's text.
void parse_model_metadata(std::string_view bytes) {
  static const TensorFile model = decode_safetensors(example_model(false), "m");
  static const TensorFile state = decode_safetensors(example_state(), "s");
  if (bytes.empty() || !is_utf8(bytes.substr(1))) return;
  const auto choice = static_cast<unsigned char>(bytes.front());
  const bool of_state = choice >= 128;
  TensorFile file = of_state ? state : model;
  const auto entry = std::next(file.metadata.begin(), static_cast<std::ptrdiff_t>(choice % file.metadata.size()));
  entry->second = bytes.substr(1);
  const std::string changed = encode_safetensors(file);
  if (of_state)
    expect_state(changed);
  else
    expect_model(changed);
}

}  // namespace cutract::fuzz
