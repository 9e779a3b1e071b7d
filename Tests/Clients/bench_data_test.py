"""`apus bench` with data of its own: every dialect, accuracy against an outside truth, compliance runs."""

import csv
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from support.apus_server import ApusServer, REPOSITORY, binary, shared_data
from support.bench import bench, measured

IRIS = REPOSITORY / "models/iris/iris.onnx"
SHAPES = REPOSITORY / "models/shapes"
COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


def probabilities(rows):
    session = onnxruntime.InferenceSession(str(IRIS), providers=["CPUExecutionProvider"])
    return session.run(["label", "probabilities"], {"features": rows.astype(numpy.float32)})


def area(scores, positive):
    """The share of pairs that are in the right order, ties half: the definition, pair by pair."""
    true, false = scores[positive], scores[~positive]
    above = (true[:, None] > false[None, :]).sum() + 0.5 * (true[:, None] == false[None, :]).sum()
    return above / (len(true) * len(false))


class Iris:
    """Flowers that the model gets right but for every seventh, in the forms that files have."""

    count = 90

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        generator = numpy.random.default_rng(7)
        self.rows = numpy.round(generator.uniform([4, 2, 1, 0.1], [8, 4.5, 7, 2.5], (self.count, 4)), 2)
        label, self.scores = probabilities(self.rows)
        self.labels = numpy.where(numpy.arange(self.count) % 7 == 0, (label + 1) % 3, label)
        self.accuracy = float((label == self.labels).mean())
        likelihoods = self.scores[numpy.arange(self.count), self.labels].astype(float)
        self.log_loss = float(-numpy.log(numpy.clip(likelihoods, 2.3e-16, 1)).mean())
        self.auc = float(numpy.mean([area(self.scores[:, k], self.labels == k) for k in range(3)]))
        self.csv = self.folder / "iris.csv"
        with open(self.csv, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["species", *COLUMNS])
            writer.writerows([int(label), *row] for label, row in zip(self.labels, self.rows))
        self.lines = self.folder / "iris.jsonl"
        with open(self.lines, "w") as file:
            for label, row in zip(self.labels, self.rows):
                file.write(json.dumps(dict(zip(COLUMNS, map(float, row)), species=int(label))) + "\n")
        self.arrays = self.folder / "iris.npz"
        numpy.savez(self.arrays, features=self.rows, species=self.labels)
        numpy.save(self.folder / "x.npy", self.rows)
        numpy.save(self.folder / "y.npy", self.labels)


class IrisTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.iris = Iris(cls.folder.name)
        cls.server = ApusServer(IRIS, grpc=True).__enter__()
        cls.grpc = f"grpc://{cls.server.grpc_url}/iris"

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def check(self, document, has_scores=True):
        accuracy = document["accuracy"]
        self.assertIsNotNone(accuracy, document["problems"])
        self.assertEqual(accuracy["metric"], "accuracy")
        self.assertAlmostEqual(accuracy["value"], self.iris.accuracy, places=9)
        self.assertEqual(accuracy["samples"], self.iris.count)
        self.assertEqual(accuracy["unanswered"], 0)
        if has_scores:
            self.assertAlmostEqual(accuracy["auc"], self.iris.auc, places=6)
            self.assertAlmostEqual(accuracy["log_loss"], self.iris.log_loss, places=4)

    def test_every_kind_of_file_in_this_process(self):
        for data in ([self.iris.csv, "--label", "species"], [self.iris.lines, "--label", "species"],
                     [self.iris.arrays, "--label", "species"],
                     [self.iris.folder / "x.npy", "--truth", self.iris.folder / "y.npy"]):
            result, document = measured(
                IRIS, "--scenario", "single-stream", "--requests", 100, "--data", *data)
            self.assertEqual(result.returncode, 0, f"{data}: {result.stderr}")
            self.check(document)
            self.assertEqual(document["errors"]["rate"], 0)

    def test_every_dialect_asks_and_is_understood(self):
        for path, options in (
                ("/v2/models/iris", []), ("/v2/models/iris", ["--encoding", "json"]),
                ("/v1/models/iris:predict", []), ("/v1/models/iris:predict", ["--encoding", "inputs"]),
                ("/invocations", []), ("/invocations", ["--encoding", "csv"]),
                ("/invocations", ["--encoding", "instances"]),
                ("/invocations", ["--encoding", "dataframe_records"]),
                ("/models/iris/invoke", []), ("/predictions/iris", [])):
            with self.subTest(path=path, options=options):
                result, document = measured(
                    self.server.url + path, "--scenario", "closed-loop", "--concurrency", 2,
                    "--requests", 60, "--data", self.iris.csv, "--label", "species", *options)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(document["errors"]["rate"], 0, document["problems"])
                self.check(document)

    def test_every_kind_of_file_over_grpc(self):
        request = self.iris.folder / "request.json"
        request.write_text(json.dumps({"inputs": [
            {"name": "features", "datatype": "FP32", "shape": [1, 4], "data": [5.1, 3.5, 1.4, 0.2]}]}))
        for data in ([self.iris.csv, "--label", "species"], [self.iris.lines, "--label", "species"],
                     [self.iris.arrays, "--label", "species"],
                     [self.iris.folder / "x.npy", "--truth", self.iris.folder / "y.npy"]):
            with self.subTest(data=data):
                result, document = measured(
                    self.grpc, "--scenario", "closed-loop", "--concurrency", 2, "--requests", 60,
                    "--data", *data)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(document["errors"]["rate"], 0, document["problems"])
                self.check(document)
        _, document = measured(self.grpc, "--scenario", "single-stream", "--requests", 70, "--data", request)
        self.assertEqual(document["errors"]["rate"], 0)
        self.assertIsNone(document["accuracy"])

    def test_the_signature_of_v1_is_found_and_made_up_for(self):
        result, document = measured(
            f"{self.server.url}/v1/models/iris:predict", "--scenario", "single-stream", "--requests", 70)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(document["errors"]["rate"], 0)
        self.assertIsNone(document["accuracy"])

    def test_what_the_run_did_not_ask_is_asked_after_it(self):
        result, document = measured(
            f"{self.server.url}/v2/models/iris", "--scenario", "single-stream", "--requests", 5,
            "--data", self.iris.csv, "--label", "species")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.check(document)
        self.assertGreaterEqual(document["accuracy"]["asked_after"], self.iris.count - 5)

    def test_the_text_says_it(self):
        result = bench(
            IRIS, "--scenario", "single-stream", "--requests", 70, "--data", self.iris.csv, "--label",
            "species")
        self.assertIn(f"accuracy {self.iris.accuracy:.4f}", result.stdout)
        self.assertIn("over 90 samples", result.stdout)
        without = bench(IRIS, "--scenario", "single-stream", "--requests", 70)
        self.assertRegex(without.stdout, r"accuracy +not measured")

    def test_thresholds(self):
        for threshold, code in (("accuracy<0.99", 1), ("accuracy<0.5", 0), ("log_loss>0.0001", 1),
                                ("map<0.5", 1), ("map_small<0.5", 1)):
            result = bench(
                IRIS, "--scenario", "single-stream", "--requests", 70, "--data", self.iris.csv,
                "--label", "species", "--fail-if", threshold)
            self.assertEqual(result.returncode, code, f"{threshold}: {result.stderr}")
        self.assertIn("map_small was not measured", result.stderr)

    def test_standard_input(self):
        for file, options in ((self.iris.csv, []), (self.iris.lines, []), (self.iris.arrays, [])):
            with self.subTest(file=file), file.open("rb") as content:
                result, document = measured(
                    f"{self.server.url}/v2/models/iris", "--scenario", "single-stream", "--requests", 70,
                    "--data", "-", "--label", "species", *options, stdin=content)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.check(document)
        photo = SHAPES / "example-1.png"
        with photo.open("rb") as content:
            _, document = measured("shapes", "--scenario", "single-stream", "--requests", 3, "--data", "-",
                                   stdin=content)
        self.assertEqual(document["errors"]["rate"], 0, document["problems"])
        with open("/dev/null") as nothing:
            result = bench(IRIS, "--data", "-", stdin=nothing)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard input is empty", result.stderr)

    def test_arrays_that_numpy_has_compressed(self):
        packed = self.iris.folder / "packed.npz"
        numpy.savez_compressed(packed, features=self.iris.rows, species=self.iris.labels)
        result, document = measured(
            IRIS, "--scenario", "single-stream", "--requests", 70, "--data", packed, "--label", "species")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.check(document)
        content = bytearray(packed.read_bytes())
        content[60:64] = b"\xff\xff\xff\xff"
        packed.write_bytes(content)
        result = bench(IRIS, "--data", packed, "--label", "species")
        self.assertEqual(result.returncode, 1)
        self.assertIn("packed.npz", result.stderr)

    def test_bad_data_gets_a_sentence(self):
        empty = self.iris.folder / "empty.csv"
        empty.write_text("")
        (self.iris.folder / "nothing").mkdir(exist_ok=True)
        words = self.iris.folder / "words.csv"
        words.write_text("species," + ",".join(COLUMNS) + "\nrose,1,2,3,4\n")
        numpy.save(self.iris.folder / "fortran.npy", numpy.asfortranarray(self.iris.rows))
        for data, said, code in (
                ([empty], "empty", 1),
                ([self.iris.folder / "nothing"], "holds no photos", 1),
                ([self.iris.folder / "missing.csv"], "No such file", 1),
                ([self.iris.csv, "--label", "genus"], "no column `genus`", 1),
                ([words, "--label", "species"], "`rose` is none of the model's classes", 1),
                ([self.iris.folder / "fortran.npy"], "C order", 1),
                ([self.iris.csv, "--truth", self.iris.folder / "missing.npy"], "No such file", 1)):
            result = bench(IRIS, "--scenario", "single-stream", "--requests", 70, "--data", *data)
            self.assertEqual(result.returncode, code, f"{data}: {result.stdout}{result.stderr}")
            self.assertIn(said, result.stderr + result.stdout, str(data))
        result = bench(IRIS, "--label", "species")
        self.assertEqual(result.returncode, 2)
        self.assertIn("need --data", result.stderr)

    def test_an_answer_of_another_protocol_is_told(self):
        with Odd(lambda number, body: b"<html>hello</html>") as server:
            result = bench(
                f"{server.url}/v1/models/iris:predict", "--scenario", "single-stream", "--requests", 5,
                "--data", self.iris.csv, "--label", "species")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no answer of V1", result.stderr)

    def test_compliance_of_a_server_that_computes(self):
        for target in (IRIS, f"{self.server.url}/v2/models/iris", self.grpc):
            result, document = measured(
                target, "--scenario", "single-stream", "--duration", "3s", "--compliance")
            compliance = document["compliance"]
            mode = compliance["accuracy_in_performance_mode"]
            self.assertGreaterEqual(mode["compared"], 60)
            self.assertEqual(mode["differing"], 0, mode)
            self.assertGreaterEqual(compliance["repeat_sample"]["pairs"], 60)
            # The speeds themselves are the machine's, which has other work to do now and then.
            passed = mode["passed"] and compliance["repeat_sample"]["passed"]
            self.assertEqual(compliance["passed"], passed)
            self.assertEqual(result.returncode, 0 if passed else 1)


