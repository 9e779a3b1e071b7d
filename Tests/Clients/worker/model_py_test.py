"""Classes of `model.py`: what their annotations mean, and what is said of wrong answers."""

import json

import numpy as np

from support.worker_models import Context, ModelsTest, api, models, ports, texts
from apus_worker.models.ports import WrongAnswer

HEAD = """
import dataclasses
from typing import Annotated, Any, AsyncIterator, Dict, Iterator, List, Literal, Optional, TypedDict
import numpy as np
from numpy.typing import NDArray
from apus_worker import api
"""


class ModelPyTest(ModelsTest):
    def model(self, source, **settings):
        return super().model(HEAD + source, **settings)


class ArraysTest(ModelPyTest):
    def test_nothing_annotated_is_rows_and_columns_of_floats(self):
        served = self.model("""
class Doubled:
    def predict(self, x):
        return x * 2
""")
        self.assertEqual(ports(served.inputs), [("x", "FP32", [-1, -1])])
        self.assertEqual(ports(served.outputs), [("output", "FP32", None)])
        self.assertTrue(served.has_row_axis)
        answer = self.ask(served, x=np.array([[1, 2], [3, 4]], np.float32))
        self.assertEqual(answer["output"].tolist(), [[2, 4], [6, 8]])
        self.assertEqual(answer["output"].dtype, np.float32)

    def test_loading_gets_what_it_asks_for(self):
        self.write("factor.json", "3")
        served = self.model("""
import json
class Scaled:
    def load(self, folder, parameters):
        self.factor = json.loads((folder / "factor.json").read_text()) + int(parameters["more"])
    def predict(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        return x * self.factor
""", parameters={"more": "4"})
        self.assertEqual(ports(served.inputs), [("x", "INT64", [-1, -1])])
        self.assertEqual(self.ask(served, x=np.array([[5]]))["output"].tolist(), [[35]])

    def test_shapes_and_several_outputs(self):
        served = self.model("""
class Answer(TypedDict):
    total: NDArray[np.float64]
    label: List[str]
class Summed:
    def predict(self, a: api.Tensor("FP64", [-1, 3]), b: Annotated[np.ndarray, api.Tensor("FP64", [-1])] = None) -> Answer:
        total = a.sum(axis=1) + (0 if b is None else b)
        return {"total": total, "label": ["high" if each > 5 else "low" for each in total]}
""")
        self.assertEqual(ports(served.inputs), [("a", "FP64", [-1, 3]), ("b", "FP64", [-1])])
        self.assertEqual([each.get("optional", False) for each in served.inputs], [False, True])
        self.assertEqual(ports(served.outputs), [("total", "FP64", None), ("label", "BYTES", [-1])])
        rows = np.array([[1.0, 1, 1], [2, 2, 2]])
        self.assertEqual(self.ask(served, a=rows)["label"].tolist(), [b"low", b"high"])
        self.assertEqual(self.ask(served, a=rows, b=np.array([1.0, 2]))["total"].tolist(), [4, 8])

    def test_the_class_may_describe_all(self):
        served = self.model("""
@api.model(inputs={"a": api.Tensor("INT32", [2]), "b": api.Tensor("INT32", [2])},
           outputs={"sum": api.Tensor("INT32", [2]), "difference": api.Tensor("INT32", [2])}, batched=False)
class AddSub:
    def predict(self, a, b):
        return a + b, a - b
""")
        self.assertFalse(served.has_row_axis)
        answer = self.ask(served, a=np.array([5, 6], np.int32), b=np.array([1, 2], np.int32))
        self.assertEqual({name: each.tolist() for name, each in answer.items()}, {"sum": [6, 8], "difference": [4, 4]})

    def test_one_parameter_takes_all_described_tensors(self):
        served = self.model("""
class Counted:
    inputs = {"a": ("FP32", [-1, 2]), "b": ("FP32", [-1, 2])}
    outputs = {"names": ("BYTES", [-1])}
    def predict(self, inputs):
        return [",".join(sorted(inputs))] * len(inputs["a"])
""")
        one = np.zeros((2, 2), np.float32)
        self.assertEqual(self.ask(served, a=one, b=one.copy())["names"].tolist(), [b"a,b", b"a,b"])


