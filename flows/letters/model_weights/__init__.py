"""Weights learned from gold letters by ``benchmarks/train_stance.py``; JSON beside the rules they correct."""
