#include "host/io/est_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/byte_reader.h"
#include "host/io/file_kind.h"
#include "host/io/text_numbers.h"

// The format is that of the Edinburgh Speech Tools, "EST_Track".
namespace cutract {
namespace {

constexpr std::uint64_t kMostChannels = 1024;
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

struct Header {
  bool ascii = false, little = true, has_order = false, has_breaks = false;
  std::uint64_t frames = 0, channels = 0;
  double shift_s = 0;  // of an evenly spaced track; 0: not said
  std::string comment;
  std::map<std::uint64_t, std::string> names;
};

class Parser {
 public:
  Parser(std::string_view bytes, const std::string& origin) : rest_(bytes), origin_(origin) {}

  StoredTrack parse() {
    read_header();
    check_header();
    track_.channels = channel_names();
    track_.times.reserve(header_.frames);
    track_.values = Matrix(static_cast<Index>(header_.frames), static_cast<Index>(header_.channels));
    if (header_.ascii)
      read_ascii();
    else
      read_binary();
    check_shift();
    return std::move(track_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(Fault::data, origin_ + ": " + why); }

  std::uint64_t count_of(const std::string& key, std::string_view word) const {
    const auto n = count_in(word);
    if (!n) refuse(fmt::format("{} is \"{}\", expected an integer", key, shown(word)));
    return *n;
  }
  bool flag_of(const std::string& key, std::string_view word) const {
    if (word == "true" || word == "1") return true;
    if (word == "false" || word == "0") return false;
    refuse(fmt::format("{} is \"{}\", expected true or false", key, shown(word)));
  }

  void read_header() {
    std::string_view first = take_line(rest_);
    if (take_word(first) != "EST_File" || take_word(first) != "Track")
      refuse("is not an EST track file, which begins with the line \"EST_File Track\"");
    bool seen_type = false, seen_frames = false, seen_channels = false;
    while (true) {
      if (rest_.find('\n') == std::string_view::npos)
        refuse("its header has no end (EST_Header_End); the file is cut off");
      std::string_view line = take_line(rest_);
      const std::string key(take_word(line));
      const std::string_view value = take_word(line);
      if (key == "EST_Header_End") break;
      seen_type = seen_type || key == "DataType";
      seen_frames = seen_frames || key == "NumFrames";
      seen_channels = seen_channels || key == "NumChannels";
      read_field(key, value);
    }
    if (!seen_type) refuse("its header has no DataType");
    if (!seen_frames) refuse("its header has no NumFrames");
    if (!seen_channels) refuse("its header has no NumChannels");
  }

  void read_field(const std::string& key, std::string_view value) {
    if (key == "DataType") {
      if (value != "ascii" && value != "binary")
        refuse(fmt::format("DataType is \"{}\", expected ascii or binary", shown(value)));
      header_.ascii = value == "ascii";
    } else if (key == "ByteOrder") {
      if (value != "01" && value != "10")
        refuse(fmt::format("ByteOrder is \"{}\", expected 01 (little-endian) or 10 (big-endian)", shown(value)));
      header_.little = value == "01";
      header_.has_order = true;
    } else if (key == "NumFrames") {
      header_.frames = count_of(key, value);
    } else if (key == "NumChannels") {
      header_.channels = count_of(key, value);
    } else if (key == "NumAuxChannels") {
      if (count_of(key, value) > 0) refuse("has auxiliary channels (NumAuxChannels), which are not supported");
    } else if (key == "BreaksPresent") {
      header_.has_breaks = flag_of(key, value);
    } else if (key == "FrameShift") {
      const auto shift = number_in(value);
      if (!shift || !(*shift >= 0) || std::isinf(*shift))
        refuse(fmt::format("FrameShift is \"{}\", expected a number of seconds", shown(value)));
      header_.shift_s = *shift;
    } else if (key == "CommentChar") {
      header_.comment = value;
    } else if (key.starts_with("Channel_")) {
      read_name(key, value);
    }
  }

  void read_name(const std::string& key, std::string_view value) {
    const std::uint64_t at = count_of("the number of " + shown(key), std::string_view(key).substr(8));
    if (value.empty()) refuse(shown(key) + " has no name");
    if (!is_utf8(value)) refuse(shown(key) + " has a name that is not UTF-8");
    if (at >= kMostChannels) refuse(fmt::format("{} is beyond the {} channels that are supported", key, kMostChannels));
    if (!header_.names.emplace(at, std::string(value)).second) refuse("has two lines " + key);
  }

  // Compares what the header says with the size of the file, before anything is allocated.
  void check_header() const {
    const Header& h = header_;
    if (h.frames == 0) refuse("NumFrames is 0, expected at least one frame");
    if (h.channels == 0 || h.channels > kMostChannels)
      refuse(fmt::format("NumChannels is {}, expected 1 to {}", h.channels, kMostChannels));
    if (!h.names.empty() && h.names.rbegin()->first >= h.channels)
      refuse(fmt::format("has a line Channel_{}, but NumChannels is {}", h.names.rbegin()->first, h.channels));
    if (!h.ascii && !h.has_order) refuse("is binary and has no ByteOrder");
    const std::uint64_t have = rest_.size(), numbers = row_numbers();
    if (!h.ascii && (h.frames > have / 4 || h.frames * numbers * 4 != have))
      refuse(fmt::format("has {} of data, expected {} x {} x 4 for {} of a time{} and {}; it is cut off or damaged",
                         counted(static_cast<std::int64_t>(have), "byte"), h.frames, numbers, counted_frames(h.frames),
                         h.has_breaks ? ", a break flag" : "",
                         counted(static_cast<std::int64_t>(h.channels), "value")));
    if (h.ascii && (h.frames > have / 2 + 1 || h.frames * numbers > have / 2 + 1))
      refuse(fmt::format("has {} of data, too few for {} of {}; it is cut off or damaged",
                         counted(static_cast<std::int64_t>(have), "byte"), counted_frames(h.frames),
                         counted(static_cast<std::int64_t>(numbers), "number")));
  }
  static std::string counted_frames(std::uint64_t n) { return fmt::format("{} frame{}", n, n == 1 ? "" : "s"); }

  std::uint64_t row_numbers() const { return 1 + (header_.has_breaks ? 1 : 0) + header_.channels; }

  // MOCHA-TIMIT calls both coordinates of a coil that was not used "****".
  std::vector<std::string> channel_names() const {
    std::vector<std::string> names;
    for (std::uint64_t c = 0; c < header_.channels; ++c) {
      const auto at = header_.names.find(c);
      std::string name = at == header_.names.end() ? fmt::format("channel_{}", c) : at->second;
      if (name.find_first_not_of('*') == std::string::npos) name = fmt::format("unused_{}", c);
      if (const auto first = std::find(names.begin(), names.end(), name); first != names.end())
        refuse(
            fmt::format("duplicate channel \"{}\" (Channel_{} and Channel_{})", shown(name), first - names.begin(), c));
      names.push_back(std::move(name));
    }
    return names;
  }

  // Row t begins with its time and, if there is one, its flag: 1, or 0 for a break, whose values mean nothing.
  void add_row(Index t, double time, double flag) {
    if (!std::isfinite(time))
      refuse(fmt::format("the time of frame {} is {}, expected a finite number of seconds", t + 1, time));
    if (flag != 0 && flag != 1)
      refuse(fmt::format("the break flag of frame {} is {:.4g}, expected 0 or 1; is ByteOrder right?", t + 1, flag));
    track_.times.push_back(time);
    if (flag == 0) std::fill_n(track_.values.row(t), track_.values.cols, kMissing);
  }

  // A time of 32 bits is as close to a microsecond as to what was meant.
  static double microseconds(float time) { return std::round(static_cast<double>(time) * 1e6) / 1e6; }

  void read_binary() {
    const std::size_t row_bytes = row_numbers() * 4, before = (header_.has_breaks ? 2 : 1) * 4;
    for (Index t = 0; t < track_.values.rows; ++t) {
      const std::string_view row = rest_.substr(static_cast<std::size_t>(t) * row_bytes, row_bytes);
      for (Index c = 0; c < track_.values.cols; ++c)
        track_.values.row(t)[c] = number_at<float>(row, before + static_cast<std::size_t>(c) * 4, header_.little);
      const float flag = header_.has_breaks ? number_at<float>(row, 4, header_.little) : 1;
      add_row(t, microseconds(number_at<float>(row, 0, header_.little)), flag);
    }
  }

  void read_ascii() {
    Index t = 0;
    while (!rest_.empty()) {
      std::string_view line = take_line(rest_);
      const std::string_view start = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
      if (start.empty() || (!header_.comment.empty() && start.starts_with(header_.comment))) continue;
      if (t == track_.values.rows) refuse(fmt::format("has more frames than NumFrames says ({})", header_.frames));
      const double time = next_number(line, t);
      const double flag = header_.has_breaks ? next_number(line, t) : 1;
      for (Index c = 0; c < track_.values.cols; ++c) track_.values.row(t)[c] = static_cast<float>(next_number(line, t));
      if (!take_word(line).empty())
        refuse(fmt::format("frame {} has more than {}", t + 1,
                           counted(static_cast<std::int64_t>(row_numbers()), "number")));
      add_row(t++, time, flag);
    }
    if (t < track_.values.rows)
      refuse(fmt::format("has {}, NumFrames says {}; it is cut off or damaged", counted(t, "frame"), header_.frames));
  }
  double next_number(std::string_view& line, Index t) const {
    const std::string_view word = take_word(line);
    if (word.empty())
      refuse(fmt::format("frame {} has fewer than {}; it is cut off or damaged", t + 1,
                         counted(static_cast<std::int64_t>(row_numbers()), "number")));
    const auto v = number_in(word);
    if (!v) refuse(fmt::format("frame {} has \"{}\", expected a number", t + 1, shown(word)));
    return *v;
  }

  void check_shift() const {
    const std::vector<double>& times = track_.times;
    if (header_.shift_s <= 0 || times.size() < 2) return;
    const double step = (times.back() - times.front()) / static_cast<double>(times.size() - 1);
    if (std::abs(step - header_.shift_s) > 0.01 * header_.shift_s)
      refuse(fmt::format("FrameShift is {:.6g} s, but its frames are {:.6g} s apart", header_.shift_s, step));
  }

  std::string_view rest_;
  const std::string& origin_;
  Header header_;
  StoredTrack track_;
};

}  // namespace

StoredTrack parse_est_track(std::string_view bytes, const std::string& origin) {
  refuse_git_lfs_pointer(bytes, origin);
  return Parser(bytes, origin).parse();
}

}  // namespace cutract
