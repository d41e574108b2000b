#include "train/optimizer.h"

#include <cmath>

#include "host/core/plant.h"
#include "kernels/adam.h"
#include "kernels/sum_squares.h"

namespace cutract {

StepResult train_step(Exec& ex, Network& network, Optimizer& optimizer, const Batch& batch, double lr,
                      const StepConfig& config) {
  const Ragged ragged = batch.ragged();
  const Network::Dropout masks{config.seed, static_cast<std::uint64_t>(optimizer.step), batch.uid()};
  const auto y = network.forward(ex, batch.x(), ragged, &masks);
  const Buffer<float> dy(ex, y.size());
  const Buffer<double> sums(ex, 2);  // loss, squared norm: read back together
  const View<float, 2> dy_view(dy.data(), y.shape);
  loss(ex, {config.loss, y, batch.target(), dy_view, {sums.data(), {1}}});
  network.zero_grads(ex);
  network.backward(ex, dy_view);
  sum_squares(ex, {network.grads(), {sums.data() + 1, {1}}});

  const std::vector<double> read = sums.values(ex);
  StepResult result{.loss = read[0], .grad_norm = std::sqrt(read[1])};
  if (!std::isfinite(result.loss) || !std::isfinite(result.grad_norm)) {
    result.finite = false;
    return result;
  }
  double scale = 1;  // as torch.nn.utils.clip_grad_norm_
  if (config.clip > 0 && !CUTRACT_PLANTED("clip_after_adam"))
    scale = std::min(1.0, config.clip / (result.grad_norm + 1e-6));
  ++optimizer.step;
  const Index n = network.size();
  const OptimConfig& o = optimizer.config;
  adam(ex, {network.params(),
            network.grads(),
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
