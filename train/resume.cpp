#include "train/resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/sha256.h"
#include "host/run/find_checkpoint.h"
#include "host/run/manifest.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModel = "model.safetensors";
constexpr const char* kState = "state.safetensors";

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string same_path(const std::string& path) {
  std::error_code ignored;
  const fs::path whole = fs::weakly_canonical(path, ignored);
  return ignored ? path : whole.string();
}

const std::string& file_of(const Checkpoints::Loaded& c, const char* name) {
  const auto it = c.files.find(name);
  if (it == c.files.end())
    fail(Fault::data, fmt::format("{}: has no {}; choose a different checkpoint to resume from", c.folder, name));
  return it->second;
}

std::string origin_of(const Checkpoints::Loaded& c) {
  return sha256_hex(write_manifest(manifest_of(c.epoch, c.val_loss, c.files)));
}

// Returns the checkpoint that `from` names; for a run folder or its checkpoints folder, the newest intact one.
Checkpoints::Loaded named(const std::string& from) {
  const std::string path = without_slash(from);
  std::error_code ignored;
  const bool run = fs::is_directory(path + "/checkpoints", ignored);
  if (run || fs::path(path).filename() == "checkpoints") {
    if (auto newest = newest_checkpoint(real_file_system(), run ? path + "/checkpoints" : path)) return *newest;
    fail(Fault::io, from + ": this run has no checkpoint to resume from; train it first");
  }
  const std::string folder = find_checkpoint(path);
  Checkpoints::Loaded found{folder, 0, 0, read_checkpoint(folder)};
  const CheckpointManifest m = parse_manifest(read_file(folder + "/MANIFEST"), folder + "/MANIFEST");
  found.epoch = m.epoch;
  found.val_loss = m.val_loss;
  return found;
}

SavedState state_of(const Checkpoints::Loaded& c) { return decode_state(file_of(c, kState), c.folder + "/" + kState); }

std::string channels_text(const std::vector<Channel>& channels) {
  std::string out;
  for (const Channel& c : channels) out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", c.name, c.unit);
  return out;
}

ResumePoint checked_point(const Checkpoints::Loaded& c, const RunConfig& config, const Corpus& corpus) {
  ResumePoint p{c.folder, c.files, decode_model(file_of(c, kModel), c.folder + "/" + kModel), state_of(c), c.val_loss};
  const std::string changed = difference_in_learning(parse_run_config(p.saved.state.config, c.folder), config);
  if (!changed.empty())
    fail(Fault::config,
         fmt::format("{}: was trained with a different config ({}); choose another --out to start from scratch",
                     c.folder, changed));
  if (const std::string was = channels_text(p.model.channels), is = channels_text(corpus.channels); was != is)
    fail(Fault::config, fmt::format("{}: was trained on the channels {}, but those of {} are {}; choose another --out "
                                    "to start from scratch",
                                    c.folder, was, corpus.dir, is));
  return p;
}

// Returns the digests of a fingerprint by "split\tid".
std::map<std::string, std::string> digests(const std::string& fingerprint) {
  std::map<std::string, std::string> out;
  std::istringstream lines(fingerprint);
  for (std::string line; std::getline(lines, line);)
    if (const auto tab = line.rfind('\t'); tab != std::string::npos) out[line.substr(0, tab)] = line.substr(tab + 1);
  return out;
}

// Formats a "split\tid" key for a message.
std::string utterance_text(const std::string& key) {
  const auto tab = key.find('\t');
  return fmt::format("{} (split {})", key.substr(tab + 1), key.substr(0, tab));
}

