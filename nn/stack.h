#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "nn/attention_block.h"
#include "nn/bi_lstm.h"
#include "nn/conformer.h"
#include "nn/dense.h"
#include "nn/linear.h"
#include "nn/transformer.h"

namespace cutract {

// The kinds of blocks. A kind that is added here can be used in model.stack and is described by its help.
using AnyBlock = std::variant<Dense, BiLstm, AttentionBlock, Transformer, Conformer>;

template <class>
struct ConfigsOf;
template <class... B>
struct ConfigsOf<std::variant<B...>> {
  using type = std::variant<typename B::Config...>;
};
using BlockConfig = ConfigsOf<AnyBlock>::type;

// Reads entries such as "bilstm hidden=128 layers=2". Errors name `setting`, e.g. model.stack. Throws Error{config}
// with the mistakes of all entries, or if there are more than 64 of them.
std::vector<BlockConfig> parse_stack(std::span<const std::string> entries, const std::string& setting);
// Returns the entry with all its options.
std::string write_block(const BlockConfig&);
// Returns "300 dense (relu), 2 x 128 Bi-LSTM".
std::string describe(std::span<const BlockConfig>);
// Returns the kinds of blocks with their options, a paragraph for each.
std::vector<std::string> help_of_blocks();

// What a model computes: x [N, inputs] -> the blocks of the stack -> a linear head -> y [N, outputs].
struct ModelSpec {
  Index inputs = 0, outputs = 0;
  std::vector<BlockConfig> stack;
};
// One Bi-LSTM block: `layers` layers of `hidden` units per direction.
ModelSpec bi_lstm_spec(Index inputs, Index hidden, Index layers, Index outputs, double dropout = 0);

// The blocks of a model. The layout, which must be empty, receives their tensors in order; the head's begin with "fc.".
struct Stack {
  std::vector<AnyBlock> blocks;
  LinearSlots head;

  Stack(Layout&, const ModelSpec&);
};

}  // namespace cutract
