// The command line of corpus import: formats, help and errors come from one table.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "host/corpus/importers.h"
#include "host/io/atomic_file.h"
#include "tests/cli/process.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::Finished;

Finished import(std::vector<std::string> args) {
  args.insert(args.begin(), {"corpus", "import"});
  return test::cutract(args, "/");
}

std::string formats(const std::string& separator) {
  std::string all;
  for (const Importer& i : importers()) all += (all.empty() ? "" : separator) + i.name;
  return all;
}

std::string last_joined_by_or(std::string names) {
  const auto comma = names.rfind(", ");
  return comma == std::string::npos ? names : names.replace(comma, 2, " or ");
}

TEST(CorpusImport, HelpListsEveryFormatAndItsOptions) {
  const Finished all = import({"--help"});
  EXPECT_EQ(all.code, 0);
  EXPECT_NE(all.out.find("Usage: cutract corpus import FORMAT --out DIR [options] SRC\n"), std::string::npos)
      << all.out;
  for (const Importer& i : importers()) {
    EXPECT_NE(all.out.find("\n  " + std::string(i.name) + " "), std::string::npos) << all.out;
    const Finished one = import({i.name, "--help"});
    EXPECT_EQ(one.code, 0);
    EXPECT_NE(one.out.find("\n  " + std::string(i.example) + "\n"), std::string::npos) << one.out;
    EXPECT_NE(one.out.find("docs/" + std::string(i.page)), std::string::npos) << one.out;
    for (const ImportOption& o : i.options)
      EXPECT_NE(one.out.find("\n  " + std::string(o.name) + " " + o.value), std::string::npos) << o.name << one.out;
  }
}

// Runs the commands of a page in a folder that has only the corpus of cutract. What they print according to the page is
// in the block after them. Returns how many lines these blocks have.
std::size_t run_example(const std::string& page_name) {
  std::istringstream page(read_file(test::source_file(page_name)));
  std::string script = "set -eu\nexport PATH=\"$(dirname \"$CUTRACT\"):$PATH\"\n", line;
  std::vector<std::string> printed;
  while (std::getline(page, line)) {
    if (line != "<!-- example: commands -->") continue;
    while (std::getline(page, line) && line.starts_with("    ")) script += line.substr(4) + "\n";
    while (std::getline(page, line) && line.starts_with("    ")) printed.push_back(line.substr(4));
  }
  const test::TempFolder folder;
  folder.write("example.sh", script);
  std::filesystem::create_symlink(test::source_file("data"), folder / "data");
  const std::string command =
      "cd '" + folder.path() + "' && CUTRACT='" + CUTRACT_BINARY + "' bash example.sh >out 2>err";
  EXPECT_EQ(std::system(command.c_str()), 0) << read_file(folder / "err");
  const std::string out = read_file(folder / "out");
  for (const std::string& expected : printed)
    EXPECT_NE(("\n" + out).find("\n" + expected + "\n"), std::string::npos) << expected << "\n" << out;
  return printed.size();
}

TEST(CorpusImport, TheDocumentedExamplesWork) {
  EXPECT_EQ(run_example("docs/import-a-table.md"), 13u);
  EXPECT_EQ(run_example("docs/corpora.md"), 7u);
  EXPECT_EQ(run_example("docs/import-feature-folder.md"), 2u);
}

// The page of a format describes each of its options.
TEST(CorpusImport, EveryFormatIsDocumented) {
  for (const Importer& i : importers()) {
    const std::string page = read_file(test::source_file("docs/" + std::string(i.page)));
    EXPECT_NE(page.find("cutract corpus import " + std::string(i.name)), std::string::npos) << i.page;
    for (const ImportOption& o : i.options) {
      const std::string quoted = "`" + std::string(o.name);  // "--time" is not described by "--time-unit"
      EXPECT_TRUE(page.find(quoted + "`") != std::string::npos || page.find(quoted + " ") != std::string::npos)
          << i.page << ": " << o.name;
    }
  }
}

TEST(CorpusImport, WrongCommandLinesAreUsageErrors) {
  const std::string usage =
      "usage: cutract corpus import FORMAT --out DIR [options] SRC; see `cutract corpus import --help`\n";
  const struct {
    std::vector<std::string> args;
    std::string text;
  } cases[] = {
      {{"mngu0", "SRC", "--out", "o"}, "error: unknown corpus format \"mngu0\"; known: " + formats(", ") + "\n"},
      {{"--hlep"}, "error: unknown option \"--hlep\" (did you mean \"--help\"?)\n"},
      {{"--out", "o", "stem-e2va", "SRC"}, "error: cutract corpus import: options come after the format; " + usage},
      {{"--out=o", "table", "SRC"}, "error: cutract corpus import: options come after the format; " + usage},
      {{"--rate", "100", "table", "SRC"}, "error: cutract corpus import: options come after the format; " + usage},
      {{},
       "error: cutract corpus import: expected a format: " + last_joined_by_or(formats(", ")) +
           "; see `cutract corpus import --help`\n"},
      {{"stem-e2va", "SRC"},
       "error: cutract corpus import stem-e2va: --out DIR is missing; usage: cutract corpus import stem-e2va --out DIR "
       "[options] SRC; see `cutract corpus import stem-e2va --help`\n"},
      {{"stem-e2va", "SRC", "--out", "o", "--rate", "3"},
       "error: unknown option \"--rate\" (did you mean \"--out\"?)\n"},
  };
  for (const auto& c : cases) {
    const Finished f = import(c.args);
    EXPECT_EQ(f.code, 2);
    EXPECT_EQ(f.err, c.text);
    EXPECT_EQ(f.out, "");
  }
  EXPECT_EQ(test::cutract({"help", "corpus", "import", "mngu0"}, "/").err,
            "error: unknown corpus format \"mngu0\"; known: " + formats(", ") + "\n");
}

}  // namespace
}  // namespace cutract