class DocumentsTest(ModelPyTest):
    def test_a_text_at_a_time(self):
        served = self.model("""
class Loud:
    def predict(self, text: str) -> str:
        return text.upper()
""")
        self.assertEqual(ports(served.inputs + served.outputs), [("text", "BYTES", [-1]), ("output", "BYTES", [-1])])
        self.assertEqual(self.ask(served, text=texts("grüße", "b"))["output"].tolist(), ["GRÜSSE".encode(), b"B"])

    def test_records_by_dataclass(self):
        served = self.model("""
@dataclasses.dataclass
class Flat:
    rooms: int
    city: Literal["Bern", "Graz"]
    area: float = 50
    tags: List[str] = dataclasses.field(default_factory=list)
class Rent:
    "What a flat costs."
    def predict(self, flat: Flat) -> Dict[str, Any]:
        return {"rent": flat.rooms * flat.area, "kind": type(flat).__name__}
""")
        answer = self.ask(served, flat=texts('{"rooms": 2, "city": "Bern"}', '{"rooms": 1, "city": "Graz", "area": 9}'))
        self.assertEqual([json.loads(each) for each in answer["output"]],
                         [{"rent": 100, "kind": "Flat"}, {"rent": 9.0, "kind": "Flat"}])
        schema = json.loads(served.metadata["input_schema"])["properties"]["flat"]["items"]
        self.assertEqual(schema["required"], ["rooms", "city"])
        self.assertEqual(schema["properties"]["city"], {"enum": ["Bern", "Graz"]})
        self.assertEqual(schema["properties"]["rooms"], {"type": "integer"})
        self.assertEqual(json.loads(served.metadata["input_document_schema"]), schema)
        self.assertEqual(served.metadata["description"], "What a flat costs.")
        for text, expected in [
            ('{"rooms": "two", "city": "Bern"}', "flat, row 0.rooms: expected a whole number, got \"two\""),
            ('{"rooms": 2}', "flat, row 0: field city is missing"),
            ('{"rooms": 2, "city": "Rom"}', 'expected one of "Bern", "Graz", got "Rom"'),
            ('{"rooms": 2, "city": "Bern", "pool": 1}', "unknown field pool; the fields are rooms, city, area, tags"),
            ("{", "expected a JSON document"), ("[1]", "expected an object, got [1]"),
        ]:
            with self.subTest(text):
                self.refuses(expected, self.ask, served, flat=texts(text), kind=api.Refused)

    def test_a_batch_of_records(self):
        served = self.model("""
class Point(TypedDict):
    x: float
    y: Optional[float]
class Lengths:
    def predict(self, points: List[Point], scale: float = 1.0) -> List[float]:
        return [scale * (p["x"] ** 2 + (p["y"] or 0) ** 2) ** 0.5 for p in points]
""")
        self.assertEqual(ports(served.outputs), [("output", "FP64", [-1])])
        points = texts('{"x": 3, "y": 4}', '{"x": 1, "y": null}')
        self.assertEqual(self.ask(served, points=points)["output"].tolist(), [5, 1])
        self.assertEqual(self.ask(served, points=points, _parameters={"scale": 2})["output"].tolist(), [10, 2])
        self.refuses("parameter scale: expected a number, got \"x\"", self.ask, served, points=points,
                     _parameters={"scale": "x"}, kind=api.Refused)

    def test_bytes_of_any_kind_pass_unchanged(self):
        served = self.model("""
class Turned:
    def predict(self, body: bytes) -> bytes:
        return body[::-1]
""")
        every = bytes(range(256))
        self.assertEqual(self.ask(served, body=texts(every))["output"][0], every[::-1])

    def test_photos(self):
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("Pillow is not installed")
        import io

        served = self.model("""
from PIL import Image
class Grey:
    def predict(self, photo: Image.Image) -> Image.Image:
        return photo.convert("L")
""")
        out = io.BytesIO()
        Image.new("RGB", (3, 2), (10, 200, 30)).save(out, format="PNG")
        answer = self.ask(served, photo=texts(out.getvalue()))["output"][0]
        self.assertEqual((Image.open(io.BytesIO(answer)).mode, Image.open(io.BytesIO(answer)).size), ("L", (3, 2)))
        self.refuses("photo, row 0: expected a photo", self.ask, served, photo=texts(b"no"), kind=api.Refused)


