"""What a method tells of itself: JSON Schemas, and an example of its arguments."""

import json

from . import schemas
from .elements import Element


def metadata(call):
    """What is told of the model beside its tensors, as metadata: schemas, and what whole bodies hold
    where one element of bytes is all that comes or goes.
    """
    found = {"input_schema": json.dumps(input_schema(call)), "output_schema": json.dumps(output_schema(call))}
    example = None
    reader = call.readers.get(call.row_inputs[0]["name"]) if len(call.row_inputs) == 1 else None
    if isinstance(reader, Element) and reader.content_type:
        # A photo comes in any format, and text as any client sends it.
        found["input_content_type"] = "*/*" if reader.is_image else reader.content_type
        if reader.is_document:
            found["input_document_schema"] = json.dumps(reader.schema)
            example = schemas.example(reader.schema)
    if found.get("input_content_type") != "*/*" and (example is None or call.settings):
        found["arguments_schema"] = json.dumps(arguments_schema(call))
    if found.get("input_content_type") != "*/*" and example is None:
        example = schemas.example(arguments_schema(call))
    if example is not None:
        found["input_example"] = json.dumps(example)
    element = call.elements.get(call.outputs[0]["name"])
    if len(call.outputs) == 1 and element is not None and element.content_type:
        found["output_content_type"] = element.content_type
    return found


def input_schema(call):
    """The JSON Schema of a request's inputs by name, each with all its rows; settings as they are."""
    return _object(call, lambda port, element: {"type": "array", "items": element.schema})


def arguments_schema(call):
    """The JSON Schema of the method's arguments, as one call takes them."""
    return _object(call, lambda port, element: (
        element.schema if call.by_row else {"type": "array", "items": element.schema}))


def _object(call, of_element):
    properties, required = {}, []
    for port in call.row_inputs:
        name, reader = port["name"], call.readers.get(port["name"])
        properties[name] = of_element(port, reader) if isinstance(reader, Element) else schemas.port_schema(port)
        if not port.get("optional"):
            required.append(name)
    for name, setting in call.settings.items():
        properties[name] = setting.schema()
        if setting.is_required:
            required.append(name)
    for name, kind in call.request_parameters.items():
        properties[name] = dict(schemas.schema(kind), description="a parameter of the request")
    return {"type": "object", "properties": properties, "required": required}


def output_schema(call):
    return {"type": "object", "properties": {
        port["name"]: {"type": "array", "items": call.elements[port["name"]].schema}
        if port["name"] in call.elements else schemas.port_schema(port) for port in call.outputs}}
