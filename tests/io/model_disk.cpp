#include "tests/io/model_disk.h"

#include <algorithm>

namespace cutract::test {
namespace {

constexpr std::size_t kMostImages = 64;

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at && path.substr(at, end - at) != ".") parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

bool ModelDisk::step(Call call) {
  if (dead_) return fail_with(EIO), true;
  ++calls_;
  if (how_ == Fail::none || calls_ < nth_ || (calls_ > nth_ && !for_good_)) return false;
  if (calls_ > nth_ && call == Call::removal) return false;
  if (how_ == Fail::short_write) return call == Call::write && !shortened_ && (shortened_ = true);
  if (how_ == Fail::power_cut) dead_ = true;
  errno = how_ == Fail::interrupted ? EINTR : err_;
  return true;
}

int ModelDisk::find(const std::string& path) const {
  int at = 0;
  for (const auto& part : parts_of(path)) {
    const Node& node = nodes_[static_cast<std::size_t>(at)];
    const auto it = node.names.find(part);
    if (!node.folder || it == node.names.end()) return -1;
    at = it->second;
  }
  return at;
}

ModelDisk::Place ModelDisk::place_of(const std::string& path) const {
  const auto parts = parts_of(path);
  if (parts.empty()) return {};
  const int folder = find(folder_of(path));
  return {folder >= 0 && nodes_[static_cast<std::size_t>(folder)].folder ? folder : -1, parts.back()};
}

void ModelDisk::change(int folder, Change c) {
  Node& node = nodes_[static_cast<std::size_t>(folder)];
  if (!c.gone.empty()) node.names.erase(c.gone);
  if (!c.name.empty()) node.names[c.name] = c.node;
  node.pending.push_back(std::move(c));
}

int ModelDisk::find_through(std::string path) const {
  for (int links = 0; links < 40; ++links) {
    const int node = find(path);
    if (node < 0 || nodes_[static_cast<std::size_t>(node)].target.empty()) return node;
    path = folder_of(path) + "/" + nodes_[static_cast<std::size_t>(node)].target;
  }
  return -1;
}

int ModelDisk::create(const std::string& path) {
  if (step()) return -1;
  const Place at = place_of(path);
  if (at.folder < 0) return fail_with(ENOENT);
  if (find(path) >= 0) return fail_with(EEXIST);
  const int node = static_cast<int>(nodes_.size());
  nodes_.push_back({false, "", "", {}, {}, {}});
  change(at.folder, {"", at.name, node});
  ++open_;
  return node;
}

int ModelDisk::open_in_place(const std::string& path) {
  if (step()) return -1;
  const int node = find_through(path);
  if (node < 0) return fail_with(ENOENT);
  if (nodes_[static_cast<std::size_t>(node)].folder) return fail_with(EISDIR);
  nodes_[static_cast<std::size_t>(node)].cached.clear();
  ++open_;
  return node;
}

int ModelDisk::open_dir(const std::string& path) {
  if (step()) return -1;
  const int node = find(path);
  if (node < 0 || !nodes_[static_cast<std::size_t>(node)].folder) return fail_with(ENOENT);
  ++open_;
  return node;
}

ssize_t ModelDisk::write(int fd, const void* data, std::size_t n) {
  const bool bad = step(Call::write);
  if (bad && how_ != Fail::short_write) return -1;
  const std::size_t k = bad ? (n + 1) / 2 : n;
  nodes_[static_cast<std::size_t>(fd)].cached.append(static_cast<const char*>(data), k);
  return static_cast<ssize_t>(k);
}

int ModelDisk::fsync(int fd) {
  if (step()) return -1;
  Node& node = nodes_[static_cast<std::size_t>(fd)];
  node.flushed = node.cached;
  node.safe_names = node.names;
  node.pending.clear();
  return 0;
}

int ModelDisk::close(int) {
  --open_;
  return step() ? -1 : 0;
}

int ModelDisk::rename(const std::string& from, const std::string& to) {
  if (step()) return -1;
  const Place a = place_of(from), b = place_of(to);
  const int node = find(from), over = find(to);
  if (node < 0 || b.folder < 0) return fail_with(ENOENT);
  if (a.folder != b.folder) return fail_with(EXDEV);  // the program never does this
  if (over >= 0 && nodes_[static_cast<std::size_t>(over)].folder &&
      !nodes_[static_cast<std::size_t>(over)].names.empty())
    return fail_with(ENOTEMPTY);
  change(a.folder, {a.name, b.name, node});
  return 0;
}

int ModelDisk::unlink(const std::string& path) {
  if (step(Call::removal)) return -1;
  const int node = find(path);
  if (node < 0) return fail_with(ENOENT);
  if (nodes_[static_cast<std::size_t>(node)].folder) return fail_with(EISDIR);
  const Place at = place_of(path);
  change(at.folder, {at.name, "", 0});
  return 0;
}

int ModelDisk::make_dir(const std::string& path) {
  if (step()) return -1;
  const Place at = place_of(path);
  if (at.folder < 0) return fail_with(ENOENT);
  if (find(path) >= 0) return fail_with(EEXIST);
  nodes_.push_back({true, "", "", {}, {}, {}});
  change(at.folder, {"", at.name, static_cast<int>(nodes_.size()) - 1});
  return 0;
}

int ModelDisk::remove_dir(const std::string& path) {
  if (step(Call::removal)) return -1;
  const int node = find(path);
  if (node < 0) return fail_with(ENOENT);
  if (!nodes_[static_cast<std::size_t>(node)].folder) return fail_with(ENOTDIR);
  if (!nodes_[static_cast<std::size_t>(node)].names.empty()) return fail_with(ENOTEMPTY);
  const Place at = place_of(path);
  change(at.folder, {at.name, "", 0});
  return 0;
}

int ModelDisk::list(const std::string& path, std::vector<std::string>& names) {
  names.clear();
  if (step()) return -1;
  const int node = find(path);
  if (node < 0) return fail_with(ENOENT);
  if (!nodes_[static_cast<std::size_t>(node)].folder) return fail_with(ENOTDIR);
  for (const auto& [name, child] : nodes_[static_cast<std::size_t>(node)].names) names.push_back(name);
  return 0;
}

int ModelDisk::read(const std::string& path, std::string& bytes) {
  if (step()) return -1;
  const int node = find_through(path);
  if (node < 0) return fail_with(ENOENT);
  if (nodes_[static_cast<std::size_t>(node)].folder) return fail_with(EISDIR);
  bytes = nodes_[static_cast<std::size_t>(node)].cached;
  return 0;
}

FileFacts ModelDisk::facts_of(int node) const {
  const Node& n = nodes_[static_cast<std::size_t>(node)];
  FileFacts facts;
  facts.kind = n.folder ? FileFacts::Kind::folder : !n.target.empty() ? FileFacts::Kind::link : FileFacts::Kind::file;
  facts.mode = n.mode;
  return facts;
}

int ModelDisk::look(const std::string& path, FileFacts& facts) {
  if (step()) return -1;
  const int node = find(path);
  if (node < 0) return fail_with(ENOENT);
  facts = facts_of(node);
  return 0;
}

int ModelDisk::look_through(const std::string& path, FileFacts& facts) {
  if (step()) return -1;
  const int node = find_through(path);
  if (node < 0) return fail_with(ENOENT);
  facts = facts_of(node);
  return 0;
}

int ModelDisk::read_link(const std::string& path, std::string& target) {
  if (step()) return -1;
  const int node = find(path);
  if (node < 0) return fail_with(ENOENT);
  target = nodes_[static_cast<std::size_t>(node)].target;
  return target.empty() ? fail_with(EINVAL) : 0;
}

int ModelDisk::make_link(const std::string& target, const std::string& path) {
  if (step()) return -1;
  const Place at = place_of(path);
  if (at.folder < 0) return fail_with(ENOENT);
  if (find(path) >= 0) return fail_with(EEXIST);
  nodes_.push_back(
      {.folder = false, .cached = {}, .flushed = {}, .names = {}, .safe_names = {}, .pending = {}, .target = target});
  change(at.folder, {"", at.name, static_cast<int>(nodes_.size()) - 1});
  return 0;
}

int ModelDisk::set_access(int fd, const FileFacts& like) {
  if (step()) return -1;
  nodes_[static_cast<std::size_t>(fd)].mode = like.mode;
  return 0;
}

std::vector<std::string> ModelDisk::tree() const {
  std::vector<std::string> out;
  std::vector<std::pair<std::string, int>> open = {{"", 0}};
  while (!open.empty()) {
    const auto [path, node] = open.back();
    open.pop_back();
    if (node != 0) out.push_back(path);
    for (const auto& [name, child] : nodes_[static_cast<std::size_t>(node)].names)
      open.emplace_back(path.empty() ? name : path + "/" + name, child);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// `options` has, for every node in turn, how many ways it has to be found; `choice` counts through the combinations.
ModelDisk ModelDisk::image(std::size_t choice, const std::vector<int>& options) const {
  ModelDisk disk;
  disk.nodes_ = nodes_;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto ways = static_cast<std::size_t>(options[i]);
    const std::size_t way = choice % ways;
    choice /= ways;
    Node& n = disk.nodes_[i];
    if (n.folder) {
      n.names = n.safe_names;
      for (std::size_t k = 0; k < n.pending.size(); ++k) {
        if (!(way >> k & 1)) continue;
        if (!n.pending[k].gone.empty()) n.names.erase(n.pending[k].gone);
        if (!n.pending[k].name.empty()) n.names[n.pending[k].name] = n.pending[k].node;
      }
    } else if (way == 0) {
      n.cached = n.flushed;
    } else if (way == 1) {
      n.cached = n.cached.substr(0, n.cached.size() / 2);
    }
    n.flushed = n.cached;
    n.safe_names = n.names;
    n.pending.clear();
  }
  return disk;
}

std::vector<ModelDisk> ModelDisk::after_power_loss() const {
  std::vector<int> options;
  std::size_t total = 1;
  for (const Node& n : nodes_) {
    const int ways = n.folder ? 1 << std::min<std::size_t>(n.pending.size(), 12) : n.cached == n.flushed ? 1 : 3;
    options.push_back(ways);
    total = std::min<std::size_t>(total * static_cast<std::size_t>(ways), std::size_t{1} << 40);
  }
  std::vector<ModelDisk> disks;
  if (total <= kMostImages) {
    for (std::size_t choice = 0; choice < total; ++choice) disks.push_back(image(choice, options));
    return disks;
  }
  Rng rng(static_cast<std::uint64_t>(total));
  for (std::size_t k = 0; k < kMostImages; ++k) {
    const auto sample = static_cast<std::size_t>(rng.uniform() * static_cast<double>(total));
    disks.push_back(image(k == 0 ? 0 : k == 1 ? total - 1 : sample, options));
  }
  return disks;
}

}  // namespace cutract::test