class KindsTest(ModelPyTest):
    def test_coroutines(self):
        served = self.model("""
class Later:
    async def predict(self, text: str, context) -> str:
        answer = await context.call_async("other", {"x": text})
        return answer["y"]
""")
        context = Context({"other": lambda inputs: {"y": inputs["x"] + "!"}})
        self.assertEqual(self.ask(served, context, text=texts("a", "b"))["output"].tolist(), [b"a!", b"b!"])

    def test_generators(self):
        served = self.model("""
class Words:
    def predict(self, prompt: str) -> Iterator[str]:
        yield from prompt.split()
""")
        self.assertTrue(served.decoupled)
        self.assertFalse(served.has_row_axis)
        self.assertEqual(ports(served.inputs), [("prompt", "BYTES", [1])])
        parts = self.ask(served, prompt=texts("a few words"))
        self.assertEqual([part["output"].tolist() for part in parts], [[b"a"], [b"few"], [b"words"]])

    def test_asynchronous_generators_of_batches(self):
        served = self.model("""
class Counting:
    async def predict(self, x: np.ndarray, count: int = 2) -> AsyncIterator[np.ndarray]:
        for number in range(count):
            yield x + number
""")
        parts = self.ask(served, x=np.zeros((2, 1), np.float32), _parameters={"count": 3})
        self.assertEqual([part["output"].tolist() for part in parts], [[[0], [0]], [[1], [1]], [[2], [2]]])

    def test_named_methods(self):
        source = """
class Three:
    def predict(self, text: str) -> int:
        return len(text)
    @api.method
    def words(self, text: str) -> int:
        "How many words it has."
        return len(text.split())
    @api.method
    def embed(self, texts: List[str]) -> NDArray[np.float32]:
        return np.array([[len(each), 1] for each in texts], np.float32)
    def secret(self, text: str) -> int:
        return 0
"""
        served = self.model(source)
        self.assertEqual(list(served.methods), ["embed", "words"])
        about = served.methods["words"]
        self.assertEqual(about["metadata"]["description"], "How many words it has.")
        self.assertEqual(ports(about["inputs"]), [("text", "BYTES", [-1])])
        self.assertEqual(ports(served.methods["embed"]["inputs"]), [("texts", "BYTES", [-1])])
        self.assertEqual(ports(served.methods["embed"]["outputs"]), [("output", "FP32", None)])
        self.assertEqual(self.ask(served, text=texts("a b"))["output"].tolist(), [3])
        self.assertEqual(self.ask(served, text=texts("a b"), _parameters={"method": "words"})["output"].tolist(), [2])
        self.refuses("there is no method secret; there are predict, embed, words", self.ask, served, text=texts("a"),
                     _parameters={"method": "secret"}, kind=api.Refused)
        other = self.model(source, parameters={"method": "embed"})
        self.assertEqual(self.ask(other, texts=texts("abc", "d"))["output"].tolist(), [[3, 1], [1, 1]])
        self.refuses("there is no method none for the model to be; there are predict, embed, words", self.model, source,
                     parameters={"method": "none"})

    def test_metrics_and_other_models(self):
        served = self.model("""
class Asking:
    def predict(self, x: NDArray[np.float32], context) -> NDArray[np.float32]:
        context.metric("rows_seen", len(x))
        return context.call("doubler", {"x": x})["y"]
""")
        context = Context({"doubler": lambda inputs: {"y": inputs["x"] * 2}})
        self.assertEqual(self.ask(served, context, x=np.ones((2, 1), np.float32))["output"].tolist(), [[2], [2]])
        self.assertEqual(context.metrics, [("rows_seen", 2, "counter")])


