#!/usr/bin/env python3
"""Small arrays as numpy writes them, for tests/io/npy_test.cpp: make_npy.py [FOLDER]. Written with numpy 1.24."""

import pathlib
import sys

import numpy as np

WHOLE = [[0, 1], [2, 3], [4, 100]]
REAL = [[0, 1.5], [-2, 0.25], [4, 100]]


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "npy")
    out.mkdir(exist_ok=True)
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"):
        values = REAL if kind[0] == "f" else WHOLE
        for order in "<>":
            array = np.array(values, dtype=order + kind)
            np.save(out / f"{kind}_{'little' if order == '<' else 'big'}.npy", array)
    np.save(out / "columns.npy", np.asfortranarray(np.array(REAL, "<f8")))
    np.save(out / "columns_big.npy", np.asfortranarray(np.array(REAL, ">f4")))
    np.save(out / "one_axis.npy", np.array(REAL, "<f4").ravel())
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(out / f"format_{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, np.array(REAL, "<f4"), version=version)


if __name__ == "__main__":
    main()
