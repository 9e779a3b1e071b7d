"""Custom runtimes on MLServer's own package; in worker/ the same run without it."""

from worker.mlserver_models_test import MLServerTest

__all__ = ["MLServerTest"]
