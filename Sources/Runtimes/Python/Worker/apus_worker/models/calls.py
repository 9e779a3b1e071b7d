"""One method of a model's class: its tensors by its annotations, and a request carried to it and back."""

import asyncio
import inspect

import numpy

from .. import api
from . import annotations, descriptions, documents, ports
from .elements import Element
from .settings import RowsOf, Setting, groups, merged
from .served import Unservable, conform_all, row_count

_ABSENT = inspect.Parameter.empty
_GIVEN = ("context", "parameters", "inputs")  # Parameters that are not tensors.
# What the server itself says of a request; no input of the model.
_TOLD = ("content_type",)


class Call:
    """A method that takes and gives batches, or one row at a time.

    One parameter that is a single thing (`str`, `dict`, a dataclass, a photo) makes it a method for
    one row: it is called for each. Otherwise arrays and lists hold all rows of the batch, and single
    values beside them are settings, the same for all rows of a call.
    """

    def __init__(self, function, inputs=None, outputs=None, batched=True):
        self.function = function
        plain = inspect.unwrap(getattr(function, "__func__", function))
        self.notes = annotations.of(plain)
        self.given = [p for p in inspect.signature(function).parameters.values()
                      if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        self.is_async = inspect.iscoroutinefunction(plain)
        self.is_async_stream = inspect.isasyncgenfunction(plain)
        returned = self.notes.get("return", _ABSENT)
        element = annotations.stream_element(returned)
        self.decoupled = inspect.isgeneratorfunction(plain) or self.is_async_stream or (
            element is not None and not self.is_async)
        self.returned = element if element is not None else returned
        self.readers = {}
        self.settings = {}
        self.inputs = ports.declared_all(inputs) if inputs is not None else []
        self.by_row = inputs is None and self._is_for_one_row()
        self.has_row_axis = batched and not (self.by_row and self.decoupled)
        self._take_parameters(inputs is not None)
        self._take_outputs(outputs)
        self.description = inspect.getdoc(plain) or ""

    # --- Inputs

    def _note(self, parameter):
        """Its annotation, or the type of its default where that is a scalar."""
        note = self.notes.get(parameter.name, _ABSENT)
        if note is _ABSENT and isinstance(parameter.default, (str, int, float, bool)):
            return type(parameter.default)
        return note

    def _is_single(self, parameter):
        """Whether it holds one thing, and not one for each row."""
        note = annotations.without_none(self._note(parameter))[0]
        if parameter.name in _GIVEN + _TOLD or note is _ABSENT:
            return False
        return annotations.array_port(note, "") is None and annotations.list_element(note) is None

    def _is_for_one_row(self):
        """Whether it is called for each row: where a photo, a file or a document has to be given, or nothing
        holds all rows, or what comes back is for one.
        """
        singles = [p for p in self.given if self._is_single(p)]
        needed = [p for p in singles if p.default is _ABSENT]
        if all(p in singles or p.name in _GIVEN + _TOLD for p in self.given):
            return bool(singles)
        if any(Element(self._note(p)).is_content for p in needed):
            return True
        return bool(needed) and not self._returns_rows()

    def _returns_rows(self):
        note = annotations.without_none(self.returned)[0]
        fields = annotations.fields(note)
        return note is _ABSENT or all(
            annotations.array_port(each, "") is not None or annotations.list_element(each) is not None
            for each in ([note] if fields is None else fields.values()))

    def _is_setting(self, parameter):
        if self.by_row:
            return parameter.default is not _ABSENT and annotations.scalar(self._note(parameter)) is not None
        return self._is_single(parameter)

    def _take_parameters(self, is_declared):
        known = {port["name"] for port in self.inputs}
        self.request_parameters = {}
        for parameter in self.given:
            name = parameter.name
            if name in _GIVEN and name not in known:
                continue
            if name in known or is_declared and not self._is_fixed(parameter):
                self._take_declared(parameter, known)
            elif is_declared or name in _TOLD and parameter.default is not _ABSENT:
                self.request_parameters[name] = self._note(parameter)
            elif self._is_setting(parameter):
                self.settings[name] = Setting(parameter, self._note(parameter))
            else:
                self._take_input(parameter)
        self._take_settings()
        if not self.inputs:
            raise Unservable("%s takes no input; name one with an annotation, such as x: numpy.ndarray"
                             % self.function.__name__)

    def _is_fixed(self, parameter):
        """Whether a model whose tensors are declared takes it from the request's parameters."""
        return parameter.default is not _ABSENT and annotations.scalar(self._note(parameter)) is not None

    def _take_settings(self):
        """Settings are optional inputs behind those of rows: whoever counts rows looks at the first."""
        self.row_inputs = list(self.inputs)
        shape = [-1] if self.has_row_axis else [1]
        for name, setting in self.settings.items():
            self.inputs.append(setting.port(shape))
        self.names = [port["name"] for port in self.inputs]

    def _take_declared(self, parameter, known):
        if parameter.name not in known:
            if len(self.given) == 1 or not self.readers:
                self.readers[parameter.name] = "all"  # One parameter for the dictionary of all tensors.
                return
            raise Unservable("%s takes %s, which is none of its inputs %s" % (
                self.function.__name__, parameter.name, ", ".join(sorted(known))))
        element = annotations.list_element(self.notes.get(parameter.name, _ABSENT))
        self.readers[parameter.name] = None if element is None else Element(element)

    def _take_input(self, parameter):
        name = parameter.name
        note, is_optional = annotations.without_none(self._note(parameter))
        is_optional = is_optional or parameter.default is not _ABSENT
        port = annotations.array_port(numpy.ndarray if note is _ABSENT else note, name)
        if port is not None:
            if port["shape"] is None:
                port["shape"] = [-1, -1]  # Rows and columns, as tables have them.
            self.readers[name] = None
        else:
            inner = None if self.by_row else annotations.list_element(note)
            element = Element.of_input(name, note if inner is None else inner)
            port = ports.port(name, element.datatype, [1] if self.by_row and self.decoupled else [-1])
            if element.is_document:
                port["document"] = True
            self.readers[name] = element
        if is_optional:
            port["optional"] = True
        self.inputs.append(port)

    # --- Outputs

    def _take_outputs(self, outputs):
        note = annotations.without_none(self.returned)[0]
        self.elements = {}  # Output to `Element`, where it is no array.
        self.is_named = False
        if outputs is not None:
            self.outputs = ports.declared_all(outputs)
            return
        if self.by_row:
            self.outputs = [self._row_output(note)]
            return
        fields = annotations.fields(note)
        if fields is not None:
            self.is_named = True
            self.outputs = [self._batch_output(name, each) for name, each in fields.items()]
        else:
            self.outputs = [self._batch_output("output", note)]

    def _row_output(self, note):
        port = annotations.array_port(note, "output")
        if port is not None:
            if port["shape"] is not None:
                port["shape"] = [-1] + port["shape"]
            return port
        self.elements["output"] = Element(note)
        return ports.port("output", self.elements["output"].datatype, [-1])

    def _batch_output(self, name, note):
        note = annotations.without_none(note)[0]
        port = annotations.array_port(numpy.ndarray if note is _ABSENT else note, name)
        if port is not None:
            return port
        inner = annotations.list_element(note)
        if inner is None:
            raise Unservable(
                "%s returns %r, which does not say what its outputs are. Annotate an array, a list with an element "
                "for each row, or a TypedDict of those; or give @api.model outputs={name: api.Tensor(...)}"
                % (self.function.__name__, getattr(note, "__name__", note)))
        self.elements[name] = Element(inner)
        return ports.port(name, self.elements[name].datatype, [-1])

    # --- A request

    def run(self, inputs, parameters, context):
        """Calls the method; a dictionary of arrays, or whatever its kind gives over time."""
        missing = [p["name"] for p in self.row_inputs if p["name"] not in inputs and not p.get("optional")]
        if missing:
            raise api.Refused("input %s is missing" % missing[0])
        unknown = [name for name in inputs if name not in self.names]
        if unknown:  # A request made for the model, which names this method by a parameter.
            raise api.Refused("the method %s has no input %s; its inputs are %s" % (
                self.function.__name__, unknown[0], ", ".join(self.names)))
        rows = self._rows(inputs)
        fixed = self._fixed(parameters, context)
        if self.by_row:
            return self._run_rows(inputs, rows, fixed, parameters)
        if not self.settings:
            return self._run_batch(inputs, fixed, rows)
        parts = groups(self.settings, inputs, parameters, rows if self.has_row_axis else None)
        if len(parts) == 1:
            return self._run_batch(inputs, dict(fixed, **parts[0][1]), rows)
        return self._run_groups(parts, inputs, fixed, rows)

    def _rows(self, inputs):
        for port in self.row_inputs:
            if port["name"] in inputs:
                return row_count({"": inputs[port["name"]]})
        return row_count(inputs) if inputs else 1

    def _run_batch(self, inputs, fixed, rows):
        arguments = dict(self._batch(inputs), **fixed)
        rows = rows if self.has_row_axis else None
        if self.is_async_stream:
            return self._async_parts(arguments, rows)
        answer = self.function(**arguments)
        if self.is_async:
            return self._awaited(answer, rows)
        if self.decoupled:
            return (self._batch_answer(part, rows) for part in answer)
        return self._batch_answer(answer, rows)

    def _run_groups(self, parts, inputs, fixed, rows):
        """Requests with other settings were joined: the method is called for each of them."""
        if self.decoupled:
            raise api.Refused("expected one value of %s, as the answer comes in parts" % ", ".join(self.settings))
        runs = []
        for places, values in parts:
            given = {name: array[places] for name, array in inputs.items() if name not in self.settings}
            own = dict(fixed, **values)
            if "context" in own:
                own["context"] = RowsOf(own["context"], places)
            runs.append((places, self._run_batch(given, own, len(places))))
        if self.is_async:
            return self._gathered(runs, rows)
        return merged(runs, rows)

    async def _gathered(self, runs, rows):
        return merged([(places, await answer) for places, answer in runs], rows)

    def _fixed(self, parameters, context):
        """The arguments that are the same for all rows, whatever they are."""
        names = [p.name for p in self.given]
        found = {}
        if "context" in names and "context" not in self.readers:
            found["context"] = context
        if "parameters" in names and "parameters" not in self.readers:
            found["parameters"] = parameters
        for name, kind in self.request_parameters.items():
            if name in parameters:
                found[name] = documents.value(parameters[name], kind, "parameter " + name)
        return found

    def _batch(self, inputs):
        found = {}
        if any(p.name == "inputs" and "inputs" not in self.readers for p in self.given):
            found["inputs"] = inputs
        for name, reader in self.readers.items():
            if reader == "all":
                found[name] = inputs
            elif name in inputs:
                found[name] = inputs[name] if reader is None else self._elements(reader, name, inputs[name])
        return found

    @staticmethod
    def _elements(reader, name, array):
        return [reader.read(element, "%s, row %d" % (name, row)) for row, element in enumerate(array.ravel())]

    def _row(self, inputs, row):
        found = {}
        for name, reader in self.readers.items():
            if name in inputs:
                element = inputs[name][row]
                found[name] = element if reader is None else reader.read(element, "%s, row %d" % (name, row))
        return found

    def _run_rows(self, inputs, rows, fixed, parameters):
        if self.decoupled and rows != 1:
            raise api.Refused("expected one row, as the answer comes in parts; got %d" % rows)
        arguments = [dict(self._row(inputs, row), **fixed) for row in range(rows)]
        for places, values in groups(self.settings, inputs, parameters, rows):
            for row in range(rows) if places is None else places:
                arguments[row].update(values)
        if self.is_async_stream:
            return self._async_parts(arguments[0], None)
        if self.decoupled:
            return (self._row_answers([part]) for part in self.function(**arguments[0]))
        if self.is_async:
            return self._async_rows(arguments)
        return self._row_answers([self.function(**each) for each in arguments])

    async def _async_rows(self, arguments):
        return self._row_answers(await asyncio.gather(*[self.function(**each) for each in arguments]))

    async def _awaited(self, answer, rows):
        return self._batch_answer(await answer, rows)

    async def _async_parts(self, arguments, rows):
        async for part in self.function(**arguments):
            yield self._row_answers([part]) if self.by_row else self._batch_answer(part, rows)

    # --- An answer

    def _row_answers(self, answers):
        port = self.outputs[0]
        element = self.elements.get("output")
        if element is None and len(self.outputs) > 1:
            return conform_all(
                {each["name"]: [self._named(answer)[each["name"]] for answer in answers] for each in self.outputs},
                self.outputs, len(answers))
        if element is None:
            return {port["name"]: ports.conform([ports.as_array(answer) for answer in answers], port, len(answers))}
        written = [element.write(answer) for answer in answers]
        if port["datatype"] == "BYTES":
            return {port["name"]: ports.bytes_array(written)}
        return {port["name"]: ports.conform(numpy.asarray(written), port, len(answers))}

    def _named(self, answer):
        """An answer as a dictionary of the outputs, from a dictionary, a dataclass, a tuple or a value."""
        names = [port["name"] for port in self.outputs]
        if hasattr(answer, "__dataclass_fields__"):
            return {name: getattr(answer, name) for name in answer.__dataclass_fields__}
        if isinstance(answer, dict):
            return answer
        if isinstance(answer, tuple) and len(answer) == len(names) > 1:
            return dict(zip(names, answer))
        if len(names) == 1 and isinstance(answer, tuple) and any(hasattr(each, "shape") for each in answer):
            # Arrays side by side would pass for rows where there are as many.
            raise ports.WrongAnswer("expected the output %s, got a tuple of %d; say with outputs={...} or a TypedDict "
                                    "what comes back" % (names[0], len(answer)))
        if len(names) == 1 and not self.is_named:
            return {names[0]: answer}
        raise ports.WrongAnswer(
            "expected a dictionary of the outputs %s, got %s" % (", ".join(names), type(answer).__name__))

    def _batch_answer(self, answer, rows):
        if answer is None:
            raise ports.WrongAnswer("expected %s, got nothing (None)" % self._expected())
        if len(self.outputs) == 1 and not self.is_named and isinstance(answer, dict) \
                and list(answer) != [self.outputs[0]["name"]]:
            raise ports.WrongAnswer(
                "expected %s, got a dictionary with %s; say with outputs={...} or a TypedDict what comes back"
                % (self._expected(), ", ".join(map(str, answer)) or "nothing"))
        given = dict(self._named(answer))
        for name, element in self.elements.items():
            if name in given:
                given[name] = self._written(name, element, given[name], rows)
        return conform_all(given, self.outputs, rows)

    def _written(self, name, element, values, rows):
        if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
            raise ports.WrongAnswer("output %s: expected a list with an element for each row, got %s"
                                    % (name, type(values).__name__))
        if rows is not None and len(values) != rows:
            raise ports.WrongAnswer(
                "output %s: expected %d rows, one for each row of the input, got %d" % (name, rows, len(values)))
        try:
            return [element.write(each) for each in values]
        except ports.WrongAnswer as error:
            raise ports.WrongAnswer("output %s: %s" % (name, error)) from None

    def _expected(self):
        return "the output%s %s" % ("s" if len(self.outputs) > 1 else "", ", ".join(p["name"] for p in self.outputs))

    # --- Description

    def described(self):
        """What it is, for the server to make an address of."""
        return {"inputs": self.inputs, "outputs": self.outputs, "has_row_axis": self.has_row_axis,
                "decoupled": self.decoupled,
                "metadata": dict(descriptions.metadata(self), description=self.description)}
