"""Triton's extensions over REST, as its own client and its examples use them."""

import json
import os
import pathlib
import shutil
import tempfile
import time
import unittest
from multiprocessing import shared_memory

import numpy as np
import requests
import tritonclient.http as triton
import tritonclient.utils.shared_memory as shm
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

from support import traces
from support.apus_server import ApusServer, fixture


def eventually(condition, seconds=10):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.05)
    return False


class ServerCase(unittest.TestCase):
    """One server for the tests of a class."""

    models = ["add-sub"]
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer(*map(fixture, cls.models), *cls.arguments)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = triton.InferenceServerClient(f"127.0.0.1:{cls.server.port}")
        cls.addClassCleanup(cls.client.close)

    def url(self, path):
        return self.server.url + path


def inputs(values=None):
    made = []
    for name, value in zip(("INPUT0", "INPUT1"), values or ()):
        tensor = triton.InferInput(name, list(value.shape), "INT32")
        tensor.set_data_from_numpy(value)
        made.append(tensor)
    return made


A = np.arange(16, dtype=np.int32).reshape(1, 16)
B = np.ones((1, 16), np.int32)


class ConfigTest(ServerCase):
    def test_a_bare_file_has_a_whole_configuration(self):
        config = self.client.get_model_config("add-sub")
        self.assertEqual(config["name"], "add-sub")
        self.assertEqual((config["platform"], config["backend"]), ("onnxruntime_onnx", "onnxruntime"))
        self.assertGreater(config["max_batch_size"], 0)
        self.assertEqual(config["input"][0], {
            "name": "INPUT0", "data_type": "TYPE_INT32", "format": "FORMAT_NONE", "dims": [16],
            "is_shape_tensor": False, "allow_ragged_batch": False, "optional": False,
            "is_non_linear_format_io": False})
        self.assertEqual(config["version_policy"], {"latest": {"num_versions": 1}})
        self.assertEqual(config["default_model_filename"], "add-sub.onnx")
        self.assertEqual(config["instance_group"][0]["kind"], "KIND_CPU")
        self.assertEqual((config["parameters"], config["model_warmup"]), ({}, []))
        self.assertEqual(self.client.get_model_config("add-sub", "1"), config)
        with self.assertRaises(InferenceServerException):
            self.client.get_model_config("add-sub", "9")

    def test_every_dialect_has_one(self):
        repository = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, repository)
        for name, file, text in [
            ("triton", "config.pbtxt",
             'max_batch_size: 8 dynamic_batching { preferred_batch_size: [4] max_queue_delay_microseconds: 100 }'),
            ("own", "model.yaml", "max-batch-size: 16\nbatch-delay: 2ms\nresponse-cache: true\n"),
            ("mlserver", "model-settings.json",
             '{"name": "mlserver", "implementation": "mlserver_onnx.OnnxModel", "max_batch_size": 32, '
             '"max_batch_time": 0.5}'),
        ]:
            folder = repository / name / "1"
            folder.mkdir(parents=True)
            shutil.copy(fixture("add-sub"), folder / "model.onnx")
            (folder.parent / file).write_text(text)
        with ApusServer(repository) as server:
            client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
            found = {name: client.get_model_config(name) for name in ("triton", "own", "mlserver")}
            client.close()
        self.assertEqual([found[name]["max_batch_size"] for name in ("triton", "own", "mlserver")], [8, 16, 32])
        self.assertEqual(found["triton"]["dynamic_batching"]["preferred_batch_size"], [4])
        self.assertEqual(found["own"]["dynamic_batching"]["max_queue_delay_microseconds"], 2000)
        self.assertEqual(found["own"]["response_cache"], {"enable": True})
        for config in found.values():
            self.assertEqual([tensor["name"] for tensor in config["output"]], ["OUTPUT0", "OUTPUT1"])