// Lists the first few and counts the rest.
std::string few(const std::vector<std::string>& all) {
  constexpr std::size_t kNamed = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kNamed); ++i)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", all[i]);
  if (all.size() > kNamed) out += fmt::format(" and {} more", all.size() - kNamed);
  return out;
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const std::string& from, const std::string& own, const RunConfig& config,
                                             const Corpus& corpus) {
  const auto newest = newest_checkpoint(real_file_system(), own);
  if (from.empty()) {
    if (!newest) return std::nullopt;
    return checked_point(*newest, config, corpus);
  }
  const Checkpoints::Loaded wanted = named(from);
  const bool same_run = same_path(folder_of(wanted.folder)) == same_path(own);
  if (!newest || (same_run && same_path(newest->folder) == same_path(wanted.folder))) {
    ResumePoint p = checked_point(wanted, config, corpus);
    p.other_run = !same_run;
    if (p.other_run) p.saved.state.origin = origin_of(wanted);
    return p;
  }
  if (same_run)
    fail(Fault::usage, fmt::format("{}: this run has a later checkpoint, {}; choose another --out to go back to the "
                                   "earlier one",
                                   wanted.folder, newest->folder));
  // The same command was given again, and the run has progressed since.
  if (state_of(*newest).state.origin == origin_of(wanted)) return checked_point(*newest, config, corpus);
  fail(Fault::usage, fmt::format("{}: holds checkpoints of a different run than {}; leave --resume out to continue "
                                 "that run, or choose another --out",
                                 folder_of(own), wanted.folder));
}

std::string stands_at(const ResumePoint& p) {
  const TrainingState& s = p.saved.state;
  return s.within ? fmt::format("epoch {} after {}", s.epoch + 1, counted(p.saved.record.batches, "step"))
                  : fmt::format("epoch {}", s.epoch);
}

std::string fingerprint(const TrainingData& data) {
  std::string text;
  for (const auto& [split, examples] : {std::pair{"train", &data.train}, {"val", &data.val}})
    for (const Example& e : examples->examples) text += fmt::format("{}\t{}\t{}\n", split, e.id, e.digest);
  return text;
}

void expect_same_data(const ResumePoint& point, const std::string& now, const std::string& corpus_dir) {
  const std::string& before = point.saved.state.data;
  if (before == now) return;
  const std::map<std::string, std::string> was = digests(before), is = digests(now);
  std::vector<std::string> changed, missing, added;
  for (const auto& [key, digest] : was) {
    const auto it = is.find(key);
    if (it == is.end())
      missing.push_back(utterance_text(key));
    else if (it->second != digest)
      changed.push_back(utterance_text(key));
  }
  for (const auto& [key, digest] : is)
    if (!was.contains(key)) added.push_back(utterance_text(key));
  std::string what;
  const auto say = [&](const char* verb, const std::vector<std::string>& ids) {
    if (!ids.empty()) what += fmt::format("{}{}: {}", what.empty() ? "" : "; ", verb, few(ids));
  };
  say("audio, track, features or speaker changed", changed);
  say("no longer there", missing);
  say("new", added);
  if (what.empty()) what = "the order of the utterances changed";
  fail(Fault::config, fmt::format("{}: was trained on different data than {} holds now ({}); restore it, or choose "
                                  "another --out to start from scratch",
                                  point.checkpoint, corpus_dir, what));
}

void adopt(ResumePoint& point, Checkpoints& own, RunFolder& folder) {
  const std::string source = folder_of(point.checkpoint);
  TrainingState& state = point.saved.state;
  const auto adopted = [&](Checkpoints::Files files) {
    files[kState] = adopted_state(files.at(kState), state);
    return files;
  };
  folder.adopt_history(folder_of(source), state.epoch);
  const bool is_best = !state.within && state.best_epoch == state.epoch;
  if (state.best_epoch > 0 && !is_best) {
    const auto best = checkpoint_of_epoch(real_file_system(), source, state.best_epoch, state.best_val_loss);
    if (best) {
      own.save(best->epoch, best->val_loss, adopted(best->files));
    } else {
      log::warn(fmt::format("{}: has no intact checkpoint of the best epoch so far, {}; {}", source, state.best_epoch,
                            state.within ? "the next epoch counts as the best until a better one"
                                         : fmt::format("epoch {} counts as the best until a better one", state.epoch)));
      state.best_epoch = state.within ? 0 : state.epoch;
      state.best_val_loss = state.within ? std::numeric_limits<double>::infinity() : point.val_loss;
    }
  }
  if (state.within)
    own.save_within(state.epoch, point.saved.record.steps, adopted(point.files));
  else
    own.save(state.epoch, point.val_loss, adopted(point.files));
}

}  // namespace cutract
