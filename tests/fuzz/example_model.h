#pragma once

#include <string>

namespace cutract::fuzz {

// A model and a state of training as small as they can be, as the trainer would save them. Without its digest, a model
// may be altered.
std::string example_model(bool with_digest);
std::string example_state();

}  // namespace cutract::fuzz
