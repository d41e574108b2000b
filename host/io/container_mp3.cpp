#include <fmt/format.h>

#include <array>
#include <optional>

#include "host/core/text.h"
#include "host/io/container_bytes.h"

// MPEG audio (MP3, and layers I and II) is a sequence of frames, without a total length.
namespace cutract::container {
namespace {

struct Frame {
  std::size_t size = 0;       // bytes
  std::size_t side_info = 0;  // bytes between the header and a Xing or Info header
};

// Returns the frame whose header is at `at`, or none if there is no valid header.
std::optional<Frame> frame_at(std::string_view bytes, std::size_t at) {
  // kbit/s by bit-rate index: MPEG-1 layers I, II, III; then MPEG-2 and 2.5 layer I, and layers II and III.
  static constexpr std::array<std::array<int, 15>, 5> kRates{{
      {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
      {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
      {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
  }};
  static constexpr std::array<int, 3> kSampleRates{44100, 48000, 32000};
  if (at > bytes.size() || bytes.size() - at < 4) return std::nullopt;
  const std::uint64_t h = integer(bytes, at, 4, true);
  const std::uint64_t version = h >> 19 & 3, layer_bits = h >> 17 & 3, rate = h >> 12 & 15, sampling = h >> 10 & 3;
  if (h >> 21 != 0x7FF || version == 1 || layer_bits == 0 || rate == 0 || rate == 15 || sampling == 3)
    return std::nullopt;
  const bool mpeg1 = version == 3, mono = (h >> 6 & 3) == 3;
  const std::size_t layer = 4 - layer_bits, padding = h >> 9 & 1;
  const std::size_t row = mpeg1 ? layer - 1 : layer == 1 ? 3 : 4;
  const auto bits = static_cast<std::size_t>(kRates[row][rate]) * 1000;
  const auto hz = static_cast<std::size_t>(kSampleRates[sampling]) >> (mpeg1 ? 0 : version == 2 ? 1 : 2);
  if (layer == 1) return Frame{(12 * bits / hz + padding) * 4, 0};
  const std::size_t samples = layer == 3 && !mpeg1 ? 72 : 144;
  return Frame{samples * bits / hz + padding, mpeg1 ? (mono ? 17U : 32U) : (mono ? 9U : 17U)};
}

// Returns the number of frames that a Xing or Info header in the first frame announces, or none without such a header.
std::optional<std::uint64_t> announced_frames(std::string_view bytes, const Frame& first) {
  const std::size_t at = 4 + first.side_info;
  if (bytes.size() < at + 12) return std::nullopt;
  const std::string_view id = bytes.substr(at, 4);
  if ((id != "Xing" && id != "Info") || !(integer(bytes, at + 4, 4, true) & 1)) return std::nullopt;
  return integer(bytes, at + 8, 4, true);
}

}  // namespace

bool is_mp3(std::string_view bytes) {
  const std::optional<Frame> first = frame_at(bytes, 0);
  return first && (first->size >= bytes.size() || frame_at(bytes, first->size));
}

void check_mp3(std::string_view bytes, const std::string& origin) {
  const std::optional<std::uint64_t> announced = announced_frames(bytes, *frame_at(bytes, 0));
  std::uint64_t frames = 0;
  for (std::size_t at = 0; at < bytes.size(); ++frames) {
    const std::optional<Frame> frame = frame_at(bytes, at);
    const std::string_view rest = bytes.substr(at);
    if (!frame && rest.find_first_not_of('\0') == std::string_view::npos) break;
    if (!frame && rest.starts_with("ID3"))
      refuse(origin, "holds several MP3 files joined end to end; split it into files, or convert it to one WAV file");
    if (!frame && rest.size() < 4) refuse(origin, "is cut off: the last MP3 frame is not whole");
    if (!frame) refuse(origin, fmt::format("is damaged: no MP3 frame begins at byte {}; convert it to WAV", at));
    if (frame->size > rest.size()) refuse(origin, "is cut off: the last MP3 frame is not whole");
    at += frame->size;
  }
  if (!announced) return;
  const std::uint64_t audible = frames - 1;  // the first frame holds the announcement
  if (audible < *announced)
    refuse(origin, fmt::format("is cut off: {} announced, {} there",
                               counted(static_cast<std::int64_t>(*announced), "MP3 frame"), audible));
  if (audible > *announced + 1)
    refuse(origin, fmt::format("holds more audio than its header announces: {} announced, {} there; convert it to WAV",
                               counted(static_cast<std::int64_t>(*announced), "MP3 frame"), audible));
}

}  // namespace cutract::container
