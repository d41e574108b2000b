#include "host/run/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/run/checkpoint_folder.h"

namespace cutract {

constexpr std::string_view kTemporary = ".tmp-";

Checkpoints::Checkpoints(FileSystem& fs, std::string folder, int keep_best)
    : fs_(fs), folder_(std::move(folder)), keep_best_(keep_best) {
  make_folder(fs_, folder_);
  for (const auto& name : names_in(fs_, folder_)) {
    if (name.starts_with(kTemporary)) remove_tree(path(name));
    if (name == "last.tmp" || name == "best.tmp") fs_.unlink(path(name));
  }
  if (const auto all = entries(); !all.empty()) {  // the last save may have ended before it did all of this
    const std::string best = point_at_best(all);
    update_links(last_or_newest(), best);
  }
}

// The name in `last`. If there is no such file, `last` is set to the newest intact checkpoint: if a run was killed just
// before it wrote `last`, and was finished with that checkpoint, nothing else would write it.
std::string Checkpoints::last_or_newest() {
  if (const auto text = read_if_there(fs_, path("last"))) return pointed_at(*text);
  std::string name;
  try {
    if (const auto newest = newest_intact()) name = newest->folder.substr(folder_.size() + 1);
  } catch (const Error&) {
    return "";  // none is intact, which is reported where one is asked for
  }
  if (!name.empty()) save_atomically(fs_, path("last"), name + "\n");
  return name;
}

// Best effort: the next run removes what cannot be removed now. A link itself is removed, not its target.
void Checkpoints::remove_tree(const std::string& path) {
  FileFacts facts;
  if (fs_.look(path, facts) < 0 && errno == ENOENT) return;
  int failed = 0;
  if (facts.kind == FileFacts::Kind::folder) {
    std::vector<std::string> names;
    fs_.list(path, names);
    for (const auto& name : names) fs_.unlink(path + "/" + name);
    failed = fs_.remove_dir(path);
  } else {
    failed = fs_.unlink(path);
  }
  if (failed < 0 && errno != ENOENT) log::warn(fmt::format("{}: cannot be removed: {}", path, std::strerror(errno)));
}

// The checkpoint is first renamed for good, so that a partly deleted one is never found under its name.
void Checkpoints::remove_checkpoint(const std::string& name) {
  const std::string doomed = path(std::string(kTemporary) + name);
  try {
    if (fs_.rename(path(name), doomed) < 0) io_failed(path(name), "cannot rename");
    flush_folder(fs_, folder_);
  } catch (const Error& e) {
    return log::warn(fmt::format("a checkpoint that is no longer needed stays: {}", e.what()));
  }
  remove_tree(doomed);
}

std::vector<Ranked> Checkpoints::entries() const { return entries_of(fs_, folder_); }

// Creates the complete folder under its name, and returns the name.
std::string Checkpoints::publish(const std::string& wanted, int epoch, double val_loss, const Files& files) {
  for (const auto& [name, bytes] : files)
    if (name.empty() || name == kManifest || name.find_first_of("/\n") != std::string::npos)
      fail(Fault::internal, fmt::format("checkpoint: \"{}\" cannot be one of its files", name));
  const CheckpointManifest manifest = manifest_of(epoch, val_loss, files);
  const std::string text = write_manifest(manifest);
  std::string name = wanted;
  for (int version = 2; is_folder(fs_, path(name)); ++version) {
    try {
      if (write_manifest(read_manifest(fs_, path(name))) == text && read_files(fs_, path(name), manifest) == files) {
        flush_folder(fs_, folder_);  // an earlier save may have failed just before this
        return name;
      }
    } catch (const Error&) {
      // A damaged one keeps its name, so that its cause can be investigated.
    }
    name = fmt::format("{}-v{}", wanted, version);
  }
  const std::string temporary = path(std::string(kTemporary) + name);
  remove_tree(temporary);
  try {
    if (fs_.make_dir(temporary) < 0) io_failed(temporary, "cannot make the folder");
    for (const auto& [file, bytes] : files) write_flushed(fs_, temporary + "/" + file, bytes);
    write_flushed(fs_, temporary + "/" + kManifest, text);
    flush_folder(fs_, temporary);
    if (fs_.rename(temporary, path(name)) < 0) io_failed(path(name), "cannot rename");
  } catch (const Error&) {
    remove_tree(temporary);
    throw;
  }
  flush_folder(fs_, folder_);
  return name;
}

std::string Checkpoints::point_at_best(const std::vector<Ranked>& all) {
  const std::string best = std::min_element(all.begin(), all.end(), ranks_before)->name;
  if (read_if_there(fs_, path("best")) != best + "\n") save_atomically(fs_, path("best"), best + "\n");
  return best;
}

// Sets RUN/`which` to `name`. Returns false if nothing had to be done, or if what is there is not one of our links.
bool Checkpoints::set_link(const std::string& which, const std::string& name) {
  const std::string run = folder_of(folder_), link = run + "/" + which;
  const std::string prefix = folder_.substr(folder_.find_last_of('/') + 1) + "/";
  FileFacts facts;
  if (fs_.look(link, facts) == 0) {
    std::string target;
    if (facts.kind != FileFacts::Kind::link) return false;
    if (fs_.read_link(link, target) < 0) io_failed(link, "cannot read the link");
    if (target == prefix + name || !target.starts_with(prefix) ||
        pointed_at(target.substr(prefix.size()) + "\n").empty())
      return false;
  } else if (errno != ENOENT) {
    io_failed(link, "cannot look");
  }
  const std::string temporary = temporary_beside(link);
  if (fs_.make_link(prefix + name, temporary) < 0) io_failed(link, "cannot make the link");
  if (fs_.rename(temporary, link) < 0) {
    const int err = errno;
    fs_.unlink(temporary);
    errno = err;
    io_failed(link, "cannot rename");
  }
  return true;
}

// The links are a convenience: the pointers are valid without them, and some file systems have no links.
void Checkpoints::update_links(const std::string& last, const std::string& best) {
  if (!links_ok_) return;
  try {
    bool changed = !last.empty() && set_link("last", last);
    changed = (!best.empty() && set_link("best", best)) || changed;
    if (changed) flush_folder(fs_, folder_of(folder_));
  } catch (const Error& e) {
    links_ok_ = false;
    log::warn(fmt::format("{}; continuing without the links {}/best and last", e.what(), folder_of(folder_)));
  }
}

void Checkpoints::delete_surplus(int keep_best) {
  const std::string last = pointed_at(read_if_there(fs_, path("last")).value_or(""));
  const std::string best = pointed_at(read_if_there(fs_, path("best")).value_or(""));
  if (last.empty() || best.empty()) return;
  for (const auto& old : surplus(entries(), last, best, keep_best)) remove_checkpoint(old);
}

std::string Checkpoints::save(int epoch, double val_loss, const Files& files) {
  std::vector<Ranked> all = entries();  // read first: if this fails nothing has changed
  const std::vector<Ranked> within = entries_of(fs_, folder_, kWithinPrefix);

  const std::string name = publish(fmt::format("epoch={:04}-val_loss={:.4f}", epoch, val_loss), epoch, val_loss, files);
  save_atomically(fs_, path("last"), name + "\n");
  if (std::none_of(all.begin(), all.end(), [&](const Ranked& r) { return r.name == name; }))
    all.push_back({name, epoch, val_loss});
  const std::string best = point_at_best(all);
  update_links(name, best);
  for (const auto& old : surplus(all, name, best, keep_best_)) remove_checkpoint(old);
  for (const auto& old : within) remove_checkpoint(old.name);
  return path(name);
}

std::string Checkpoints::save_within(int epochs_done, std::int64_t step, const Files& files) {
  const std::vector<Ranked> earlier = entries_of(fs_, folder_, kWithinPrefix);
  const std::string name = publish(fmt::format("step={:07}", step), epochs_done, std::nan(""), files);
  save_atomically(fs_, path("last"), name + "\n");
  update_links(name, pointed_at(read_if_there(fs_, path("best")).value_or("")));
  for (const auto& old : earlier)
    if (old.name != name) remove_checkpoint(old.name);
  return path(name);
}

std::optional<std::string> Checkpoints::pointer(const char* which) const {
  const auto text = read_if_there(fs_, path(which));
  if (!text) return std::nullopt;
  const std::string name = pointed_at(*text);
  if (name.empty() || !is_folder(fs_, path(name)))
    fail(Fault::data, fmt::format("{}: does not name a checkpoint in its folder; write a name into it", path(which)));
  return path(name);
}
std::optional<std::string> Checkpoints::last() const { return pointer("last"); }
std::optional<std::string> Checkpoints::best() const { return pointer("best"); }

std::optional<Checkpoints::Loaded> Checkpoints::newest_intact() const { return newest_checkpoint(fs_, folder_); }

bool Checkpoints::any() const {
  return read_if_there(fs_, path("last")).has_value() || !entries().empty() ||
         !entries_of(fs_, folder_, kWithinPrefix).empty();
}

std::optional<Checkpoints::Loaded> newest_checkpoint(FileSystem& fs, const std::string& folder) {
  const auto path = [&](const std::string& name) { return folder + "/" + name; };
  const auto text = read_if_there(fs, path("last"));
  // A checkpoint inside an epoch is newer than the one at whose end that epoch began; among several, the one with the
  // most steps is newest.
  std::vector<Ranked> found = entries_of(fs, folder, kWithinPrefix);
  std::reverse(found.begin(), found.end());
  const std::vector<Ranked> whole = entries_of(fs, folder);
  found.insert(found.end(), whole.begin(), whole.end());
  std::stable_sort(found.begin(), found.end(), [](const Ranked& a, const Ranked& b) { return a.epoch > b.epoch; });
  std::vector<std::string> order;  // folder names, in the order in which they are tried
  const std::string last = pointed_at(text.value_or(""));
  if (!last.empty()) order.push_back(last);
  for (const Ranked& e : found)
    if (e.name != last) order.push_back(e.name);
  if (text && last.empty())
    log::warn(path("last") + ": is not a valid pointer; resuming from the latest intact checkpoint");
  for (const auto& name : order) {
    try {
      const CheckpointManifest m = read_manifest(fs, path(name));
      return Checkpoints::Loaded{path(name), m.epoch, m.val_loss, read_files(fs, path(name), m)};
    } catch (const Error& e) { log::warn(fmt::format("skipping checkpoint {}: {}", name, e.what())); }
  }
  if (text || !order.empty())
    fail(Fault::data, folder + ": none of its checkpoints is intact; train again with a different --out");
  return std::nullopt;
}

std::optional<Checkpoints::Loaded> checkpoint_of_epoch(FileSystem& fs, const std::string& folder, int epoch,
                                                       double val_loss) {
  if (!is_folder(fs, folder)) return std::nullopt;
  for (const Ranked& e : entries_of(fs, folder)) {
    if (e.epoch != epoch || e.val_loss != val_loss) continue;
    const std::string path = folder + "/" + e.name;
    try {
      return Checkpoints::Loaded{path, e.epoch, e.val_loss, read_checkpoint(fs, path)};
    } catch (const Error& error) { log::warn(fmt::format("skipping checkpoint {}: {}", e.name, error.what())); }
  }
  return std::nullopt;
}

std::vector<std::string> surplus(std::span<const Ranked> all, const std::string& last, const std::string& best,
                                 int keep_best) {
  std::vector<Ranked> order(all.begin(), all.end());
  std::stable_sort(order.begin(), order.end(), ranks_before);
  std::vector<std::string> out;
  for (std::size_t i = static_cast<std::size_t>(std::max(0, keep_best)); i < order.size(); ++i)
    if (order[i].name != last && order[i].name != best) out.push_back(order[i].name);
  return out;
}

Checkpoints::Files read_checkpoint(FileSystem& fs, const std::string& folder) {
  if (!is_folder(fs, folder)) fail(Fault::io, folder + ": is not a folder; expected a checkpoint");
  return read_files(fs, folder, read_manifest(fs, folder));
}
Checkpoints::Files read_checkpoint(const std::string& folder) { return read_checkpoint(real_file_system(), folder); }

}  // namespace cutract
