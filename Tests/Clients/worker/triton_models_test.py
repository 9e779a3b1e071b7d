"""Triton's Python models: the shapes that Triton's own examples and documents have."""

import numpy as np

from support.worker_models import Context, ModelsTest, api, ports, texts
from apus_worker.models import protobuf_text
from apus_worker.models.ports import WrongAnswer

ADD_SUB = """
import json
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        self.model_config = model_config = json.loads(args["model_config"])
        self.args = args
        out0 = pb_utils.get_output_config_by_name(model_config, "OUTPUT0")
        out1 = pb_utils.get_output_config_by_name(model_config, "OUTPUT1")
        self.type0 = pb_utils.triton_string_to_numpy(out0["data_type"])
        self.type1 = pb_utils.triton_string_to_numpy(out1["data_type"])

    def execute(self, requests):
        responses = []
        for request in requests:
            a = pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy()
            b = pb_utils.get_input_tensor_by_name(request, "INPUT1").as_numpy()
            responses.append(pb_utils.InferenceResponse(output_tensors=[
                pb_utils.Tensor("OUTPUT0", (a + b).astype(self.type0)),
                pb_utils.Tensor("OUTPUT1", (a - b).astype(self.type1))]))
        return responses

    def finalize(self):
        open(self.args["model_repository"] + "/finalized", "w").close()
"""
ADD_SUB_CONFIG = """
name: "add_sub"
backend: "python"
input [
  { name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] },
  { name: "INPUT1" data_type: TYPE_FP32 dims: [ 4 ] }
]
output { name: "OUTPUT0" data_type: TYPE_FP32 dims: 4 }
output { name: "OUTPUT1" data_type: TYPE_FP32 dims: 4 }
instance_group [{ kind: KIND_CPU }]
parameters: { key: "factor" value: { string_value: "two" } }
"""


