#include "model/trained_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "features/streams.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/sha256.h"
#include "host/run/find_checkpoint.h"
#include "model/metadata.h"
#include "model/stored_recipe.h"

namespace cutract {
namespace {

constexpr const char* kFormat = "cutract-model-1";
constexpr const char* kDigest = "sha256";

// Stores statistics as text, because load_state_dict(strict=True) refuses tensors that are not parameters.
void tensors_to_metadata(TensorFile& from, TensorFile& to) {
  for (const auto& [name, tensor] : from.tensors) {
    std::string text;
    for (const double v : tensor.as_f64()) text += (text.empty() ? "" : " ") + exact(v);
    to.metadata[name] = text;
  }
  for (const auto& [key, value] : from.metadata) to.metadata[key] = value;
}

TensorFile metadata_to_tensors(const TensorFile& file, const std::string& prefix, const std::string& origin) {
  TensorFile out;
  for (const auto& [key, value] : file.metadata) {
    if (!key.starts_with(prefix + ".")) continue;
    std::vector<double> values;
    const char *at = value.data(), *end = at + value.size();
    for (double v = 0; at < end;) {
      const auto [next, error] = std::from_chars(at, end, v);
      if (error != std::errc{}) break;
      values.push_back(v);
      at = next;
      while (at < end && *at == ' ') ++at;
    }
    if (at == end && !values.empty())
      out.tensors[key] = Tensor::f64({static_cast<Index>(values.size())}, values);
    else
      out.metadata[key] = value;
  }
  if (out.tensors.empty())
    fail(Fault::data, origin + ": has no statistics \"" + prefix + "\"; expected a model written by cutract train");
  return out;
}

std::string channels_text(const std::vector<Channel>& channels) {
  std::string out;
  for (const auto& c : channels) out += c.name + "\t" + c.unit + "\n";
  return out;
}

std::vector<Channel> channels_from(const std::string& text) {
  std::vector<Channel> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto tab = line.find('\t');
    if (tab != std::string::npos) out.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  return out;
}

// Computes the digest of all tensors and metadata except the digest itself. They are encoded again first, so that a
// program that writes the same content in a different order leaves it valid.
std::string digest_of(TensorFile file) {
  file.metadata.erase(kDigest);
  return sha256_hex(encode_safetensors(file));
}

// A file copied out of its checkpoint has no MANIFEST beside it, so it contains its own digest. A file without a digest
// is accepted, because other programs make such files, for example by averaging the weights of several models.
void expect_digest(const TensorFile& file, const std::string& origin) {
  const auto it = file.metadata.find(kDigest);
  if (it != file.metadata.end() && it->second != digest_of(file))
    fail(Fault::data, origin +
                          ": its content does not match its digest, so the file is damaged or was altered; copy it "
                          "again, or remove the metadata entry \"sha256\" of a file that you altered on purpose");
}

// A file without a digest may hold anything. Statistics of another size would be found only when they are applied.
void expect_columns(const Normaliser& statistics, Index columns, const char* what, const std::string& origin) {
  if (statistics.columns() != columns)
    fail(Fault::data, fmt::format("{}: its statistics of {} are for {}, but its model has {}; the file was altered",
                                  origin, what, counted(statistics.columns(), "column"), columns));
}

}  // namespace

std::string encode_model(const TrainedModel& m) {
  TensorFile file, stats;
  m.model.save(file);
  m.features.save(stats, "normaliser.features");
  m.targets.save(stats, "normaliser.targets");
  tensors_to_metadata(stats, file);
  const ModelSpec& spec = m.model.spec();
  file.metadata["format"] = kFormat;
  put_recipe_version(file);
  put_feature_recipe(file, checked(m.config.features));
  file.metadata["config"] = write_run_config(m.config);
  file.metadata["channels"] = channels_text(m.channels);
  file.metadata["corpus"] = m.corpus_name;
  file.metadata["feature_dim"] = std::to_string(spec.inputs);
  file.metadata["epoch"] = std::to_string(m.epoch);
  file.metadata["val_loss"] = exact(m.val_loss);
  file.metadata[kDigest] = digest_of(file);
  return encode_safetensors(file);
}

TrainedModel decode_model(const std::string& bytes, const std::string& origin) {
  const TensorFile file = decode_safetensors(bytes, origin);
  if (const auto& format = metadata_text(file, "format", origin); format != kFormat)
    fail(Fault::io, fmt::format("{}: model format is \"{}\", this build reads \"{}\"", origin, format, kFormat));
  const RunConfig config = parse_run_config(stored_config(file, origin), origin + " (its config)");
  const std::vector<Channel> channels = channels_from(metadata_text(file, "channels", origin));
  const ModelSpec spec =
      model_spec(config.model, metadata_number<Index>(file, "feature_dim", origin), std::ssize(channels));
  if (const Index columns = std::ssize(columns_of(config.features)); columns != spec.inputs)
    fail(Fault::data, fmt::format("{}: its model takes {} per frame, but its config gives {}; the file was altered",
                                  origin, counted(spec.inputs, "feature"), columns));
  if (const Index wanted = parameter_count(spec); wanted > std::ssize(bytes) / static_cast<Index>(sizeof(float)))
    fail(Fault::data, fmt::format("{}: its config describes a model of {} parameters, more than a file of {} bytes "
                                  "can hold; the file is truncated or was altered",
                                  origin, wanted, bytes.size()));
  TrainedModel m{
      config,
      Model(spec),
      Normaliser::load(metadata_to_tensors(file, "normaliser.features", origin), "normaliser.features", origin),
      Normaliser::load(metadata_to_tensors(file, "normaliser.targets", origin), "normaliser.targets", origin),
      channels,
      metadata_text(file, "corpus", origin),
      metadata_number<int>(file, "epoch", origin),
      metadata_number<double>(file, "val_loss", origin),
      origin};
  expect_columns(m.features, spec.inputs, "features", origin);
  expect_columns(m.targets, spec.outputs, "targets", origin);
  expect_same_features(file, config.features, origin);
  m.model.load(file, origin);
  expect_digest(file, origin);  // last, since the checks above say more precisely what is wrong
  return m;
}

namespace {

TrainedModel read_model(const NamedCheckpoint& found) {
  const auto it = found.files.find("model.safetensors");
  if (it == found.files.end())
    fail(Fault::data, found.path + ": has no model.safetensors; expected a checkpoint written by cutract train");
  const bool lone = found.path.ends_with(".safetensors");
  TrainedModel m = decode_model(it->second, lone ? found.path : found.path + "/model.safetensors");
  m.checkpoint = found.path;
  return m;
}

}  // namespace

TrainedModel load_model(const std::string& path) {
  try {
    return read_model(read_named_checkpoint(path));
  } catch (const Error& first) {
    if (first.fault() != Fault::data && first.fault() != Fault::io) throw;
    for (const std::string& other : checkpoints_of_run(path)) {
      try {
        TrainedModel m = read_model({other, read_checkpoint(other)});
        log::warn(fmt::format("{}; using {} instead", first.what(), other));
        return m;
      } catch (const Error& e) {
        if (e.fault() != Fault::data && e.fault() != Fault::io) throw;  // this one is damaged too, so the next is tried
      }
    }
    throw;
  }
}

}  // namespace cutract
