"""scikit-learn estimators and pipelines: the signature is what they learned from."""

import numpy

from . import pickles, ports
from .served import Served, Unservable, feature_names

_METHODS = ("predict", "predict_proba", "transform")


class ScikitModel(Served):
    """`predict` and `predict_proba`, or `transform` where there is neither, as outputs of those names."""

    def __init__(self, path, settings):
        opened = pickles.open_skops(path, settings) if path.suffix == ".skops" else pickles.open_pickle(path, settings)
        if not isinstance(opened, ScikitModel):
            raise Unservable("%s is no scikit-learn model" % path.name)
        self.__dict__.update(opened.__dict__)

    @classmethod
    def of_object(cls, estimator):
        """Around an estimator that is in memory already."""
        self = cls.__new__(cls)
        Served.__init__(self)
        self.estimator = estimator
        self.reader = _reader(estimator)
        self.inputs = self.reader.inputs
        self.outputs = _outputs(estimator)
        if not self.outputs:
            raise Unservable("the %s has neither predict nor transform" % type(estimator).__name__)
        self.metadata = dict(self.reader.metadata, estimator=_described(estimator))
        classes = getattr(estimator, "classes_", None)
        if isinstance(classes, numpy.ndarray) and classes.ndim == 1:
            self.metadata["classes"] = ", ".join(str(each) for each in classes)
        return self

    def predict(self, inputs, parameters, context):
        table = self.reader.read(inputs)
        answer = {}
        for port in self.outputs:
            value = getattr(self.estimator, port["name"])(table)
            if isinstance(value, list):  # One array of probabilities for each of several targets.
                value = numpy.stack([ports.as_array(each) for each in value], axis=1)
            answer[port["name"]] = ports.conform(value, port, len(table))
        return answer


def _described(estimator):
    steps = getattr(estimator, "steps", None)
    return " > ".join(type(step).__name__ for _, step in steps) if steps else type(estimator).__name__


def _first(estimator):
    """What sees the data first, inside of pipelines and searches."""
    while True:
        if getattr(estimator, "steps", None):
            steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
            estimator = steps[0]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def _last(estimator):
    while True:
        if getattr(estimator, "steps", None):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


# --- Inputs


def _reader(estimator):
    first = _first(estimator)
    if _is_vectorizer(first):
        return _Texts()
    if hasattr(first, "transformers_"):
        return _Columns(first)
    count = getattr(estimator, "n_features_in_", getattr(first, "n_features_in_", None))
    names = getattr(estimator, "feature_names_in_", getattr(first, "feature_names_in_", None))
    return _Matrix(-1 if count is None else int(count), names)


def _is_vectorizer(step):
    return hasattr(step, "build_analyzer") and hasattr(step, "decode")


class _Texts:
    """A pipeline that begins with a vectorizer takes one text a row."""

    metadata = {}

    def __init__(self):
        self.inputs = [ports.port("text", "BYTES", [-1])]

    def read(self, inputs):
        return list(ports.texts(inputs["text"]).ravel())


class _Matrix:
    """Rows of numbers; names of columns are kept for tables and given back to the estimator."""

    def __init__(self, count, names):
        self.inputs = [ports.table_port("X", "FP64", count, names)]
        self.names = None if names is None else list(names)
        self.metadata = {} if names is None else feature_names(names)
        self.pandas = None
        if self.names is not None:
            try:
                import pandas

                self.pandas = pandas
            except ImportError:
                pass  # The estimator takes the array as well, with a warning.

    def read(self, inputs):
        matrix = inputs["X"]
        return matrix if self.pandas is None else self.pandas.DataFrame(matrix, columns=self.names, copy=False)


class _Columns:
    """A ColumnTransformer takes a frame: each column that it uses is an input of its own."""

    def __init__(self, transformer):
        try:
            import pandas
        except ImportError:
            raise Unservable("a ColumnTransformer by column names needs the Python package pandas, which is not "
                             "installed; add it to requirements.txt beside the model") from None
        self.pandas = pandas
        names = getattr(transformer, "feature_names_in_", None)
        self.names = None if names is None else [str(name) for name in names]
        count = int(transformer.n_features_in_)
        kinds = _column_kinds(transformer, self.names or list(range(count)))
        self.is_matrix = self.names is None and "BYTES" not in kinds
        if self.is_matrix:
            self.inputs = [ports.table_port("X", "FP64", count)]
            self.metadata = {}
            return
        self.keys = self.names or ["column_%d" % place for place in range(count)]
        self.inputs = [ports.port(name, kind, [-1]) for name, kind in zip(self.keys, kinds)]
        self.metadata = {}

    def read(self, inputs):
        if self.is_matrix:
            return inputs["X"]
        columns = {}
        for port in self.inputs:
            array = inputs[port["name"]]
            columns[port["name"]] = ports.texts(array) if port["datatype"] == "BYTES" else array
        frame = self.pandas.DataFrame(columns)
        if self.names is None:
            frame.columns = range(len(self.keys))
        return frame


