#include "host/io/file_kind.h"

#include <algorithm>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLfs = "version https://git-lfs.github.com/spec/";
constexpr std::string_view kLfsText = "is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file";

constexpr std::string_view kFfmpeg = "convert it to WAV, for example with `ffmpeg -i INPUT out.wav`";
constexpr std::string_view kUnpack = "unpack it";

struct Kind {
  std::size_t at;  // where the magic bytes are
  std::string_view magic, text;
  std::string_view advice = {};
};

constexpr Kind kKinds[] = {
    {0, kLfs, kLfsText},
    {4, "ftyp"sv, "is an MP4 or M4A file"sv, kFfmpeg},
    {0, "\x1A\x45\xDF\xA3"sv, "is a WebM or Matroska file"sv, kFfmpeg},
    {8, "AVI "sv, "is an AVI video; extract its audio, for example with `ffmpeg -i INPUT out.wav`"sv},
    {0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, "is a Windows Media file"sv, kFfmpeg},
    {0, "#!AMR"sv, "is an AMR file"sv, kFfmpeg},
    {0, "\xFF\xF1"sv, "is an AAC file"sv, kFfmpeg},
    {0, "\xFF\xF9"sv, "is an AAC file"sv, kFfmpeg},
    {0, "caff"sv, "is a CAF file; convert it to WAV, for example with `sox INPUT out.wav`"sv},
    {0, "wvpk"sv, "is a WavPack file"sv, kFfmpeg},
    {0, "MAC "sv, "is a Monkey's Audio file"sv, kFfmpeg},
    {0, "ajkg"sv, "is a Shorten file"sv, kFfmpeg},
    {0, "\x93NUMPY"sv, "is a NumPy array file"sv},
    {0, "PK\3\4"sv, "is a ZIP archive"sv, kUnpack},
    {0, "\x1F\x8B"sv, "is a gzip file"sv, kUnpack},
    {0, "BZh"sv, "is a bzip2 file"sv, kUnpack},
    {0,
     "\xFD"
     "7zXZ\0"sv,
     "is an xz file"sv, kUnpack},
    {0, "7z\xBC\xAF"sv, "is a 7-Zip archive"sv, kUnpack},
    {0, "%PDF"sv, "is a PDF document"sv},
    {0, "\x89PNG"sv, "is a PNG image"sv},
    {0, "\x89HDF"sv, "is an HDF5 file"sv},
    {0, "MATLAB 5.0"sv, "is a MATLAB file"sv},
    {0, "\xFF\xFE"sv, "is UTF-16 text"sv},
    {0, "\xFE\xFF"sv, "is UTF-16 text"sv},
};

bool is_html(std::string_view bytes) {
  std::string start(bytes.substr(0, 256));
  start.erase(0, start.find_first_not_of(" \t\r\n\xEF\xBB\xBF"));
  start = lowercase(start);
  return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head");
}

bool is_text(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 1024);
  return start.size() >= 4 && std::all_of(start.begin(), start.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u >= ' ' ? u != 0x7F : u == '\n' || u == '\r' || u == '\t' || u == '\f';
         });
}

}  // namespace

std::string foreign_kind(std::string_view bytes) {
  for (const Kind& kind : kKinds)
    if (bytes.size() >= kind.at && bytes.substr(kind.at).starts_with(kind.magic))
      return std::string(kind.text) + (kind.advice.empty() ? "" : "; ") + std::string(kind.advice);
  if (is_html(bytes)) return "is a web page (HTML); download the file itself";
  if (is_text(bytes)) return "is a text file";
  return "";
}

void refuse_git_lfs_pointer(std::string_view bytes, const std::string& origin) {
  if (bytes.starts_with(kLfs)) fail(Fault::data, origin + ": " + std::string(kLfsText));
}

}  // namespace cutract
