"""The environment of a trainer child: what numerics need, and nothing that is secret.

The child runs a user's code. The worker's own environment holds the database's URL and whatever else the
machine's owner exported, so variables pass by name, never by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PASSED = frozenset({"PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SSL_CERT_FILE"})
PASSED_PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "NCCL_", "OMP_", "MKL_", "TORCH_", "PYTORCH_")


def child_environment(
    environ: Mapping[str, str], *, home: Path, temporary: Path, threads: int
) -> dict[str, str]:
    """The variables a trainer child gets.

    Args:
        environ: The worker's.
        home: The child's home directory: caches and dot files of libraries go there.
        temporary: Its folder for temporary files.
        threads: CPU threads of the child.
    """
    kept = {
        name: value for name, value in environ.items() if name in PASSED or name.startswith(PASSED_PREFIXES)
    }
    return kept | {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        # Libraries ask for the account's name, which one without an entry in /etc/passwd does not have.
        "USER": "lrtune",
        "LOGNAME": "lrtune",
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        # Two OpenMP threads that spin on a busy host collapse (each waits for the other's time slice).
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }
