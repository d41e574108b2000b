// Event files, read back byte by byte: this decoder shares nothing with the writer, neither protobuf nor the CRC's
// table.
#include "host/run/events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <regex>

#include "tests/io/model_disk.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::ModelDisk;

std::uint32_t mirrored(std::uint32_t v, int bits) {
  std::uint32_t out = 0;
  for (int i = 0; i < bits; ++i) out = (out << 1) | ((v >> i) & 1);
  return out;
}

// Long division by the polynomial of RFC 3720, highest power first, bit by bit.
std::uint32_t crc_by_division(std::string_view bytes) {
  std::uint32_t rest = 0xFFFFFFFF;
  for (const char c : bytes) {
    rest ^= mirrored(static_cast<unsigned char>(c), 8) << 24;
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = rest >> 31;
      rest <<= 1;
      if (carry) rest ^= 0x1EDC6F41;
    }
  }
  return mirrored(~rest, 32);
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t v = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) v = v << 8 | static_cast<unsigned char>(bytes[i]);
  return v;
}

// Inverts the mask: subtracts the constant and rotates the halves back.
std::uint32_t unmasked(std::uint64_t v) {
  const std::uint32_t rotated = static_cast<std::uint32_t>(v) - 0xA282EAD8u;
  return rotated >> 17 | rotated << 15;
}

// The records of a file; nothing if a length or a checksum is wrong.
std::optional<std::vector<std::string>> records(std::string_view file) {
  std::vector<std::string> out;
  while (!file.empty()) {
    if (file.size() < 16) return {};
    const auto length = little_endian(file.substr(0, 8));
    if (unmasked(little_endian(file.substr(8, 4))) != crc_by_division(file.substr(0, 8))) return {};
    if (length > file.size() - 16) return {};
    const std::string_view data = file.substr(12, length);
    if (unmasked(little_endian(file.substr(12 + length, 4))) != crc_by_division(data)) return {};
    out.emplace_back(data);
    file.remove_prefix(16 + length);
  }
  return out;
}

// One field of a protobuf message: its number, and its value as a number or as bytes.
struct Field {
  int number = 0;
  std::uint64_t value = 0;
  std::string bytes;
};

std::uint64_t varint(std::string_view& in) {
  std::uint64_t v = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(in.at(0));
    in.remove_prefix(1);
    v |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return v;
  }
}

std::vector<Field> message(std::string_view in) {
  std::vector<Field> out;
  while (!in.empty()) {
    const std::uint64_t key = varint(in);
    Field f{static_cast<int>(key >> 3), 0, ""};
    const int kind = static_cast<int>(key & 7);
    if (kind == 0) {
      f.value = varint(in);
    } else {
      const std::size_t n = kind == 1 ? 8 : kind == 5 ? 4 : varint(in);
      f.bytes = std::string(in.substr(0, n));
      f.value = n <= 8 ? little_endian(f.bytes) : 0;
      in.remove_prefix(n);
    }
    out.push_back(f);
  }
  return out;
}

template <class T>
T bits(std::uint64_t v) {
  T out;
  std::memcpy(&out, &v, sizeof out);
  return out;
}

struct Seen {
  std::int64_t step = 0;
  std::string version;
  int session = -1;
  std::vector<std::pair<std::string, float>> scalars;
};

std::vector<Seen> events(std::string_view file) {
  const auto all = records(file);
  EXPECT_TRUE(all.has_value()) << "a length or a checksum is wrong";
  std::vector<Seen> out;
  for (const std::string& r : all.value_or(std::vector<std::string>{})) {
    Seen e;
    for (const Field& f : message(r)) {
      if (f.number == 1) { EXPECT_GT(bits<double>(f.value), 1.7e9) << "seconds since 1970"; }
      if (f.number == 2) e.step = static_cast<std::int64_t>(f.value);
      if (f.number == 3) e.version = f.bytes;
      if (f.number == 7) e.session = static_cast<int>(message(f.bytes).at(0).value);
      if (f.number != 5) continue;
      for (const Field& v : message(f.bytes)) {
        EXPECT_EQ(v.number, 1);
        const auto parts = message(v.bytes);
        EXPECT_EQ(parts.at(0).number, 1);
        EXPECT_EQ(parts.at(1).number, 2);
        e.scalars.emplace_back(parts.at(0).bytes, bits<float>(parts.at(1).value));
      }
    }
    out.push_back(e);
  }
  return out;
}

std::string only_file(ModelDisk& disk) {
  std::vector<std::string> names;
  EXPECT_EQ(disk.list("/run", names), 0);
  EXPECT_EQ(names.size(), 1u);
  std::string bytes;
  EXPECT_EQ(disk.read("/run/" + names.at(0), bytes), 0);
  return bytes;
}

TEST(Crc32c, IsTheOneOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);            // the check value of every catalogue of CRCs
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720 B.4
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  test::Rng rng(3);
  for (int n = 0; n < 300; ++n) {
    std::string bytes;
    for (int i = 0; i < n; ++i) bytes += static_cast<char>(rng.below(256));
    EXPECT_EQ(crc32c(bytes), crc_by_division(bytes)) << n << " bytes";
  }
}

