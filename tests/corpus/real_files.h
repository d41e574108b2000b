#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace cutract::test {

// The folder with real files of published corpora, which nobody may pass on; "" where there is none. The variable
// CUTRACT_FORMATS names it; docs/add-an-importer.md lists what is in it.
inline std::string real_files() {
  const char* folder = std::getenv("CUTRACT_FORMATS");
  return folder == nullptr ? "" : folder;
}

// Skips a test, visibly, where there are no real files.
#define NEEDS_REAL_FILES()                 \
  if (::cutract::test::real_files() == "") \
  GTEST_SKIP() << "NO REAL FILES: set CUTRACT_FORMATS to a folder with files of published corpora"

}  // namespace cutract::test
