"""Pickled XGBoost and LightGBM models, by the libraries themselves."""

import numpy

from . import pickles, ports
from .scikit import ScikitModel
from .served import Served, Unservable, feature_names


def of_object(thing):
    """The served model around a booster or one of the libraries' scikit-learn classes."""
    if type(thing).__module__.startswith("xgboost"):
        return XGBoostModel.of_object(thing) if type(thing).__name__ == "Booster" else _scikit_class(thing, "FP32")
    return LightGBMModel.of_object(thing) if type(thing).__name__ == "Booster" else _scikit_class(thing, "FP64")


def _scikit_class(thing, datatype):
    """XGBClassifier, LGBMRegressor and the like behave as scikit-learn's own."""
    served = ScikitModel.of_object(thing)
    for port in served.outputs:
        if port["datatype"] in ("FP32", "FP64"):
            port["datatype"] = datatype
    names = _names_of(thing)
    if names:
        served.metadata.update(feature_names(names))
        served.inputs = [ports.table_port(each["name"], each["datatype"], each["shape"][1], names)
                         if "table" in each else each for each in served.inputs]
    return served


def _names_of(thing):
    try:
        booster = thing.get_booster() if hasattr(thing, "get_booster") else thing.booster_
        return booster.feature_names if hasattr(booster, "feature_names") else booster.feature_name()
    except Exception:  # noqa: BLE001 - names are a convenience; each library refuses in its own way.
        return None


class _Booster(Served):
    """A bare booster: a matrix in, margins through the objective out."""

    def __init__(self, path, settings):
        opened = pickles.open_pickle(path, settings)
        if type(opened) is not type(self) and not isinstance(opened, ScikitModel):
            raise Unservable("%s is no %s" % (path.name, self.library))
        self.__class__ = type(opened)
        self.__dict__.update(opened.__dict__)

    @classmethod
    def of_object(cls, booster):
        self = cls.__new__(cls)
        Served.__init__(self)
        self.booster = booster
        self._describe()
        return self


class XGBoostModel(_Booster):
    library = "XGBoost model"

    def _describe(self):
        count, names = self.booster.num_features(), self.booster.feature_names
        self.names = names
        self.inputs = [ports.table_port("X", "FP32", count, names)]
        self.outputs = [ports.port("predict", "FP32", None)]
        self.metadata = feature_names(names) if names else {}

    def predict(self, inputs, parameters, context):
        # inplace_predict makes no DMatrix; missing values are NaN in both.
        matrix = numpy.ascontiguousarray(inputs["X"], numpy.float32)
        values = self.booster.inplace_predict(matrix, validate_features=False)
        return {"predict": ports.conform(values, self.outputs[0], len(matrix))}


class LightGBMModel(_Booster):
    library = "LightGBM model"

    def _describe(self):
        names = self.booster.feature_name()
        self.inputs = [ports.table_port("X", "FP64", self.booster.num_feature(), names)]
        classes = self.booster.num_model_per_iteration()
        self.outputs = [ports.port("predict", "FP64", [-1] if classes == 1 else [-1, classes])]
        self.metadata = feature_names(names)

    def predict(self, inputs, parameters, context):
        return {"predict": ports.conform(self.booster.predict(inputs["X"]), self.outputs[0], len(inputs["X"]))}
