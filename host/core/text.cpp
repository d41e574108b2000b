#include "host/core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>

namespace cutract {
namespace {

// Returns the number of bytes of the UTF-8 character at the start of `text`, 0 if there is none. `code` is its code
// point.
std::size_t character(std::string_view text, std::uint32_t& code) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  const std::size_t size = first >= 0xC2 && first < 0xE0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 ? 4 : 0;
  if (size == 0 || first > 0xF4 || size > text.size()) return 0;
  code = first & (0xFFU >> (size + 1));
  for (std::size_t k = 1; k < size; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(k) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return code < kLeast[size] || surrogate || code > 0x10FFFF ? 0 : size;
}

// C0 except line end and tab, DEL, C1, line and paragraph separators, and the marks that change the direction of text.
bool acts_on_terminals(std::uint32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string counted(std::int64_t n, std::string_view one, std::string_view many) {
  std::string text = std::to_string(n) + " ";
  if (n == 1 || many.empty())
    text += one;
  else
    text += many;
  if (n != 1 && many.empty()) text += "s";
  return text;
}

std::string number_text(double v) {
  if (v == std::floor(v) && std::abs(v) < 1e16) return fmt::format("{:.0f}", v);
  return fmt::format("{}", v);
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  std::string out;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!line.empty() && line.size() + 1 + word.size() > columns) {
      out += line + "\n";
      line.clear();
    }
    line += line.empty() ? std::string(indent, ' ') : std::string(" ");
    line += word;
  }
  return out + line + "\n";
}

bool is_utf8(std::string_view text) {
  std::uint32_t code = 0;
  while (!text.empty()) {
    const std::size_t size = character(text, code);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string wrong_encoding(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) return "is UTF-32; save it as UTF-8";
  if (bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv)) return "is UTF-16; save it as UTF-8";
  // Detects UTF-16 without a byte order mark: every second byte of Latin text is zero.
  const std::string_view start = bytes.substr(0, 64);
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < start.size(); ++i)
    if (start[i] == '\0') ++zeros[i % 2];
  const std::size_t half = start.size() / 2;
  if (half >= 4 && std::max(zeros[0], zeros[1]) * 4 >= half * 3 && std::min(zeros[0], zeros[1]) * 4 <= half)
    return "is UTF-16; save it as UTF-8";
  return "";
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t size = character(text, code);
    if (size == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    else if (acts_on_terminals(code))
      out += code < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
    else
      out += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string lowercase(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string listed(std::span<const std::string> problems, std::size_t most) {
  std::string out;
  for (const auto& p : problems.first(std::min(most, problems.size()))) out += (out.empty() ? "" : "\n") + p;
  if (problems.size() > most) out += fmt::format("\nand {} more", problems.size() - most);
  return out;
}

namespace {

bool begins_key(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '"' || c == '\'';
}

// Walks TOML as far as is needed to distinguish strings and comments from the rest.
class TomlScan {
 public:
  explicit TomlScan(std::string_view text) : text_(text) {}

  std::string problem() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        if (!may_begin_string()) return place() + "quote inside a value; put the whole value inside quotes";
        skip_string(c);
        fresh_ = false;
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        if (const std::string wrong = outside_strings(c); !wrong.empty()) return place() + wrong;
        ++at_;
      }
    }
    return "";
  }

 private:
  std::string outside_strings(char c) {
    if (c == '\n') {
      fresh_ = true;
      in_value_ = in_value_ && !open_.empty();
      return "";
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return "a letter outside ASCII must be inside quotes";
    if ((byte < 0x20 && c != '\t' && c != '\r') || byte == 0x7F) return "control character; remove it";
    if (c == '[' && fresh_ && open_.empty() && !names_a_table())
      return "expected the name of a table after [, e.g. [model]";
    if (c == '}' && open_.ends_with('[')) return "expected a value or ] in this list, not }";
    if (c == '=') in_value_ = true;
    if (c == '{' || (c == ',' && open_.ends_with('{'))) in_value_ = false;
    if (c == '[' || c == '{') open_ += c;
    if ((c == ']' || c == '}') && !open_.empty()) open_.pop_back();
    fresh_ = fresh_ && (c == ' ' || c == '\t' || c == '\r');
    return "";
  }
  // After -, 1 or 1. the parser reads a quote as part of a number, and so the letters that follow it.
  bool may_begin_string() const {
    const std::string_view before = in_value_ ? " \t\r\n=[{,\"'" : " \t\r\n=[{,.\"'";
    return at_ == 0 || before.find(text_[at_ - 1]) != std::string_view::npos;
  }
  // Checks whether the header that begins here has a name, or ends where the parser reports the error.
  bool names_a_table() const {
    std::size_t i = at_ + 1;
    const auto skip_blanks = [&] {
      while (i < text_.size() && (text_[i] == ' ' || text_[i] == '\t')) ++i;
    };
    skip_blanks();
    if (i < text_.size() && text_[i] == '[') {
      ++i;
      skip_blanks();
    }
    return i == text_.size() || text_[i] == ']' || begins_key(text_[i]);
  }
  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool lines = text_.substr(at_, 3) == three;
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      if (quote == '"' && text_[at_] == '\\') {
        at_ += 2;
      } else if (lines ? text_.substr(at_, 3) == three : text_[at_] == quote) {
        at_ += lines ? 3 : 1;
        return;
      } else if (!lines && text_[at_] == '\n') {
        return;  // an unterminated string, which the parser reports
      } else {
        ++at_;
      }
    }
    at_ = std::min(at_, text_.size());
  }
  std::string place() const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto start = before.rfind('\n');
    return fmt::format("{}:{}: ", line, at_ - (start == std::string_view::npos ? 0 : start + 1) + 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;  // the brackets that are not closed yet
  bool in_value_ = false;
  bool fresh_ = true;  // only blanks on this line so far
};

}  // namespace

std::string toml_problem(std::string_view text) {
  for (std::size_t at = 0, line = 1; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (!is_utf8(text.substr(at, end - at)))
      return fmt::format("{}:1: is not UTF-8; save the file as UTF-8 text", line);
    at = end + 1;
  }
  return TomlScan(text).problem();
}

}  // namespace cutract
