#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <regex>
#include <string>
#include <vector>

namespace cutract::test {

// Every element that opens also closes, in order; attributes are in double quotes and contain no "<". This parser is
// written by hand, because a regex of the standard library recurses once per character.
inline void expect_well_formed(const std::string& page) {
  std::vector<std::string> open;
  std::size_t at = page.find('<');
  for (; at != std::string::npos; at = page.find('<', at)) {
    std::size_t end = at + 1;
    for (bool quoted = false; end < page.size() && (quoted || page[end] != '>'); ++end) {
      ASSERT_NE(page[end], '<') << page.substr(at, 80);
      if (page[end] == '"') quoted = !quoted;
    }
    ASSERT_LT(end, page.size()) << "a tag does not end";
    const std::string tag = page.substr(at + 1, end - at - 1), name = tag.substr(0, tag.find(' '));
    at = end;
    ASSERT_FALSE(name.empty() ||
                 !(std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '/' || name[0] == '!'))
        << tag;
    if (name == "meta" || name == "!DOCTYPE" || tag.back() == '/') continue;
    if (name[0] != '/') {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << name;
      ASSERT_EQ("/" + open.back(), name);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

}  // namespace cutract::test
