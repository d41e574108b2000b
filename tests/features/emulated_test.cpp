// Properties that only the emulated GPU can test: independence of the order of warps, and memory allocations.
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include "features/extractor.h"
#include "kernels/simt/schedule.h"
#include "tests/features/settings.h"
#include "tests/kernels/on_each_device.h"

namespace {

std::atomic<int> aligned_allocations = 0;  // emulated device memory is allocated this way

}  // namespace

void* operator new(std::size_t bytes, std::align_val_t to) {
  ++aligned_allocations;
  const auto align = static_cast<std::size_t>(to);
  if (void* at = std::aligned_alloc(align, (bytes + align - 1) / align * align)) return at;
  throw std::bad_alloc();
}
// Without this form, a sanitizer's own would allocate what the operator below frees.
void* operator new(std::size_t bytes, std::align_val_t to, const std::nothrow_t&) noexcept try {
  return operator new(bytes, to);
} catch (const std::bad_alloc&) { return nullptr; }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }

namespace cutract::test {
namespace {

class OnTheEmulator : public testing::Test {
 protected:
  void TearDown() override { simt::set_schedule({}); }
  std::vector<Matrix> extract(const Extractor& extractor, const std::vector<std::vector<float>>& signals) {
    std::vector<Speech> samples;
    for (const auto& x : signals) samples.push_back({View<const float, 1>{x.data(), {std::ssize(x)}}});
    std::vector<Matrix> all;
    for (const Frames& f : extractor(exec_, samples)) all.push_back(f.matrix(exec_));
    return all;
  }
  Exec exec_{std::in_place_type<GpuExec>, 0};
};

// A program cannot rely on the order in which warps and blocks run: if any order gives different bits, there is a race.
TEST_F(OnTheEmulator, EveryOrderOfWarpsGivesTheSameFeatures) {
  const std::vector<std::vector<float>> signals = {signal("loud", 2500), signal("quiet", 900), signal("loud", 1300)};
  std::vector<Case> tried = cases();
  tried.push_back({"kaldi_8k", with("kaldi", [](auto& c) {
                     c.sample_rate = 8000;
                     c.n_fft = 256;
                     c.win_samples = 200;
                     c.hop_samples = 80;
                     c.n_mels = 23;
                   })});
  tried.push_back({"long", with("librosa", [](auto& c) { c.n_fft = c.win_samples = 1024; })});
  for (const auto& [name, c] : tried) {
    const Extractor extractor(c);
    simt::set_schedule({.adversarial = false});
    const std::vector<Matrix> in_turn = extract(extractor, signals);
    for (const Matrix& m : in_turn)
      for (const float v : m.values) ASSERT_TRUE(std::isfinite(v)) << name;  // NaN would compare equal too
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      simt::set_schedule({.seed = seed});
      const std::vector<Matrix> got = extract(extractor, signals);
      for (std::size_t u = 0; u < got.size(); ++u)
        EXPECT_BITWISE(got[u].values, in_turn[u].values) << name << ", utterance " << u << ", seed " << seed;
    }
  }
}

TEST_F(OnTheEmulator, AfterTheLargestCallOnlyTheResultIsAllocated) {
  const Extractor extractor(with("kaldi", [](auto& c) {
    c.kind = FeatureKind::mfcc;
    c.deltas = 2;
    c.context = 1;
  }));
  const std::vector<std::vector<float>> large{signal("loud", 5000), signal("quiet", 3000)};
  const std::vector<std::vector<float>> small{signal("quiet", 3000), signal("loud", 1000)};
  const int before = aligned_allocations;
  extract(extractor, large);
  const int after = aligned_allocations;
  EXPECT_GT(after, before) << "this test does not see what is allocated";
  extract(extractor, small);
  extract(extractor, large);
  EXPECT_EQ(aligned_allocations, after + 2);
}

}  // namespace
}  // namespace cutract::test
