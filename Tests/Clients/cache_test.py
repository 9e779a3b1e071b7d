"""The response cache, as a client of Triton sees it: same answers, and the statistics say who gave them."""

import pathlib
import re
import shutil
import tempfile
import unittest
import urllib.request

import numpy as np
import tritonclient.http as triton

from support.apus_server import ApusServer, fixture


class ResponseCacheTest(unittest.TestCase):
    def serve(self, *arguments):
        """Serves `kept`, which keeps its answers, and `plain`, which does not."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name in ("kept", "plain"):
            version = pathlib.Path(folder.name, name, "1")
            version.mkdir(parents=True)
            shutil.copy(fixture("add-sub"), version / "model.onnx")
        pathlib.Path(folder.name, "kept", "model.yaml").write_text("response-cache: true\n")
        server = ApusServer(folder.name, *arguments)
        server.__enter__()
        self.addCleanup(server.stop)
        client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
        self.addCleanup(client.close)
        return server, client

    def ask(self, client, name, value, outputs=None, binary=True):
        inputs = []
        for place in range(2):
            tensor = triton.InferInput(f"INPUT{place}", [1, 16], "INT32")
            tensor.set_data_from_numpy(np.full((1, 16), value, np.int32), binary_data=binary)
            inputs.append(tensor)
        wanted = outputs and [triton.InferRequestedOutput(name, binary_data=binary) for name in outputs]
        answer = client.infer(name, inputs, outputs=wanted)
        for output, expected in (("OUTPUT0", 2 * value), ("OUTPUT1", 0)):
            if not outputs or output in outputs:
                self.assertTrue((answer.as_numpy(output) == expected).all())

    def statistics(self, client, name):
        (model,) = client.get_inference_statistics(name)["model_stats"]
        of = model["inference_stats"]
        return model, of, (of["cache_hit"]["count"], of["cache_miss"]["count"])

    def test_equal_requests_run_once(self):
        server, client = self.serve()
        for _ in range(3):
            for value in (1, 2):
                self.ask(client, "kept", value)
                self.ask(client, "plain", value)
        # The same tensors as JSON are the same request; other outputs are another one.
        self.ask(client, "kept", 1, binary=False)
        self.ask(client, "kept", 1, outputs=["OUTPUT1"])
        model, of, cache = self.statistics(client, "kept")
        self.assertEqual(cache, (5, 3))
        self.assertEqual((model["inference_count"], model["execution_count"]), (3, 3))
        self.assertEqual((of["success"]["count"], of["compute_infer"]["count"]), (8, 3))
        self.assertGreater(of["cache_hit"]["ns"], 0)
        self.assertGreater(of["cache_miss"]["ns"], 0)
        model, _, cache = self.statistics(client, "plain")
        self.assertEqual((model["execution_count"], cache), (6, (0, 0)))
        page = urllib.request.urlopen(server.url + "/metrics").read().decode()
        for sample, value in (
            ('nv_cache_num_hits_per_model{model="kept",version="1"}', 5),
            ('nv_cache_num_misses_per_model{model="kept",version="1"}', 3),
            ('apus_response_cache_lookups_total{model="kept",version="1",result="hit"}', 5),
            ("apus_response_cache_entries", 3),
            ('apus_limit{limit="response-cache-bytes"}', 64 << 20),
        ):
            self.assertRegex(page, f"(?m)^{re.escape(sample)} {value}$")
        self.assertNotIn('nv_cache_num_hits_per_model{model="plain"', page)

    def test_no_room_keeps_nothing(self):
        _, client = self.serve("--response-cache-bytes", "0")
        for _ in range(2):
            self.ask(client, "kept", 1)
        model, _, cache = self.statistics(client, "kept")
        self.assertEqual((model["execution_count"], cache), (2, (0, 0)))


if __name__ == "__main__":
    unittest.main()
