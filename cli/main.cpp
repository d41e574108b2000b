// cutract: speech in, movement of the vocal tract out.
#include <cstdio>
#include <exception>
#include <new>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/text.h"

namespace {

int complain(cutract::Fault fault, const char* text) {
  std::fprintf(stderr, "cutract: %s\n", cutract::printable(text).c_str());
  return static_cast<int>(fault);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return std::visit([](const auto& command) { return cutract::cli::run(command); }, cutract::cli::parse(argc, argv));
  } catch (const cutract::Error& e) { return complain(e.fault(), e.what()); } catch (const std::bad_alloc&) {
    return complain(cutract::Fault::memory, "out of memory: try a smaller trainer.batch_size or model.hidden");
  } catch (const std::exception& e) { return complain(cutract::Fault::internal, e.what()); }
}
