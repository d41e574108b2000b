#include "host/core/view.h"

#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(View, KnowsItsSizeAndRows) {
  std::vector<float> values(24);
  const View<float, 3> v(values.data(), {2, 3, 4});
  EXPECT_EQ(v.size(), 24);
  EXPECT_EQ(v.row(1), values.data() + 12);
  const View<const float, 3> read_only = v;
  EXPECT_EQ(read_only.row(1), v.row(1));
  EXPECT_EQ((View<float, 2>(values.data(), {24, 1}).row(23)), values.data() + 23);
  EXPECT_EQ((View<float, 1>(values.data(), {24}).row(5)), values.data() + 5);
  EXPECT_EQ((View<float, 2>().size()), 0);
}

TEST(View, AMatrixOwnsWhatItShows) {
  Matrix m(3, 2);
  m.row(1)[1] = 5;
  EXPECT_EQ(m.values, (std::vector<float>{0, 0, 0, 5, 0, 0}));
  EXPECT_EQ(m.view().row(1)[1], 5);
  const Matrix copy = m;
  m.row(1)[1] = 6;
  EXPECT_EQ(copy.view().row(1)[1], 5);
  EXPECT_EQ(copy.row(2), copy.view().row(2));
}

TEST(View, WrongShapesAreTold) {
  std::vector<float> values(14);
  const View<float, 2> v(values.data(), {2, 7});
  expect_shape("op.x", v, {2, 7});
  EXPECT_FAULT(expect_shape("op.x", v, {2, 8}), Fault::internal, "op.x: shape is [2,7], expected [2,8]");
  EXPECT_FAULT(expect_shape("op.x", v, {3, 7}), Fault::internal, "op.x: shape is [2,7], expected [3,7]");
  EXPECT_FAULT(expect_shape("op.b", View<float, 1>(values.data(), {14}), {7}), Fault::internal,
               "op.b: shape is [14], expected [7]");
}

TEST(Error, CarriesItsFaultAndText) {
  const Error user = test::thrown_by([] { fail(Fault::data, "a.wav: no samples, expected some, remove it"); });
  EXPECT_EQ(user.fault(), Fault::data);
  EXPECT_STREQ(user.what(), "a.wav: no samples, expected some, remove it");  // never our source
  const Error ours = test::thrown_by([] { fail(Fault::internal, "x: broken"); });
  EXPECT_EQ(std::string(ours.what()).rfind("x: broken [", 0), 0u);
  EXPECT_NE(std::string(ours.what()).find("view_test.cpp:"), std::string::npos) << ours.what();
}

// The exit codes are a contract with scripts.
TEST(Error, FaultsAreTheExitCodes) {
  const Fault all[] = {Fault::usage,  Fault::config, Fault::data,     Fault::io,
                       Fault::memory, Fault::device, Fault::diverged, Fault::internal};
  const int codes[] = {2, 3, 4, 5, 6, 7, 8, 70};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(static_cast<int>(all[i]), codes[i]);
}

}  // namespace
}  // namespace cutract
