"""The gRPC services of TensorFlow Serving and TorchServe, as their clients' stubs call them."""

import concurrent.futures
import json
import pathlib
import tempfile
import unittest

import grpc
import numpy as np
import requests
from google.protobuf import descriptor_pool, empty_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from dialects_test import free_ports
from repository_test import put
from support import protos
from support.apus_server import REPOSITORY, ApusServer, shared_data
from support.certificates import Certificates

protos.make()

import inference_pb2  # noqa: E402
import inference_pb2_grpc  # noqa: E402
import management_pb2  # noqa: E402
import management_pb2_grpc  # noqa: E402
from tensorflow.core.example import example_pb2  # noqa: E402
from tensorflow.core.framework import tensor_pb2, types_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2, get_model_metadata_pb2, get_model_status_pb2, inference_pb2 as serving_inference_pb2,
    model_management_pb2, model_service_pb2_grpc, predict_pb2, prediction_service_pb2_grpc, regression_pb2)

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.7, 3.0, 5.2, 2.3]]
COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
PHOTO = REPOSITORY / "models/shapes/example-1.png"
LISTS = {"DT_FLOAT": "float_val", "DT_DOUBLE": "double_val", "DT_INT32": "int_val", "DT_INT64": "int64_val",
         "DT_BOOL": "bool_val", "DT_STRING": "string_val"}


def tensor(values, kind="DT_FLOAT", shape=None):
    """As `tf.make_tensor_proto` makes it: values in the list of their kind."""
    array = np.array(values)
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DataType.Value(kind))
    for length in array.shape if shape is None else shape:
        proto.tensor_shape.dim.add(size=length)
    getattr(proto, LISTS[kind]).extend(array.reshape(-1).tolist())
    return proto


def content(values):
    """The same as numpy arrays are sent: as they lie in memory."""
    array = np.array(values, np.float32)
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=array.tobytes())
    for length in array.shape:
        proto.tensor_shape.dim.add(size=length)
    return proto


def predict(model, inputs, **spec):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    for key, value in spec.items():
        if key == "version":
            request.model_spec.version.value = value
        else:
            setattr(request.model_spec, key, value)
    for name, proto in inputs.items():
        request.inputs[name].CopyFrom(proto)
    return request


def examples(rows, columns=COLUMNS):
    made = []
    for row in rows:
        example = example_pb2.Example()
        for name, value in zip(columns, row):
            example.features.feature[name].float_list.value.append(value)
        made.append(example)
    return made


class ServicesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer("--body-bytes-max", "8MiB", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.channel = grpc.insecure_channel(cls.server.grpc_url)
        cls.addClassCleanup(cls.channel.close)
        cls.prediction = prediction_service_pb2_grpc.PredictionServiceStub(cls.channel)
        cls.models = model_service_pb2_grpc.ModelServiceStub(cls.channel)
        cls.torch = inference_pb2_grpc.InferenceAPIsServiceStub(cls.channel)
        cls.management = management_pb2_grpc.ManagementAPIsServiceStub(cls.channel)

    def truth(self):
        """The same flowers over TensorFlow Serving's REST form."""
        answer = requests.post(f"{self.server.url}/v1/models/iris:predict", timeout=30, json={
            "signature_name": "serving_default", "inputs": FLOWERS}).json()["outputs"]
        return answer["label"], np.array(answer["probabilities"], np.float32)

    def refused(self, code, call, request, said=""):
        with self.assertRaises(grpc.RpcError) as caught:
            answer = call(request, timeout=30)
            list(answer) if hasattr(answer, "__iter__") else None
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(said, caught.exception.details())
        return caught.exception.details()

    # TensorFlow Serving

    def test_predict_gives_the_bits_of_rest(self):
        labels, probabilities = self.truth()
        for proto in (tensor(FLOWERS), content(FLOWERS)):
            answer = self.prediction.Predict(predict("iris", {"features": proto}), timeout=30)
            self.assertEqual(list(answer.outputs["label"].int64_val), labels)
            found = np.array(answer.outputs["probabilities"].float_val, np.float32).reshape(3, 3)
            np.testing.assert_array_equal(found, probabilities)
            self.assertEqual([d.size for d in answer.outputs["probabilities"].tensor_shape.dim], [3, 3])
            self.assertEqual(answer.model_spec.name, "iris")
            self.assertEqual(answer.model_spec.version.value, 1)
            self.assertEqual(answer.model_spec.signature_name, "serving_default")

    def test_versions_signatures_and_filters(self):
        request = predict("iris", {"features": tensor(FLOWERS)}, version=1, signature_name="serving_default")
        request.output_filter.append("label")
        answer = self.prediction.Predict(request, timeout=30)
        self.assertEqual(list(answer.outputs), ["label"])
        request.output_filter.append("label")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.prediction.Predict, request, "output_filter")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.prediction.Predict, predict(
            "iris", {"features": tensor(FLOWERS)}, signature_name="other"), "signature_name")
        self.refused(grpc.StatusCode.NOT_FOUND, self.prediction.Predict, predict(
            "iris", {"features": tensor(FLOWERS)}, version=9))
        self.refused(grpc.StatusCode.NOT_FOUND, self.prediction.Predict, predict(
            "iris", {"features": tensor(FLOWERS)}, version_label="gold"))

    def test_one_value_stands_for_all(self):
        answer = self.prediction.Predict(predict("iris", {"features": tensor([5.0], shape=[2, 4])}), timeout=30)
        same = self.prediction.Predict(predict("iris", {"features": tensor([[5.0] * 4] * 2)}), timeout=30)
        self.assertEqual(answer.outputs["probabilities"], same.outputs["probabilities"])

    def test_what_no_model_takes_is_refused(self):
        bad = grpc.StatusCode.INVALID_ARGUMENT
        call = self.prediction.Predict
        self.refused(bad, call, predict_pb2.PredictRequest(), "model_spec")
        self.refused(grpc.StatusCode.NOT_FOUND, call, predict("nobody", {}), "nobody")
        self.refused(bad, call, predict("iris", {}), "features")
        self.refused(bad, call, predict("iris", {"other": tensor(FLOWERS)}), "other")
        self.refused(bad, call, predict("iris", {"features": tensor([[1.0]])}), "shape")
        self.refused(bad, call, predict("iris", {"features": tensor(FLOWERS, "DT_DOUBLE")}), "FP32")
        self.refused(bad, call, predict("iris", {"features": tensor([1.0], shape=[-1, 4])}))
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, call, predict(
            "iris", {"features": tensor([1.0], shape=[1 << 40, 4])}))
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, call, predict(
            "iris", {"features": tensor(np.zeros((1 << 20, 4)))}))
        # And the server goes on.
        self.assertEqual(len(self.prediction.Predict(predict(
            "iris", {"features": tensor(FLOWERS)}), timeout=30).outputs), 2)

    def test_large_and_packed(self):
        rows = FLOWERS * 20_000
        labels = self.truth()[0] * 20_000
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            answer = self.prediction.Predict(
                predict("iris", {"features": content(rows)}), timeout=60, compression=compression)
            self.assertEqual(list(answer.outputs["label"].int64_val), labels)

    def test_many_at_once(self):
        request = predict("iris", {"features": tensor(FLOWERS)})
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.prediction.Predict(request, timeout=30), range(200)))
        self.assertEqual({answer.SerializeToString(deterministic=True) for answer in answers},
                         {answers[0].SerializeToString(deterministic=True)})

    def test_photos_as_strings(self):
        told = requests.post(f"{self.server.url}/v2/models/shapes/detect", data=PHOTO.read_bytes(), timeout=60,
                             headers={"Content-Type": "image/png"}).json()["detections"]
        photo = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[PHOTO.read_bytes()] * 2)
        photo.tensor_shape.dim.add(size=2)
        answer = self.prediction.Predict(predict("shapes", {"images": photo}), timeout=60).outputs
        self.assertEqual([label.decode() for label in answer["labels"].string_val],
                         [found["label"] for found in told] * 2)
        np.testing.assert_array_equal(
            np.array(answer["scores"].float_val, np.float32), np.array([f["score"] for f in told] * 2, np.float32))
        self.assertEqual(list(answer["photo"].int64_val), [0] * len(told) + [1] * len(told))

    def test_classify_is_rests(self):
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = "iris"
        request.input.example_list.examples.extend(examples(FLOWERS))
        answer = self.prediction.Classify(request, timeout=30)
        told = requests.post(f"{self.server.url}/v1/models/iris:classify", timeout=30, json={
            "examples": [dict(zip(COLUMNS, row)) for row in FLOWERS]}).json()["result"]
        for row, found in zip(told, answer.result.classifications):
            self.assertEqual([(label, np.float32(score)) for label, score in row],
                             [(c.label, np.float32(c.score)) for c in found.classes])
        self.assertEqual(len(answer.result.classifications), 3)

    def test_what_examples_share(self):
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = "iris"
        shared = request.input.example_list_with_context
        shared.examples.extend(examples([row[:2] for row in FLOWERS[:1]]))
        shared.context.CopyFrom(examples([FLOWERS[0][2:]], COLUMNS[2:])[0])
        found = self.prediction.Classify(request, timeout=30).result.classifications[0]
        np.testing.assert_array_equal(
            np.array([c.score for c in found.classes], np.float32), self.truth()[1][0])

    def test_regress_and_several_at_once(self):
        request = regression_pb2.RegressionRequest()
        request.model_spec.name = "iris"
        request.input.example_list.examples.extend(examples(FLOWERS))
        # Iris has no number for each row.
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.prediction.Regress, request)
        several = serving_inference_pb2.MultiInferenceRequest()
        for _ in range(2):
            task = several.tasks.add(method_name="tensorflow/serving/classify")
            task.model_spec.name = "iris"
        several.input.example_list.examples.extend(examples(FLOWERS))
        answer = self.prediction.MultiInference(several, timeout=30)
        self.assertEqual(len(answer.results), 2)
        self.assertEqual(len(answer.results[1].classification_result.classifications), 3)
        several.tasks[1].model_spec.name = "digits"
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.prediction.MultiInference, several)

    def test_metadata_and_status_are_rests(self):
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = "iris"
        answer = self.prediction.GetModelMetadata(request, timeout=30)
        definitions = get_model_metadata_pb2.SignatureDefMap()
        self.assertTrue(answer.metadata["signature_def"].Unpack(definitions))
        signature = definitions.signature_def["serving_default"]
        told = requests.get(f"{self.server.url}/v1/models/iris/metadata", timeout=30).json()
        told = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
        for side in ("inputs", "outputs"):
            self.assertEqual(set(getattr(signature, side)), set(told[side]))
            for name, info in getattr(signature, side).items():
                self.assertEqual(types_pb2.DataType.Name(info.dtype), told[side][name]["dtype"])
                self.assertEqual([str(d.size) for d in info.tensor_shape.dim],
                                 [d["size"] for d in told[side][name]["tensor_shape"]["dim"]])
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.prediction.GetModelMetadata,
                     get_model_metadata_pb2.GetModelMetadataRequest(model_spec=request.model_spec))
        status = get_model_status_pb2.GetModelStatusRequest(model_spec=request.model_spec)
        (version,) = self.models.GetModelStatus(status, timeout=30).model_version_status
        self.assertEqual((version.version, version.state), (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE))
        status.model_spec.name = "nobody"
        self.refused(grpc.StatusCode.NOT_FOUND, self.models.GetModelStatus, status)

    # TorchServe

    def test_predictions_are_the_bodies_of_rest(self):
        body = json.dumps(FLOWERS).encode()
        told = requests.post(f"{self.server.url}/predictions/iris", data=body, timeout=30)
        request = inference_pb2.PredictionsRequest(model_name="iris", input={"data": body})
        self.assertEqual(self.torch.Predictions(request, timeout=30).prediction, told.content)
        named = inference_pb2.PredictionsRequest(model_name="iris", model_version="1", input={"features": body})
        self.assertEqual(self.torch.Predictions(named, timeout=30).prediction, told.content)
        (part,) = self.torch.StreamPredictions(request, timeout=30)
        self.assertEqual(part.prediction, told.content)

    def test_a_photo_is_answered_as_over_rest(self):
        told = requests.put(f"{self.server.url}/predictions/shapes", data=PHOTO.read_bytes(), timeout=60)
        request = inference_pb2.PredictionsRequest(model_name="shapes", input={"data": PHOTO.read_bytes()})
        self.assertEqual(self.torch.Predictions(request, timeout=60).prediction, told.content)
        request.input["data"] = b"\xff\xd8 no photo"
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.torch.Predictions, request, "BadRequestException")

    def test_a_stream_answers_each_request_and_survives_those_that_fail(self):
        def requests_of(*ids):
            for key in ids:
                yield inference_pb2.PredictionsRequest(
                    model_name="iris", input={"data": json.dumps(FLOWERS[:1]).encode()}, sequence_id=key)

        answers = list(self.torch.StreamPredictions2(requests_of("a", "", "b"), timeout=30))
        good = {answer.sequence_id: json.loads(answer.prediction) for answer in answers if answer.prediction}
        self.assertEqual(sorted(good), ["a", "b"])
        (failed,) = [answer for answer in answers if not answer.prediction]
        self.assertEqual(failed.status.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
        self.assertIn("sequence_id", failed.status.message)

    def test_failures_name_torchserves_exceptions(self):
        request = inference_pb2.PredictionsRequest(model_name="nobody", input={"data": b"[]"})
        details = self.refused(grpc.StatusCode.NOT_FOUND, self.torch.Predictions, request)
        self.assertEqual(details.splitlines()[-1], "ModelNotFoundException")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.torch.Predictions,
                     inference_pb2.PredictionsRequest(input={"data": b"[]"}), "model_name")
        request = inference_pb2.PredictionsRequest(model_name="iris", model_version="9", input={"data": b"[]"})
        details = self.refused(grpc.StatusCode.NOT_FOUND, self.torch.Predictions, request)
        self.assertEqual(details.splitlines()[-1], "ModelVersionNotFoundException")

    def test_health_lists_and_descriptions(self):
        health = self.torch.Ping(empty_pb2.Empty(), timeout=30).health
        self.assertEqual(json.loads(health), {"status": "Healthy"})
        listed = self.management.ListModels(management_pb2.ListModelsRequest(limit=2), timeout=30).msg
        told = requests.get(f"{self.server.url}/models?limit=2", timeout=30).json()
        self.assertEqual(json.loads(listed), told)
        more = self.management.ListModels(management_pb2.ListModelsRequest(next_page_token=2), timeout=30).msg
        self.assertEqual([model["modelName"] for model in json.loads(more)["models"]], ["shapes"])
        described = self.management.DescribeModel(
            management_pb2.DescribeModelRequest(model_name="iris", model_version="all"), timeout=30).msg
        self.assertEqual(json.loads(described)[0]["modelName"], "iris")
        self.refused(grpc.StatusCode.NOT_FOUND, self.management.DescribeModel,
                     management_pb2.DescribeModelRequest(model_name="nobody"), "ModelNotFoundException")

    # Both

    def test_reflection_describes_the_services(self):
        database = ProtoReflectionDescriptorDatabase(self.channel)
        names = set(database.get_services())
        pool = descriptor_pool.DescriptorPool(database)
        for module, service in ((prediction_service_pb2_grpc, "tensorflow.serving.PredictionService"),
                                (model_service_pb2_grpc, "tensorflow.serving.ModelService"),
                                (inference_pb2_grpc, "org.pytorch.serve.grpc.inference.InferenceAPIsService"),
                                (management_pb2_grpc, "org.pytorch.serve.grpc.management.ManagementAPIsService")):
            self.assertIn(service, names)
            stub = getattr(module, service.rsplit(".", 1)[1] + "Stub")
            methods = pool.FindServiceByName(service).methods_by_name
            self.assertEqual(set(methods), set(vars(stub(self.channel))))
        ours = descriptor_pool.Default()
        self.compare(pool.FindMessageTypeByName("tensorflow.serving.PredictRequest"),
                     ours.FindMessageTypeByName("tensorflow.serving.PredictRequest"), set())
        self.compare(pool.FindMessageTypeByName("tensorflow.serving.ReloadConfigRequest"),
                     ours.FindMessageTypeByName("tensorflow.serving.ReloadConfigRequest"), set())

    def compare(self, found, known, seen):
        """Every field that is described is the client's, down to the last message."""
        if found.full_name in seen:
            return
        seen.add(found.full_name)
        for field in found.fields:
            other = known.fields_by_name[field.name]
            self.assertEqual((field.number, field.type, field.is_repeated),
                             (other.number, other.type, other.is_repeated), field.full_name)
            if field.message_type:
                self.compare(field.message_type, other.message_type, seen)
            if field.enum_type:
                for value in field.enum_type.values:
                    self.assertEqual(other.enum_type.values_by_name[value.name].number, value.number)


