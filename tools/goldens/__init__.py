"""Tiny random checkpoints, the same as the Rust tests write, and what the
reference implementations compute with them."""
