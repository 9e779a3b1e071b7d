"""One method of a model's class: its tensors by its annotations, and a request carried to it and back."""

import inspect
import json

import numpy

from .. import api
from . import annotations, ports
from .annotations import Element
from .served import Unservable, conform_all, row_count

_ABSENT = inspect.Parameter.empty
_GIVEN = ("context", "parameters", "inputs")  # Parameters that are not tensors.


class Call:
    """A method that takes and gives batches, or one row at a time.

    One parameter that is a single thing (`str`, `dict`, a dataclass, a photo) makes it a method for
    one row: it is called for each. Otherwise arrays and lists hold all rows of the batch.
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
        self.inputs = ports.declared_all(inputs) if inputs is not None else []
        self.by_row = inputs is None and any(self._is_single(p) for p in self.given)
        self._take_parameters(inputs is not None)
        self.has_row_axis = batched and not (self.by_row and self.decoupled)
        self._take_outputs(outputs)
        self.description = inspect.getdoc(plain) or ""

    # --- Inputs

    def _is_single(self, parameter):
        """Whether it holds one row, and not all of them."""
        note = annotations.without_none(self.notes.get(parameter.name, _ABSENT))[0]
        if parameter.name in _GIVEN or note is _ABSENT or self._is_request_parameter(parameter):
            return False
        return annotations.array_port(note, "") is None and annotations.list_element(note) is None

    def _is_request_parameter(self, parameter):
        note = annotations.without_none(self.notes.get(parameter.name, _ABSENT))[0]
        if note is _ABSENT:
            return isinstance(parameter.default, (str, int, float, bool))
        return note in (str, int, float, bool) and parameter.default is not _ABSENT

    def _take_parameters(self, is_declared):
        known = {port["name"] for port in self.inputs}
        self.request_parameters = {}
        for parameter in self.given:
            name = parameter.name
            if name in _GIVEN and name not in known:
                continue
            if name not in known and self._is_request_parameter(parameter):
                self.request_parameters[name] = self.notes.get(name, type(parameter.default))
            elif is_declared:
                self._take_declared(parameter, known)
            else:
                self._take_input(parameter)
        if not self.inputs:
            raise Unservable("%s takes no input; name one with an annotation, such as x: numpy.ndarray"
                             % self.function.__name__)

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
        note, is_optional = annotations.without_none(self.notes.get(name, _ABSENT))
        is_optional = is_optional or parameter.default is not _ABSENT
        port = annotations.array_port(numpy.ndarray if note is _ABSENT else note, name)
        if port is not None:
            if port["shape"] is None:
                port["shape"] = [-1, -1]  # Rows and columns, as tables have them.
            self.readers[name] = None
        else:
            inner = None if self.by_row else annotations.list_element(note)
            element = Element(note if inner is None else inner)
            port = ports.port(name, element.datatype, [1] if self.by_row and self.decoupled else [-1])
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
        missing = [p["name"] for p in self.inputs if p["name"] not in inputs and not p.get("optional")]
        if missing:
            raise api.Refused("input %s is missing" % missing[0])
        fixed = self._fixed(parameters, context)
        if self.by_row:
            return self._run_rows(inputs, fixed)
        arguments = dict(self._batch(inputs), **fixed)
        rows = row_count(inputs) if self.has_row_axis else None
        if self.is_async_stream:
            return self._async_parts(arguments, rows)
        answer = self.function(**arguments)
        if self.is_async:
            return self._awaited(answer, rows)
        if self.decoupled:
            return (self._batch_answer(part, rows) for part in answer)
        return self._batch_answer(answer, rows)

    def _fixed(self, parameters, context):
        """The arguments that are the same for all rows."""
        names = [p.name for p in self.given]
        found = {}
        if "context" in names and "context" not in self.readers:
            found["context"] = context
        if "parameters" in names and "parameters" not in self.readers:
            found["parameters"] = parameters
        for name, kind in self.request_parameters.items():
            if name in parameters:
                found[name] = annotations.value(parameters[name], kind, "parameter " + name)
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

    def _run_rows(self, inputs, fixed):
        rows = row_count(inputs)
        if self.decoupled:
            if rows != 1:
                raise api.Refused("expected one row, as the answer comes in parts; got %d" % rows)
            arguments = dict(self._row(inputs, 0), **fixed)
            if self.is_async_stream:
                return self._async_parts(arguments, None)
            return (self._row_answers([part]) for part in self.function(**arguments))
        if self.is_async:
            return self._async_rows(inputs, rows, fixed)
        return self._row_answers(
            [self.function(**dict(self._row(inputs, row), **fixed)) for row in range(rows)])

    async def _async_rows(self, inputs, rows, fixed):
        return self._row_answers(
            [await self.function(**dict(self._row(inputs, row), **fixed)) for row in range(rows)])

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
        metadata = {"description": self.description, "input_schema": json.dumps(self.input_schema()),
                    "output_schema": json.dumps(self.output_schema())}
        metadata.update(self.content_types())
        return {"inputs": self.inputs, "outputs": self.outputs, "has_row_axis": self.has_row_axis,
                "decoupled": self.decoupled, "metadata": metadata}

    def content_types(self):
        """What whole bodies hold, where one element of bytes is all that comes or goes."""
        found = {}
        reader = self.readers.get(self.inputs[0]["name"])
        if len(self.inputs) == 1 and isinstance(reader, Element) and reader.content_type:
            # A photo comes in any format, and text as any client sends it.
            found["input_content_type"] = "*/*" if reader.is_image else reader.content_type
            if reader.content_type == "application/json":
                found["input_document_schema"] = json.dumps(reader.schema)
        element = self.elements.get(self.outputs[0]["name"])
        if len(self.outputs) == 1 and element is not None and element.content_type:
            found["output_content_type"] = element.content_type
        return found

    def input_schema(self):
        """The JSON Schema of a request's inputs by name, one row or batch as the method takes them."""
        properties, required = {}, []
        for port in self.inputs:
            reader = self.readers.get(port["name"])
            inner = reader.schema if isinstance(reader, Element) else None
            if inner is None:
                properties[port["name"]] = annotations.port_schema(port)
            else:
                properties[port["name"]] = {"type": "array", "items": inner}
            if not port.get("optional"):
                required.append(port["name"])
        for name, kind in self.request_parameters.items():
            properties[name] = dict(annotations.schema(kind), description="a parameter of the request")
        return {"type": "object", "properties": properties, "required": required}

    def output_schema(self):
        return {"type": "object", "properties": {
            port["name"]: {"type": "array", "items": self.elements[port["name"]].schema}
            if port["name"] in self.elements else annotations.port_schema(port) for port in self.outputs}}
