#include "eval/report/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "eval/prediction.h"

namespace cutract {
namespace {

constexpr const char* kColumns =
    "epoch,step,train_loss,val_loss,val_rmse,val_mae,val_pearson,lr,grad_norm,skipped_steps,frames_per_s,seconds";
constexpr std::size_t kFixed = 12;  // number of these columns; those of the channels follow

std::string rmse_name(const std::string& channel, const std::string& unit) {
  return (unit == "mm" ? "rmse_mm/" : "rmse/") + channel;
}

// The number of a header's columns that hold a channel's RMSE. A comma inside quotes belongs to a name.
std::size_t channels_in(const std::string& header) {
  std::size_t count = 0;
  bool quoted = false, begins = true;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (begins) count += header.compare(i + (header[i] == '"' ? 1 : 0), 4, "rmse") == 0;
    if (header[i] == '"') quoted = !quoted;
    begins = header[i] == ',' && !quoted;
  }
  return count;
}

}  // namespace

std::string metrics_header(std::span<const Channel> channels) {
  std::string out = kColumns;
  for (const Channel& c : channels) out += "," + csv_field(rmse_name(c.name, c.unit));
  for (const Channel& c : channels) out += "," + csv_field("r/" + c.name);
  return out + "\n";
}

// Whether any target of the channel is measured.
static bool is_scored(const Scores& s, const ChannelScore& c) { return s.missing == 0 || c.missing < s.frames; }

std::string metrics_line(const EpochRecord& r) {
  const Scores& v = *r.val;
  std::string out = fmt::format("{},{},{:.9g},{:.9g},{:.9g},{:.9g},{},{:.9g},{:.9g},{},{:.0f},{:.2f}", r.epoch, r.step,
                                r.train_loss, v.loss, v.rmse, v.mae, v.pearson ? fmt::format("{:.9g}", *v.pearson) : "",
                                r.lr, r.grad_norm, r.skipped_steps, r.frames_per_s, r.seconds);
  for (const ChannelScore& c : v.channels) out += is_scored(v, c) ? fmt::format(",{:.6g}", c.rmse_units) : ",";
  for (const ChannelScore& c : v.channels) out += c.pearson ? fmt::format(",{:.6g}", *c.pearson) : ",";
  return out + "\n";
}

std::vector<Scalar> scalars(const EpochRecord& r) {
  std::vector<Scalar> out{{"loss/train", r.train_loss},
                          {"loss/val", r.val->loss},
                          {"lr", r.lr},
                          {"grad_norm", r.grad_norm},
                          {"frames_per_s", r.frames_per_s},
                          {"skipped_steps", static_cast<double>(r.skipped_steps)},
                          {"rmse_z/val", r.val->rmse},
                          {"mae_z/val", r.val->mae}};
  if (r.val->pearson) out.push_back({"pearson/val", *r.val->pearson});
  for (const ChannelScore& c : r.val->channels)
    if (is_scored(*r.val, c)) out.push_back({rmse_name(c.name, c.unit), c.rmse_units});
  for (const ChannelScore& c : r.val->channels)
    if (c.pearson) out.push_back({"r/" + c.name, *c.pearson});
  return out;
}

// The epoch that a line begins with; 0 if the line is damaged.
static int epoch_of(const std::string& line) {
  int epoch = 0;
  const char* const last = line.data() + line.size();
  const auto [end, error] = std::from_chars(line.data(), last, epoch);
  return error == std::errc{} && end != last && *end == ',' ? std::max(epoch, 0) : 0;
}

std::vector<std::string> metrics_lines(const std::string& path, int last_epoch) {
  std::vector<std::string> out;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line) && epoch_of(line) <= last_epoch)
    if (epoch_of(line) > 0) out.push_back(line + "\n");
  return out;
}

EpochPoint parse_metrics_line(const std::string& line, std::size_t channels) {
  std::vector<double> cells;
  std::istringstream in(line.substr(0, line.find('\n')));
  for (std::string cell; std::getline(in, cell, ',');)
    cells.push_back(cell.empty() ? std::numeric_limits<double>::quiet_NaN() : std::atof(cell.c_str()));
  cells.resize(std::max(cells.size(), kFixed), std::numeric_limits<double>::quiet_NaN());
  EpochPoint p{epoch_of(line), cells[2], cells[3], cells[6], cells[7], cells[11], {}};
  const std::size_t end = std::min(cells.size(), kFixed + channels);  // after these come the channels' r
  p.channel_rmse.assign(cells.begin() + kFixed, cells.begin() + static_cast<std::ptrdiff_t>(end));
  return p;
}

std::vector<EpochPoint> read_history(const std::string& run_dir) {
  const std::string path = run_dir + "/metrics.csv";
  std::ifstream in(path);
  std::string header;
  std::getline(in, header);
  std::vector<EpochPoint> out;
  for (const auto& line : metrics_lines(path, std::numeric_limits<int>::max()))
    out.push_back(parse_metrics_line(line, channels_in(header)));
  return out;
}

}  // namespace cutract
