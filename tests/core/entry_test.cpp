#include "host/core/entry.h"

#include <gtest/gtest.h>

#include "host/core/error.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

struct Options {
  int hidden = 128;
  double dropout = 0.3;
  bool residual = false;
  std::string kind = "relu", path;
};

FieldTable table_of(Options& o) {
  FieldTable t;
  t("hidden", o.hidden, in(1, 4096), "units per direction");
  t("dropout", o.dropout, in(0.0, 0.9), "dropout probability");
  t("residual", o.residual, "whether the input is added");
  t("kind", o.kind, "activation", {"relu", "tanh"});
  t("path", o.path, "file");
  return t;
}

Options read(const std::string& options) {
  Options o;
  read_options(table_of(o), options, "model.stack[2] (bilstm)");
  return o;
}

TEST(Entry, IsANameAndOptions) {
  const Entry e = parse_entry("  bilstm   hidden=64 layers=3 ", "model.stack[1]");
  EXPECT_EQ(e.name, "bilstm");
  EXPECT_EQ(e.options, "hidden=64 layers=3 ");
  EXPECT_EQ(parse_entry("bilstm", "").options, "");
  EXPECT_FAULT(parse_entry(" ", "model.stack[1]"), Fault::config,
               "model.stack[1]: is empty, expected a name and options");
}

TEST(Entry, OptionsFillTheFields) {
  const Options o = read("kind=tanh dropout=0 hidden=7  residual=true path=\"my = file.npy\"");
  EXPECT_EQ(o.hidden, 7);
  EXPECT_EQ(o.dropout, 0);
  EXPECT_TRUE(o.residual);
  EXPECT_EQ(o.kind, "tanh");
  EXPECT_EQ(o.path, "my = file.npy");
  EXPECT_EQ(read("").hidden, 128);
}

TEST(Entry, WrittenOptionsReadBack) {
  Options o{9, 0.1, true, "tanh", "a \"b\""};
  const std::string text = write_options(table_of(o));
  EXPECT_EQ(text, " hidden=9 dropout=0.1 residual=true kind=tanh path=\"a \\\"b\\\"\"");
  Options again = read(text);
  EXPECT_EQ(write_options(table_of(again)), text);
  o.path = "";
  EXPECT_EQ(read(write_options(table_of(o))).path, "");
}

TEST(Entry, MistakesAreNamedAllAtOnce) {
  EXPECT_FAULT(read("hiden=4"), Fault::config,
               "model.stack[2] (bilstm): unknown option \"hiden\" (did you mean \"hidden\"?)");
  EXPECT_FAULT(read("zzzz=4"), Fault::config,
               "unknown option \"zzzz\"; the options are hidden, dropout, residual, kind, path");
  EXPECT_FAULT(read("hidden"), Fault::config, "\"hidden\" is not an option, expected name=value, e.g. hidden=128");
  EXPECT_FAULT(read("hidden=1 hidden=2"), Fault::config, "option \"hidden\" is given twice, expected once");
  EXPECT_FAULT(read("hidden=x"), Fault::config, "model.stack[2] (bilstm): expected an integer");
  EXPECT_FAULT(read("kind=relo dropout=2"), Fault::config,
               "model.stack[2] (bilstm): kind = \"relo\" is not one of relu, tanh (did you mean \"relu\"?)\n"
               "model.stack[2] (bilstm): dropout = 2 is outside [0, 0.9] (dropout probability)");
}

TEST(Entry, OptionsAreDescribedWithTheirDefaults) {
  Options o;
  EXPECT_EQ(describe_options(table_of(o)).substr(0, 68),
            "hidden (units per direction; default 128), dropout (dropout probabil");
}

}  // namespace
}  // namespace cutract
