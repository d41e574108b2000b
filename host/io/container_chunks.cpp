#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/core/text.h"
#include "host/io/audio_container.h"
#include "host/io/container_bytes.h"

// Containers made of chunks: WAV in its forms, W64 and AIFF; and AU, which is a header and its samples.
namespace cutract::container {
namespace {

constexpr std::string_view kUnfinished =
    "the recorder was interrupted or did not finish the header; repair it, for example with `sox --ignore-length INPUT "
    "out.wav`";

struct Chunk {
  std::string_view id;
  std::uint64_t size = 0;
  std::size_t at = 0, left = 0;  // offset of the body, and bytes from there to the end of the file
};

std::string bytes_text(std::uint64_t n) { return counted(static_cast<std::int64_t>(n), "byte"); }

bool is_chunk_id(std::string_view id) {
  return id.size() == 4 && std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Refuses codecs whose decoders cannot be trusted: libsndfile's ADPCM readers already run when a file is opened.
void check_wav_format(std::string_view bytes, const Chunk& c, bool big, const std::string& origin) {
  constexpr std::uint64_t kPcm = 1, kFloat = 3, kALaw = 6, kMuLaw = 7, kExtensible = 0xFFFE;
  if (c.size < 16 || c.size > c.left || (c.size < 26 && integer(bytes, c.at, 2, big) == kExtensible))
    refuse(origin, "WAV format chunk is cut off");
  std::uint64_t tag = integer(bytes, c.at, 2, big);
  if (tag == kExtensible) tag = integer(bytes, c.at + 24, 2, big);
  if (tag != kPcm && tag != kFloat && tag != kALaw && tag != kMuLaw)
    refuse(origin,
           fmt::format("WAV codec is {:#x}, expected PCM, float, A-law or mu-law; convert it to 16-bit PCM", tag));
  check_rate_and_channels(static_cast<std::int64_t>(integer(bytes, c.at + 4, 4, big)),
                          static_cast<std::int64_t>(integer(bytes, c.at + 2, 2, big)), origin);
}

// Returns whether the rest of a file, from an even offset, consists of whole chunks.
bool all_chunks(std::string_view rest, bool big) {
  while (rest.size() >= 8) {
    const std::uint64_t size = integer(rest, 4, 4, big);
    if (!is_chunk_id(rest.substr(0, 4)) || size > rest.size() - 8) return false;
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 8 + size + (size & 1)));
  }
  return true;
}

// Checks what follows the samples: chunks, tags, or padding, but never more samples.
void check_after_data(std::string_view rest, bool big, const std::string& origin) {
  static constexpr std::array<std::string_view, 8> kCutIsHarmless{"LIST", "bext", "id3 ", "ID3 ",
                                                                  "fact", "cue ", "smpl", "iXML"};
  const std::size_t total = rest.size();
  while (rest.size() >= 8) {
    const std::string_view id = rest.substr(0, 4);
    if (id == "RIFF" || id == "RIFX" || id == "RF64")
      refuse(origin,
             "holds several WAV files joined end to end, and only the first would be read; split it into files");
    if (id == "data")
      refuse(origin,
             "has more than one data chunk, and only the first would be read; convert it, for example with "
             "ffmpeg, to a WAV file with one");
    if (without_tags_in_front(without_tags_behind(rest)).empty()) return;
    const std::uint64_t size = integer(rest, 4, 4, big);
    const bool named = std::find(kCutIsHarmless.begin(), kCutIsHarmless.end(), id) != kCutIsHarmless.end();
    if (named && size > rest.size() - 8) return;
    if (!is_chunk_id(id) || size > rest.size() - 8) break;
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 8 + size + (size & 1)));
  }
  const auto zero = [](char c) { return c == '\0'; };
  if (rest.size() < 8 || std::all_of(rest.begin(), rest.end(), zero)) return;
  refuse(origin, fmt::format("holds {} bytes after the samples that its header announces; {}", total, kUnfinished));
}

}  // namespace

