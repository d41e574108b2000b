#include "model/config_synonyms.h"

#include <sstream>

namespace cutract {
namespace {

struct Row {
  const char *name, *words;
};

// Case, underscores and dashes are ignored in the comparison. A word may stand for several settings; all of them are
// then suggested, beginning with those of the section that the user named.
constexpr Row kSynonyms[] = {
    {"data", "dataset datamodule dataloader dataset_conf io"},
    {"features", "feature feats feat frontend frontend_conf fbank mel audio preprocessing spectrogram"},
    {"model", "network net lstm bilstm blstm rnn encoder encoder_conf arch architecture"},
    {"optim", "optimizer optimiser optimization optimisation optim_conf adam adamw sgd"},
    {"schedule", "scheduler lr_scheduler lr_schedule scheduler_conf sched"},
    {"trainer", "train training train_config fit run"},
    {"eval", "evaluation evaluate metrics targets"},
    {"data.corpus",
     "dir data_dir datadir data_path data_root root root_dir corpus_dir corpus_path dataset dataset_path"},
    {"data.train_split", "train train_set train_subset training_split train_data"},
    {"data.val_split", "val valid val_set valid_set dev dev_set dev_split valid_split validation_split"},
    {"data.test_split", "test test_set test_data eval_split"},
    {"data.normalise_features",
     "normalize_features normalise normalize normalization normalisation cmvn apply_cmvn standardize "
     "feature_normalization"},
    {"data.normalise_targets",
     "normalize_targets normalise normalize normalization normalisation target_normalization"},
    {"data.fill_gaps_ms", "fill_gaps max_gap max_gap_ms gap_ms interpolate interpolate_gaps interpolate_missing"},
    {"data.skip_bad", "skip ignore_bad skip_errors ignore_errors"},
    {"features.preset", "recipe"},
    {"features.kind", "type feature_type feature_kind feats_type feature features"},
    {"features.streams", "stream inputs feature_list feature_streams"},
    {"features.sample_rate", "sampling_rate samplerate sample_frequency sampling_frequency sr fs rate"},
    {"features.n_mels",
     "n_mel num_mel num_mels num_mel_bins mel_bins n_mel_channels num_filters n_filters nfilt num_bins mels"},
    {"features.n_fft", "fft fft_size fft_length filter_length"},
    {"features.win_samples",
     "win win_length win_len win_size window_length window_size window_samples frame_length frame_size"},
    {"features.hop_samples", "hop hop_length hop_len hop_size frame_shift n_shift stride step_size"},
    {"features.fmin_hz", "fmin f_min low_freq low_frequency mel_fmin"},
    {"features.fmax_hz", "fmax f_max high_freq high_frequency mel_fmax"},
    {"features.window", "window_type window_fn window_function win_type"},
    {"features.framing", "center centre snip_edges padding pad pad_mode"},
    {"features.drop_last", "drop_last_frame"},
    {"features.mel_scale", "htk htk_mode"},
    {"features.mel_norm", "norm"},
    {"features.log", "log_mel log_mels log_type use_log log_fbank"},
    {"features.log_floor", "floor energy_floor mel_floor log_eps amin"},
    {"features.top_db", "dynamic_range"},
    {"features.preemphasis", "preemph preemph_coef preemphasis_coefficient preemph_coefficient pre_emphasis"},
    {"features.remove_dc", "remove_dc_offset dc_offset"},
    {"features.sample_scale", "scale gain"},
    {"features.n_mfcc", "num_ceps num_cepstra n_ceps numcep num_mfcc n_mfccs"},
    {"features.lifter", "cepstral_lifter ceplifter liftering"},
    {"features.deltas", "delta delta_order add_deltas use_deltas"},
    {"features.delta_window", "delta_win delta_win_length delta_width"},
    {"features.context", "splice splice_frames context_window left_context right_context context_frames"},
    {"model.hidden",
     "hidden_size hidden_dim hidden_units hidden_features n_hidden num_hidden units num_units n_units lstm_units "
     "rnn_size cell_size cell_dim eunits nhid"},
    {"model.layers", "num_layers n_layers nlayers num_lstm_layers lstm_layers elayers depth"},
    {"model.dropout", "dropout_rate dropout_p dropout_prob dropout_probability drop_rate drop p_dropout"},
    {"optim.name", "optimizer optimiser optim_type optimizer_name algorithm"},
    {"optim.lr", "learning_rate initial_learning_rate initial_lr init_lr base_lr start_lr lrate"},
    {"optim.beta1", "betas b1 adam_beta1"},
    {"optim.beta2", "betas b2 adam_beta2"},
    {"optim.eps", "epsilon adam_epsilon adam_eps"},
    {"optim.weight_decay", "wd decay l2 l2_reg l2_regularization l2_penalty"},
    {"schedule.name", "scheduler lr_scheduler lr_schedule schedule_type scheduler_name reduce_lr_on_plateau"},
    {"optim.momentum", "sgd_momentum mu"},
    {"schedule.step_epochs", "step_size lr_step_size step_every"},
    {"schedule.length_epochs", "t_max total_steps"},
    {"schedule.warmup_epochs", "warmup warmup_steps num_warmup_steps warmup_iters warmup_proportion"},
    {"schedule.factor", "gamma lr_factor lr_decay decay_factor halving_factor reduce_factor"},
    {"schedule.patience", "lr_patience scheduler_patience reduce_lr_patience"},
    {"schedule.min_lr", "lr_min minimum_lr min_learning_rate final_lr end_lr eta_min"},
    {"trainer.max_epochs",
     "epoch epochs max_epoch num_epoch num_epochs n_epochs nb_epochs max_num_epochs max_epoch_num"},
    {"trainer.batch_size",
     "batch batches bs minibatch mini_batch minibatch_size mini_batch_size train_batch_size "
     "per_device_train_batch_size"},
    {"trainer.bucket_batches", "bucket buckets bucketing bucket_size num_buckets sortagrad"},
    {"trainer.gradient_clip_val",
     "gradient_clip gradient_clipping grad_clip grad_clip_val clip clip_grad clip_grad_norm clip_norm max_grad_norm "
     "max_norm grad_norm grad_clip_threshold"},
    {"trainer.loss", "criterion loss_fn loss_function loss_type objective"},
    {"trainer.precision", "amp use_amp fp16 bf16 mixed_precision dtype"},
    {"trainer.engine", "backend lstm_backend implementation"},
    {"trainer.early_stopping_patience", "early_stopping early_stop early_stop_patience patience stop_patience"},
    {"trainer.min_delta", "delta early_stopping_min_delta early_stopping_delta"},
    {"trainer.save_top_k", "top_k keep_best keep_nbest_models max_to_keep save_best save_total_limit"},
    {"trainer.seed", "random_seed random_state rng_seed manual_seed srand"},
    {"trainer.threads", "num_threads n_threads num_workers workers njobs n_jobs nj"},
    {"trainer.max_nonfinite_steps", "terminate_on_nan detect_anomaly nan_patience"},
    {"eval.target_rmse", "rmse"},
    {"eval.target_pearson", "pearson pcc correlation"},
    {"eval.target_mae", "mae"},
    {"eval.target_loss", "target_mse"},
};

}  // namespace

void add_synonyms(FieldTable& table) {
  for (const auto& [name, words] : kSynonyms) {
    std::istringstream in(words);
    std::vector<std::string> list;
    for (std::string word; in >> word;) list.push_back(word);
    table.synonyms(name, list);
  }
}

}  // namespace cutract
