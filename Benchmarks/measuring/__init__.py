"""The driver of `make bench`: Python's standard library only; peers live in their own processes."""
