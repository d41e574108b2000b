// cutract predicts the movement of the vocal tract from speech.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "cli/advice.h"
#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/text.h"

namespace {

// A message of several lines names one problem per line.
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
  try {
    return std::visit([](const auto& c) { return cutract::cli::run(c); }, command);
  } catch (const cutract::cli::ReaderGone&) { throw; } catch (const cutract::Error& e) {
    return complain(e.fault(), e.what() + cutract::cli::advice(command, e));
  } catch (const std::bad_alloc&) {
    return complain(cutract::Fault::memory, "out of memory" + cutract::cli::memory_advice(command));
  }
}

// If a daemon or cron closed standard input, output or error, the first file that is opened would otherwise get its
// number, and anything printed there would be written into that file.
void open_standard_descriptors() {
  int file = open("/dev/null", O_RDWR);
  while (file >= 0 && file <= STDERR_FILENO) file = open("/dev/null", O_RDWR);
  if (file > STDERR_FILENO) close(file);
}

int parse_and_run(int argc, char** argv) {
  try {
    return run(cutract::cli::parse(argc, argv));
  } catch (const cutract::cli::ReaderGone&) { return cutract::cli::kReaderGone; } catch (const cutract::Error& e) {
    return complain(e.fault(), e.what());
  } catch (const std::bad_alloc&) { throw; } catch (const std::filesystem::filesystem_error& e) {
    return complain(cutract::Fault::io, e.path1().empty() ? e.what() : e.path1().string() + ": " + e.code().message());
  } catch (const std::exception& e) { return complain(cutract::Fault::internal, e.what()); }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  // cuBLAS reads it when cuDNN makes handles, and gives bit-identical results on every run only with a fixed workspace.
  // Set here, before there are threads, and not in the libraries, because it belongs to the process.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  std::signal(SIGPIPE, SIG_IGN);  // a write then fails instead, with the error EPIPE
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return parse_and_run(argc, argv);
  } catch (const std::bad_alloc&) {  // of the arguments, or of a longer message: this one needs no memory
    std::fputs("error: out of memory\n", stderr);
    return static_cast<int>(cutract::Fault::memory);
  }
}