TEST(TfRecord, IsFramedAndMasked) {
  EXPECT_EQ(records(tf_record("") + tf_record("abc")), (std::vector<std::string>{"", "abc"}));
  const std::string good = tf_record("some data");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(records(bad)) << "byte " << i << " changed";
  }
}

TEST(EventFile, HoldsVersionThenStartThenScalars) {
  ModelDisk disk;
  disk.make_dir("/run");
  {
    EventFile file(disk, "/run", 4);
    EXPECT_EQ(disk.open_files(), 0) << "made at the first add, so that a finished run leaves no empty file";
    file.add(4, std::vector<Scalar>{{"loss/train", 0.25}, {"rmse_mm/zunge_höhe", -1.0 / 3}, {"zero", 0}});
    file.add(300, std::vector<Scalar>{{"lr", 1e-3}});
  }
  EXPECT_EQ(disk.open_files(), 0);
  std::vector<std::string> names;
  disk.list("/run", names);
  EXPECT_TRUE(std::regex_match(names.at(0), std::regex("events[.]out[.]tfevents[.][0-9]{10}[.].+"))) << names.at(0);
  const auto seen = events(only_file(disk));
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0].version, "brain.Event:2");
  EXPECT_EQ(seen[1].session, 1) << "START";
  EXPECT_EQ(seen[1].step, 4) << "from here on, what earlier files hold counts no more";
  EXPECT_EQ(seen[2].step, 4);
  EXPECT_EQ(seen[2].scalars,
            (std::vector<std::pair<std::string, float>>{
                {"loss/train", 0.25f}, {"rmse_mm/zunge_höhe", static_cast<float>(-1.0 / 3)}, {"zero", 0}}));
  EXPECT_EQ(seen[3].step, 300);
  EXPECT_EQ(seen[3].scalars.at(0).second, 1e-3f);
}

TEST(EventFile, FilesOfOneSecondHaveTwoNamesInOrder) {
  const test::TempFolder folder;
  for (int i = 1; i <= 3; ++i)
    EventFile(real_file_system(), folder.path(), i).add(i, std::vector<Scalar>{{"a", 1.0 * i}});
  std::vector<std::string> names;
  real_file_system().list(folder.path(), names);
  ASSERT_EQ(names.size(), 3u);
  for (int i = 1; i <= 3; ++i) {
    const auto seen = events(read_file(folder / names[static_cast<std::size_t>(i - 1)]));
    EXPECT_EQ(seen.at(2).scalars.at(0).second, static_cast<float>(i));
  }
}

// Every call fails in every way in turn: the caller never notices, there is one warning, and nothing is tried again.
// A resumed run after the clock was set back: TensorBoard reads files by name.
TEST(EventFile, IsNamedAfterEarlierOnesWhateverTheClockSays) {
  const test::TempFolder run;
  const std::string earlier = "events.out.tfevents.4000000000.host";
  run.write(earlier, "");
  EventFile(real_file_system(), run.path(), 2).add(2, {});
  std::vector<std::string> names;
  ASSERT_EQ(real_file_system().list(run.path(), names), 0);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0], earlier);
  EXPECT_TRUE(names[1].starts_with("events.out.tfevents.4000000001."));
}

TEST(EventFile, FailureWarnsOnceAndStopsNothing) {
  constexpr int kCalls =
      6;  // list, create, write the first two records, three adds; then close, whose failure is not reported
  const std::vector<Scalar> scalars{{"loss/val", 1}};
  for (const auto& how : test::kFailCases) {
    for (int nth = 1; nth <= kCalls + 1; ++nth) {
      SCOPED_TRACE(std::string(how.text) + ", call " + std::to_string(nth));
      ModelDisk disk;
      disk.make_dir("/run");
      disk.fail_call(nth, how.how, how.err, how.for_good);
      testing::internal::CaptureStderr();
      {
        EventFile file(disk, "/run", 1);
        for (int step = 1; step <= 3; ++step) EXPECT_NO_THROW(file.add(step, scalars));
      }
      const std::string text = testing::internal::GetCapturedStderr();
      const bool survived = how.how == ModelDisk::Fail::interrupted || how.how == ModelDisk::Fail::short_write;
      const bool noticed = !survived && nth <= kCalls;
      EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), noticed ? 1 : 0) << text;
      EXPECT_EQ(text.find("continuing without TensorBoard events") != std::string::npos, noticed) << text;
      if (noticed) { EXPECT_LE(disk.calls(), nth + 1) << "only close comes after the call that failed"; }
      EXPECT_EQ(disk.open_files(), 0);
      disk.heal();
      if (!noticed) { EXPECT_EQ(events(only_file(disk)).size(), 5u); }
    }
  }
}

TEST(EventFile, AFolderThatIsNotThereIsNamed) {
  testing::internal::CaptureStderr();
  EventFile file(real_file_system(), "/nowhere/run", 1);
  for (int step = 1; step <= 3; ++step) file.add(step, std::vector<Scalar>{{"a", 1}});
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("warning: /nowhere/run: cannot list the folder: No such file"), std::string::npos) << text;
}

}  // namespace
}  // namespace cutract