// Walks the chunks. Refuses codecs that cannot be trusted, data that are cut off, which libsndfile would ignore, and
// data that it would not reach.
void check_wav(std::string_view bytes, const std::string& origin) {
  constexpr std::uint64_t kUnknownSize = 0x7FFFF000;  // this or more: written to a pipe, so the size was unknown
  constexpr std::uint64_t kInDs64 = 0xFFFFFFFF;
  const bool big = bytes.starts_with("RIFX"), rf64 = bytes.starts_with("RF64");
  bool format = false;
  std::uint64_t long_size = 0;
  for (std::size_t at = 12; bytes.size() - at >= 8;) {
    Chunk c{bytes.substr(at, 4), integer(bytes, at + 4, 4, big), at + 8, bytes.size() - at - 8};
    if (c.id == "ds64" && c.size >= 24 && c.left >= 24) {
      long_size = integer(bytes, c.at + 8, 8, false);
    } else if (c.id == "fmt ") {
      check_wav_format(bytes, c, big, origin);
      format = true;
    } else if (c.id == "data") {
      if (!format) refuse(origin, "WAV data come before their format");
      const bool is_long = rf64 && c.size == kInDs64;
      if (is_long) c.size = long_size;
      if (!is_long && c.size >= kUnknownSize && c.size > c.left) return;
      if (c.size > c.left)
        refuse(origin, fmt::format("is cut off: {} of samples announced, {} there", bytes_text(c.size), c.left));
      if (c.size == 0 && c.left > 0 && !all_chunks(bytes.substr(c.at), big))
        refuse(origin, fmt::format("has an unfinished header: it announces no samples, but is followed by {}; {}",
                                   bytes_text(c.left), kUnfinished));
      const std::size_t odd = c.size & 1;
      std::string_view rest = bytes.substr(std::min<std::size_t>(bytes.size(), c.at + c.size));
      // The padding byte after an odd number of bytes is sometimes missing.
      if (odd && !rest.empty() && !is_chunk_id(rest.substr(0, 4))) rest.remove_prefix(1);
      return check_after_data(rest, big, origin);
    }
    if (c.size > c.left) break;
    at += 8 + std::min<std::size_t>(c.left, c.size + (c.size & 1));  // chunks begin at even offsets
  }
  refuse(origin, "is a WAV file without samples");
}

// Chunks of W64 have a 16-byte name, whose first four bytes identify it, and a size of 8 bytes that counts both.
void check_w64(std::string_view bytes, const std::string& origin) {
  constexpr std::size_t kHeader = 24;
  bool format = false;
  bool data = false;
  for (std::size_t at = 40; at < bytes.size() && bytes.size() - at >= kHeader;) {
    const std::uint64_t size = integer(bytes, at + 16, 8, false);
    const std::size_t left = bytes.size() - at;
    const std::string_view id = bytes.substr(at, 4);
    if (size < kHeader) {
      if (id == "data") refuse(origin, fmt::format("has an unfinished header; {}", kUnfinished));
      break;
    }
    if (id == "data") {
      if (!format) refuse(origin, "W64 data come before their format");
      if (data) refuse(origin, "has more than one data chunk, and only the first would be read; convert it to WAV");
      data = true;
      if (size > left)
        refuse(origin, fmt::format("is cut off: {} of samples announced, {} there", bytes_text(size - kHeader),
                                   left - kHeader));
      if (size == kHeader && left > kHeader + 8)
        refuse(origin, fmt::format("has an unfinished header: it announces no samples, but is followed by {}; {}",
                                   bytes_text(left - kHeader), kUnfinished));
    }
    if (id == "fmt ") {
      check_wav_format(bytes, {id, size - kHeader, at + kHeader, left - kHeader}, false, origin);
      format = true;
    }
    if (data && id == "riff")
      refuse(origin,
             "holds several W64 files joined end to end, and only the first would be read; split it into files");
    if (data && !is_chunk_id(id))
      refuse(origin, fmt::format("holds {} bytes after the samples that its header announces; {}", left, kUnfinished));
    if (size > left) break;
    at += std::min<std::size_t>(left, (size + 7) / 8 * 8);
  }
  if (!data) refuse(origin, "is a W64 file without samples");
}