def _column_kinds(transformer, names):
    """BYTES for columns that a text step learned categories or words from, FP64 for all others."""
    kinds = dict.fromkeys(range(len(names)), "FP64")
    for _, step, columns in transformer.transformers_:
        if step == "drop" or columns is None:
            continue
        places = _places(columns, names)
        for position, place in enumerate(places):
            if _takes_texts(step, position):
                kinds[place] = "BYTES"
    return [kinds[place] for place in range(len(names))]


def _places(columns, names):
    if isinstance(columns, str):
        columns = [columns]
    if isinstance(columns, slice):
        return list(range(len(names)))[columns]
    columns = list(columns) if hasattr(columns, "__iter__") else [columns]
    if columns and all(isinstance(each, (bool, numpy.bool_)) for each in columns):
        return [place for place, each in enumerate(columns) if each]
    return [names.index(str(each)) if isinstance(each, str) else int(each) for each in columns]


def _takes_texts(step, position):
    steps = [each for _, each in step.steps] if getattr(step, "steps", None) else [step]
    for each in steps:
        if _is_vectorizer(each):
            return True
        for learned in (getattr(each, "categories_", None), getattr(each, "statistics_", None)):
            if learned is not None and position < len(learned):
                element = numpy.asarray(learned[position])
                if element.dtype.kind in "OSU":
                    return any(isinstance(value, str) for value in element.ravel())
    return False


# --- Outputs


def _outputs(estimator):
    """Those of its methods that it has, with the shapes that its own attributes tell."""
    found = []
    final = _last(estimator)
    if hasattr(estimator, "predict"):
        found.append(_predict_port(estimator, final))
    if hasattr(estimator, "predict_proba") and hasattr(final, "classes_"):
        classes = final.classes_
        if isinstance(classes, list):
            same = len({len(each) for each in classes}) == 1
            if same:
                found.append(ports.port("predict_proba", "FP64", [-1, len(classes), len(classes[0])]))
        else:
            found.append(ports.port("predict_proba", _probability_type(final), [-1, len(classes)]))
    if not found and hasattr(estimator, "transform"):
        found.append(ports.port("transform", "FP64", [-1, -1]))
    return found


def _probability_type(final):
    """XGBoost and LightGBM at the end of a pipeline answer in their own precision."""
    return "FP32" if type(final).__module__.split(".")[0] == "xgboost" else "FP64"


def _predict_port(estimator, final):
    classes = getattr(final, "classes_", None)
    if isinstance(classes, list):
        kinds = {ports.datatype_of(each.dtype) for each in classes}
        return ports.port("predict", kinds.pop() if len(kinds) == 1 else "BYTES", [-1, len(classes)])
    if classes is not None and hasattr(classes, "dtype"):
        return ports.port("predict", ports.datatype_of(classes.dtype), [-1])
    kind = getattr(final, "_estimator_type", None)
    if hasattr(final, "labels_") or hasattr(final, "cluster_centers_"):
        return ports.port("predict", "INT32", [-1])
    if kind == "outlier_detector" or hasattr(final, "decision_function") and hasattr(final, "offset_"):
        return ports.port("predict", "INT64", [-1])
    type_of_value = "FP32" if type(final).__module__.split(".")[0] == "xgboost" else "FP64"
    targets = getattr(final, "n_outputs_", None) or _coefficient_targets(final)
    return ports.port("predict", type_of_value, [-1] if targets == 1 else None if targets is None else [-1, targets])


def _coefficient_targets(final):
    """1 where a single line of coefficients, or nothing, says otherwise; the rank is open with more."""
    coefficients = getattr(final, "coef_", None)
    if coefficients is not None and numpy.ndim(coefficients) == 2:
        return None  # A target given as a column comes back as one.
    return 1
