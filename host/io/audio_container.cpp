#include "host/io/audio_container.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/container_bytes.h"
#include "host/io/file_kind.h"

namespace cutract {
namespace container {

void refuse(const std::string& origin, const std::string& why) {
  fail(Fault::data, fmt::format("{}: {}", origin, why));
}

std::uint64_t integer(std::string_view bytes, std::size_t at, std::size_t count, bool big_endian) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = big_endian ? i : count - 1 - i;
    v = v << 8 | static_cast<unsigned char>(bytes[at + from]);
  }
  return v;
}

std::string_view without_tags_in_front(std::string_view bytes) {
  constexpr std::size_t kHeader = 10;
  constexpr unsigned kFooterFollows = 0x10;
  while (bytes.size() >= kHeader && bytes.starts_with("ID3")) {
    std::size_t size = kHeader;
    std::size_t body = 0;
    for (std::size_t i = 6; i < kHeader; ++i) body = body << 7 | (integer(bytes, i, 1, true) & 0x7F);
    size += body;
    if (integer(bytes, 5, 1, true) & kFooterFollows) size += kHeader;
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return bytes;
}

std::string_view without_tags_behind(std::string_view bytes) {
  constexpr std::size_t kId3v1 = 128, kApe = 32;
  constexpr std::uint64_t kHasHeader = 0x80000000;
  for (;;) {
    if (bytes.size() >= kId3v1 && bytes.substr(bytes.size() - kId3v1).starts_with("TAG")) {
      bytes.remove_suffix(kId3v1);
      continue;
    }
    if (bytes.size() < kApe || !bytes.substr(bytes.size() - kApe).starts_with("APETAGEX")) return bytes;
    const std::string_view footer = bytes.substr(bytes.size() - kApe);
    std::uint64_t size = integer(footer, 12, 4, false);
    if (integer(footer, 20, 4, false) & kHasHeader) size += kApe;
    if (size < kApe || size > bytes.size()) return bytes;
    bytes.remove_suffix(static_cast<std::size_t>(size));
  }
}

// Walks the pages of an OGG file. The last page must be marked as such and end where the file does, since libsndfile
// accepts a cut-off file as complete. libsndfile also stops where a second stream begins.
void check_ogg(std::string_view bytes, const std::string& origin) {
  constexpr std::size_t kHeader = 27, kSegments = 26, kFlags = 5;
  constexpr unsigned kFirst = 2, kLast = 4;
  bool last = false;
  bool begun = false;  // a page that is not the first of a stream was seen
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t left = bytes.size() - at;
    if (left < kHeader || bytes.substr(at, 4) != "OggS") refuse(origin, "is cut off or damaged: an OGG page is broken");
    const std::size_t segments = integer(bytes, at + kSegments, 1, false);
    std::size_t size = kHeader + segments;
    for (std::size_t i = 0; size <= left && i < segments; ++i) size += integer(bytes, at + kHeader + i, 1, false);
    if (size > left) refuse(origin, "is cut off: the last OGG page is not whole");
    const std::uint64_t flags = integer(bytes, at + kFlags, 1, false);
    if ((flags & kFirst) && begun)
      refuse(origin,
             "holds several OGG streams joined end to end, and only the first would be read; split it, or convert "
             "it to one WAV file");
    begun = begun || !(flags & kFirst);
    last = (flags & kLast) != 0;
    at += size;
  }
  if (!last) refuse(origin, "is cut off: the last OGG page is missing");
}

std::int64_t check_flac(std::string_view bytes, const std::string& origin) {
  constexpr std::size_t kTotal = 21;  // its low 36 bits are the number of samples
  constexpr std::string_view kStart{"fLaC\0\0\0\x22", 8}, kOnly{"fLaC\x80\0\0\x22", 8};
  if (bytes.find(kStart, 1) != std::string_view::npos || bytes.find(kOnly, 1) != std::string_view::npos)
    refuse(origin, "holds several FLAC files joined end to end, and only the first would be read; split it into files");
  if (bytes.size() < kTotal + 5) refuse(origin, "is cut off: the FLAC header is not whole");
  const std::uint64_t total = integer(bytes, kTotal, 5, true) & 0xFFFFFFFFF;
  return total == 0 ? -1 : static_cast<std::int64_t>(total);
}

