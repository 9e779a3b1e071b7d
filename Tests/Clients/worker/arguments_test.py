"""Arguments of methods that are single values: as tensors, as parameters, with defaults, and wrong ones."""

import json

import numpy as np

from support.worker_models import Context, ModelsTest, api, ports, texts

HEAD = """
import dataclasses
import enum
from typing import Any, Dict, Iterator, List, Literal, Optional, TypedDict, Union
import numpy as np
from apus_worker import api
"""
MIXED = """
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"
class Mixed:
    def predict(self, x, times: int = 1, share: float = 0.5, name: str = "n", is_loud: bool = False,
                colour: Colour = Colour.RED, level: Literal[1, 2] = 1, limit: Optional[int] = None) -> List[str]:
        said = "%s %s %s %s %s %s %s" % (times, share, name, is_loud, colour.name, level, limit)
        return [said] * len(x)
"""


def numbers(*values, kind=np.int64):
    return np.array(values, kind)


class ArgumentsTest(ModelsTest):
    def model(self, source, **settings):
        return super().model(HEAD + source, **settings)

    def said(self, served, **given):
        return self.ask(served, **given)["output"].tolist()

    def test_scalars_beside_an_array_are_inputs_of_one_value(self):
        served = self.model("class A:\n    def predict(self, times: int, x, plus: float = 0):\n        return x * times + plus")
        self.assertEqual(ports(served.inputs), [("x", "FP32", [-1, -1]), ("times", "INT64", [-1]), ("plus", "FP64", [-1])])
        x = np.ones((3, 2), np.float32)
        self.assertEqual(self.ask(served, x=x, times=numbers(4))["output"].tolist(), [[4, 4]] * 3)
        self.assertEqual(self.ask(served, x=x, _parameters={"times": 4, "plus": 1})["output"].tolist(), [[5, 5]] * 3)
        for expected, given in [
            ("input times is missing", {}), ("times: expected one value or one for each of 3 rows, got 2", {"times": numbers(1, 2)}),
            ("parameter times: expected a whole number, got \"x\"", {"_parameters": {"times": "x"}}),
            ("parameter times: expected a whole number, got true", {"_parameters": {"times": True}}),
            ("times is given twice, as an input and as a parameter", {"times": numbers(1), "_parameters": {"times": 1}}),
        ]:
            with self.subTest(expected):
                self.refuses(expected, self.ask, served, x=x, kind=api.Refused, **given)

    def test_every_kind_of_scalar(self):
        served = self.model(MIXED)
        self.assertEqual(ports(served.inputs)[1:], [
            ("times", "INT64", [-1]), ("share", "FP64", [-1]), ("name", "BYTES", [-1]), ("is_loud", "BOOL", [-1]),
            ("colour", "BYTES", [-1]), ("level", "INT64", [-1]), ("limit", "INT64", [-1])])
        x = np.ones((1, 1), np.float32)
        self.assertEqual(self.said(served, x=x), [b"1 0.5 n False RED 1 None"])
        given = {"times": numbers(2), "share": numbers(1, kind=np.float64), "name": texts("é"), "is_loud": numbers(True, kind=bool),
                 "colour": texts("blue"), "level": numbers(2), "limit": numbers(7)}
        self.assertEqual(self.said(served, x=x, **given), ["2 1.0 é True BLUE 2 7".encode()])
        parameters = {"times": 2, "share": 1, "name": "é", "is_loud": True, "colour": "blue", "level": 2, "limit": 7}
        self.assertEqual(self.said(served, x=x, _parameters=parameters), ["2 1.0 é True BLUE 2 7".encode()])
        for expected, wrong in [('colour: expected one of "red", "blue", got "green"', {"colour": texts("green")}),
                                ("level: expected one of 1, 2, got 3", {"level": numbers(3)}),
                                ("parameter level: expected one of 1, 2, got true", {"_parameters": {"level": True}})]:
            with self.subTest(expected):
                self.refuses(expected, self.ask, served, x=x, kind=api.Refused, **wrong)

    def test_the_schema_tells_defaults_and_what_is_needed(self):
        served = self.model(MIXED)
        schema = json.loads(served.metadata["arguments_schema"])
        self.assertEqual(schema["required"], ["x"])
        properties = schema["properties"]
        self.assertEqual(properties["times"], {"type": "integer", "default": 1})
        self.assertEqual(properties["colour"], {"enum": ["red", "blue"], "default": "red"})
        self.assertEqual(properties["limit"], {"type": ["integer", "null"], "default": None})
        self.assertEqual(json.loads(served.metadata["input_example"]), {
            "x": [[1.5]], "times": 1, "share": 0.5, "name": "n", "is_loud": False, "colour": "red", "level": 1, "limit": None})

    def test_rows_with_other_settings_are_called_apart(self):
        served = self.model("""
class A:
    def predict(self, x: np.ndarray, context, times: int = 1) -> np.ndarray:
        if times == 3:
            context.fail_row(0, "three")
        context.metric("calls", 1)
        return x * times
""")
        context = Context()
        context.failures = {}
        context.fail_row = context.failures.__setitem__
        x = np.ones((4, 1), np.float32)
        answer = self.ask(served, context, x=x, times=numbers(2, 3, 2, 3))["output"]
        self.assertEqual(answer.tolist(), [[2], [3], [2], [3]])
        self.assertEqual(answer.dtype, np.float32)
        self.assertEqual((len(context.metrics), context.failures), (2, {1: "three"}))

    def test_coroutines_with_other_settings(self):
        served = self.model("class A:\n    async def predict(self, x: np.ndarray, times: int = 1) -> np.ndarray:\n        return x * times")
        x = np.ones((2, 1), np.float32)
        self.assertEqual(self.ask(served, x=x, times=numbers(2, 3))["output"].tolist(), [[2], [3]])

    def test_streams_take_one_value(self):
        served = self.model("""
class A:
    def predict(self, x: np.ndarray, count: int = 2) -> Iterator[np.ndarray]:
        for number in range(count):
            yield x + number
""")
        x = np.zeros((2, 1), np.float32)
        self.assertEqual(len(self.ask(served, x=x, count=numbers(3))), 3)
        self.refuses("expected one value of count", self.ask, served, x=x, count=numbers(1, 2), kind=api.Refused)

    def test_nothing_but_scalars(self):
        served = self.model("class A:\n    def predict(self, a: int, b: int = 10) -> int:\n        return a + b")
        self.assertEqual(ports(served.inputs + served.outputs), [("a", "INT64", [-1]), ("b", "INT64", [-1]), ("output", "INT64", [-1])])
        self.assertEqual(self.said(served, a=numbers(1, 2)), [11, 12])
        self.assertEqual(self.said(served, a=numbers(1, 2), b=numbers(1)), [2, 3])
        self.assertEqual(self.said(served, a=numbers(1, 2), b=numbers(1, 5)), [2, 7])
        self.assertEqual(self.said(served, a=numbers(1, 2), _parameters={"b": 3}), [4, 5])

    def test_documents_and_scalars_for_one_row(self):
        served = self.model("""
@dataclasses.dataclass
class Options:
    top: int = 3
    words: List[str] = dataclasses.field(default_factory=list)
class A:
    def predict(self, text: str, options: Optional[Options] = None, tags: List[str] = [], is_loud: bool = False) -> Dict[str, Any]:
        return {"text": text, "top": options and options.top, "tags": tags, "loud": is_loud}
""")
        self.assertEqual([each.get("document", False) for each in served.inputs], [False, True, True, False])
        answer = self.said(served, text=texts("a"), options=texts('{"top": 5}'), tags=texts('["x", "y"]'), is_loud=numbers(True, kind=bool))
        self.assertEqual(json.loads(answer[0]), {"text": "a", "top": 5, "tags": ["x", "y"], "loud": True})
        self.assertEqual(json.loads(self.said(served, text=texts("a"))[0]), {"text": "a", "top": None, "tags": [], "loud": False})
        self.refuses('options, row 0.top: expected a whole number, got "x"', self.ask, served, text=texts("a"),
                     options=texts('{"top": "x"}'), kind=api.Refused)
        schema = json.loads(served.metadata["arguments_schema"])
        self.assertEqual(schema["properties"]["tags"], {"type": "array", "items": {"type": "string"}})
        self.assertEqual(schema["properties"]["options"]["properties"]["top"], {"type": "integer", "default": 3})

    def test_a_document_beside_an_array_is_one_for_all_rows(self):
        served = self.model("""
@dataclasses.dataclass
class Options:
    times: float = 1
class A:
    def predict(self, x: np.ndarray, options: Options = Options()) -> np.ndarray:
        return x * np.float32(options.times)
""")
        x = np.ones((2, 1), np.float32)
        self.assertEqual(self.said(served, x=x, options=texts('{"times": 3}')), [[3], [3]])
        self.assertEqual(self.said(served, x=x, _parameters={"options": '{"times": 2}'}), [[2], [2]])
        self.assertEqual(self.said(served, x=x), [[1], [1]])

    def test_a_list_and_a_scalar_by_what_comes_back(self):
        rows = self.model("class A:\n    def predict(self, words: List[str], times: int) -> List[str]:\n        return [each * times for each in words]")
        self.assertEqual(self.said(rows, words=texts("a", "b"), times=numbers(2)), [b"aa", b"bb"])
        whole = self.model("class A:\n    def predict(self, words: List[str], between: str) -> str:\n        return between.join(words)")
        self.assertEqual(self.said(whole, words=texts('["a", "b"]'), between=texts("+")), [b"a+b"])

    def test_answers_may_be_enumerations(self):
        served = self.model("class C(enum.Enum):\n    YES = 'yes'\nclass A:\n    def predict(self, text: str) -> C:\n        return C.YES")
        self.assertEqual(self.said(served, text=texts("a")), [b"yes"])

    def test_pydantic(self):
        try:
            import pydantic  # noqa: F401
        except ImportError:
            self.skipTest("pydantic is not installed")
        served = self.model("""
import pydantic
class Side(pydantic.BaseModel):
    length: float = pydantic.Field(gt=0)
class Box(pydantic.BaseModel):
    sides: List[Side]
    name: str = "box"
class Answer(pydantic.BaseModel):
    volume: float
class A:
    def predict(self, box: Box, scale: float = 1.0) -> Answer:
        return Answer(volume=scale * float(np.prod([side.length for side in box.sides])))
""")
        answer = self.said(served, box=texts('{"sides": [{"length": 2}, {"length": 3}]}'), scale=numbers(2, kind=np.float64))
        self.assertEqual(json.loads(answer[0]), {"volume": 12})
        self.refuses(["box, row 0", "sides.0.length"], self.ask, served, box=texts('{"sides": [{"length": 0}]}'), kind=api.Refused)
        schema = served.metadata["input_document_schema"]
        self.assertNotIn("$ref", schema)
        self.assertEqual(json.loads(schema)["properties"]["sides"]["items"]["properties"]["length"]["exclusiveMinimum"], 0)
        example = json.loads(served.metadata["input_example"])
        self.assertEqual(example, {"sides": [{"length": 1}], "name": "box"})
        self.ask(served, box=texts(json.dumps(example)))

    def test_values_of_the_standard_library_and_numpys(self):
        served = self.model("""
import datetime, decimal, uuid
from typing import Tuple
@dataclasses.dataclass
class Day:
    when: datetime.date
    at: Tuple[float, int] = (1.0, 2)
    price: decimal.Decimal = decimal.Decimal("0.5")
    names: Dict[int, str] = dataclasses.field(default_factory=dict)
    matrix: Optional[np.ndarray] = None
    def __post_init__(self):
        if self.price < 0:
            raise ValueError("the price is below 0")
class A:
    def predict(self, day: Day, times: np.int32 = np.int32(2)) -> Dict[str, Any]:
        return {"day": day, "id": uuid.UUID(int=1), "kind": type(times).__name__}
""")
        given = '{"when": "2026-02-03", "at": [1, 2], "price": "1.5", "names": {"7": "x"}, "matrix": [[1, 2]]}'
        answer = json.loads(self.said(served, day=texts(given), times=numbers(3))[0])
        self.assertEqual(answer["day"], {"when": "2026-02-03", "at": [1, 2], "price": "1.5", "names": {"7": "x"}, "matrix": [[1, 2]]})
        self.assertEqual((answer["id"][-1], answer["kind"]), ("1", "int32"))
        for wrong, expected in [('{"when": "soon"}', "day, row 0.when: "), ('{"when": "2026-02-03", "at": [1]}', "at: expected a list of 2"),
                                ('{"when": "2026-02-03", "price": "x"}', "price: "), ('{"when": "2026-02-03", "price": "-1"}', "the price is below 0"),
                                ('{"when": "2026-02-03", "names": {"x": "y"}}', "names: "),
                                ('{"when": "2026-02-03", "matrix": [[1], [1, 2]]}', "matrix: ")]:
            with self.subTest(wrong):
                self.refuses(expected, self.ask, served, day=texts(wrong), kind=api.Refused)
        example = served.metadata["input_example"]
        self.ask(served, day=texts(example))

    def test_what_no_request_can_hold_is_said_at_load(self):
        for kind in ("np.random.Generator", "List[np.random.Generator]", "Dict[str, np.random.Generator]"):
            self.refuses("Generator is nothing that a request can hold", self.model,
                         "class A:\n    def predict(self, x: %s) -> List[str]:\n        return []" % kind)

    def test_a_method_is_not_given_what_only_the_model_takes(self):
        served = self.model("""
class A:
    def predict(self, x, times: int = 1):
        return x * times
    @api.method
    def halved(self, x):
        return x / 2
""")
        x = np.ones((1, 1), np.float32)
        self.assertEqual(self.ask(served, x=x, _parameters={"method": "halved"})["output"].tolist(), [[0.5]])
        self.refuses("the method halved has no input times; its inputs are x", self.ask, served, x=x, times=numbers(2),
                     _parameters={"method": "halved"}, kind=api.Refused)

    def test_no_rows_and_no_inputs(self):
        served = self.model("class A:\n    def predict(self, x: np.ndarray, times: int = 1) -> np.ndarray:\n        return x * times")
        self.assertEqual(self.ask(served, x=np.ones((0, 2), np.float32))["output"].shape, (0, 2))
        served = self.model("class A:\n    def predict(self, a: int = 1, b: int = 2) -> int:\n        return a + b")
        self.assertEqual(self.said(served), [3])
        self.assertEqual(self.said(served, _parameters={"b": 5}), [6])

    def test_examples_are_small_or_not_there(self):
        served = self.model('class A:\n    def predict(self, x: api.Tensor("FP32", [-1, 3, 224, 224])):\n        return x')
        self.assertNotIn("input_example", served.metadata)
        served = self.model('class A:\n    def predict(self, x: api.Tensor("INT64", [-1, 2])):\n        return x')
        self.assertEqual(json.loads(served.metadata["input_example"]), {"x": [[1, 1]]})
