// Damaged .npz archives: one byte of a good archive changed at a time.
#include "host/io/npz.h"

#include <gtest/gtest.h>

#include "host/core/error.h"
#include "host/io/npy.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

std::string archive() {
  Matrix m(2, 3);
  m.values = {1, 2, 3, 4, 5, 6};
  return encode_npz({{"x", m.view()}});
}

// The first entry of the list of arrays (PKZIP APPNOTE 4.3.12), and the end of the list (4.3.16).
std::size_t directory(const std::string& bytes) { return bytes.rfind("PK\1\2"); }
std::size_t end_of_list(const std::string& bytes) { return bytes.rfind("PK\5\6"); }

void expect_refused(const std::string& bytes, const std::string& text) {
  EXPECT_FAULT((void)NpzArchive(bytes, "t.npz").array("x"), Fault::data, text);
}

TEST(Npz, ReadsWhatWasWritten) {
  const std::string bytes = archive();
  const NpzArchive npz(bytes, "t.npz");
  EXPECT_EQ(npz.names(), std::vector<std::string>{"x"});
  EXPECT_EQ(npz.array("x").values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_FAULT((void)npz.array("y"), Fault::data, "t.npz");
}

TEST(Npz, DamageIsNamed) {
  const auto changed = [](auto&& change) {
    std::string bytes = archive();
    change(bytes);
    return bytes;
  };
  expect_refused("x", "is not a .npz archive");
  expect_refused(changed([](std::string& b) { b[directory(b) + 16] ^= 1; }), "is damaged; save it again");
  expect_refused(changed([](std::string& b) { b[directory(b) + 8] |= 1; }), "is encrypted");
  expect_refused(changed([](std::string& b) { b[directory(b) + 10] = 12; }), "is compressed by method 12");
  expect_refused(changed([](std::string& b) { b.resize(end_of_list(b)); }), "is cut off: it has no list of its arrays");
  expect_refused(changed([](std::string& b) { b[end_of_list(b) + 15] = 1; }), "is not inside the archive");
  expect_refused(changed([](std::string& b) { b[end_of_list(b) + 10] = 2; }), "the list of its arrays is cut off");
  expect_refused(changed([](std::string& b) { b[end_of_list(b) + 11] = 4; }), "holds more than 1000 files");
}

}  // namespace
}  // namespace cutract
