"""Makes metrics.safetensors: RMSE, MAE and Pearson's r of random tracks, by numpy and scipy, in float64.

The tracks are packed frames [N,P]. Their values are exact in float32, so a float32 and a float64 reader see the same
numbers. Case `plain` has a channel that is constant in the target, one that is constant in the prediction, one that
is constant within a single utterance, and utterances of one and of two frames. Case `offset` has a mean of 1e4 and a
standard deviation of 0.5: formulas that subtract sums of squares lose it. Case `paired` has scores of the same
utterances by two models, for the permutation test and the bootstrap.
"""

from __future__ import annotations

import itertools
import json
import sys
import warnings

import golden_io  # first: it fixes the thread counts

import numpy as np
import scipy
from scipy.stats import pearsonr, permutation_test


def exact_in_float32(values: np.ndarray) -> np.ndarray:
    """Rounds to float32 and returns the result as float64."""
    return values.astype(np.float32).astype(np.float64)


def pearson(y: np.ndarray, yhat: np.ndarray) -> float:
    """scipy's r, or NaN where it is undefined (fewer than two frames, or a constant track)."""
    if len(y) < 2 or np.ptp(y) == 0 or np.ptp(yhat) == 0:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # scipy warns when it does not trust its own result
        return float(pearsonr(y, yhat)[0])


def score(y: np.ndarray, yhat: np.ndarray, length: np.ndarray) -> dict[str, np.ndarray]:
    """Every metric of one case, under the names that the README explains."""
    offset = np.concatenate(([0], np.cumsum(length)[:-1]))
    channels = range(y.shape[1])
    r = np.array([pearson(y[:, p], yhat[:, p]) for p in channels])
    r_utterance = np.array(
        [[pearson(y[o : o + n, p], yhat[o : o + n, p]) for p in channels] for o, n in zip(offset, length)]
    )
    error = yhat - y
    return {
        "y": y,
        "yhat": yhat,
        "length": length.astype(np.int32),
        "offset": offset.astype(np.int32),
        "rmse": np.sqrt(np.mean(error**2, axis=0)),
        "rmse_all": np.array([np.sqrt(np.mean(error**2))]),
        "mse_all": np.array([np.mean(error**2)]),
        "mae": np.mean(np.abs(error), axis=0),
        "mae_all": np.array([np.mean(np.abs(error))]),
        "pearson": r,
        "pearson_defined": np.isfinite(r).astype(np.int32),
        "pearson_mean": np.array([np.nanmean(r)]),
        "pearson_utterance": r_utterance,
        "pearson_utterance_defined": np.isfinite(r_utterance).astype(np.int32),
        "pearson_utterance_mean": np.array([np.nanmean(r_utterance)]),
    }


def plain_case(random: np.random.RandomState) -> dict[str, np.ndarray]:
    """Six channels, two of them constant in one of the two tracks, one constant within one utterance."""
    length = np.array([41, 29, 16, 2, 1])
    y = random.standard_normal((length.sum(), 6))
    yhat = 0.6 * y + 0.5 * random.standard_normal(y.shape)
    y[:, 2] = 0.3
    yhat[:, 4] = -1.7
    y[41:70, 5] = 0.9
    return score(exact_in_float32(y), exact_in_float32(yhat), length)


def offset_case(random: np.random.RandomState) -> dict[str, np.ndarray]:
    """Three channels far from zero: 1e4, -1e4 and 1e4 with a negative r."""
    length = np.array([70, 50])
    deviation = 0.5 * random.standard_normal((length.sum(), 3))
    noise = 0.3 * random.standard_normal(deviation.shape)
    mean = np.array([1e4, -1e4, 1e4])
    slope = np.array([1.0, 0.5, -0.8])
    return score(exact_in_float32(mean + deviation), exact_in_float32(mean + slope * deviation + noise), length)


def paired_case(random: np.random.RandomState) -> dict[str, np.ndarray]:
    """Ten pairs with scipy's exact p, and the first five with percentiles over all 5^5 bootstrap samples."""
    a = random.uniform(0.5, 0.9, 10)
    b = a + random.normal(0.05, 0.08, 10)
    p = permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    ).pvalue
    few = (a - b)[:5]
    means = [np.mean(sample) for sample in itertools.product(few, repeat=5)]
    return {"a": a, "b": b, "p": np.array([p]), "interval_of_five": np.percentile(means, [2.5, 97.5])}


def print_noise(name: str, case: dict[str, np.ndarray]) -> None:
    """Prints the differences between scipy and extended precision, and the errors of one-pass formulas on the case."""
    scipy_error = one_pass32 = one_pass64 = 0.0
    for p in np.flatnonzero(case["pearson_defined"]):
        y, yhat = case["y"][:, p].astype(np.longdouble), case["yhat"][:, p].astype(np.longdouble)
        dy, dyhat = y - y.mean(), yhat - yhat.mean()
        truth = float((dy * dyhat).sum() / np.sqrt((dy**2).sum() * (dyhat**2).sum()))
        scipy_error = max(scipy_error, abs(case["pearson"][p] - truth))
        one_pass32 = max(one_pass32, abs(_one_pass(case, p, np.float32) - truth))
        one_pass64 = max(one_pass64, abs(_one_pass(case, p, np.float64) - truth))
    print(
        f"{name}: largest error of r: scipy {scipy_error:.1e}, one-pass float64 {one_pass64:.1e}, "
        f"one-pass float32 {one_pass32:.1e}"
    )


def _one_pass(case: dict[str, np.ndarray], p: int, dtype: type) -> float:
    """r from sums of squares: the formula whose errors the offset case must reveal."""
    y, yhat, n = case["y"][:, p].astype(dtype), case["yhat"][:, p].astype(dtype), dtype(len(case["y"]))
    with np.errstate(all="ignore"):
        covariance = n * (y * yhat).sum() - y.sum() * yhat.sum()
        variances = (n * (y * y).sum() - y.sum() ** 2) * (n * (yhat * yhat).sum() - yhat.sum() ** 2)
        r = float(covariance / np.sqrt(variances))
    return r if np.isfinite(r) else float("inf")


def build() -> dict[str, golden_io.Fixture]:
    """The one file of this maker."""
    random = np.random.RandomState(20240601)
    fixture = golden_io.Fixture(
        metadata={
            "tools": json.dumps({"numpy": np.__version__, "scipy": scipy.__version__}),
            "pearson": "scipy.stats.pearsonr per channel; NaN where undefined (fewer than 2 frames, constant)",
            "pearson_mean": "mean over the defined channels",
            "pearson_utterance": "[B,P]: pearson within each utterance; its mean is over the defined pairs",
            "rmse": "sqrt(mean over frames of (yhat - y)^2), per channel; rmse_all: over all frames and channels",
            "paired": "p: scipy.stats.permutation_test of the mean of a - b, exact and two-sided",
            "mae": "mean over frames of |yhat - y|, per channel; mae_all, mse_all: over all frames and channels",
        }
    )
    for name, case in (("plain", plain_case(random)), ("offset", offset_case(random))):
        print_noise(name, case)
        fixture.tensors.update({f"{name}.{key}": value for key, value in case.items()})
    fixture.tensors.update({f"paired.{key}": value for key, value in paired_case(random).items()})
    return {"metrics.safetensors": fixture}


if __name__ == "__main__":
    sys.exit(golden_io.main(__doc__ or "", "tests/golden/make_metrics.py", build))
