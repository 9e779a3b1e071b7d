"""What runs a model inside a worker process of Apus."""

VERSION = 1
