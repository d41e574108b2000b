#include "host/io/audio.h"

#include <fmt/format.h>
#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "host/io/audio_container.h"
#include "host/io/channels.h"
#include "host/io/input_file.h"
#include "host/io/packed_audio.h"

namespace cutract {
namespace {

[[noreturn]] void refuse(const std::string& origin, const std::string& why) {
  fail(Fault::data, fmt::format("{}: {}", origin, why));
}

// A file in memory for libsndfile: it reads `in`, or writes `out`.
struct MemoryFile {
  std::string_view in;
  std::string* out = nullptr;
  std::size_t at = 0;
  std::string start = {};  // read instead of the first bytes of `in`, and no longer than it

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
    if (m.at < m.start.size()) std::memcpy(to, m.start.data() + m.at, std::min(n, m.start.size() - m.at));
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

// libsndfile stops at the number of samples that a FLAC header announces. Without that number it reads to the end, so
// that the announced length can be compared with the actual one.
std::string flac_start_without_length(std::string_view bytes) {
  constexpr std::size_t kTotal = 21, kEnd = 26;
  std::string start(bytes.substr(0, kEnd));
  start[kTotal] = static_cast<char>(start[kTotal] & 0xF0);
  std::fill(start.begin() + kTotal + 1, start.end(), '\0');
  return start;
}

void mix(ChannelMixer& mixer, std::span<const float> block, std::vector<float>& to) { mixer.add(block, to); }
void mix(ChannelMixer& mixer, std::span<const float> block, PackedSamples& to) {
  std::vector<float> mono;
  mixer.add(block, mono);
  to.append(mono);
}

// Returns all frames of an open file, mixed to one channel. It reads in blocks because the announced length cannot be
// trusted. A is Audio or PackedAudio.
template <class A>
void read_samples(SNDFILE* in, const SF_INFO& info, const AudioOptions& options, const std::string& origin, A& audio) {
  constexpr sf_count_t kFrames = 16384;
  const auto channels = static_cast<std::size_t>(info.channels);
  std::vector<float> block(static_cast<std::size_t>(kFrames) * channels);
  ChannelMixer mixer(channels, options.channel);
  for (sf_count_t n = kFrames; n == kFrames;) {
    n = sf_readf_float(in, block.data(), kFrames);
    const std::size_t values = static_cast<std::size_t>(std::max<sf_count_t>(n, 0)) * channels;
    for (std::size_t i = 0; i < values; ++i)
      if (!std::isfinite(block[i]))
        refuse(origin, fmt::format("sample {} of channel {} is {}, expected a finite number",
                                   audio.samples.size() + i / channels, i % channels + 1, block[i]));
    mix(mixer, std::span<const float>(block).first(values), audio.samples);
    if (static_cast<std::int64_t>(audio.samples.size()) > options.most_samples)
      refuse(origin,
             fmt::format("lasts more than {:.1f} hours, the longest that is read at {} Hz; split it into shorter "
                         "files",
                         static_cast<double>(options.most_samples) / info.samplerate / 3600, info.samplerate));
  }
  if (const std::string note = mixer.note(); !note.empty()) audio.notes.push_back(note);
}

template <class A>
A decoded(std::string_view bytes, const std::string& origin, const AudioOptions& options) {
  const AudioContainer container = inspect_audio(bytes, origin);
  MemoryFile file{container.bytes};
  if (container.flac) file.start = flac_start_without_length(container.bytes);
  SF_VIRTUAL_IO io = memory_io();
  SF_INFO info{};
  const Sndfile in(sf_open_virtual(&io, SFM_READ, &info, &file));
  if (!in) refuse(origin, fmt::format("cannot be decoded: {}", sf_strerror(nullptr)));
  check_rate_and_channels(info.samplerate, info.channels, origin);
  if (options.channel > info.channels)
    refuse(origin, fmt::format("has {}, channel {} was asked for; choose one that exists, or 0 for the average",
                               counted(info.channels, "channel"), options.channel));

  A audio{info.samplerate, {}};
  // Enough for a file without compression. A header that announces more than the file can hold takes no more.
  const auto most_here = static_cast<sf_count_t>(bytes.size());
  audio.samples.reserve(static_cast<std::size_t>(std::clamp<sf_count_t>(info.frames, 0, most_here)));
  read_samples(in.get(), info, options, origin, audio);
  const auto got = static_cast<sf_count_t>(audio.samples.size());
  const sf_count_t decoder = info.frames < SF_COUNT_MAX ? info.frames : -1;
  if (const sf_count_t announced = std::max<sf_count_t>(decoder, container.frames); got < announced)
    refuse(origin, fmt::format("is cut off: {} announced, {} could be read", counted(announced, "sample"), got));
  if (container.frames >= 0 && got > container.frames)
    refuse(origin, fmt::format("holds more audio than its header announces: {} announced, {} there; convert it "
                               "to WAV to keep all of them",
                               counted(container.frames, "sample"), got));
  if (sf_error(in.get()) != SF_ERR_NO_ERROR)
    refuse(origin, fmt::format("cannot be decoded: {}", sf_strerror(in.get())));
  if (audio.samples.size() == 0) refuse(origin, "holds no samples");
  return audio;
}

}  // namespace

Audio decode_audio(std::string_view bytes, const std::string& origin, const AudioOptions& options) {
  return decoded<Audio>(bytes, origin, options);
}

PackedAudio decode_packed_audio(std::string_view bytes, const std::string& origin, const AudioOptions& options) {
  return decoded<PackedAudio>(bytes, origin, options);
}

PackedAudio read_packed_audio(const std::string& path, const AudioOptions& options) {
  return decode_packed_audio(read_file(path), path, options);
}

Audio read_audio(const std::string& path, const AudioOptions& options) {
  return decode_audio(read_file(path), path, options);
}

Audio read_audio_file(const std::string& path, const AudioOptions& options) {
  return decode_audio(read_regular_file(path), path, options);
}

std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz) {
  if (from_hz <= 0 || to_hz <= 0)
    fail(Fault::internal, fmt::format("resample: rates are {} and {} Hz, expected both above 0", from_hz, to_hz));
  if (from_hz == to_hz || samples.empty()) return {samples.begin(), samples.end()};
  // The length that librosa.resample gives. If it is one more than round(n * to / from), soxr does not write the last
  // sample, which stays 0, as in librosa's padding.
  const auto n = (static_cast<std::int64_t>(samples.size()) * to_hz + from_hz - 1) / from_hz;
  std::vector<float> out(static_cast<std::size_t>(n));  // samples that soxr does not write stay 0
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
  MemoryFile file{{}, &bytes};
  SF_VIRTUAL_IO io = memory_io();
  SF_INFO info{};
  info.samplerate = audio.sample_rate;
  info.channels = 1;
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