class Odd:
    """A server of its own mind: `answer(number, body)` gives bytes."""

    def __init__(self, answer):
        lock, count = threading.Lock(), [0]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave together, so that the kernel does not hold the second back.
            wbufsize = 1 << 16

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.reply(200, json.dumps({"inputs": [
                    {"name": "x", "datatype": "FP32", "shape": [-1, 4]}]}).encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    number, count[0] = count[0], count[0] + 1
                self.reply(200, answer(number, body))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def answer(value):
    return json.dumps({"outputs": [
        {"name": "y", "datatype": "FP32", "shape": [1, 1], "data": [value]}]}).encode()


class ComplianceTest(unittest.TestCase):
    def compliance(self, respond):
        with Odd(respond) as server:
            result, document = measured(
                f"{server.url}/v2/models/m", "--scenario", "single-stream", "--duration", "2s",
                "--compliance", "--encoding", "json")
        self.assertEqual(result.returncode, 0 if document["compliance"]["passed"] else 1)
        return document["compliance"]

    def test_a_server_that_remembers_is_found_out(self):
        known = {}

        def respond(number, body):
            if body not in known:
                time.sleep(0.01)
                known[body] = answer(sum(json.loads(body)["inputs"][0]["data"]))
            return known[body]

        compliance = self.compliance(respond)
        self.assertFalse(compliance["passed"])
        self.assertFalse(compliance["repeat_sample"]["passed"])
        self.assertGreater(compliance["repeat_sample"]["speed_ratio"], 1.5)
        self.assertEqual(compliance["accuracy_in_performance_mode"]["differing"], 0)

    def test_a_server_that_answers_otherwise_under_load_is_found_out(self):
        compliance = self.compliance(lambda number, body: answer(number / 8))
        mode = compliance["accuracy_in_performance_mode"]
        self.assertFalse(mode["passed"])
        self.assertGreater(mode["differing"], 0)
        self.assertIn("numbers differ", mode["problem"])


class CocoTest(unittest.TestCase):
    """Mean average precision, against pycocotools with the same detections."""

    QUERY = "confidence=0.001&iou=0.7&multi_label=true&max_detections=300"

    @classmethod
    def setUpClass(cls):
        cls.data = shared_data()
        cls.coco = cls.data / "coco-val106"
        cls.server = ApusServer(cls.data / "yolo/yolo11n.onnx", grpc=True).__enter__()
        cls.found = cls.detections()
        cls.expected = cls.oracle(cls.coco)
        cls.folder = tempfile.TemporaryDirectory()
        cls.some = cls.part(pathlib.Path(cls.folder.name))
        cls.expected_of_some = cls.oracle(cls.some)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    @classmethod
    def part(cls, folder):
        """Every fifth photo, and what is drawn in it."""
        document = json.loads((cls.coco / "instances.json").read_text())
        document["images"] = document["images"][::5]
        kept = {each["id"] for each in document["images"]}
        document["annotations"] = [each for each in document["annotations"] if each["image_id"] in kept]
        (folder / "instances.json").write_text(json.dumps(document))
        (folder / "images").symlink_to(cls.coco / "images")
        return folder

    @classmethod
    def detections(cls):
        """What the server finds in each photo, in the form of pycocotools."""
        document = json.loads((cls.coco / "instances.json").read_text())
        categories = {each["name"]: each["id"] for each in document["categories"]}
        found = []
        for photo in document["images"]:
            body = (cls.coco / "images" / photo["file_name"]).read_bytes()
            request = urllib.request.Request(
                f"{cls.server.url}/v2/models/yolo11n/detect?{cls.QUERY}", body,
                {"Content-Type": "image/jpeg"})
            with urllib.request.urlopen(request) as response:
                for each in json.load(response)["detections"]:
                    box = each["box"]
                    found.append({
                        "image_id": photo["id"], "category_id": categories[each["label"]],
                        "score": each["score"],
                        "bbox": [box["x1"], box["y1"], box["x2"] - box["x1"], box["y2"] - box["y1"]]})
        return found

    @classmethod
    def oracle(cls, folder):
        truth = COCO(str(folder / "instances.json"))
        found = [each for each in cls.found if each["image_id"] in truth.imgs]
        score = COCOeval(truth, truth.loadRes(found), "bbox")
        score.evaluate()
        score.accumulate()
        score.summarize()
        names = ["map", "map50", "map75", "map_small", "map_medium", "map_large"]
        return dict(zip(names, map(float, score.stats[:6])))

    def check(self, result, document, expected, count):
        self.assertEqual(result.returncode, 0, result.stderr)
        accuracy = document["accuracy"]
        self.assertEqual(accuracy["metric"], "map")
        self.assertEqual(accuracy["samples"], count)
        for name, value in expected.items():
            self.assertLess(abs(accuracy[name] - value), 1e-4, f"{name}: {accuracy[name]} and {value}")

    def test_over_http_in_the_same_run_as_the_timing(self):
        result, document = measured(
            f"{self.server.url}/v2/models/yolo11n/detect", "--scenario", "single-stream", "--requests", 70,
            "--data", self.coco / "instances.json")
        self.check(result, document, self.expected, 106)
        self.assertLess(document["accuracy"]["asked_after"], 106)
        self.assertIn("multi_label=true", document["accuracy"]["notes"][0])

    def test_over_grpc_it_is_that_of_http(self):
        result, document = measured(
            f"grpc://{self.server.grpc_url}/yolo11n", "--scenario", "single-stream", "--requests", 15,
            "--data", self.some / "instances.json")
        self.check(result, document, self.expected_of_some, 22)
        self.assertIn("multi_label=true", document["accuracy"]["notes"][0])
        self.assertEqual(document["environment"]["photos"], "made tensors before the clock starts")

    def test_of_a_folder_in_this_process(self):
        result, document = measured(
            self.data / "yolo/yolo11n.onnx", "--scenario", "single-stream", "--requests", 15,
            "--data", self.some)
        self.check(result, document, self.expected_of_some, 22)

    def test_a_query_of_its_own_is_kept(self):
        result, document = measured(
            f"{self.server.url}/v2/models/yolo11n/detect?confidence=0.5", "--scenario", "single-stream",
            "--requests", 15, "--data", self.some)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("notes", document["accuracy"])
        self.assertLess(document["accuracy"]["map"], self.expected_of_some["map"])


class ClassesTest(unittest.TestCase):
    """Photos of the demo detector as classes do not fit; labels that name nothing are told."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.photos = pathlib.Path(cls.folder.name)
        for name in ("1", "2", "3"):
            photo = SHAPES / f"example-{name}.png"
            (cls.photos / photo.name).write_bytes(photo.read_bytes())
        cls.truth = cls.photos.parent / f"{cls.photos.name}-labels.csv"
        cls.truth.write_text("file,label\nexample-1.png,circle\nexample-2.png,star\n")

    @classmethod
    def tearDownClass(cls):
        cls.truth.unlink()
        cls.folder.cleanup()

    def test_a_photo_without_a_label(self):
        result = bench("shapes", "--data", self.photos, "--truth", self.truth, "--requests", 3)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no label for example-3.png", result.stderr)

    def test_photos_without_any_labels_are_measured_and_not_judged(self):
        result, document = measured(
            "shapes", "--data", self.photos, "--scenario", "single-stream", "--requests", 3)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIsNone(document["accuracy"])


class TopTest(unittest.TestCase):
    """Top-1 and top-5 of a real classifier, by folders and by a table."""

    def test_by_folders_and_by_a_table(self):
        data = shared_data()
        model = data / "onnx-classifiers/mobilenetv2-12-qdq.onnx"
        if not model.is_file():
            self.skipTest("shared data has no classifier of photos")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            names = folder / "names.txt"
            names.write_text("".join(
                line.split(" ", 1)[1]
                for line in (data / "onnx-classifiers/imagenet-synset_words.txt").open()))
            said = json.loads(subprocess.run(
                [str(binary()), "run", str(model), str(data / "images/cat.jpg"), "--json", "--labels",
                 str(names)], capture_output=True, text=True, timeout=120, check=True).stdout)
            likely = said["classes"][0]
            photos = folder / "photos"
            photos.mkdir()
            for name in ("cat.jpg", "torch.jpg"):
                (photos / name).write_bytes((data / "images" / name).read_bytes())
            table = folder / "labels.csv"
            table.write_text(f"cat.jpg,{likely['class_id']}\ntorch.jpg,{likely['class_id']}\n")
            result, document = measured(
                model, "--scenario", "single-stream", "--requests", 70, "--data", photos, "--truth",
                table, "--labels", names)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(document["accuracy"]["top1"], 0.5)
            self.assertGreaterEqual(document["accuracy"]["top5"], 0.5)
            with ApusServer(model, grpc=True) as server:
                _, remote = measured(
                    f"grpc://{server.grpc_url}/{model.stem}", "--scenario", "single-stream", "--requests", 70,
                    "--data", photos, "--truth", table, "--labels", names)
            for name in ("top1", "top5"):
                self.assertEqual(remote["accuracy"][name], document["accuracy"][name])


if __name__ == "__main__":
    unittest.main()