class WrongAnswersTest(ModelPyTest):
    def check(self, expected, answer, returns="", x="np.ndarray"):
        served = self.model("class M:\n    def predict(self, x: %s)%s:\n        return %s\n" % (
            x, " -> " + returns if returns else "", answer))
        self.refuses(expected, self.ask, served, x=np.zeros((2, 2), np.float32), kind=WrongAnswer)

    def test_rows(self):
        self.check("output output: expected 2 rows, one for each row of the input, got shape [1, 2]", "x[:1]")
        self.check("expected 2 rows, one for each row of the input, got a single value", "x.sum()")
        self.check("output output: expected 2 rows, one for each row of the input, got 3", "['a'] * 3", "List[str]")

    def test_ragged(self):
        self.check("output output: its rows have different lengths", "[[1, 2], [3]]")

    def test_kinds(self):
        self.check(["expected numbers (FP32), got texts", "-> list[str]"], "['a', 'b']")
        self.check("expected numbers (FP32), got objects", "[object(), object()]")
        self.check("expected the output output, got nothing (None)", "None")
        self.check("expected the output output, got a dictionary with a, b", "{'a': x, 'b': x}")
        self.check("values do not fit INT64 without loss", "x + 0.5", "NDArray[np.int64]")
        self.check("values do not fit FP32 without loss", "np.array([2 ** 24 + 1, 1])")
        self.check("expected a list with an element for each row, got str", "'ab'", "List[str]")
        self.check("output output: expected str, got int", "[1, 2]", "List[str]")
        self.check("output output: expected a number, got str", "['1', '2']", "List[float]")
        self.check("expected the output output, got a tuple of 2; say with outputs={...}", "x, x")
        self.check("output output: expected shape [-1, 3], got [2, 2]", "x", 'api.Tensor("FP32", [-1, 3])')

    def test_documents(self):
        for answer, expected in [("object()", "a value of type object cannot be written as JSON"),
                                 ('b"\\xff"', "bytes that are no text cannot be written as JSON")]:
            served = self.model("class M:\n    def predict(self, x: dict) -> dict:\n        return {'a': %s}\n" % answer)
            self.refuses(expected, self.ask, served, x=texts("{}"), kind=WrongAnswer)

    def test_names(self):
        served = self.model("""
class M:
    outputs = {"a": ("FP32", None), "b": ("FP32", None)}
    def predict(self, x):
        return {"a": x, "c": x}
""")
        self.refuses("expected the outputs a, b, got a, c", self.ask, served, x=np.zeros((1, 1), np.float32), kind=WrongAnswer)


class UnservableTest(ModelPyTest):
    def check(self, expected, source):
        self.refuses(expected, self.model, source)

    def test_what_is_wrong_with_a_file(self):
        self.check("model.py has no class with a method predict", "x = 1")
        self.check("the function predict belongs into one", "def predict(x): return x")
        self.check("several of them (A, B); mark the one that is the model with @api.model", """
class A:
    def predict(self, x): return x
class B:
    def predict(self, x): return x
""")
        self.check("model.py, line 9: ", "\n\ndef broken(:\n")
        self.check(["model.py imports no_such_package", "requirements.txt", "pip install no_such_package"],
                   "import no_such_package.inner")
        self.check("predict takes no input", "class A:\n    def predict(self, context): return 1")
        self.check("predict returns 'dict', which does not say what its outputs are",
                   "class A:\n    def predict(self, x: np.ndarray) -> dict: return {}")
        self.check("what it needs belongs into load", "class A:\n    def __init__(self, x): pass\n    def predict(self, x): return x")
        self.check("load of A asks for path; it may have folder, parameters, settings",
                   "class A:\n    def load(self, path): pass\n    def predict(self, x): return x")

    def test_a_marked_class_wins(self):
        served = self.model("""
class A:
    def predict(self, x): return x
@api.model
class B:
    def predict(self, y): return y
""")
        self.assertEqual(served.inputs[0]["name"], "y")

    def test_its_own_configuration_makes_it_no_snapshot(self):
        self.write("config.json", "{}")
        self.write("model.safetensors", "")
        self.assertEqual(self.model("class A:\n    def predict(self, x): return x").inputs[0]["name"], "x")

    def test_an_empty_folder(self):
        self.refuses("no Python model is in", self.open)
        self.refuses("is not here", self.open, self.folder / "none")

    def test_it_is_an_ordinary_failure_of_the_model_when_it_raises(self):
        served = self.model("class A:\n    def predict(self, x): raise KeyError('k')")
        self.refuses("k", self.ask, served, x=np.zeros((1, 1), np.float32), kind=KeyError)
        self.assertTrue(issubclass(models.Unservable, Exception))
