#include "train/state.h"

#include <fmt/format.h>

#include <type_traits>

#include "host/core/error.h"
#include "host/core/text.h"
#include "model/metadata.h"
#include "model/stored_recipe.h"

namespace cutract {
namespace {

constexpr const char* kStateFormat = "cutract-state-3";
constexpr const char* kEarlierFormat =
    "cutract-state-2";  // holds Adam's moments and three numbers of a plateau schedule

// Calls `member` with the name and the value of each member of a record.
template <class Record, class F>
void each(Record& r, F&& member) {
  member("step", r.steps);
  member("record.batches", r.batches);
  member("record.frames", r.frames);
  member("record.taken", r.taken);
  member("record.in_a_row", r.in_a_row);
  member("record.longest_row", r.longest_row);
  member("record.first_bad", r.first_bad);
  member("record.loss_sum", r.loss_sum);
  member("record.norm_sum", r.norm_sum);
  member("record.loss", r.loss);
  member("record.grad_norm", r.grad_norm);
}

constexpr const char* kMomentum = "sgd.momentum";

// The state of the schedule. The earlier format has three numbers, which are those that a plateau schedule reads.
std::string schedule_of(const TensorFile& file, const std::string& origin) {
  if (metadata_text(file, "format", origin) == kStateFormat) return metadata_text(file, "schedule", origin);
  return fmt::format("lr={} best={} bad={}", exact(metadata_number<double>(file, "plateau.lr", origin)),
                     exact(metadata_number<double>(file, "plateau.best", origin)),
                     metadata_number<int>(file, "plateau.bad", origin));
}

void put_best(TensorFile& file, const TrainingState& s) {
  file.metadata["origin"] = s.origin;
  file.metadata["best_val_loss"] = exact(s.best_val_loss);
  file.metadata["best_epoch"] = std::to_string(s.best_epoch);
}

}  // namespace

std::string encode_state(Exec& ex, const TrainingState& s, const Optimizer& o) {
  TensorFile file;
  const bool sgd = o.config.name == OptimKind::sgd;
  file.tensors[sgd ? kMomentum : "adam.m"] = Tensor::f32({o.m.size()}, o.m.values(ex));
  if (!sgd) file.tensors["adam.v"] = Tensor::f32({o.v.size()}, o.v.values(ex));
  if (!s.val_losses.empty()) file.tensors["val_losses"] = Tensor::f64({std::ssize(s.val_losses)}, s.val_losses);
  auto& meta_data = file.metadata;
  meta_data["format"] = kStateFormat;
  put_recipe_version(file);
  meta_data["config"] = s.config;
  meta_data["order_key"] = s.order_key;
  meta_data["data"] = s.data;
  meta_data["epoch"] = std::to_string(s.epoch);
  meta_data["within"] = s.within ? "1" : "0";
  meta_data["epoch_seconds"] = exact(s.epoch_seconds);
  meta_data["schedule"] = s.schedule;
  put_best(file, s);
  const StepRecord record = o.read(ex);
  each(record, [&](const char* name, auto value) { meta_data[name] = fmt::format("{}", value); });
  return encode_safetensors(file);
}

SavedState decode_state(const std::string& bytes, const std::string& origin) {
  const TensorFile file = decode_safetensors(bytes, origin);
  if (const auto& format = metadata_text(file, "format", origin); format != kStateFormat && format != kEarlierFormat)
    fail(Fault::io,
         fmt::format("{}: state format is \"{}\", this build reads \"{}\" and \"{}\"; resume with the build that wrote "
                     "it, or choose another --out",
                     origin, format, kStateFormat, kEarlierFormat));
  SavedState saved;
  const bool sgd = file.tensors.contains(kMomentum);
  saved.m = file.at(sgd ? kMomentum : "adam.m", origin).as_f32();
  if (!sgd) saved.v = file.at("adam.v", origin).as_f32();
  TrainingState& s = saved.state;
  s.config = stored_config(file, origin);
  s.order_key = metadata_text(file, "order_key", origin);
  s.data = metadata_text(file, "data", origin);
  s.origin = metadata_text(file, "origin", origin);
  s.best_val_loss = metadata_number<double>(file, "best_val_loss", origin);
  s.epoch = metadata_number<int>(file, "epoch", origin);
  s.within = metadata_text(file, "within", origin) == "1";
  s.epoch_seconds = metadata_number<double>(file, "epoch_seconds", origin);
  s.best_epoch = metadata_number<int>(file, "best_epoch", origin);
  s.schedule = schedule_of(file, origin);
  if (file.tensors.contains("val_losses")) s.val_losses = file.at("val_losses", origin).as_f64();
  if (std::ssize(s.val_losses) != s.epoch)
    fail(Fault::data, fmt::format("{}: holds {} for {}; the file was altered", origin,
                                  counted(std::ssize(s.val_losses), "validation loss", "validation losses"),
                                  counted(s.epoch, "epoch")));
  each(saved.record, [&](const char* name, auto& value) {
    value = metadata_number<std::remove_reference_t<decltype(value)>>(file, name, origin,
                                                                      -1);  // first_bad is -1 if there is none
  });
  return saved;
}

std::string adopted_state(const std::string& bytes, const TrainingState& now) {
  TensorFile file = decode_safetensors(bytes, "state.safetensors");
  put_best(file, now);
  return encode_safetensors(file);
}

void SavedState::restore(Exec& ex, Optimizer& o, const std::string& origin) const {
  if (static_cast<Index>(m.size()) != o.m.size() || static_cast<Index>(v.size()) != o.v.size())
    fail(Fault::data, origin + ": its optimizer state is for a different model; choose another --out");
  o.m.write(ex, m);
  o.v.write(ex, v);
  o.write(ex, record);
}

}  // namespace cutract
