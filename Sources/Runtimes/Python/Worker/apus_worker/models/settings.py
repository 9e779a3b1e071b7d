"""Arguments of a method that are the same for all rows of a call: scalars, and documents beside arrays."""

import inspect

import numpy

from .. import api
from . import annotations, documents, ports, schemas
from .elements import Element

_ABSENT = inspect.Parameter.empty


class Setting:
    """One such argument. A request gives it as an input with one element, or with one for each row, or
    among its parameters.
    """

    def __init__(self, parameter, annotation):
        self.name, self.default, self.annotation = parameter.name, parameter.default, annotation
        self.element = Element.of_input(self.name, annotations.without_none(annotation)[0])
        self.is_required = parameter.default is _ABSENT

    def port(self, shape):
        """Optional for the server, as it may also come as a parameter."""
        found = dict(ports.port(self.name, self.element.datatype, shape, optional=True), setting=True)
        if self.element.is_document:
            found["document"] = True
        return found

    def schema(self):
        found = schemas.schema(self.annotation)
        if self.is_required:
            return found
        try:
            return dict(found, default=ports.plain(self.default))
        except ports.WrongAnswer:
            return found  # A default that JSON cannot say is still one.

    def values(self, inputs, parameters, rows):
        """The one element of all rows, or one for each; none where the default holds.

        `rows` is `None` where the first axis counts none.
        """
        if self.name not in inputs:
            if self.name in parameters:
                return [parameters[self.name]]
            if self.is_required:
                raise api.Refused("input %s is missing" % self.name)
            return []
        if self.name in parameters:
            raise api.Refused("%s is given twice, as an input and as a parameter" % self.name)
        array = inputs[self.name].ravel()
        # One value of a request with rows comes for each of them.
        is_one = array.dtype != object and array.size > 0 and array.size == rows and bool((array == array[0]).all())
        values = list(array[:1] if is_one else array)
        if len(values) != 1 and len(values) != rows:
            raise api.Refused("%s: expected one value%s, got %d" % (
                self.name, " or one for each of %d rows" % rows if rows else "", len(values)))
        return values

    def read(self, value, inputs):
        if self.name in inputs:
            return self.element.read(value, self.name)
        if isinstance(value, str) and self.element.is_document:
            return self.element.read(value.encode(), "parameter " + self.name)  # Parameters hold no objects.
        return documents.value(value, self.annotation, "parameter " + self.name)


def groups(settings, inputs, parameters, rows):
    """Rows that have the same settings, and these by name; `None` for the rows is all of them."""
    given = {name: setting.values(inputs, parameters, rows) for name, setting in settings.items()}
    given = {name: values for name, values in given.items() if values}
    varied = [values for values in given.values() if len(values) > 1 and any(each != values[0] for each in values)]
    if not varied:
        return [(None, {name: settings[name].read(values[0], inputs) for name, values in given.items()})]
    places = {}
    for row, key in enumerate(zip(*varied)):
        places.setdefault(key, []).append(row)
    return [(rows_of_it, {name: settings[name].read(values[rows_of_it[0] if len(values) > 1 else 0], inputs)
                          for name, values in given.items()}) for rows_of_it in places.values()]


def merged(runs, rows):
    """Answers of groups of rows as one answer."""
    found = {}
    for name in runs[0][1]:
        parts = [(places, answer[name]) for places, answer in runs]
        if len({(part.dtype, part.shape[1:]) for _, part in parts}) > 1:
            raise ports.WrongAnswer("output %s: its rows have different lengths" % name)
        whole = numpy.empty((rows,) + parts[0][1].shape[1:], parts[0][1].dtype)
        for places, part in parts:
            whole[places] = part
        found[name] = whole
    return found


class RowsOf:
    """What is known of a request, for a method that sees some of its rows."""

    def __init__(self, context, places):
        self._context, self._places = context, places

    def fail_row(self, row, message):
        self._context.fail_row(self._places[row], message)

    def __getattr__(self, name):
        return getattr(self._context, name)
