#include "host/io/ssff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/byte_reader.h"
#include "host/io/file_kind.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

constexpr std::size_t kMostNumbers = 1024;        // of one record
constexpr std::size_t kLongestName = 200;         // bytes; a column of many numbers repeats its name
constexpr double kLowest = 1, kHighest = 100000;  // Hz

struct NumberType {
  std::string_view name;
  std::size_t bytes;
  float (*read)(std::string_view bytes, std::size_t at, bool little);
};

template <class T>
float read_number(std::string_view bytes, std::size_t at, bool little) {
  return static_cast<float>(number_at<T>(bytes, at, little));
}

constexpr std::array kTypes = {
    NumberType{"CHAR", 1, read_number<std::int8_t>},   NumberType{"BYTE", 1, read_number<std::uint8_t>},
    NumberType{"SHORT", 2, read_number<std::int16_t>}, NumberType{"LONG", 4, read_number<std::int32_t>},
    NumberType{"FLOAT", 4, read_number<float>},        NumberType{"DOUBLE", 8, read_number<double>},
};

class Parser {
 public:
  Parser(std::string_view bytes, const std::string& origin) : rest_(bytes), origin_(origin) {}

  StoredTrack parse() {
    read_header();
    std::size_t record = 0;
    for (const NumberType* type : types_) record += type->bytes;
    if (rest_.empty() || record == 0) refuse("holds no records after its header");
    if (rest_.size() % record != 0)
      refuse(fmt::format("has {} of data, expected a multiple of {} for records of {}; it is cut off or damaged",
                         counted(std::ssize(rest_), "byte"), record, counted(std::ssize(types_), "number")));
    track_.values = Matrix(static_cast<Index>(rest_.size() / record), std::ssize(types_));
    std::size_t at = 0;
    for (Index t = 0; t < track_.values.rows; ++t)
      for (Index c = 0; c < track_.values.cols; ++c) {
        const NumberType& type = *types_[static_cast<std::size_t>(c)];
        track_.values.row(t)[c] = type.read(rest_, at, little_);
        at += type.bytes;
      }
    return std::move(track_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(Fault::data, origin_ + ": " + why); }

  void read_header() {
    if (!rest_.starts_with(kSsffMagic))
      refuse(fmt::format("is not an SSFF file, which begins with the line \"{}\"", kSsffMagic));
    bool has_machine = false, has_start = false;
    take_header_line();
    while (true) {
      std::string_view line = take_header_line();
      if (line.starts_with("-----") && line.find_first_not_of('-') == std::string_view::npos) break;
      const std::string_view key = take_word(line);
      if (key == "Machine") {
        read_machine(take_word(line));
        has_machine = true;
      } else if (key == "Record_Freq") {
        track_.rate_hz = number_of(key, take_word(line));
        if (!(track_.rate_hz >= kLowest && track_.rate_hz <= kHighest))
          refuse(fmt::format("Record_Freq is {}, expected {} to {} Hz", track_.rate_hz, kLowest, kHighest));
      } else if (key == "Start_Time") {
        track_.first_s = number_of(key, take_word(line));
        has_start = true;
      } else if (key == "Column") {
        read_column(line);
      }
    }
    if (!has_machine) refuse("its header has no Machine, which says the byte order");
    if (track_.rate_hz == 0) refuse("its header has no Record_Freq");
    if (!has_start) refuse("its header has no Start_Time");
    if (types_.empty()) refuse("its header has no Column");
  }

  std::string_view take_header_line() {
    if (rest_.find('\n') == std::string_view::npos)
      refuse("its header has no end (a line of dashes); the file is cut off");
    return take_line(rest_);
  }

  void read_machine(std::string_view machine) {
    if (machine != "IBM-PC" && machine != "SPARC")
      refuse(fmt::format("Machine is \"{}\", expected IBM-PC (little-endian) or SPARC (big-endian)", shown(machine)));
    little_ = machine == "IBM-PC";
  }

  double number_of(std::string_view key, std::string_view word) const {
    const auto v = number_in(word);
    if (!v || !std::isfinite(*v)) refuse(fmt::format("{} is \"{}\", expected a number", key, shown(word)));
    return *v;
  }

  void read_column(std::string_view line) {
    const std::string_view name = take_word(line);
    const std::string_view type_name = take_word(line), size = take_word(line);
    if (name.empty()) refuse("a Column has no name");
    if (name.size() > kLongestName)
      refuse(fmt::format("a Column has a name of {}, expected at most {}", counted(std::ssize(name), "byte"),
                         kLongestName));
    if (!is_utf8(name)) refuse("a Column has a name that is not UTF-8");
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.name == type_name; });
    if (type == kTypes.end())
      refuse(fmt::format("column \"{}\" has the type \"{}\", expected CHAR, BYTE, SHORT, LONG, FLOAT or DOUBLE",
                         shown(name), shown(type_name)));
    const std::uint64_t n = count_in(size).value_or(0);
    if (n < 1 || n > kMostNumbers - types_.size())
      refuse(fmt::format("column \"{}\" has \"{}\" numbers, expected 1 to {} in all columns", shown(name), shown(size),
                         kMostNumbers));
    for (std::uint64_t i = 1; i <= n; ++i) {
      std::string channel = n == 1 ? std::string(name) : fmt::format("{}_{}", name, i);
      if (std::find(track_.channels.begin(), track_.channels.end(), channel) != track_.channels.end())
        refuse(fmt::format("duplicate column \"{}\"", shown(channel)));
      track_.channels.push_back(std::move(channel));
      types_.push_back(&*type);
    }
  }

  std::string_view rest_;
  const std::string& origin_;
  bool little_ = true;
  std::vector<const NumberType*> types_;  // of each number of a record
  StoredTrack track_;
};

}  // namespace

StoredTrack parse_ssff(std::string_view bytes, const std::string& origin) {
  refuse_git_lfs_pointer(bytes, origin);
  return Parser(bytes, origin).parse();
}

}  // namespace cutract
