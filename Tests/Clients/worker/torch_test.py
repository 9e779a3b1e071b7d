"""PyTorch's files and Hugging Face's pipelines. torch is too large for .venv-python; `make test-torch`
runs these where it is installed."""

import json
import unittest
import zipfile

import numpy as np

from support.worker_models import ModelsTest, ports, texts

try:
    import torch
    import transformers
except ImportError:
    torch = transformers = None


class AddScale(torch.nn.Module if torch else object):
    def forward(self, a, b):
        return a + 2 * b


@unittest.skipIf(torch is None, "torch and transformers are not installed; make test-torch")
class TorchTest(ModelsTest):
    def test_a_script(self):
        path = self.folder / "net.pt"
        torch.jit.script(AddScale()).save(str(path))
        served = self.open(path)
        self.assertEqual(ports(served.inputs), [("a", "FP32", None), ("b", "FP32", None)])
        one = np.ones((2, 3), np.float32)
        self.assertEqual(self.ask(served, a=one, b=one.copy())["output"].tolist(), [[3] * 3] * 2)
        described = self.open(path, parameters={"inputs": "a:INT64[-1]; b:INT64[-1]", "outputs": "sum:INT64[-1]"})
        self.assertEqual(self.ask(described, a=np.array([1]), b=np.array([4]))["sum"].tolist(), [9])

    def test_a_pickled_module(self):
        path = self.folder / "net.pt"
        torch.save(torch.nn.Linear(3, 2), str(path))
        self.refuses(["net.pt is a pickle", "torch.jit.trace"], self.open, path)
        served = self.open(path, allow_pickle=True)
        rows = np.ones((2, 3), np.float32)
        expected = served.model(torch.from_numpy(rows)).detach().numpy()
        self.assertTrue(np.array_equal(self.ask(served, input=rows.copy())["output"], expected))
        torch.save(torch.nn.Linear(3, 2).state_dict(), str(path))
        self.refuses("weights without the network they belong to", self.open, path, allow_pickle=True)

    def test_a_handler_on_a_serialized_file(self):
        torch.jit.script(torch.nn.Linear(2, 1)).save(str(self.folder / "model.pt"))
        handler = """
import json, torch
from ts.torch_handler.base_handler import BaseHandler
class Rows(BaseHandler):
    def preprocess(self, data):
        return torch.tensor([json.loads(bytes(row["body"])) for row in data])
"""
        path = self.folder / "rows.mar"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("MAR-INF/MANIFEST.json", json.dumps({"model": {"handler": "handler.py", "serializedFile": "model.pt"}}))
            archive.writestr("handler.py", handler)
            archive.write(self.folder / "model.pt", "model.pt")
        answer = self.ask(self.open(path), data=texts("[1.0, 2.0]", "[0.0, 1.0]"))["predictions"]
        expected = torch.jit.load(str(self.folder / "model.pt"))(torch.tensor([[1.0, 2.0], [0.0, 1.0]])).tolist()
        self.assertEqual([json.loads(each) for each in answer], expected)

    def test_a_pipeline(self):
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
        (self.folder / "vocab.txt").write_text("\n".join(words))
        settings = transformers.BertConfig(
            vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
        transformers.BertForSequenceClassification(settings).save_pretrained(self.folder, safe_serialization=True)
        transformers.BertTokenizerFast(str(self.folder / "vocab.txt")).save_pretrained(self.folder)
        served = self.open()
        self.assertEqual(ports(served.inputs + served.outputs), [("text", "BYTES", [-1]), ("output", "BYTES", [-1])])
        self.assertEqual(served.metadata["pipeline_tag"], "text-classification")
        given = ["good film", "bad"]
        expected = transformers.pipeline("text-classification", model=str(self.folder))(given)
        self.assertEqual([json.loads(each) for each in self.ask(served, text=texts(*given))["output"]], expected)


@unittest.skipIf(torch is not None, "torch is installed")
class WithoutTorchTest(ModelsTest):
    def test_what_is_missing_is_said(self):
        path = self.folder / "net.pt"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("net/code/__torch__.py", "")
        self.refuses(["a PyTorch model needs the Python package torch", "requirements.txt", "-m pip install torch"], self.open, path)
        self.write("m/config.json", '{"architectures": ["BertForSequenceClassification"]}')
        self.write("m/model.safetensors", "x")
        self.refuses(["a Hugging Face pipeline needs the Python package torch"], self.open, self.folder / "m")
        self.write("m/config.json", '{"architectures": ["Mystery"]}')
        self.refuses("say it as task under python: parameters:", self.open, self.folder / "m")
