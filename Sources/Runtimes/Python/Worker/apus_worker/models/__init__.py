"""Models of every Python flavour behind one interface; see `served.Served`."""

import importlib
import pathlib

from .kinds import served_kind
from .served import Served, Unservable

# Kind to the module and class that serve it. A module is imported only when its kind is served.
_FLAVOURS = {
    "model.py": ("python_class", "PythonClass"),
    "sklearn": ("scikit", "ScikitModel"),
    "xgboost": ("boosters", "XGBoostModel"),
    "lightgbm": ("boosters", "LightGBMModel"),
    "pickle": ("pickles", "open_pickle"),
    "skops": ("pickles", "open_skops"),
    "mlflow": ("mlflow_model", "MLflowModel"),
    "torchscript": ("torchscript", "TorchScriptModel"),
    "transformers": ("transformers_pipeline", "PipelineModel"),
    "triton": ("triton", "TritonModel"),
    "mlserver": ("mlserver_runtime", "MLServerModel"),
    "torchserve": ("torchserve", "TorchServeModel"),
}


def open(folder, settings):  # noqa: A001 - the worker's loop says `models.open`.
    """Loads the model in a folder, or in the one file that is named, as `settings` want it."""
    path = pathlib.Path(folder)
    kind, path = served_kind(path, settings.get("kind") or "")
    if kind not in _FLAVOURS:
        raise Unservable("no kind of Python model is called %s; there are %s" % (kind, ", ".join(_FLAVOURS)))
    module, name = _FLAVOURS[kind]
    return getattr(importlib.import_module("." + module, __name__), name)(path, settings)


__all__ = ["Served", "Unservable", "open", "served_kind"]