class Region:
    """Shared memory of this test, registered while it is entered."""

    made = 0

    def __init__(self, client, byte_size, name=None):
        Region.made += 1
        self.client, self.byte_size = client, byte_size
        self.name = name or f"region{Region.made}"
        self.key = f"/apus_test_{os.getpid()}_{Region.made}"

    def __enter__(self):
        self.handle = shm.create_shared_memory_region(self.name, self.key, self.byte_size)
        self.client.register_system_shared_memory(self.name, self.key, self.byte_size)
        return self

    def __exit__(self, *_):
        self.client.unregister_system_shared_memory(self.name)
        shm.destroy_shared_memory_region(self.handle)


def shared(name, shape, datatype, region, byte_size, offset=0):
    tensor = triton.InferInput(name, shape, datatype)
    tensor.set_shared_memory(region, byte_size, offset)
    return tensor


def wanted(name, region, byte_size, offset=0, binary=True):
    output = triton.InferRequestedOutput(name, binary_data=binary)
    output.set_shared_memory(region, byte_size, offset)
    return output


class SharedMemoryTest(ServerCase):
    models = ["add-sub", "identity-BYTES", "identity-FP32", "identity-BOOL"]
    arguments = ("--allow-client-shm",)

    def test_inputs_and_outputs_as_in_the_example(self):
        # simple_http_shm_client.py: both inputs in one region, both outputs in another.
        client = self.client
        client.unregister_system_shared_memory()
        client.unregister_cuda_shared_memory()
        self.assertEqual(client.get_cuda_shared_memory_status(), [])
        with Region(client, 128) as source, Region(client, 128) as target:
            shm.set_shared_memory_region(source.handle, [A, B])
            result = client.infer(
                "add-sub",
                [shared("INPUT0", [1, 16], "INT32", source.name, 64),
                 shared("INPUT1", [1, 16], "INT32", source.name, 64, 64)],
                outputs=[wanted("OUTPUT0", target.name, 64), wanted("OUTPUT1", target.name, 64, 64)])
            output = result.get_output("OUTPUT0")
            self.assertEqual(output["shape"], [1, 16])
            self.assertEqual(output["parameters"],
                             {"shared_memory_region": target.name, "shared_memory_byte_size": 64})
            self.assertNotIn("data", output)
            added = shm.get_contents_as_numpy(target.handle, np.int32, [1, 16])
            subtracted = shm.get_contents_as_numpy(target.handle, np.int32, [1, 16], 64)
            self.assertTrue((added == A + B).all() and (subtracted == A - B).all())
            status = client.get_system_shared_memory_status()
            self.assertEqual({entry["name"] for entry in status}, {source.name, target.name})
            one = client.get_system_shared_memory_status(source.name)
            self.assertEqual(one, [{"name": source.name, "key": source.key, "offset": 0, "byte_size": 128}])
        self.assertEqual(client.get_system_shared_memory_status(), [])

    def test_one_side_only(self):
        with Region(self.client, 64) as region:
            result = self.client.infer(
                "add-sub", inputs([A, B]), outputs=[wanted("OUTPUT1", region.name, 64),
                                                    triton.InferRequestedOutput("OUTPUT0")])
            self.assertTrue((result.as_numpy("OUTPUT0") == A + B).all())
            self.assertTrue((shm.get_contents_as_numpy(region.handle, np.int32, [1, 16]) == A - B).all())
            shm.set_shared_memory_region(region.handle, [B])
            for binary in (True, False):
                mixed = [inputs([A])[0], shared("INPUT1", [1, 16], "INT32", region.name, 64)]
                mixed[0].set_data_from_numpy(A, binary_data=binary)
                result = self.client.infer("add-sub", mixed)
                self.assertTrue((result.as_numpy("OUTPUT0") == A + B).all())

    def test_strings_as_in_the_example(self):
        # simple_http_shm_string_client.py
        strings = np.array([["ein", "", "Mauersegler äöü"]], dtype=object)
        serialized = serialize_byte_tensor(strings)
        size = len(serialized.item())
        with Region(self.client, size) as source, Region(self.client, size) as target:
            shm.set_shared_memory_region(source.handle, [serialized])
            self.client.infer(
                "identity-BYTES", [shared("INPUT0", [1, 3], "BYTES", source.name, size)],
                outputs=[wanted("OUTPUT0", target.name, size)])
            found = shm.get_contents_as_numpy(target.handle, np.object_, [1, 3])
            self.assertEqual([text.decode() for text in found.flatten()], list(strings.flatten()))

    def test_megabytes(self):
        values = np.random.default_rng(1).random((1, 3 * 640 * 640), np.float32)
        with Region(self.client, values.nbytes) as source, Region(self.client, values.nbytes) as target:
            shm.set_shared_memory_region(source.handle, [values])
            self.client.infer(
                "identity-FP32", [shared("INPUT0", list(values.shape), "FP32", source.name, values.nbytes)],
                outputs=[wanted("OUTPUT0", target.name, values.nbytes)])
            found = shm.get_contents_as_numpy(target.handle, np.float32, list(values.shape))
            self.assertTrue((found == values).all())

    def refusal(self, action):
        with self.assertRaises(InferenceServerException) as caught:
            action()
        return str(caught.exception)

    def test_what_cannot_be_registered(self):
        register = self.client.register_system_shared_memory
        with Region(self.client, 64) as region:
            cases = [
                (lambda: register(region.name, region.key, 64), "already"),
                (lambda: register("x", region.key, 65), "no more than the 64 bytes"),
                (lambda: register("x", region.key, 64, 1), "no more than the 64 bytes"),
                (lambda: register("x", region.key, 0), "1 or more bytes"),
                (lambda: register("x", region.key, 2**62, 2**62), "1 or more bytes"),
                (lambda: register("x", "/nothing_of_that_name", 1), "No such file"),
                (lambda: register("x", "../etc/passwd", 1), "without a path"),
                (lambda: register("x", "/a/b", 1), "without a path"),
                (lambda: register("x", "..", 1), "without a path"),
                (lambda: register("x", "", 1), "without a path"),
                (lambda: register("x", "/apus-worker", 1), "of this server's own"),
            ]
            for action, expected in cases:
                with self.subTest(expected):
                    self.assertIn(expected, self.refusal(action))
            self.assertEqual(len(self.client.get_system_shared_memory_status()), 1)
        self.refusal(lambda: self.client.get_system_shared_memory_status("nothing"))
        answer = requests.post(self.url("/v2/cudasharedmemory/region/x/register"), json={
            "raw_handle": {"b64": ""}, "device_id": 0, "byte_size": 1})
        self.assertEqual((answer.status_code, "CUDA" in answer.json()["error"]), (501, True))
        for body in ("", "[]", '{"key": 1, "byte_size": 1}', '{"key": "/x"}', '{"key": "/x", "byte_size": -1}'):
            answer = requests.post(self.url("/v2/systemsharedmemory/region/x/register"), data=body)
            self.assertEqual(answer.status_code, 400, body)

    def test_what_cannot_be_asked(self):
        with Region(self.client, 64) as region:
            def infer(tensors, outputs=None):
                return lambda: self.client.infer("add-sub", tensors, outputs=outputs)

            good = shared("INPUT1", [1, 16], "INT32", region.name, 64)
            cases = [
                (infer([shared("INPUT0", [1, 16], "INT32", "nothing", 64), good]), "a registered region"),
                (infer([shared("INPUT0", [1, 16], "INT32", region.name, 32), good]), "64"),
                (infer([shared("INPUT0", [1, 16], "INT32", region.name, 64, 1), good]), "within the 64 bytes"),
                (infer([shared("INPUT0", [1, 16], "INT32", region.name, 64, 2**63), good]), "within the 64 bytes"),
                (infer(inputs([A, B]), [wanted("OUTPUT0", region.name, 63)]), "64 bytes that output"),
                (infer(inputs([A, B]), [wanted("OUTPUT0", region.name, 64, 1)]), "within the 64 bytes"),
                (infer(inputs([A, B]), [wanted("OUTPUT0", "nothing", 64)]), "a registered region"),
            ]
            for action, expected in cases:
                with self.subTest(expected):
                    self.assertIn(expected, self.refusal(action))
            # Values are checked after the copy, as those that come with the request.
            shm.set_shared_memory_region(region.handle, [np.array([7], np.uint8)])
            self.refusal(lambda: self.client.infer(
                "identity-BOOL", [shared("INPUT0", [1, 1], "BOOL", region.name, 1)]))
            self.refusal(lambda: self.client.infer(
                "identity-BYTES", [shared("INPUT0", [1, 1], "BYTES", region.name, 64)]))
            self.client.infer("add-sub", inputs([A, B]))

    def test_an_owner_that_shortens_its_memory_harms_nobody(self):
        with Region(self.client, 1 << 16) as region:
            values = np.zeros((1, 1 << 14), np.float32)
            tensor = shared("INPUT0", list(values.shape), "FP32", region.name, values.nbytes)
            self.client.infer("identity-FP32", [tensor])
            path = pathlib.Path("/dev/shm", region.key[1:])
            os.truncate(path, 100)
            self.assertIn("made smaller", self.refusal(lambda: self.client.infer("identity-FP32", [tensor])))
            own = triton.InferInput("INPUT0", list(values.shape), "FP32")
            own.set_data_from_numpy(values)
            self.assertIn("made smaller", self.refusal(lambda: self.client.infer(
                "identity-FP32", [own], outputs=[wanted("OUTPUT0", region.name, values.nbytes)])))
            self.assertEqual(path.stat().st_size, 100)
        self.assertTrue(self.client.is_server_live())

    def test_memory_that_its_owner_removes_is_let_go(self):
        name = f"apus_gone_{os.getpid()}"
        memory = shared_memory.SharedMemory(name, create=True, size=4096)
        self.client.register_system_shared_memory("gone", name, 4096)
        held = lambda: any(
            os.readlink(link).startswith(f"/dev/shm/{name}")
            for link in pathlib.Path(f"/proc/{self.server.process.pid}/fd").iterdir() if link.is_symlink())
        self.assertTrue(held())
        memory.close()
        memory.unlink()
        self.assertTrue(eventually(lambda: not held()))
        self.assertEqual(self.client.get_system_shared_memory_status(), [])

    def test_the_server_says_what_it_has(self):
        extensions = self.client.get_server_metadata()["extensions"]
        self.assertIn("system_shared_memory", extensions)
        self.assertNotIn("cuda_shared_memory", extensions)