namespace {

// Returns the integer field `key` of a SPHERE header, or -1.
std::int64_t sphere_field(std::string_view header, std::string_view key) {
  const std::string start = fmt::format("\n{} -i ", key);
  const auto at = header.find(start);
  std::int64_t n = -1;
  if (at != std::string_view::npos)
    std::from_chars(header.data() + at + start.size(), header.data() + header.size(), n);
  return n;
}

}  // namespace

std::int64_t check_sphere(std::string_view bytes, const std::string& origin) {
  constexpr std::size_t kSize = 8;  // the header's size is the second line
  const auto end = bytes.find("end_head");
  if (end == std::string_view::npos) refuse(origin, "is cut off: the SPHERE header has no end");
  const std::string_view header = bytes.substr(0, end);
  if (header.find("shorten") != std::string_view::npos || header.find("wavpack") != std::string_view::npos)
    refuse(origin, "is a compressed SPHERE file; convert it to WAV, for example with `sph2pipe -f wav INPUT out.wav`");
  const std::int64_t count = sphere_field(header, "sample_count");
  const std::int64_t channels = std::max<std::int64_t>(1, sphere_field(header, "channel_count"));
  const std::int64_t width = sphere_field(header, "sample_n_bytes");
  const std::int64_t rate = sphere_field(header, "sample_rate");
  if (rate >= 0) check_rate_and_channels(rate, channels, origin);
  std::size_t start = 0;
  const auto digits = header.find_first_not_of(' ', kSize);
  if (digits != std::string_view::npos) std::from_chars(header.data() + digits, header.data() + header.size(), start);
  if (count < 0 || width < 1 || width > 8 || start < end || start > bytes.size()) return count;
  const auto there = static_cast<std::int64_t>(bytes.size() - start) / (width * channels);
  if (there > count)
    refuse(origin,
           fmt::format("holds more audio than its header announces: {} announced, {} there; correct sample_count",
                       counted(count, "sample"), there));
  return count;
}

}  // namespace container

void check_rate_and_channels(std::int64_t rate, std::int64_t channels, const std::string& origin) {
  if (rate < kLowestRate || rate > kHighestRate)
    container::refuse(origin,
                      fmt::format("sample rate is {} Hz, expected {} to {} Hz; the header is damaged or the file "
                                  "was not written as audio",
                                  rate, kLowestRate, kHighestRate));
  if (channels < 1 || channels > kMostChannels)
    container::refuse(origin, fmt::format("has {}, expected 1 to {}; the header is damaged or the file was not written "
                                          "as audio",
                                          counted(channels, "channel"), kMostChannels));
}

AudioContainer inspect_audio(std::string_view bytes, const std::string& origin) {
  using namespace container;
  if (bytes.empty()) refuse(origin, "is empty, expected audio");
  const std::string_view audio = without_tags_in_front(bytes);
  const std::string_view form = audio.size() >= 12 ? audio.substr(8, 4) : std::string_view();
  AudioContainer out{audio};
  if ((audio.starts_with("RIFF") || audio.starts_with("RIFX") || audio.starts_with("RF64")) && form == "WAVE") {
    check_wav(audio, origin);
  } else if (audio.starts_with("riff\x2E\x91\xCF\x11")) {
    check_w64(audio, origin);
  } else if (audio.starts_with("FORM") && (form == "AIFF" || form == "AIFC")) {
    out.frames = check_aiff(audio, origin);
  } else if (audio.starts_with(".snd") || audio.starts_with("dns.")) {
    check_au(audio, origin);
  } else if (audio.starts_with("OggS")) {
    check_ogg(audio, origin);
  } else if (audio.starts_with("fLaC")) {
    out.bytes = without_tags_behind(audio);
    out.frames = check_flac(out.bytes, origin);
    out.flac = true;
  } else if (audio.starts_with("NIST_1A")) {
    out.frames = check_sphere(audio, origin);
  } else if (const std::string kind = foreign_kind(audio); !kind.empty()) {
    refuse(origin, kind + "; expected a WAV, FLAC, SPHERE, OGG, MP3, AIFF or AU file");
  } else if (is_mp3(audio)) {
    out.bytes = without_tags_behind(audio);
    check_mp3(out.bytes, origin);
  } else {
    refuse(origin, "is not a WAV, FLAC, SPHERE, OGG, MP3, AIFF or AU file");
  }
  return out;
}

}  // namespace cutract
