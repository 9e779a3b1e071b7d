"""What a model's author imports: `from apus_worker import api`.

Nothing here is needed for a simple model; see docs/models/python.md.
"""


class Refused(Exception):
    """The caller is at fault: the request is answered with status 400 and this sentence."""


class RowFailed(Exception):
    """One row cannot be answered; requests that were joined with it are not harmed."""

    def __init__(self, row, message):
        super().__init__(message)
        self.row = row
        self.message = message


class Tensor:
    """An input or output: its V2 datatype and its shape, -1 for any length.

    As an annotation (`x: api.Tensor("FP32", [-1, 4])`) the parameter's name is its name. The first
    axis counts rows, unless the model is `api.model(batched=False)`. Without a shape any goes.
    """

    def __init__(self, datatype, shape=None, name=None, optional=False):
        self.datatype, self.name, self.optional = datatype, name, optional
        self.shape = None if shape is None else [int(length) for length in shape]

    def __repr__(self):
        return "Tensor(%r, %r)" % (self.datatype, self.shape)


def model(cls=None, *, inputs=None, outputs=None, batched=True):
    """Says of a class that it is the model, and what annotations do not say.

    `inputs` and `outputs` are dictionaries of name to `Tensor`; with `batched=False` a request is
    never joined with others and the first axis means nothing.
    """

    def mark(cls):
        cls._apus_model = True
        for name, value in (("inputs", inputs), ("outputs", outputs)):
            if value is not None:
                setattr(cls, name, value)
        if not batched:
            cls.batched = False
        return cls

    return mark if cls is None else mark(cls)


def method(function=None, *, inputs=None, outputs=None):
    """Says of a method that callers may name it, as they may `predict`."""

    def mark(function):
        function._apus_method = {"inputs": inputs, "outputs": outputs}
        return function

    return mark if function is None else mark(function)
