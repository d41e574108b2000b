#include "host/core/text.h"

#include <gtest/gtest.h>

namespace cutract {
namespace {

TEST(Text, ACountAgreesWithItsNoun) {
  EXPECT_EQ(counted(0, "file"), "0 files");
  EXPECT_EQ(counted(1, "file"), "1 file");
  EXPECT_EQ(counted(2, "file"), "2 files");
  EXPECT_EQ(counted(-1, "frame"), "-1 frames");
  EXPECT_EQ(counted(1, "entry", "entries"), "1 entry");
  EXPECT_EQ(counted(3, "entry", "entries"), "3 entries");
  EXPECT_EQ(counted(std::int64_t{1} << 40, "frame"), "1099511627776 frames");
}

}  // namespace
}  // namespace cutract
