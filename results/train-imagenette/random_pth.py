"""Saves a torchvision model with random weights (seed 0, 1000 classes) as torch.save does.

usage: random_pth.py MODEL OUT.pth
"""
import sys
import torch, torchvision

torch.manual_seed(0)
torch.save(torchvision.models.get_model(sys.argv[1], weights=None).state_dict(), sys.argv[2])