class SharedMemoryOffTest(ServerCase):
    def test_it_is_off_unless_it_is_allowed(self):
        answer = requests.post(self.url("/v2/systemsharedmemory/region/x/register"),
                               json={"key": "/x", "byte_size": 1})
        self.assertEqual(answer.status_code, 501)
        self.assertIn("--allow-client-shm", answer.json()["error"])
        with self.assertRaises(InferenceServerException) as caught:
            self.client.infer("add-sub", [shared("INPUT0", [1, 16], "INT32", "x", 64),
                                          shared("INPUT1", [1, 16], "INT32", "x", 64)])
        self.assertIn("--allow-client-shm", str(caught.exception))
        self.assertNotIn("system_shared_memory", self.client.get_server_metadata()["extensions"])


class TraceTest(unittest.TestCase):
    OFF = {"trace_level": ["OFF"], "trace_rate": "1000", "trace_count": "-1", "log_frequency": "0",
           "trace_mode": "triton"}

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "trace.json"

    def start(self):
        server = ApusServer(fixture("add-sub"), fixture("identity-FP32"), "--trace-file", self.file)
        server.__enter__()
        self.addCleanup(server.stop)
        client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
        self.addCleanup(client.close)
        return client

    def traces(self, name="trace.json"):
        """What each traced request was, and the instants of its phases."""
        found = {}
        for activity in traces.activities(self.folder / name):
            found.setdefault(activity["id"], {}).update(activity)
        return [(trace, {stamp["name"]: stamp["ns"] for stamp in trace["timestamps"]})
                for trace in found.values()]

    def test_settings_of_the_server_and_of_a_model(self):
        client = self.start()
        off = {**self.OFF, "trace_file": str(self.file)}
        self.assertEqual(client.get_trace_settings(), off)
        self.assertEqual(client.get_trace_settings("add-sub"), off)
        changed = client.update_trace_settings(settings={"trace_rate": "5", "trace_level": ["TIMESTAMPS"]})
        self.assertEqual(changed, {**off, "trace_rate": "5", "trace_level": ["TIMESTAMPS"]})
        own = client.update_trace_settings("add-sub", {"trace_rate": 7, "log_frequency": "2"})
        self.assertEqual((own["trace_rate"], own["log_frequency"], own["trace_level"]), ("7", "2", ["TIMESTAMPS"]))
        # The model follows the server in what it does not change itself, and in all once it is cleared.
        client.update_trace_settings(settings={"trace_level": "OFF"})
        self.assertEqual(client.get_trace_settings("add-sub")["trace_level"], ["OFF"])
        client.update_trace_settings("add-sub", {"trace_rate": None, "log_frequency": None})
        self.assertEqual(client.get_trace_settings("add-sub"), client.get_trace_settings())
        client.update_trace_settings(settings={"trace_rate": None, "trace_level": None})
        self.assertEqual(client.get_trace_settings(), off)

    def test_what_is_wrong_changes_nothing(self):
        client = self.start()
        before = client.get_trace_settings()
        for settings, expected in [
            ({"trace_level": ["TIMESTAMPS"], "trace_rate": "0"}, "trace_rate"),
            ({"trace_rate": "x"}, "trace_rate"), ({"trace_count": "-2"}, "trace_count"),
            ({"trace_level": ["LOUD"]}, "trace_level"), ({"trace_level": ["TIMESTAMPS", "LOUD"]}, "trace_level"),
            ({"trace_file": "/tmp/elsewhere"}, "trace_file"), ({"trace_speed": "1"}, "trace_speed"),
            ({"log_frequency": "-1"}, "log_frequency"), ({"trace_rate": {}}, "trace_rate"),
        ]:
            with self.subTest(settings), self.assertRaises(InferenceServerException) as caught:
                client.update_trace_settings(settings=settings)
            self.assertIn(expected, str(caught.exception))
        with self.assertRaises(InferenceServerException):
            client.update_trace_settings("nothing", {"trace_rate": "1"})
        self.assertEqual(client.get_trace_settings(), before)

    def test_every_request_with_its_phases(self):
        client = self.start()
        client.update_trace_settings(settings={"trace_rate": "1", "trace_level": ["TIMESTAMPS"]})
        for number in range(3):
            client.infer("add-sub", inputs([A, B]), request_id="mine")
        self.assertTrue(eventually(lambda: self.file.exists() and len(self.traces()) == 3))
        for what, when in self.traces():
            self.assertEqual((what["model_name"], what["model_version"]), ("add-sub", 1))
            order = ["HTTP_RECV_START", "HTTP_RECV_END", "REQUEST_START", "QUEUE_START", "COMPUTE_START",
                     "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END", "REQUEST_END",
                     "HTTP_SEND_START", "HTTP_SEND_END"]
            instants = [when[name] for name in order]
            self.assertEqual(instants, sorted(instants))
        client.update_trace_settings(settings={"trace_level": ["OFF"]})
        client.infer("add-sub", inputs([A, B]))
        self.assertEqual(len(self.traces()), 3)

    def tensors(self):
        """The tensors of the traced requests as their file has them."""
        written = traces.activities(self.file)
        return [(each["id"], each["activity"], each["tensor"]) for each in written if "tensor" in each]

    def test_tensors_of_a_request(self):
        client = self.start()
        levels = ["TIMESTAMPS", "TENSORS"]
        changed = client.update_trace_settings("add-sub", {"trace_rate": "1", "trace_level": levels})
        self.assertEqual(changed["trace_level"], levels)
        client.infer("add-sub", inputs([A, B]))
        self.assertTrue(eventually(lambda: len(self.tensors()) == 4))
        (number, *_), *_ = self.tensors()
        words = lambda array: ",".join(str(value) for value in array.flatten())
        shape = ",".join(map(str, A.shape))
        self.assertEqual(self.tensors(), [
            (number, activity, {"name": name, "data": words(array), "shape": shape, "dtype": "INT32"})
            for activity, name, array in [
                ("TENSOR_QUEUE_INPUT", "INPUT0", A), ("TENSOR_QUEUE_INPUT", "INPUT1", B),
                ("TENSOR_BACKEND_OUTPUT", "OUTPUT0", A + B), ("TENSOR_BACKEND_OUTPUT", "OUTPUT1", A - B)]])
        ((_, stamps),) = self.traces()
        self.assertIn("COMPUTE_START", stamps)
        # Without TIMESTAMPS, and of the one model only.
        client.update_trace_settings("add-sub", {"trace_level": ["TENSORS"]})
        other = triton.InferInput("INPUT0", [1, 1], "FP32")
        other.set_data_from_numpy(np.ones((1, 1), np.float32))
        client.infer("identity-FP32", [other])
        client.infer("add-sub", inputs([A, B]))
        self.assertTrue(eventually(lambda: len(self.tensors()) == 8))
        self.assertEqual(sum("timestamps" in each for each in traces.activities(self.file)), 1)

    def test_of_a_large_tensor_the_first_elements(self):
        client = self.start()
        client.update_trace_settings(settings={"trace_rate": "1", "trace_level": ["TENSORS"]})
        array = np.arange(100_000, dtype=np.float32).reshape(1, -1)
        tensor = triton.InferInput("INPUT0", array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        client.infer("identity-FP32", [tensor])
        self.assertTrue(eventually(lambda: len(self.tensors()) == 2))
        for _, _, written in self.tensors():
            found = np.array(written["data"].split(","), np.float32)
            np.testing.assert_array_equal(found, np.arange(65_536))
            self.assertEqual(written["elements_left_out"], 100_000 - 65_536)

    def test_rate_count_and_files_by_number(self):
        client = self.start()
        settings = {"trace_level": ["TIMESTAMPS"], "trace_rate": "2", "trace_count": "5", "log_frequency": "2"}
        client.update_trace_settings("add-sub", settings)
        other = triton.InferInput("INPUT0", [1, 1], "FP32")
        other.set_data_from_numpy(np.ones((1, 1), np.float32))
        for _ in range(16):
            client.infer("add-sub", inputs([A, B]))
            client.infer("identity-FP32", [other])
        names = ["trace.json.0", "trace.json.1", "trace.json.2"]
        self.assertTrue(eventually(lambda: (self.folder / names[2]).exists()))
        self.assertTrue(eventually(lambda: len(self.traces(names[2])) == 1))
        self.assertEqual([len(self.traces(name)) for name in names], [2, 2, 1])
        models = {what["model_name"] for name in names for what, _ in self.traces(name)}
        self.assertEqual(models, {"add-sub"})
        self.assertEqual(client.get_trace_settings("add-sub")["trace_count"], "0")

    def test_without_a_file_nothing_is_traced(self):
        with ApusServer(fixture("add-sub")) as server:
            answer = requests.post(server.url + "/v2/trace/setting", json={"trace_level": ["TIMESTAMPS"]})
            self.assertEqual(answer.status_code, 501)
            self.assertIn("--trace-file", answer.json()["error"])


class LoggingTest(unittest.TestCase):
    def test_levels_and_format_change_the_running_server(self):
        with ApusServer(fixture("add-sub"), "--model-control-mode", "explicit", "--load-model", "add-sub") as server:
            client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
            self.addCleanup(client.close)
            first = {"log_file": "", "log_info": True, "log_warning": True, "log_error": True,
                     "log_verbose_level": 0, "log_format": "default"}
            self.assertEqual(client.get_log_settings(), first)

            def gone():
                return [line for line in list(server.lines) if "version 1 is gone" in line]

            def reload():
                client.load_model("add-sub")
                client.unload_model("add-sub")

            client.unload_model("add-sub")
            self.assertTrue(eventually(lambda: len(gone()) == 1))
            json.loads(gone()[0])
            self.assertEqual(client.update_log_settings({"log_info": False}), {**first, "log_info": False})
            reload()
            changed = client.update_log_settings({"log_info": True, "log_format": "ISO8601", "log_verbose_level": 1})
            self.assertEqual(changed, {**first, "log_format": "ISO8601", "log_verbose_level": 1})
            reload()
            self.assertTrue(eventually(lambda: len(gone()) > 1))
            # The one while information was off left no line.
            self.assertEqual(len(gone()), 2)
            self.assertRegex(gone()[1], r"^\d{4}-\d\d-\d\dT\S+Z INFO ")
            client.update_log_settings({"log_format": "default", "log_verbose_level": None})
            self.assertEqual(client.get_log_settings(), first)
            for settings, expected in [
                ({"log_file": "/tmp/elsewhere"}, "chosen where the server is started"),
                ({"log_info": "yes"}, "true or false"), ({"log_verbose_level": -1}, "0 or more"),
                ({"log_format": "xml"}, "ISO8601"), ({"log_infos": True}, "log_infos"),
                ({"log_info": False, "log_error": 3}, "log_error"),
            ]:
                with self.subTest(settings), self.assertRaises(InferenceServerException) as caught:
                    client.update_log_settings(settings)
                self.assertIn(expected, str(caught.exception))
            self.assertEqual(client.get_log_settings(), first)


class RestrictedTest(ServerCase):
    arguments = ("--http-restricted-api", "model-config,metadata:X-Key=open sesame",
                 "--http-restricted-api", "inference,trace:other=1", "--http-restricted-api", "health:h=v")

    def test_each_group_takes_its_header(self):
        infer = {"inputs": [{"name": name, "datatype": "INT32", "shape": [1, 16], "data": [1] * 16}
                            for name in ("INPUT0", "INPUT1")]}
        for path, body, headers in [
            ("/v2/models/add-sub/config", None, {"x-key": "open sesame"}),
            ("/v2", None, {"X-KEY": "open sesame"}), ("/v2/models/add-sub", None, {"x-key": "open sesame"}),
            ("/v2/models/add-sub/infer", infer, {"other": "1"}), ("/v2/trace/setting", None, {"other": "1"}),
            ("/v2/health/live", None, {"h": "v"}), ("/readyz", None, {"h": "v"}),
        ]:
            with self.subTest(path):
                ask = lambda headers: requests.request(
                    "POST" if body else "GET", self.url(path), json=body, headers=headers)
                self.assertEqual(ask(headers).status_code, 200)
                name, value = next(iter(headers.items()))
                for wrong in ({}, {name: value + "x"}, {name: value[:-1]}, {"unrelated": value}):
                    answer = ask(wrong)
                    self.assertEqual(answer.status_code, 403)
                    self.assertIn(name.lower(), answer.json()["error"])
                    self.assertNotIn(value + "x", answer.text)

    def test_other_groups_are_open(self):
        for path in ("/v2/models/stats", "/v2/logging", "/metrics"):
            self.assertEqual(requests.get(self.url(path)).status_code, 200, path)
        self.assertEqual(requests.post(self.url("/v2/repository/index")).status_code, 200)

    def test_the_client_of_triton_passes_its_headers(self):
        self.assertEqual(
            self.client.get_model_config("add-sub", headers={"X-Key": "open sesame"})["name"], "add-sub")

    def test_what_makes_no_sense_stops_the_start(self):
        for text, expected in [("nothing:k=v", "there is no group nothing"), ("health", "has no key"),
                               ("health:k", "HEADER=VALUE"), ("health,health:k=v", "restricted twice")]:
            with self.subTest(text), self.assertRaises(RuntimeError) as caught:
                ApusServer(fixture("add-sub"), "--http-restricted-api", text).__enter__()
            self.assertIn(expected, str(caught.exception))

    def test_keys_are_not_printed(self):
        import subprocess

        from support.apus_server import binary
        printed = subprocess.run([binary(), "serve", "--http-restricted-api", "health:k=secret", "--print-config"],
                                 capture_output=True, text=True).stdout
        self.assertIn("http-restricted-api", printed)
        self.assertNotIn("secret", printed)


if __name__ == "__main__":
    unittest.main()