class ManagementTest(unittest.TestCase):
    """What changes what is served."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name in ("one", "two"):
            put(folder.name, name)
        put(folder.name, "one", 2)
        pathlib.Path(folder.name, "one", "model.yaml").write_text("versions: all\n")
        self.server = ApusServer(folder.name, "--model-control-mode", "explicit", "--load-model", "*", grpc=True)
        self.server.__enter__()
        self.addCleanup(self.server.stop)
        channel = grpc.insecure_channel(self.server.grpc_url)
        self.addCleanup(channel.close)
        self.models = model_service_pb2_grpc.ModelServiceStub(channel)
        self.management = management_pb2_grpc.ManagementAPIsServiceStub(channel)

    def states(self):
        index = requests.post(f"{self.server.url}/v2/repository/index", json={"ready": True}, timeout=30).json()
        return sorted((entry["name"], entry["version"]) for entry in index)

    def reload(self, *names, **labels):
        request = model_management_pb2.ReloadConfigRequest()
        for name in names:
            entry = request.config.model_config_list.config.add(
                name=name, base_path=f"/models/{name}", model_platform="tensorflow")
            for label, version in labels.items():
                entry.version_labels[label] = version
        return self.models.HandleReloadConfigRequest(request, timeout=60)

    def test_a_reload_serves_what_it_names_and_nothing_else(self):
        self.assertEqual(self.states(), [("one", "1"), ("one", "2"), ("two", "1")])
        self.assertEqual(self.reload("one", stable=1).status.error_code, 0)
        self.assertEqual(self.states(), [("one", "1"), ("one", "2")])
        status = get_model_status_pb2.GetModelStatusRequest()
        status.model_spec.name, status.model_spec.version_label = "one", "stable"
        (version,) = self.models.GetModelStatus(status, timeout=30).model_version_status
        self.assertEqual(version.version, 1)
        self.reload("one", "two")
        self.assertEqual(self.states(), [("one", "1"), ("one", "2"), ("two", "1")])

    def test_a_reload_that_cannot_be_leaves_what_there_is(self):
        for names in (("one", "nobody"), ("../one",)):
            with self.assertRaises(grpc.RpcError):
                self.reload(*names)
        with self.assertRaises(grpc.RpcError) as caught:
            self.reload("one", gold=9)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertEqual(self.states(), [("one", "1"), ("one", "2"), ("two", "1")])

    def test_torchserves_management(self):
        self.management.UnregisterModel(management_pb2.UnregisterModelRequest(model_name="two"), timeout=60)
        self.assertEqual(self.states(), [("one", "1"), ("one", "2")])
        told = self.management.RegisterModel(
            management_pb2.RegisterModelRequest(url="two.mar", synchronous=True), timeout=60).msg
        self.assertIn('"two" Version: 1 registered', told)
        with self.assertRaises(grpc.RpcError) as caught:
            self.management.RegisterModel(management_pb2.RegisterModelRequest(url="two.mar"), timeout=60)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.ALREADY_EXISTS)
        with self.assertRaises(grpc.RpcError) as caught:
            self.management.RegisterModel(
                management_pb2.RegisterModelRequest(url="https://example.org/two.mar"), timeout=60)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        told = self.management.SetDefault(
            management_pb2.SetDefaultRequest(model_name="one", model_version="1"), timeout=30).msg
        self.assertIn("Default version", told)
        self.management.ScaleWorker(
            management_pb2.ScaleWorkerRequest(model_name="two", min_worker=1, max_worker=64), timeout=60)


class RestrictedTest(unittest.TestCase):
    def test_calls_of_each_group_take_its_key(self):
        groups = {"inference": "i", "metadata": "m", "health": "h", "model-repository": "r"}
        arguments = [part for group, key in groups.items()
                     for part in ("--grpc-restricted-protocol", f"{group}:{key}=secret")]
        with ApusServer(*arguments, grpc=True) as server, grpc.insecure_channel(server.grpc_url) as channel:
            serving = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            models = model_service_pb2_grpc.ModelServiceStub(channel)
            torch = inference_pb2_grpc.InferenceAPIsServiceStub(channel)
            management = management_pb2_grpc.ManagementAPIsServiceStub(channel)
            status = get_model_status_pb2.GetModelStatusRequest()
            status.model_spec.name = "iris"
            flowers = inference_pb2.PredictionsRequest(
                model_name="iris", input={"data": json.dumps(FLOWERS).encode()})
            for key, call, request in [
                ("i", serving.Predict, predict("iris", {"features": tensor(FLOWERS)})),
                ("i", torch.Predictions, flowers),
                ("i", lambda asked, **words: list(torch.StreamPredictions(asked, **words)), flowers),
                ("m", models.GetModelStatus, status),
                ("h", torch.Ping, empty_pb2.Empty()),
                ("r", management.ListModels, management_pb2.ListModelsRequest()),
            ]:
                with self.subTest(type(request).__name__):
                    call(request, timeout=30, metadata=[(f"triton-grpc-protocol-{key}", "secret")])
                    for metadata in ([], [(f"triton-grpc-protocol-{key}", "other")], [(key, "secret")]):
                        with self.assertRaises(grpc.RpcError) as caught:
                            call(request, timeout=30, metadata=metadata)
                        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
                        self.assertIn(f"triton-grpc-protocol-{key}", caught.exception.details())


class TraceTest(unittest.TestCase):
    def test_tensors_of_predict_and_of_predictions(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "trace.json")
            with ApusServer("--trace-file", str(file), grpc=True) as server:
                requests.post(f"{server.url}/v2/trace/setting", timeout=30, json={
                    "trace_rate": "1", "trace_level": ["TENSORS"]}).raise_for_status()
                with grpc.insecure_channel(server.grpc_url) as channel:
                    prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(
                        predict("iris", {"features": tensor(FLOWERS)}), timeout=30)
                    inference_pb2_grpc.InferenceAPIsServiceStub(channel).Predictions(inference_pb2.PredictionsRequest(
                        model_name="iris", input={"data": json.dumps(FLOWERS).encode()}), timeout=30)
            traced = [each for each in json.loads(file.read_text()) if "tensor" in each]
        # Of each request one input and two outputs.
        self.assertEqual([each["tensor"]["name"] for each in traced].count("features"), 2)
        self.assertEqual(len(traced), 6)
        self.assertEqual({each["tensor"]["data"] for each in traced if each["tensor"]["name"] == "features"},
                         {",".join(str(value) for row in FLOWERS for value in row)})


class PortsTest(unittest.TestCase):
    def test_ports_that_their_clients_know_speak_tls_where_the_others_do(self):
        ports = free_ports(3)
        made = Certificates()
        trusted = grpc.ssl_channel_credentials(made["ca.pem"].read_bytes())
        with made.server("--compat", f"torchserve-grpc={ports[0]},{ports[1]} tensorflow-grpc={ports[2]}",
                         grpc=True):
            with grpc.secure_channel(f"localhost:{ports[0]}", trusted) as channel:
                stub = inference_pb2_grpc.InferenceAPIsServiceStub(channel)
                self.assertIn("Healthy", stub.Ping(empty_pb2.Empty(), timeout=30).health)
            with grpc.secure_channel(f"localhost:{ports[1]}", trusted) as channel:
                stub = management_pb2_grpc.ManagementAPIsServiceStub(channel)
                self.assertIn("add-sub", stub.ListModels(management_pb2.ListModelsRequest(), timeout=30).msg)
            with grpc.secure_channel(f"localhost:{ports[2]}", trusted) as channel:
                stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
                values = np.random.default_rng(2).random((1, 300_000), np.float32)
                answer = stub.Predict(predict("identity-FP32", {"INPUT0": content(values)}), timeout=30)
                np.testing.assert_array_equal(
                    np.array(answer.outputs["OUTPUT0"].float_val, np.float32), values[0])
            # Without TLS nobody answers there.
            with grpc.insecure_channel(f"localhost:{ports[0]}") as channel:
                with self.assertRaises(grpc.RpcError) as caught:
                    inference_pb2_grpc.InferenceAPIsServiceStub(channel).Ping(empty_pb2.Empty(), timeout=30)
                self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_ports_that_their_clients_know(self):
        ports = free_ports(3)
        with ApusServer("--compat", f"torchserve-grpc={ports[0]},{ports[1]} tensorflow-grpc={ports[2]}",
                        grpc=True) as server:
            self.assertIn(f":{ports[0]} for torchserve", server.log)
            with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
                stub = inference_pb2_grpc.InferenceAPIsServiceStub(channel)
                self.assertIn("Healthy", stub.Ping(empty_pb2.Empty(), timeout=30).health)
            with grpc.insecure_channel(f"127.0.0.1:{ports[1]}") as channel:
                stub = management_pb2_grpc.ManagementAPIsServiceStub(channel)
                self.assertIn("iris", stub.ListModels(management_pb2.ListModelsRequest(), timeout=30).msg)
            with grpc.insecure_channel(f"127.0.0.1:{ports[2]}") as channel:
                stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
                answer = stub.Predict(predict("iris", {"features": tensor(FLOWERS)}), timeout=30)
                self.assertEqual(len(answer.outputs["label"].int64_val), 3)


class SharedModelsTest(unittest.TestCase):
    def test_yolo_answers_torchserves_photo(self):
        data = shared_data()
        model = next((data / "yolo").glob("yolo11n*.onnx"), None)
        if model is None:
            self.skipTest("shared data has no yolo11n")
        with ApusServer(model, grpc=True) as server, grpc.insecure_channel(server.grpc_url) as channel:
            stub = inference_pb2_grpc.InferenceAPIsServiceStub(channel)
            answer = json.loads(stub.Predictions(inference_pb2.PredictionsRequest(
                model_name=model.stem, input={"data": (data / "images/bus.jpg").read_bytes()}), timeout=120).prediction)
            labels = sorted(next(key for key in found if key != "score") for found in answer)
            self.assertEqual(labels, ["bus", "person", "person", "person", "person"])


if __name__ == "__main__":
    unittest.main()
