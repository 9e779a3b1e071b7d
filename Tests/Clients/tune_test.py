"""`apus tune` from outside: what it prints, what it writes, that a server takes that, and how it refuses."""

import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request
import xml.dom.minidom

from support.apus_server import ApusServer, REPOSITORY, binary

QUICK = ["--duration", "300ms", "--precision", "f32", "--runtime", "onnxruntime", "--seed", "3"]


def tune(*arguments, folder=REPOSITORY):
    return subprocess.run(
        [str(binary()), "tune", *map(str, arguments)], capture_output=True, text=True, timeout=240,
        cwd=folder, env=os.environ | {"APUS_NATIVE": str(REPOSITORY / ".native")})


class TuneTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tune-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def served_configuration(self, path, name):
        with ApusServer(path) as server:
            with urllib.request.urlopen(f"{server.url}/v2/models/{name}/config") as answer:
                return json.load(answer)

    def test_the_winner_is_written_and_served(self):
        result = tune(
            "iris", *QUICK, "--max-batch-size", "4,8", "--batch-delay", "1ms", "--target", "p99<10s",
            "--json", "tuned.json", "--report", "tuned.html", folder=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        document = json.loads((self.folder / "tuned.json").read_text())
        self.assertIn("frontier", result.stdout)
        self.assertIn("wrote iris/model.yaml; serve it with: apus serve iris", result.stdout)
        page = (self.folder / "tuned.html").read_text()
        self.assertTrue(page.startswith("<!doctype html>") and page.count("<svg") >= 4)
        for word in ("Throughput by p99", "Throughput by memory", "What was tried", "frontier", "winner: "):
            self.assertIn(word, page)
        xml.dom.minidom.parseString(page.split("\n", 1)[1])
        fates = {each["fate"] for each in document["tried"]}
        self.assertLessEqual(fates, {"measured", "pruned"})
        self.assertIn(document["winner"], [each["configuration"] for each in document["tried"]])
        for each in document["tried"]:
            self.assertGreater(each["figures"]["memory_bytes"], 100_000)
        served = self.served_configuration(self.folder / "iris", "iris")
        winner = document["winner"]
        self.assertEqual(served["instance_group"][0]["count"], winner["instances"])
        if winner["max_batch_size"] > 1:
            self.assertEqual(served["max_batch_size"], winner["max_batch_size"])
            self.assertEqual(
                served["dynamic_batching"]["max_queue_delay_microseconds"],
                winner["batch_delay_ms"] * 1000)
        if document["winner"] != document["default"]:
            gain = document["gain"]["throughput"]
            self.assertLessEqual(gain["low"], gain["ratio"])
            self.assertGreaterEqual(gain["high"], gain["ratio"])
        # A second time it says that the file is there, before it measures anything.
        again = tune("iris", *QUICK, folder=self.folder)
        self.assertEqual(again.returncode, 2)
        self.assertIn("iris/model.yaml is there already; --force", again.stderr)

    def test_a_directory_keeps_what_else_its_file_says(self):
        model = self.folder / "flowers"
        model.mkdir()
        shutil.copy(REPOSITORY / "models/iris/iris.onnx", model / "model.onnx")
        (model / "model.yaml").write_text("# Ours.\nlabels: [a, b, c]\ninstances: 1\n")
        result = tune(model, *QUICK, "--max-batch-size", "1,4", "--instances", "1", "--force")
        self.assertEqual(result.returncode, 0, result.stderr)
        written = (model / "model.yaml").read_text()
        self.assertTrue(written.startswith("# Ours.\nlabels: [a, b, c]\n"), written)
        self.assertEqual(written.count("instances:"), 1)
        self.assertIn("apus tune: throughput as high as can be", written)
        self.served_configuration(model, "flowers")

    def test_a_file_elsewhere_is_linked(self):
        result = tune(
            REPOSITORY / "models/iris/iris.onnx", *QUICK, "--max-batch-size", "1",
            "--output", self.folder / "here")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((self.folder / "here/1/iris.onnx").exists())
        self.served_configuration(self.folder / "here", "iris")

    def test_a_target_that_nothing_keeps(self):
        result = tune(
            "iris", *QUICK, "--max-batch-size", "1", "--target", "p99<1us", "--output", "new",
            folder=self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no configuration keeps p99<1us; the nearest is", result.stderr)
        self.assertIn("misses the target", result.stdout)
        self.assertFalse((self.folder / "new").exists())

    def test_precisions_that_do_not_load_are_shown_and_others_go_on(self):
        result = tune(
            "iris", "--duration", "300ms", "--precision", "f32,int8", "--max-batch-size", "1",
            "--output", "-", folder=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        line = [line for line in result.stdout.splitlines() if line.strip().startswith("int8, openvino")]
        self.assertIn("not tried: ", line[0])
        self.assertIn("runtime: ", result.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_labels_say_how_often_each_precision_is_right(self):
        rows = self.folder / "rows.csv"
        # The demo model says 0 to the first two, and 2 to the last.
        rows.write_text("a,b,c,d,kind\n5.1,3.5,1.4,0.2,0\n4.9,3.0,1.4,0.2,1\n6.9,3.1,5.4,2.1,2\n")
        result = tune(
            "iris", *QUICK, "--max-batch-size", "1", "--instances", "1", "--runtime-threads", "1",
            "--data", rows, "--label", "kind", "--output", "-", "--json", "it.json", folder=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        document = json.loads((self.folder / "it.json").read_text())
        accuracy = document["variants"][0]["accuracy"]
        self.assertEqual(accuracy["metric"], "accuracy")
        self.assertAlmostEqual(accuracy["value"], 2 / 3)
        self.assertIn("0.6667", result.stdout)
        wrong = tune("iris", *QUICK, "--data", rows, "--label", "species", folder=self.folder)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("no column `species`", wrong.stderr)

    def test_wrong_usage(self):
        for arguments, words in [
            (["--label", "kind"], "need --data"),
            (["--target", "p99>3ms"], "p99<BOUND"),
            (["--target", "p99<30"], "a time in us, ms or s"),
            (["--maximise", "throughput", "--minimise", "p99"], "say one of them"),
            (["--rate", "5", "--maximise", "throughput"], "with --rate"),
            (["--rate", "5", "--concurrency", "2"], "say one of them"),
            (["--precision", "f64"], "f32, auto, bf16, int8"),
            (["--runtime", "tensorflow"], "onnxruntime or openvino"),
            (["--instances", "0"], "integers from 1"),
            (["--tolerance", "much"], "--tolerance"),
            (["--time-budget", "5"], "--time-budget"),
            (["--search", "random"], "halving or grid"),
            (["--batch-delay", "2"], "--batch-delay"),
        ]:
            result = tune("iris", *arguments, folder=self.folder)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(words, result.stderr, arguments)
        missing = tune("nothing.onnx", folder=self.folder)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("nothing.onnx", missing.stderr)

    def test_a_file_that_is_no_model_says_why(self):
        (self.folder / "bad.onnx").write_bytes(b"not a model")
        result = tune("bad.onnx", *QUICK, folder=self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("bad", result.stderr)
        self.assertFalse((self.folder / "bad").exists())

    def test_ctrl_c_prints_what_there_is_and_writes_no_model(self):
        process = subprocess.Popen(
            [str(binary()), "tune", "iris", "--precision", "f32", "--duration", "2s", "--json", "it.json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env=os.environ | {"APUS_NATIVE": str(REPOSITORY / ".native")})
        for line in process.stderr:
            # The third trial is on its way.
            if "instances" in line or " x " in line:
                break
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        output, _ = process.communicate(timeout=20)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(process.returncode, 1)
        self.assertIn("interrupted; this is what was found until then", output)
        self.assertTrue(json.loads((self.folder / "it.json").read_text())["interrupted"])
        self.assertFalse((self.folder / "iris").exists())

    def test_a_terminal_sees_one_line_that_changes(self):
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [str(binary()), "tune", "iris", *QUICK, "--max-batch-size", "1", "--output", "-"],
            stdout=subprocess.DEVNULL, stderr=follower, cwd=self.folder,
            env=os.environ | {"APUS_NATIVE": str(REPOSITORY / ".native")})
        os.close(follower)
        seen = b""
        try:
            while part := os.read(leader, 4096):
                seen += part
        except OSError:
            pass
        os.close(leader)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertIn(b"\r\x1b[K", seen)
        self.assertNotIn(b"\n", seen)


if __name__ == "__main__":
    unittest.main()