std::int64_t check_aiff(std::string_view bytes, const std::string& origin) {
  static constexpr std::array<std::string_view, 16> kCodecs{"NONE", "sowt", "twos", "raw ", "fl32", "FL32",
                                                            "fl64", "FL64", "in24", "in32", "42ni", "23ni",
                                                            "ulaw", "ULAW", "alaw", "ALAW"};
  const bool compressed = bytes.substr(8, 4) == "AIFC";
  std::int64_t frames = -1;
  bool samples = false;
  for (std::size_t at = 12; bytes.size() - at >= 8;) {
    const Chunk c{bytes.substr(at, 4), integer(bytes, at + 4, 4, true), at + 8, bytes.size() - at - 8};
    if (c.id == "COMM") {
      if (c.size < 18 || c.size > c.left || (compressed && c.size < 22)) refuse(origin, "AIFF COMM chunk is cut off");
      if (compressed && std::find(kCodecs.begin(), kCodecs.end(), bytes.substr(c.at + 18, 4)) == kCodecs.end())
        refuse(origin, "AIFF codec is not PCM, float, A-law or mu-law; convert it to 16-bit PCM");
      frames = static_cast<std::int64_t>(integer(bytes, c.at + 2, 4, true));
    } else if (c.id == "SSND") {
      if (samples) refuse(origin, "has more than one SSND chunk, and only the first would be read; convert it to WAV");
      samples = true;
      if (c.size > c.left)
        refuse(origin, fmt::format("is cut off: {} of samples announced, {} there", bytes_text(c.size), c.left));
      if (c.size <= 8 && c.left > 16 && !all_chunks(bytes.substr(c.at + c.size), true))
        refuse(origin, fmt::format("has an unfinished header: it announces no samples, but is followed by {}; {}",
                                   bytes_text(c.left), kUnfinished));
    } else if (c.id == "FORM") {
      refuse(origin,
             "holds several AIFF files joined end to end, and only the first would be read; split it into files");
    } else if (samples && !is_chunk_id(c.id)) {
      refuse(origin,
             fmt::format("holds {} bytes after the samples that its header announces; {}", c.left + 8, kUnfinished));
    }
    if (c.size > c.left) break;
    at += 8 + std::min<std::size_t>(c.left, c.size + (c.size & 1));
  }
  if (frames < 0 || !samples) refuse(origin, "is an AIFF file without samples");
  return frames;
}

void check_au(std::string_view bytes, const std::string& origin) {
  constexpr std::size_t kHeader = 24;
  constexpr std::uint64_t kUnknownSize = 0xFFFFFFFF, kMuLaw = 1, kDouble = 7, kALaw = 27;
  if (bytes.size() < kHeader) refuse(origin, "is cut off: the AU header is not whole");
  const bool big = bytes.starts_with(".snd");
  const std::uint64_t start = integer(bytes, 4, 4, big), size = integer(bytes, 8, 4, big);
  const std::uint64_t codec = integer(bytes, 12, 4, big);
  if ((codec < kMuLaw || codec > kDouble) && codec != kALaw)
    refuse(origin,
           fmt::format("AU codec is {}, expected PCM, float, A-law or mu-law; convert it to 16-bit PCM", codec));
  check_rate_and_channels(static_cast<std::int64_t>(integer(bytes, 16, 4, big)),
                          static_cast<std::int64_t>(integer(bytes, 20, 4, big)), origin);
  if (start < kHeader || start > bytes.size()) refuse(origin, "is cut off: the AU header is not whole");
  const std::uint64_t there = bytes.size() - start;
  if (size == kUnknownSize) return;
  if (size > there)
    refuse(origin, fmt::format("is cut off: {} of samples announced, {} there", bytes_text(size), there));
  if (size == 0 && there > 0)
    refuse(origin, fmt::format("has an unfinished header: it announces no samples, but is followed by {}; {}",
                               bytes_text(there), kUnfinished));
  if (!without_tags_behind(bytes.substr(start + size)).empty() && there - size >= 8)
    refuse(origin,
           fmt::format("holds {} bytes after the samples that its header announces; {}", there - size, kUnfinished));
}

}  // namespace cutract::container
