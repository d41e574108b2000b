#include "host/corpus/splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/sha256.h"

namespace cutract {

std::vector<Share> parse_shares(const std::string& text, const std::string& option) {
  const auto refuse = [&](const std::string& why) {
    fail(Fault::usage,
         fmt::format("{}: is \"{}\", {}; expected e.g. train=0.8,val=0.1,test=0.1", option, shortened(text), why));
  };
  std::vector<Share> shares;
  double sum = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, end - at);
    at = end + 1;
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) refuse("where \"" + shortened(item) + "\" is not NAME=SHARE");
    Share s{item.substr(0, equals), 0};
    const char* last = item.data() + item.size();
    const auto [stop, error] = std::from_chars(item.data() + equals + 1, last, s.part);
    if (error != std::errc() || stop != last || !(s.part > 0 && s.part <= 1))
      refuse("where the share of " + shortened(s.split) + " is not a number above 0 and up to 1");
    if (std::any_of(shares.begin(), shares.end(), [&](const Share& o) { return o.split == s.split; }))
      refuse("which names " + shortened(s.split) + " twice");
    sum += s.part;
    shares.push_back(s);
  }
  if (std::abs(sum - 1) > 1e-6) refuse("whose shares add up to " + number_text(sum) + " instead of 1");
  return shares;
}

std::vector<std::string> assign_splits(const std::vector<std::string>& all, const std::vector<Share>& shares,
                                       std::int64_t seed) {
  std::map<std::string, std::vector<std::size_t>> groups;  // by hash
  for (std::size_t i = 0; i < all.size(); ++i) groups[sha256_hex(fmt::format("{} {}", seed, all[i]))].push_back(i);
  std::vector<std::string> splits(all.size());
  std::size_t share = 0, done = 0, of_share = 0, left = groups.size();
  double until = shares.front().part * static_cast<double>(all.size());
  for (const auto& [hash, members] : groups) {
    const std::size_t later_shares = shares.size() - 1 - share;
    const bool full = static_cast<double>(done) + static_cast<double>(members.size()) / 2 > until + 1e-9;
    if (later_shares > 0 && of_share > 0 && (full || left <= later_shares)) {
      ++share;
      until += shares[share].part * static_cast<double>(all.size());
      of_share = 0;
    }
    for (const std::size_t i : members) splits[i] = shares[share].split;
    done += members.size();
    ++of_share;
    --left;
  }
  return splits;
}

}  // namespace cutract
