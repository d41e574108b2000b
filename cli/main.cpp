// cutract: speech in, movement of the vocal tract out.
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/text.h"

namespace {

// A message of several lines names one problem a line.
int complain(cutract::Fault fault, const std::string& text) {
  std::string out = "error: ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "error: ";
  }
  std::fputs((cutract::printable(out) + "\n").c_str(), stderr);
  return static_cast<int>(fault);
}

int run(const cutract::cli::Command& command) {
  const auto advice = [&] { return cutract::cli::memory_advice(command); };
  try {
    return std::visit([](const auto& c) { return cutract::cli::run(c); }, command);
  } catch (const cutract::Error& e) {
    return complain(e.fault(), e.what() + (e.fault() == cutract::Fault::memory ? advice() : ""));
  } catch (const std::bad_alloc&) { return complain(cutract::Fault::memory, "out of memory" + advice()); }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(cutract::cli::parse(argc, argv));
  } catch (const cutract::Error& e) { return complain(e.fault(), e.what()); } catch (const std::bad_alloc&) {
    return complain(cutract::Fault::memory, "out of memory");
  } catch (const std::exception& e) { return complain(cutract::Fault::internal, e.what()); }
}
