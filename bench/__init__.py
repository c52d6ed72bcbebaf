"""Figures at province size, ours and the limit taken in turn in the same run."""
