"""One thread for all engine tests: on a busy machine two OpenMP threads mostly wait for each other."""

import torch

torch.set_num_threads(1)
