"""One piece of work in PyTorch, torchaudio or librosa, run on demand for compare.py, which defines the protocol.

python torch_peer.py KIND --device D --threads N --lengths 450,440,...     (frames; for mel: seconds)

--precision is that of the matrix products. PyTorch's default for an LSTM on a GPU is tf32. bf16 uses autocast, so weights
stay float32.
"""

import argparse
import sys
import time

import numpy

FEATURES, LAYERS, OUTPUTS = 80, 2, 14  # the model of bench/report_training.sh
RATE = 16000


class Lstm:
    """The bare stack, forward and backward. Padded to the longest, [T, B, F], or a packed sequence."""

    def __init__(self, torch, args, packed, dropout=0.0):
        self.torch, self.packed = torch, packed
        lengths, device = args.lengths, args.device
        self.net = torch.nn.LSTM(FEATURES, args.hidden, LAYERS, bidirectional=True, dropout=dropout).to(device)
        self.lengths = torch.tensor(lengths)
        self.x = torch.randn(lengths[0], len(lengths), FEATURES, device=device)
        if packed:
            self.x = torch.nn.utils.rnn.pack_padded_sequence(self.x, self.lengths)
        frames = self.x.data.shape[:-1]
        self.dh = torch.randn(*frames, 2 * args.hidden, device=device)
        self.precise = precise(torch, args)

    def __call__(self):
        self.net.zero_grad(set_to_none=True)
        with self.precise:
            h, _ = self.net(self.x)
        h = h.data if self.packed else h
        h.backward(self.dh.to(h.dtype))


class Step:
    """A training step: dropout, head, mean squared error over real frames, clipping, Adam."""

    def __init__(self, torch, args, packed):
        self.torch, self.lstm = torch, Lstm(torch, args, packed, dropout=0.3)
        lengths, device = args.lengths, args.device
        self.head = torch.nn.Sequential(torch.nn.Dropout(0.3), torch.nn.Linear(2 * args.hidden, OUTPUTS)).to(device)
        self.parameters = [*self.lstm.net.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-3)
        frames = self.lstm.x.data.shape[:-1]
        self.target = torch.randn(*frames, OUTPUTS, device=device)
        real = torch.arange(lengths[0])[:, None] < self.lstm.lengths[None, :]
        self.mask = None if packed or bool(real.all()) else real[..., None].to(device)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        with self.lstm.precise:
            h, _ = self.lstm.net(self.lstm.x)
            y = self.head(h.data if self.lstm.packed else h)
        error = (y.float() - self.target) ** 2
        if self.mask is None:
            loss = error.mean()
        else:
            loss = (error * self.mask).sum() / (self.mask.sum() * OUTPUTS)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()


class Attention:
    """Scaled dot-product attention of 4 heads, forward and backward: padded with a mask, or utterance by utterance."""

    def __init__(self, torch, args, each):
        size, device = args.hidden, args.device
        groups = [[n] for n in args.lengths] if each else [args.lengths]
        self.torch, self.parts = torch, []
        for lengths in groups:
            shape = (3, len(lengths), 4, lengths[0], size)
            mask = torch.arange(lengths[0]) < torch.tensor(lengths)[:, None]  # [B, T] real frames
            hidden = None if bool(mask.all()) else ~mask[:, None, None, :].to(device)
            self.parts.append((torch.randn(shape, device=device, requires_grad=True), hidden,
                               torch.randn(shape[1:], device=device)))

    def __call__(self):
        for qkv, hidden, dout in self.parts:
            qkv.grad = None
            q, k, v = qkv
            if hasattr(self.torch.nn.functional, "scaled_dot_product_attention"):
                seen = None if hidden is None else ~hidden
                out = self.torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
            else:
                scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
                out = (scores if hidden is None else scores.masked_fill(hidden, float("-inf"))).softmax(-1) @ v
            out.backward(dout)


