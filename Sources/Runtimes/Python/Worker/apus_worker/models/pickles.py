"""Pickled objects: scikit-learn's, XGBoost's and LightGBM's are recognised by their class."""

import pathlib
import pickle
import zipfile

from .served import Unservable, allow_pickle, need

_ADVICE = "save it with skops (skops.io.dump), convert it to ONNX, or save an XGBoost or LightGBM model as text or UBJSON"


def load(path, settings):
    """The object of a pickle or joblib file, where the operator allowed it."""
    path = pathlib.Path(path)
    allow_pickle(settings, path, _ADVICE)
    try:
        if path.suffix.lower() == ".joblib" or _is_joblib(path):
            return need("joblib", "a .joblib file").load(path)
        with path.open("rb") as file:
            return pickle.load(file)
    except ModuleNotFoundError as error:
        package = {"sklearn": "scikit-learn"}.get(error.name.split(".")[0], error.name.split(".")[0])
        need(error.name, path.name, package)
        raise
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, ValueError, TypeError) as error:
        raise Unservable("%s cannot be unpickled: %s: %s" % (path.name, type(error).__name__, error)) from error


def _is_joblib(path):
    """joblib's own arrays lie between the pickle's opcodes, which plain `pickle` cannot pass."""
    with path.open("rb") as file:
        return b"joblib.numpy_pickle" in file.read(1 << 16)


def open_pickle(path, settings):
    """A pickle of whatever kind, served as its object wants."""
    return of_object(load(path, settings), pathlib.Path(path))


def open_skops(path, settings):
    """A skops file, which runs no code: types that it does not know are refused by name."""
    skops = need("skops.io", "a .skops file", "skops")
    path = pathlib.Path(path)
    if not zipfile.is_zipfile(path):
        raise Unservable("%s is no skops file: it is no zip archive" % path.name)
    unknown = skops.get_untrusted_types(file=path)
    trusted = [name.strip() for name in (settings.get("parameters") or {}).get("trusted-types", "").split(",") if name.strip()]
    foreign = [name for name in unknown if name not in trusted]
    if foreign:
        raise Unservable(
            "%s holds types that skops does not trust: %s. If you do, name them, with commas, as trusted-types under "
            "python: parameters: in the model's model.yaml" % (path.name, ", ".join(foreign)))
    return of_object(skops.load(path, trusted=unknown), path)


def of_object(thing, path):
    """The served model for a Python object, by the library that made it."""
    library = type(thing).__module__.split(".")[0]
    if library in ("xgboost", "lightgbm"):
        from . import boosters

        return boosters.of_object(thing)
    if hasattr(thing, "predict") or hasattr(thing, "transform"):
        from .scikit import ScikitModel

        return ScikitModel.of_object(thing)
    raise Unservable(
        "%s holds a %s.%s, which has no predict; write a model.py that loads it" % (
            path.name, type(thing).__module__, type(thing).__qualname__))
