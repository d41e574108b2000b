#include "host/io/audio.h"

#include <fmt/format.h>
#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>

#include "host/core/error.h"
#include "host/io/atomic_file.h"

namespace cutract {
namespace {

[[noreturn]] void refuse(const std::string& origin, const std::string& why) {
  fail(Fault::data, fmt::format("{}: {}", origin, why));
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t v = 0;
  for (std::size_t i = count; i-- > 0;) v = v << 8 | static_cast<unsigned char>(bytes[at + i]);
  return v;
}

// Walks the chunks of a RIFF WAVE file: refuses codecs whose decoders are not to be trusted (libsndfile's ADPCM
// readers, which already run when a file is opened) and data that are cut off, which libsndfile would pass over.
void check_wav(std::string_view bytes, const std::string& origin) {
  constexpr std::uint32_t kPcm = 1, kFloat = 3, kALaw = 6, kMuLaw = 7, kExtensible = 0xFFFE;
  constexpr std::uint32_t kUnknownSize =
      0x7FFFF000;  // a size from here on was written by a pipe that could not know it
  bool format = false;
  for (std::size_t at = 12; bytes.size() - at >= 8;) {
    const std::string_view id = bytes.substr(at, 4);
    const std::uint32_t size = little_endian(bytes, at + 4, 4);
    at += 8;
    const std::size_t left = bytes.size() - at;
    if (id == "fmt ") {
      if (size < 16 || size > left || (size < 26 && little_endian(bytes, at, 2) == kExtensible))
        refuse(origin, "WAV format chunk is cut off");
      std::uint32_t tag = little_endian(bytes, at, 2);
      if (tag == kExtensible) tag = little_endian(bytes, at + 24, 2);
      if (tag != kPcm && tag != kFloat && tag != kALaw && tag != kMuLaw)
        refuse(origin,
               fmt::format("WAV codec is {:#x}, expected PCM, float, A-law or mu-law; convert it to 16-bit PCM", tag));
      format = true;
    } else if (id == "data") {
      if (!format) refuse(origin, "WAV data come before their format");
      if (size > left && size < kUnknownSize)
        refuse(origin, fmt::format("is cut off: {} bytes of samples announced, {} there", size, left));
      return;
    }
    if (size > left) break;
    at += std::min<std::size_t>(left, size + (size & 1));  // chunks begin at even offsets
  }
  refuse(origin, "is a WAV file without samples");
}

// Walks the pages of an OGG file: they must end where the file does, the last one marked as such, since libsndfile
// takes what is left of a cut-off file for the whole.
void check_ogg(std::string_view bytes, const std::string& origin) {
  constexpr std::size_t kHeader = 27, kSegments = 26, kFlags = 5;
  constexpr int kLast = 4;
  bool last = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t left = bytes.size() - at;
    if (left < kHeader || bytes.substr(at, 4) != "OggS") refuse(origin, "is cut off or damaged: an OGG page is broken");
    const std::size_t segments = little_endian(bytes, at + kSegments, 1);
    std::size_t size = kHeader + segments;
    for (std::size_t i = 0; size <= left && i < segments; ++i) size += little_endian(bytes, at + kHeader + i, 1);
    if (size > left) refuse(origin, "is cut off: the last OGG page is not whole");
    last = (little_endian(bytes, at + kFlags, 1) & kLast) != 0;
    at += size;
  }
  if (!last) refuse(origin, "is cut off: the last OGG page is missing");
}

// Samples per channel that a SPHERE header announces, 0 if it does not; libsndfile does not look at that.
sf_count_t sphere_count(std::string_view bytes) {
  constexpr std::string_view kKey = "\nsample_count -i ";
  if (!bytes.starts_with("NIST_1A")) return 0;
  const std::string_view header = bytes.substr(0, bytes.find("end_head"));
  const auto at = header.find(kKey);
  sf_count_t n = 0;
  if (at != std::string_view::npos) std::from_chars(header.data() + at + kKey.size(), header.data() + header.size(), n);
  return n;
}

// Lets only containers pass whose decoders we mean to use.
void check_container(std::string_view bytes, const std::string& origin) {
  if (bytes.empty()) refuse(origin, "is empty, expected audio");
  if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WAVE") return check_wav(bytes, origin);
  if (bytes.starts_with("OggS")) return check_ogg(bytes, origin);
  if (!bytes.starts_with("fLaC") && !bytes.starts_with("NIST_1A"))
    refuse(origin, "is no WAV, FLAC, NIST SPHERE or OGG file");
}

// A file in memory for libsndfile: it reads `in`, or writes `out`.
struct MemoryFile {
  std::string_view in;
  std::string* out = nullptr;
  std::size_t at = 0;

  std::size_t size() const { return out ? out->size() : in.size(); }
};
MemoryFile& memory(void* user) { return *static_cast<MemoryFile*>(user); }

SF_VIRTUAL_IO memory_io() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) { return static_cast<sf_count_t>(memory(user).size()); };
  io.tell = [](void* user) { return static_cast<sf_count_t>(memory(user).at); };
  io.seek = [](sf_count_t offset, int whence, void* user) -> sf_count_t {
    MemoryFile& m = memory(user);
    const auto from = static_cast<sf_count_t>(whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m.at : m.size());
    if (from + offset < 0) return -1;
    m.at = static_cast<std::size_t>(from + offset);
    return from + offset;
  };
  io.read = [](void* to, sf_count_t count, void* user) -> sf_count_t {
    MemoryFile& m = memory(user);
    const std::size_t n = m.at >= m.in.size() ? 0 : std::min(static_cast<std::size_t>(count), m.in.size() - m.at);
    if (n > 0) std::memcpy(to, m.in.data() + m.at, n);
    m.at += n;
    return static_cast<sf_count_t>(n);
  };
  io.write = [](const void* from, sf_count_t count, void* user) -> sf_count_t {
    MemoryFile& m = memory(user);
    const auto n = static_cast<std::size_t>(count);
    if (m.out->size() < m.at + n) m.out->resize(m.at + n);
    std::memcpy(m.out->data() + m.at, from, n);
    m.at += n;
    return count;
  };
  return io;
}

