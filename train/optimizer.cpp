#include "train/optimizer.h"

#include <cmath>

#include "host/core/plant.h"
#include "kernels/adam.h"
#include "kernels/sum_squares.h"

namespace cutract {

StepResult train_step(Exec& ex, Model& model, Optimizer& optimizer, const Batch& batch, double lr,
                      const StepConfig& config) {
  const Ragged ragged = batch.ragged.view();
  const Model::Dropout masks{config.seed,
                             static_cast<std::uint64_t>(optimizer.step),
                             {batch.uid.data(), {static_cast<Index>(batch.uid.size())}}};
  StepResult result;
  const auto y = model.forward(ex, batch.x.view(), ragged, &masks);
  Matrix dy(y.shape[0], y.shape[1]);
  loss(ex, {config.loss, y, batch.target.view(), dy.view(), {&result.loss, {1}}});
  model.zero_grads();
  model.backward(ex, dy.view());

  double squares = 0;
  sum_squares(ex, {model.grads(), {&squares, {1}}});
  result.grad_norm = std::sqrt(squares);
  if (!std::isfinite(result.loss) || !std::isfinite(result.grad_norm)) {
    result.finite = false;
    return result;
  }
  double scale = 1;  // as torch.nn.utils.clip_grad_norm_
  if (config.clip > 0 && !CUTRACT_PLANTED("clip_after_adam"))
    scale = std::min(1.0, config.clip / (result.grad_norm + 1e-6));
  ++optimizer.step;
  const Index n = model.size();
  const OptimConfig& o = optimizer.config;
  adam(ex, {model.params(),
            model.grads(),
            {optimizer.m.data(), {n}},
            {optimizer.v.data(), {n}},
            scale,
            lr,
            o.beta1,
            o.beta2,
            o.eps,
            o.weight_decay,
            o.name == "adamw",
            optimizer.step});
  return result;
}

}  // namespace cutract