class Encoder:
    """4 layers of a transformer or conformer and a head, forward and backward, padded or utterance by utterance."""

    def __init__(self, torch, args, kind, each):
        width, device = args.hidden, args.device
        if kind == "transformer":
            layer = torch.nn.TransformerEncoderLayer(width, width // 32, 4 * width, 0.0, "gelu", batch_first=True,
                                                     norm_first=True)
            self.net = torch.nn.TransformerEncoder(layer, 4, torch.nn.LayerNorm(width)).to(device)
        else:
            import torchaudio

            self.net = torchaudio.models.Conformer(width, width // 32, 4 * width, 4, 31, use_group_norm=True).to(device)
        self.head, self.kind = torch.nn.Linear(width, OUTPUTS).to(device), kind
        groups = [[n] for n in args.lengths] if each else [args.lengths]
        self.parts = []
        for lengths in groups:
            real = torch.arange(lengths[0]) < torch.tensor(lengths)[:, None]
            self.parts.append((torch.randn(len(lengths), lengths[0], width, device=device),
                               torch.tensor(lengths, device=device), ~real.to(device),
                               torch.randn(len(lengths), lengths[0], OUTPUTS, device=device) * real[..., None].to(device)))

    def __call__(self):
        self.net.zero_grad(set_to_none=True)
        self.head.zero_grad(set_to_none=True)
        for x, lengths, behind, dy in self.parts:
            if self.kind == "transformer":
                h = self.net(x, src_key_padding_mask=behind if bool(behind.any()) else None)
            else:
                h, _ = self.net(x, lengths)
            self.head(h).backward(dy)


def precise(torch, args):
    """The context manager in which the forward pass runs."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.precision == "tf32"
    return torch.autocast(args.device, torch.bfloat16, enabled=args.precision == "bf16", cache_enabled=False)


def model_work(args):
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    name, _, how = args.kind.partition("_")
    if name in ("lstm", "step"):
        work = {"lstm": Lstm, "step": Step}[name](torch, args, how == "packed")
    elif name == "attention":
        work = Attention(torch, args, how == "each")
    else:
        work = Encoder(torch, args, name, how == "each")

    def run():
        work()
        if args.device == "cuda":
            torch.cuda.synchronize()

    return run, sum(args.lengths), torch.__version__


def mel(args):
    samples = (0.3 * numpy.random.default_rng(1).standard_normal(RATE * args.lengths[0])).astype(numpy.float32)
    if args.kind == "librosa":
        import librosa

        def run():
            power = librosa.feature.melspectrogram(y=samples, sr=RATE, n_fft=512, hop_length=160, n_mels=80, fmax=8000)
            librosa.power_to_db(power)

        return run, args.lengths[0], librosa.__version__
    import torch
    import torchaudio

    torch.set_num_threads(args.threads)
    wave = torch.from_numpy(samples).to(args.device)
    if args.kind == "torchaudio_kaldi":
        def features():
            return torchaudio.compliance.kaldi.fbank(wave[None], num_mel_bins=80, dither=0.0)
    else:
        spectrogram = torchaudio.transforms.MelSpectrogram(RATE, n_fft=512, hop_length=160, n_mels=80, norm="slaney",
                                                           mel_scale="slaney").to(args.device)
        decibels = torchaudio.transforms.AmplitudeToDB("power", 80)

        def features():
            return decibels(spectrogram(wave))

    def run():
        features()
        if args.device == "cuda":
            torch.cuda.synchronize()

    return run, args.lengths[0], torchaudio.__version__


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=128)  # of an LSTM; size of a head of attention; width of an encoder
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32")
    parser.add_argument("--lengths", type=lambda text: [int(v) for v in text.split(",")])
    args = parser.parse_args()
    run, amount, version = (model_work if args.kind.startswith(("lstm", "step", "attention", "transformer", "conformer")) else mel)(args)
    run()
    print("ready", amount, version, flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        run()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
