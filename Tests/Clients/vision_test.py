"""Photos over HTTP: what is found, in every form in which a photo can be sent."""

import base64
import concurrent.futures
import contextlib
import io
import json
import unittest

import requests
from PIL import Image

from support.apus_server import REPOSITORY, ApusServer, fixture, shared_data

JPEG = {"Content-Type": "image/jpeg"}


def picture(color, size=(64, 64), form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, form)
    return file.getvalue()


def overlap(first, second):
    """Intersection over union of two boxes x1, y1, x2, y2."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(first) + area(second) - width * height)


def corners(detection):
    return [detection["box"][key] for key in ("x1", "y1", "x2", "y2")]


class ToyDetectorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = ["yolo-v8-layout", "yolo-v5-layout", "yolo-v10-layout", "yolo-fp16", "yolo-u8-input", "classify"]
        cls.server = ApusServer(*map(fixture, names))
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def detect(self, model="yolo-v8-layout", query="", **options):
        answer = requests.post(f"{self.server.url}/v2/models/{model}/detect{query}", **options)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_every_form_of_a_photo_gives_the_same(self):
        black = picture("black")
        answers = [
            self.detect(data=black, headers={"Content-Type": "image/png"}),
            self.detect(data=black, headers={"Content-Type": "application/octet-stream"}),
            self.detect(files={"image": ("a.png", black, "image/png")}),
            self.detect(files={"file": ("a.png", black, "image/png")}),
            self.detect(files={"data": ("a.png", black, "image/png")}),
            self.detect(json={"image": {"b64": base64.b64encode(black).decode()}}),
            self.detect(data=picture("black", form="WEBP"), headers={"Content-Type": "image/webp"}),
        ]
        for answer in answers:
            found = [(d["label"], round(d["score"], 4), corners(d)) for d in answer["detections"]]
            self.assertEqual(found, [("ant", 0.9, [8, 8, 24, 24]), ("bee", 0.7, [8, 8, 24, 24]),
                                     ("cat", 0.6, [40, 32, 60, 56])])
            self.assertEqual(answer["image"], {"width": 64, "height": 64})
            self.assertEqual(answer["model_version"], "1")
            self.assertGreater(sum(answer["timings_ms"].values()), 0)

    def test_every_layout(self):
        for model, scores in [("yolo-v5-layout", [0.9, 0.7, 0.6]), ("yolo-fp16", [0.9, 0.7, 0.6]),
                              ("yolo-u8-input", [0.9, 0.7, 0.6]), ("yolo-v10-layout", [0.9, 0.8, 0.7, 0.6, 0.5])]:
            with self.subTest(model=model):
                found = self.detect(model, data=picture("black"), headers={"Content-Type": "image/png"})
                for got, expected in zip([d["score"] for d in found["detections"]], scores, strict=True):
                    self.assertAlmostEqual(got, expected, 3)

    def test_parameters_by_query_form_and_json(self):
        black = picture("black")
        many = {"confidence": 0.1, "iou": 0.65, "multi_label": True}
        by_query = self.detect(query="?confidence=0.1&iou=0.65&multi_label=true", data=black, headers={"Content-Type": "image/png"})
        by_form = self.detect(files={"image": black}, data={k: str(v).lower() for k, v in many.items()})
        by_json = self.detect(json={"image": {"b64": base64.b64encode(black).decode()}, "parameters": many})
        scores = [round(d["score"], 3) for d in by_query["detections"]]
        self.assertEqual(scores, [0.9, 0.7, 0.6, 0.5, 0.3, 0.2])
        for other in (by_form, by_json):
            self.assertEqual(other["detections"], by_query["detections"])
        one = self.detect(query="?max_detections=1", data=black, headers={"Content-Type": "image/png"})
        self.assertEqual(len(one["detections"]), 1)

    def test_an_annotated_photo(self):
        answer = requests.post(f"{self.server.url}/v2/models/yolo-v8-layout/detect",
                               data=picture("black", (320, 200), "JPEG"), headers=JPEG | {"Accept": "image/jpeg"})
        self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
        drawn = Image.open(io.BytesIO(answer.content)).convert("RGB")
        self.assertEqual(drawn.size, (320, 200))
        self.assertGreater(max(max(p) for p in drawn.getdata()), 100, "nothing was drawn on the black picture")

    def test_classes(self):
        answer = requests.post(f"{self.server.url}/v2/models/classify/classify", data=picture((0, 255, 0)),
                               headers={"Content-Type": "image/png"}).json()
        self.assertEqual(answer["classes"][0]["label"], "green")
        self.assertAlmostEqual(answer["classes"][0]["score"], 0.99263, 3)


class DemoModelTest(unittest.TestCase):
    def test_the_demo_detector_finds_what_its_pictures_show(self):
        folder = REPOSITORY / "models" / "shapes"
        expected = json.loads((folder / "expected.json").read_text())
        with ApusServer() as server:
            for path in sorted(folder.glob("example-*.png")):
                with self.subTest(picture=path.name):
                    answer = requests.post(f"{server.url}/v2/models/shapes/detect", data=path.read_bytes(),
                                           headers={"Content-Type": "image/png"}).json()
                    self.assertEqual(self.labels(answer["detections"]), self.labels(self.find(expected, path.name)))

    def labels(self, detections):
        return sorted(d.get("label") or d.get("name") for d in detections)

    def find(self, value, name):
        """The detections of a picture, wherever the file keeps them."""
        if isinstance(value, dict):
            if name in value:
                found = value[name]
                return found.get("detections", found) if isinstance(found, dict) else found
            for each in value.values():
                if (found := self.find(each, name)) is not None:
                    return found
        return None


class YoloTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = shared_data()
        cls.expected = json.loads((cls.data / "yolo/expected.json").read_text())
        cls.server = ApusServer(cls.data / "yolo/yolo11n.onnx")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def detect(self, photo, query=""):
        answer = requests.post(f"{self.server.url}/v2/models/yolo11n/detect{query}", data=photo, headers=JPEG)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_the_bus(self):
        found = self.detect((self.data / "images/bus.jpg").read_bytes())
        wanted = self.expected["models"]["yolo11n.onnx"]["detections"]["bus.jpg"]
        self.assertEqual([d["label"] for d in found["detections"]], [d["name"] for d in wanted])
        for got, expected in zip(found["detections"], wanted):
            self.assertAlmostEqual(got["score"], expected["score"], delta=0.01)
            for a, b in zip(corners(got), expected["box_xyxy"]):
                self.assertAlmostEqual(a, b, delta=2)

    def test_mean_average_precision_on_106_photos(self):
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
        folder = self.data / "coco-val106"
        categories = json.loads((self.data / "yolo/class-index-to-coco-category-id.json").read_text())
        categories = dict(enumerate(categories)) if isinstance(categories, list) else \
            {int(k): v for k, v in categories.items()}
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(str(folder / "instances.json"))
        query = "?confidence=0.001&iou=0.7&multi_label=true&max_detections=300"
        def ask(image):
            found = self.detect((folder / "images" / image["file_name"]).read_bytes(), query)
            return [{"image_id": image["id"], "category_id": categories[d["class_id"]], "score": d["score"],
                     "bbox": [d["box"]["x1"], d["box"]["y1"], d["box"]["x2"] - d["box"]["x1"],
                              d["box"]["y2"] - d["box"]["y1"]]} for d in found["detections"]]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = [each for found in pool.map(ask, truth.dataset["images"]) for each in found]
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        wanted = self.expected["models"]["yolo11n.onnx"]["coco_val106"]["mAP50_95"]
        self.assertAlmostEqual(evaluation.stats[0], wanted, delta=0.005)
        print(f"mAP50-95 {evaluation.stats[0]:.4f}, expected {wanted}")


if __name__ == "__main__":
    unittest.main()
