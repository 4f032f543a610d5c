"""The harness behind tests/bench/run: one module for each group of measures, see registry.py."""
