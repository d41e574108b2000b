#include "cli/commands.h"
#include "model/run_config.h"

namespace cutract::cli {

int run(const HelpConfigArgs& a) {
  const std::string settings = help_run_config(a.subject);
  const std::string head = a.subject.empty()
                               ? "Settings of a config file. Each is given as name = default, then its meaning and\n"
                                 "[range] or (choices). In a file, name the section once: [model], hidden = 64. On\n"
                                 "the command line: --set model.hidden=64.\n\n"
                               : "";
  print_result(head + settings);
  return 0;
}

}  // namespace cutract::cli
