#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/core/fields.h"
#include "kernels/loss.h"

namespace cutract {

// trainer.loss in words: one text or a list of texts, each a term and its options, e.g. "ccc weight=0.7".

// Adds the options of a term. `term.kind` decides which there are.
void fields(FieldTable&, LossTerm& term);

// Throws Error{config} with every mistake, one per line, each beginning with `name`, the setting's.
Objective parse_objective(const std::vector<std::string>& texts, const std::string& name);
// Returns texts that parse_objective reads as the same objective. Options that have their default are omitted.
std::vector<std::string> objective_texts(const Objective&);
// Returns "ccc weight=0.7 + mse weight=0.3".
std::string objective_text(const Objective&);
// Returns the terms with their options, for a help text.
std::string describe_objectives();

// Returns the objective over several batches, whose parts [batches, terms] the op wrote. Each term is a mean over all
// of them, so the result does not depend on how utterances are divided into batches.
double objective_value(const Objective&, std::span<const LossPart> parts);

}  // namespace cutract
