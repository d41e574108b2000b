#include <exception>
#include <string>

#include "host/core/error.h"
#include "host/core/log.h"
#include "tests/fuzz/heap.h"
#include "tests/fuzz/target.h"

namespace cutract::fuzz {
namespace {

bool blames_the_input(Fault fault) {
  return fault == Fault::usage || fault == Fault::config || fault == Fault::data || fault == Fault::io ||
         fault == Fault::memory;
}

Outcome outcome_of(const Target& target, std::string_view bytes) {
  try {
    target.parse(bytes);
    return {"", true};
  } catch (const Broken& e) { return {std::string("accepted, but ") + e.what()}; } catch (const Error& e) {
    if (!blames_the_input(e.fault())) return {std::string("internal error: ") + e.what()};
    return {*e.what() == '\0' ? "refused without a reason" : ""};
  } catch (const std::exception& e) { return {std::string("exception: ") + e.what()}; }
}

}  // namespace

void expect(bool holds, const char* what) {
  if (!holds) throw Broken(what);
}

Outcome parse(const Target& target, std::string_view bytes) {
  log::set_level(log::Level::quiet);
  const Heap heap(bytes.size());
  Outcome outcome = outcome_of(target, bytes);
  const std::size_t most = 8 * bytes.size() + target.spare_bytes;
  if (outcome.finding.empty() && heap.peak() > most)
    outcome.finding = "takes " + std::to_string(heap.peak()) + " bytes of heap for " + std::to_string(bytes.size()) +
                      " bytes of input, expected at most " + std::to_string(most);
  return outcome;
}

std::string largest_heap() { return Heap::largest(); }

}  // namespace cutract::fuzz
