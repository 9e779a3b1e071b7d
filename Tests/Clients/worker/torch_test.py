"""PyTorch's files and Hugging Face's pipelines. torch is too large for .venv-python; `make test-torch`
runs these where it is installed."""

import io
import json
import unittest
import zipfile
from typing import Dict, List

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


class Segments(torch.nn.Module if torch else object):
    def forward(self, x):
        return {"out": torch.stack([x[:, 0] * 0, x[:, 0] * 0 + 3], dim=1)}


class Boxes(torch.nn.Module if torch else object):
    """As scripted detectors do, it gives losses, too."""

    def forward(self, images: "List[torch.Tensor]"):
        found: List[Dict[str, torch.Tensor]] = []
        for image in images:
            box = torch.tensor([0, 0, image.shape[2], image.shape[1]], dtype=torch.float32)
            found.append({"boxes": torch.stack([box, box]), "labels": torch.tensor([1, 2]), "scores": torch.tensor([0.25, 0.75])})
        losses: Dict[str, torch.Tensor] = {}
        return losses, found


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

    def archive(self, handler, network, photos, **more):
        """The answers of a handler of TorchServe's own to photos, for a scripted network or one with its source."""
        path = self.folder / "net.mar"
        named = {"handler": handler, "serializedFile": "net.pt"}
        if isinstance(network, str):
            self.write("network.py", network)
            space = {}
            exec(network, space)
            torch.save(space["Net"]().state_dict(), str(self.folder / "net.pt"))
            named["modelFile"] = "network.py"
            more["network.py"] = network
        else:
            torch.jit.script(network).save(str(self.folder / "net.pt"))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("MAR-INF/MANIFEST.json", json.dumps({"model": named}))
            archive.write(self.folder / "net.pt", "net.pt")
            for name, text in more.items():
                archive.writestr(name, text)
        return [json.loads(each) for each in self.ask(self.open(path), data=texts(*photos))["predictions"]]

    def photos(self):
        from PIL import Image

        found = []
        for width, height in ((300, 500), (641, 333)):
            image = Image.fromarray(np.random.default_rng(width).integers(0, 255, (height, width, 3), np.uint8))
            out = io.BytesIO()
            image.save(out, format="PNG")
            found.append((image, out.getvalue()))
        return zip(*found)

    def test_photos_are_prepared_as_torchvision_does(self):
        from torchvision import transforms

        images, bodies = self.photos()
        source = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.arange(6, dtype=torch.float32).reshape(6, 1))
    def forward(self, x):
        return (self.weights * x[:, 0, ::60, ::60].mean(dim=(1, 2))).T
"""
        prepare = transforms.Compose([
            transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
            transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
        space = {}
        exec(source, space)
        with torch.inference_mode():
            expected = torch.softmax(space["Net"]()(torch.stack([prepare(each) for each in images])), dim=1)
        names = json.dumps({str(place): "class %d" % place for place in range(6)})
        for answer, row in zip(self.archive("image_classifier", source, bodies, **{"index_to_name.json": names}), expected):
            best = torch.topk(row, 5)
            self.assertEqual(list(answer), ["class %d" % place for place in best.indices.tolist()])
            np.testing.assert_allclose(list(answer.values()), best.values.numpy(), rtol=1e-5)

    def test_a_segmenter_and_a_detector(self):
        _, bodies = self.photos()
        answer = self.archive("image_segmenter", Segments(), bodies)
        self.assertEqual(np.shape(answer), (2, 224, 224, 2))
        self.assertEqual([float(each) for each in np.unique(np.array(answer)[..., 0])], [1])
        found = self.archive("object_detector", Boxes(), bodies, **{"index_to_name.json": '{"1": "cat", "2": "dog"}'})
        self.assertEqual(found, [[{"dog": [0, 0, 300, 500], "score": 0.75}], [{"dog": [0, 0, 641, 333], "score": 0.75}]])

    def test_weights_without_a_network(self):
        torch.save(torch.nn.Linear(2, 1).state_dict(), str(self.folder / "net.pt"))
        path = self.folder / "net.mar"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("MAR-INF/MANIFEST.json", json.dumps({"model": {"handler": "image_classifier", "serializedFile": "net.pt"}}))
            archive.write(self.folder / "net.pt", "net.pt")
        self.refuses(["net.pt is no TorchScript", "--model-file"], self.open, path)

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
