#include "features/dataset/batcher.h"

#include <algorithm>
#include <numeric>

#include "host/core/error.h"
#include "host/core/philox.h"

namespace cutract {
namespace {

// Fisher-Yates shuffle. std::shuffle may draw differently in a different standard library.
template <class T>
void shuffle(std::span<T> items, PhiloxStream& random) {
  for (std::size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[random.below(left)]);
}

std::size_t checked(int size, const std::string& name) {
  if (size < 1) fail(Fault::internal, name + " is " + std::to_string(size) + ", expected at least 1");
  return static_cast<std::size_t>(size);
}

std::vector<int> indices(std::size_t n) {
  std::vector<int> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<std::vector<int>> cut(std::span<const int> order, std::size_t batch_size) {
  std::vector<std::vector<int>> batches;
  batches.reserve((order.size() + batch_size - 1) / batch_size);
  for (std::size_t at = 0; at < order.size(); at += batch_size) {
    const auto part = order.subspan(at, std::min(batch_size, order.size() - at));
    batches.emplace_back(part.begin(), part.end());
  }
  return batches;
}

}  // namespace

std::vector<std::vector<int>> training_batches(std::span<const std::int32_t> lengths, int batch_size,
                                               std::uint64_t seed, int epoch, const std::string& order_key,
                                               int pool_batches) {
  const std::size_t size = checked(batch_size, "batch_size");
  PhiloxStream random(derive_key(seed, static_cast<std::uint64_t>(epoch), name_hash(order_key)));
  std::vector<int> order = indices(lengths.size());
  shuffle(std::span(order), random);

  // Equal lengths keep their shuffled order here; otherwise a corpus of one length would be cut by index.
  const auto longer = [&](int a, int b) { return lengths[a] > lengths[b]; };
  const std::size_t pool = size * checked(pool_batches, "pool_batches");
  for (std::size_t at = 0; at < order.size(); at += pool) {
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(at);
    std::stable_sort(first, first + static_cast<std::ptrdiff_t>(std::min(pool, order.size() - at)), longer);
  }

  auto batches = cut(order, size);
  for (auto& batch : batches) {
    std::sort(batch.begin(), batch.end());
    std::stable_sort(batch.begin(), batch.end(), longer);
  }
  shuffle(std::span(batches), random);
  return batches;
}

std::vector<std::vector<int>> ordered_batches(std::span<const std::int32_t> lengths, int batch_size) {
  const std::size_t size = checked(batch_size, "batch_size");
  std::vector<int> order = indices(lengths.size());
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return lengths[a] > lengths[b]; });
  return cut(order, size);
}

}  // namespace cutract
