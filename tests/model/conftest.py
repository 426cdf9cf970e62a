import torch
from hypothesis import settings

# Tensors here are tiny: a second thread costs more than it brings.
torch.set_num_threads(1)
settings.register_profile("tensors", deadline=None, max_examples=40)
settings.load_profile("tensors")
