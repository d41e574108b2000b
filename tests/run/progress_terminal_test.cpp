#include "host/run/progress.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/support.h"

namespace cutract {
namespace {

// Replaces stderr by a real pseudo-terminal of some width.
class RealTerminal {
 public:
  RealTerminal(unsigned short columns, const char* term, const char* no_color) {
    setenv("TERM", term, 1);
    no_color ? setenv("NO_COLOR", no_color, 1) : unsetenv("NO_COLOR");
    master_ = posix_openpt(O_RDWR | O_NOCTTY);
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    const int terminal = open(ptsname(master_), O_RDWR | O_NOCTTY);
    if (terminal < 0) return;
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 24;
    ok_ = ioctl(terminal, TIOCSWINSZ, &size) == 0;
    before_ = dup(STDERR_FILENO);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
  }
  ~RealTerminal() {
    if (before_ >= 0) {
      dup2(before_, STDERR_FILENO);
      close(before_);
    }
    if (master_ >= 0) close(master_);
    unsetenv("NO_COLOR");
    unsetenv("TERM");
  }
  bool ok() const { return ok_; }

 private:
  int master_ = -1, before_ = -1;
  bool ok_ = false;
};

TEST(Progress, KnowsARealTerminal) {
  const auto options = [](unsigned short columns, const char* term, const char* no_color) {
    RealTerminal terminal(columns, term, no_color);
    EXPECT_TRUE(terminal.ok());
    Progress::Options o = Progress::for_stderr(false);
    const int width = o.columns();
    o.columns = [width] { return width; };
    return o;
  };
  EXPECT_TRUE(options(97, "xterm", nullptr).terminal);
  EXPECT_TRUE(options(97, "xterm", nullptr).colour);
  EXPECT_EQ(options(97, "xterm", nullptr).columns(), 97);
  EXPECT_EQ(options(0, "xterm", nullptr).columns(), 80);
  EXPECT_TRUE(options(97, "xterm", "1").terminal);
  EXPECT_FALSE(options(97, "xterm", "1").colour);
  EXPECT_TRUE(options(97, "xterm", "").colour);  // no-color.org: only when not empty
  EXPECT_FALSE(options(97, "dumb", nullptr).terminal);
  EXPECT_TRUE(Progress::for_stderr(true).quiet);
}

}  // namespace
}  // namespace cutract