class TritonTest(ModelsTest):
    def triton(self, source, config="", **settings):
        if config:
            self.write("m/config.pbtxt", config)
        return self.open(self.write("m/1/model.py", source).parent, **settings)

    def test_add_sub(self):
        served = self.triton(ADD_SUB, ADD_SUB_CONFIG, version="1", instance=0)
        self.assertFalse(served.has_row_axis)
        self.assertEqual(ports(served.inputs), [("INPUT0", "FP32", [4]), ("INPUT1", "FP32", [4])])
        a, b = np.arange(4, dtype=np.float32), np.ones(4, np.float32)
        answer = self.ask(served, INPUT0=a, INPUT1=b)
        self.assertEqual(answer["OUTPUT0"].tolist(), [1, 2, 3, 4])
        self.assertEqual(answer["OUTPUT1"].tolist(), [-1, 0, 1, 2])
        self.assertEqual(served.metadata["factor"], "two")
        args = served.model.args
        self.assertEqual((args["model_name"], args["model_version"], args["model_instance_kind"]), ("add_sub", "1", "CPU"))
        served.close()
        self.assertTrue((self.folder / "m/finalized").exists())

    def test_batches(self):
        served = self.triton(ADD_SUB, ADD_SUB_CONFIG + "max_batch_size: 8\n")
        self.assertTrue(served.has_row_axis)
        self.assertEqual(served.inputs[0]["shape"], [-1, 4])
        answer = self.ask(served, INPUT0=np.ones((3, 4), np.float32), INPUT1=np.ones((3, 4), np.float32))
        self.assertEqual(answer["OUTPUT0"].shape, (3, 4))

    def test_the_configuration_may_complete_itself(self):
        served = self.triton("""
import numpy as np
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(auto_complete_model_config):
        config = auto_complete_model_config
        names = [each["name"] for each in config.as_dict()["input"]]
        if "TEXT" not in names:
            config.add_input({"name": "TEXT", "data_type": "TYPE_STRING", "dims": [1]})
        config.add_output({"name": "LENGTH", "data_type": "TYPE_INT32", "dims": [1]})
        config.set_max_batch_size(4)
        config.set_dynamic_batching()
        return config
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("LENGTH", np.array(
            [[len(row[0].decode())] for row in pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()], np.int32))])
            for request in requests]
""")
        self.assertEqual(ports(served.inputs + served.outputs), [("TEXT", "BYTES", [-1, 1]), ("LENGTH", "INT32", [-1, 1])])
        self.assertEqual(self.ask(served, TEXT=texts("ab", "äöü").reshape(2, 1))["LENGTH"].tolist(), [[2], [3]])

    def test_decoupled(self):
        served = self.triton("""
import threading
import numpy as np
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    def initialize(self, args):
        import json
        assert pb_utils.using_decoupled_model_transaction_policy(json.loads(args["model_config"]))
    def execute(self, requests):
        for request in requests:
            threading.Thread(target=self.answer, args=(request.get_response_sender(), request)).start()
        return None
    def answer(self, sender, request):
        count = int(pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()[0])
        for number in range(count):
            sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.array([number], np.int32))]))
        if count == 9:
            sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError("nine is too many")))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
""", """
input { name: "IN" data_type: TYPE_INT32 dims: 1 }
output { name: "OUT" data_type: TYPE_INT32 dims: 1 }
model_transaction_policy { decoupled: true }
""")
        self.assertTrue(served.decoupled)
        parts = self.ask(served, IN=np.array([3], np.int32))
        self.assertEqual([part["OUT"].tolist() for part in parts], [[0], [1], [2]])
        self.assertEqual(self.ask(served, IN=np.array([0], np.int32)), [])
        self.refuses("nine is too many", self.ask, served, IN=np.array([9], np.int32), kind=RuntimeError)

    def test_asking_other_models(self):
        source = """
import numpy as np
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    %s def execute(self, requests):
        answers = []
        for request in requests:
            inner = pb_utils.InferenceRequest(model_name="doubler", requested_output_names=["y"],
                inputs=[pb_utils.Tensor("x", pb_utils.get_input_tensor_by_name(request, "IN").as_numpy())])
            response = %s
            if response.has_error():
                raise pb_utils.TritonModelException(response.error().message())
            y = pb_utils.get_output_tensor_by_name(response, "y")
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", y.as_numpy())]))
        return answers
"""
        config = 'input { name: "IN" data_type: TYPE_FP32 dims: -1 }\noutput { name: "OUT" data_type: TYPE_FP32 dims: -1 }'

        def fails(inputs):
            raise RuntimeError("no such model")

        for prefix, ask in [("", "inner.exec()"), ("async", "await inner.async_exec()")]:
            with self.subTest(ask):
                served = self.triton(source % (prefix, ask), config)
                context = Context({"doubler": lambda inputs: {"y": inputs["x"] * 2}})
                self.assertEqual(self.ask(served, context, IN=np.ones(2, np.float32))["OUT"].tolist(), [2, 2])
                self.refuses("no such model", self.ask, served, Context({"doubler": fails}), IN=np.ones(2, np.float32),
                             kind=Exception)

    def test_errors_of_a_response(self):
        served = self.triton("""
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    def execute(self, requests):
        code = pb_utils.get_input_tensor_by_name(requests[0], "IN").as_numpy()[0]
        if code == 0:
            return []
        if code == 1:
            return [pb_utils.InferenceResponse(error=pb_utils.TritonError("bad", pb_utils.TritonError.INVALID_ARG))]
        return [pb_utils.InferenceResponse([])]
""", 'input { name: "IN" data_type: TYPE_INT32 dims: 1 }\noutput { name: "OUT" data_type: TYPE_INT32 dims: 1 }')
        self.refuses("execute was given 1 request and returned 0 responses", self.ask, served, IN=np.array([0], np.int32),
                     kind=WrongAnswer)
        self.refuses("bad", self.ask, served, IN=np.array([1], np.int32), kind=api.Refused)
        self.refuses("expected the outputs OUT, got none", self.ask, served, IN=np.array([2], np.int32), kind=WrongAnswer)

    def test_metrics_and_log(self):
        served = self.triton("""
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    def initialize(self, args):
        family = pb_utils.MetricFamily(name="seen", description="", kind=pb_utils.MetricFamily.COUNTER)
        self.metric = family.Metric(labels={"a": "b"})
    def execute(self, requests):
        self.metric.increment(2)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", r.inputs()[0].as_numpy())]) for r in requests]
""", 'input { name: "IN" data_type: TYPE_INT32 dims: 1 }\noutput { name: "OUT" data_type: TYPE_INT32 dims: 1 }')
        context = Context()
        self.ask(served, context, IN=np.array([1], np.int32))
        self.assertEqual(context.metrics, [("seen", 2, "counter")])

    def test_what_cannot_be_served(self):
        self.refuses("neither config.pbtxt nor auto_complete_config", self.triton,
                     "class TritonPythonModel:\n    def execute(self, requests): pass\n")
        self.refuses("config.pbtxt: ", self.triton, ADD_SUB, "input { name: ")
        self.refuses("has the data_type TYPE_FP31", self.triton, ADD_SUB, ADD_SUB_CONFIG.replace("TYPE_FP32", "TYPE_FP31"))


class ConfigurationTextTest(ModelsTest):
    def test_forms(self):
        self.assertEqual(protobuf_text.parse('a: 1 a: 2.5 b { c: "x" "y" # no\n }; d: [1, -2] e: TYPE_X f: true'),
                         {"a": [1, 2.5], "b": {"c": "xy"}, "d": [1, -2], "e": "TYPE_X", "f": True})
        for broken in ("a:", "a {", "}", "a: [1", ": 1", 'a: "x', "a {" * 100):
            with self.subTest(broken), self.assertRaises(ValueError):
                protobuf_text.parse(broken)
