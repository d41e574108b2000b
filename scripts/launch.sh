#!/usr/bin/env bash
# In a bundle (scripts/bundle.sh) every bin/NAME is a link to this file. It starts the program NAME with the bundled libraries
# and with the CUDA libraries of this machine, from a toolkit or from a Python environment's nvidia/ packages.
#   CUTRACT_PYTHON   the Python whose packages are searched (default python3)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
path=$root/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
for folder in "${CUDA_HOME:-/usr/local/cuda}"/{lib64,extras/CUPTI/lib64}; do
  [ -d "$folder" ] && path+=:$folder
done
python=${CUTRACT_PYTHON:-python3}
if command -v "$python" >/dev/null; then
  path+=$("$python" -c 'import glob, sys; print("".join(":" + f for p in sys.path for f in sorted(glob.glob(p + "/nvidia/*/lib"))))')
fi
export LD_LIBRARY_PATH=$path CUTRACT_SOURCE=$root
exec "$root/programs/$(basename "$0")" "$@"
