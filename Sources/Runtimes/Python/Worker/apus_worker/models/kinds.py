"""What a folder or a file is, by what lies in it."""

import json
import pathlib
import re

from .served import Unservable

_ENDINGS = {
    ".pkl": "pickle", ".pickle": "pickle", ".joblib": "pickle", ".skops": "skops", ".mar": "torchserve",
    ".pt": "torchscript", ".pth": "torchscript", ".torchscript": "torchscript",
}
_WEIGHTS = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"}
_TRITON_CLASS = re.compile(rb"^class\s+TritonPythonModel\b", re.MULTILINE)
_MLSERVER_SKLEARN = {"mlserver_sklearn": "sklearn", "mlserver_xgboost": "xgboost", "mlserver_lightgbm": "lightgbm",
                     "mlserver_mlflow": "mlflow", "mlserver_huggingface": "transformers"}


def served_kind(path, wanted=""):
    """The kind of model at a path, and the file or folder that it is loaded from.

    `wanted` is the operator's word for the kind; without one, the files say it.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise Unservable("%s is not here" % path.name)
    if path.is_file():
        return _file_kind(path, wanted)
    found = _folder_kind(path, wanted)
    if found is None:
        names = sorted(each.name for each in path.iterdir() if not each.name.startswith("."))
        raise Unservable("no Python model is in %s; it has %s" % (path.name, ", ".join(names[:8]) or "nothing"))
    return found


def settings_of_mlserver(path):
    """MLServer's `model-settings.json` that goes with a path, with its folder; `None` without one."""
    folder = path if path.is_dir() else path.parent
    for place in (folder, folder.parent):
        file = place / "model-settings.json"
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8")), place
    return None


def _file_kind(path, wanted):
    if path.name == "MLmodel":
        return wanted or "mlflow", path.parent
    if path.suffix == ".py":
        is_triton = _TRITON_CLASS.search(path.read_bytes()) is not None
        return wanted or ("triton" if is_triton else "model.py"), path
    if wanted:
        return wanted, path
    kind = _ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise Unservable("%s is no Python model that is known; known are model.py and files that end in %s"
                         % (path.name, ", ".join(_ENDINGS)))
    return kind, path


def _folder_kind(path, wanted):
    files = {each.name for each in path.iterdir() if each.is_file()}
    mlserver = settings_of_mlserver(path)
    if wanted == "mlserver" or (not wanted and mlserver and mlserver[0].get("implementation")):
        found = _implementation_kind(path, mlserver)
        if found is not None:
            return found
    if "MLmodel" in files:
        return wanted or "mlflow", path
    if "model.py" in files and wanted in ("", "model.py", "triton"):
        return _file_kind(path / "model.py", wanted)
    if wanted == "transformers" or (not wanted and "config.json" in files and files & _WEIGHTS):
        return "transformers", path
    if wanted and wanted not in ("sklearn", "xgboost", "lightgbm", "pickle", "skops", "torchscript", "torchserve"):
        return wanted, path
    candidates = sorted(name for name in files if pathlib.Path(name).suffix.lower() in _ENDINGS)
    usual = [name for name in candidates if pathlib.Path(name).stem == "model"] or candidates
    if len(usual) > 1:
        raise Unservable("%s has several models: %s; name one with file: in model.yaml" % (path.name, ", ".join(usual)))
    return _file_kind(path / usual[0], wanted) if usual else None


def _implementation_kind(path, mlserver):
    """A runtime of MLServer's own names a file of ours to serve; any other class runs itself."""
    if mlserver is None:
        return "mlserver", path
    settings, place = mlserver
    package = str(settings.get("implementation", "")).split(".")[0]
    if package not in _MLSERVER_SKLEARN:
        return "mlserver", path
    kind = _MLSERVER_SKLEARN[package]
    uri = (settings.get("parameters") or {}).get("uri") or "."
    target = (place / uri).resolve()
    if target.is_dir() and kind in ("sklearn", "xgboost", "lightgbm"):
        return None if target == path.resolve() else served_kind(target)
    return kind, target
