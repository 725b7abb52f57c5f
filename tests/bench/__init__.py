"""Benches: each compares with a reference measured in the same run. `make bench` runs them all."""