struct SndfileCloser {
  void operator()(SNDFILE* f) const { sf_close(f); }
};
using Sndfile = std::unique_ptr<SNDFILE, SndfileCloser>;

}  // namespace

Audio decode_audio(std::string_view bytes, const std::string& origin) {
  check_container(bytes, origin);
  MemoryFile file{bytes, nullptr, 0};
  SF_VIRTUAL_IO io = memory_io();
  SF_INFO info{};
  const Sndfile in(sf_open_virtual(&io, SFM_READ, &info, &file));
  if (!in) refuse(origin, fmt::format("cannot be decoded: {}", sf_strerror(nullptr)));
  if (info.samplerate <= 0 || info.channels <= 0) refuse(origin, "has no sample rate or no channels");

  Audio audio{info.samplerate, {}};
  constexpr sf_count_t kFrames = 16384;  // read in blocks: the announced length is not to be trusted
  std::vector<float> block(static_cast<std::size_t>(kFrames * info.channels));
  const auto channels = static_cast<std::size_t>(info.channels);
  for (sf_count_t n = kFrames; n == kFrames;) {
    n = sf_readf_float(in.get(), block.data(), kFrames);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < channels; ++c) {
        const float v = block[i * channels + c];
        if (!std::isfinite(v))
          refuse(origin, fmt::format("sample {} of channel {} is {}, expected a finite number", audio.samples.size(),
                                     c + 1, v));
        sum += v;
      }
      audio.samples.push_back(static_cast<float>(sum / static_cast<double>(channels)));
    }
  }
  if (sf_error(in.get()) != SF_ERR_NO_ERROR)
    refuse(origin, fmt::format("cannot be decoded: {}", sf_strerror(in.get())));
  const auto got = static_cast<sf_count_t>(audio.samples.size());
  const sf_count_t announced = std::max(info.frames, sphere_count(bytes));
  if (announced < SF_COUNT_MAX && got < announced)
    refuse(origin, fmt::format("is cut off: {} samples announced, {} could be read", announced, got));
  if (audio.samples.empty()) refuse(origin, "holds no samples");
  return audio;
}

Audio read_audio(const std::string& path) { return decode_audio(read_file(path), path); }

std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz) {
  if (from_hz <= 0 || to_hz <= 0)
    fail(Fault::internal, fmt::format("resample: rates are {} and {} Hz, expected both above 0", from_hz, to_hz));
  if (from_hz == to_hz || samples.empty()) return {samples.begin(), samples.end()};
  const auto n =
      (static_cast<std::int64_t>(samples.size()) * to_hz * 2 + from_hz) / (2 * static_cast<std::int64_t>(from_hz));
  std::vector<float> out(static_cast<std::size_t>(n));  // what soxr does not fill stays silence
  if (out.empty()) return out;
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
  const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);  // one thread: the same bits everywhere
  std::size_t used = 0, made = 0;
  const soxr_error_t bad = soxr_oneshot(from_hz, to_hz, 1, samples.data(), samples.size(), &used, out.data(),
                                        out.size(), &made, &io, &quality, &runtime);
  if (bad) fail(Fault::internal, fmt::format("resample from {} to {} Hz: {}", from_hz, to_hz, soxr_strerror(bad)));
  return out;
}

void write_audio(const std::string& path, const Audio& audio) {
  const bool flac = path.ends_with(".flac");
  if (!flac && !path.ends_with(".wav"))
    fail(Fault::usage, fmt::format("{}: unknown kind of audio file, expected a name ending in .wav or .flac", path));
  std::vector<std::int16_t> pcm;
  for (const float v : audio.samples) {
    if (!std::isfinite(v)) fail(Fault::internal, fmt::format("{}: sample {} is not finite", path, pcm.size()));
    pcm.push_back(static_cast<std::int16_t>(std::clamp(std::lrint(v * 32768.0), -32768L, 32767L)));
  }
  std::string bytes;
  MemoryFile file{{}, &bytes, 0};
  SF_VIRTUAL_IO io = memory_io();
  SF_INFO info{};
  info.samplerate = audio.sample_rate, info.channels = 1;
  info.format = (flac ? SF_FORMAT_FLAC : SF_FORMAT_WAV) | SF_FORMAT_PCM_16;
  Sndfile out(sf_open_virtual(&io, SFM_WRITE, &info, &file));
  if (!out) fail(Fault::data, fmt::format("{}: cannot be encoded: {}", path, sf_strerror(nullptr)));
  const auto n = static_cast<sf_count_t>(pcm.size());
  if (sf_writef_short(out.get(), pcm.data(), n) != n)
    fail(Fault::internal, fmt::format("{}: cannot be encoded: {}", path, sf_strerror(out.get())));
  out.reset();  // writes the header
  save_atomically(real_file_system(), path, bytes);
}

}  // namespace cutract
