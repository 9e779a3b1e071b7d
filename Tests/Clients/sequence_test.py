"""Sequences, as Triton's HTTP client asks for them: ids, controls, state, and what is refused."""

import concurrent.futures
import pathlib
import tempfile
import unittest

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.apus_server import ApusServer, fixture

CONFIG = """
platform: "onnxruntime_onnx"
max_batch_size: %(rows)d
instance_group { kind: KIND_CPU count: %(instances)d }
input { name: "INPUT0" data_type: TYPE_INT32 dims: 1 }
output [ { name: "OUTPUT0" data_type: TYPE_INT32 dims: 1 },
         { name: "TOLD" data_type: TYPE_INT32 dims: 3 },
         { name: "ID" data_type: TYPE_%(id)s dims: 1 } ]
sequence_batching {
  %(strategy)s
  max_sequence_idle_microseconds: %(idle)d
  control_input [
    { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] } },
    { name: "END" control { kind: CONTROL_SEQUENCE_END int32_false_true: [0, 1] } },
    { name: "READY" control { kind: CONTROL_SEQUENCE_READY int32_false_true: [0, 1] } },
    { name: "CORRID" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_%(id)s } }
  ]
  state { input_name: "STATE_IN" output_name: "STATE_OUT" data_type: TYPE_INT32 dims: 1 }
}
"""
DIRECT = "direct { }"
OLDEST = "oldest { max_candidate_sequences: 4 }"


class SequenceTest(unittest.TestCase):
    def serve(
        self, strategy=DIRECT, rows=4, instances=1, idle=5_000_000, id="UINT64",
        source="accumulate",
    ):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        model = pathlib.Path(folder.name, "sums")
        (model / "1").mkdir(parents=True)
        (model / "1" / "model.onnx").write_bytes(fixture(source).read_bytes())
        (model / "config.pbtxt").write_text(CONFIG % {
            "rows": rows, "instances": instances, "strategy": strategy, "idle": idle, "id": id,
        })
        server = ApusServer(folder.name)
        server.__enter__()
        self.addCleanup(server.stop)
        self.client = triton.InferenceServerClient(f"127.0.0.1:{server.port}", concurrency=8)
        self.addCleanup(self.client.close)

    def ask(self, value, sequence, start=False, end=False, rows=1):
        tensor = triton.InferInput("INPUT0", [rows, 1], "INT32")
        tensor.set_data_from_numpy(np.full((rows, 1), value, np.int32))
        return self.client.infer(
            "sums", [tensor], sequence_id=sequence, sequence_start=start, sequence_end=end)

    def sum(self, *arguments, **named):
        return self.ask(*arguments, **named).as_numpy("OUTPUT0").item()

    def refused(self, text, *arguments, **named):
        with self.assertRaises(InferenceServerException) as caught:
            self.ask(*arguments, **named)
        self.assertIn(text, caught.exception.message())
        self.assertEqual(caught.exception.status(), "400")


class StateTest(SequenceTest):
    def test_interleaved_sequences_keep_their_own_state(self):
        for strategy in (DIRECT, OLDEST):
            with self.subTest(strategy=strategy):
                self.serve(strategy)
                self.assertEqual(self.sum(1, 1001, start=True), 1)
                self.assertEqual(self.sum(10, 1002, start=True), 10)
                self.assertEqual(self.sum(100, 2**64 - 1, start=True), 100)
                self.assertEqual(self.sum(20, 1002), 30)
                self.assertEqual(self.sum(2, 1001), 3)
                self.assertEqual(self.sum(200, 2**64 - 1, end=True), 300)
                self.assertEqual(self.sum(3, 1001, end=True), 6)
                self.assertEqual(self.sum(30, 1002, end=True), 60)

    def test_the_model_is_told_what_it_should_be(self):
        self.serve()
        told = []
        for start, end in ((True, False), (False, False), (False, True)):
            answer = self.ask(1, 2**63, start=start, end=end)
            told.append(answer.as_numpy("TOLD").tolist()[0])
            self.assertEqual(answer.as_numpy("ID").item(), 2**63)
            self.assertIsNone(answer.as_numpy("STATE_OUT"))
        self.assertEqual(told, [[1, 0, 1], [0, 0, 1], [0, 1, 1]])

    def test_what_the_server_fills_is_not_in_the_metadata(self):
        self.serve()
        metadata = self.client.get_model_metadata("sums")
        self.assertEqual([each["name"] for each in metadata["inputs"]], ["INPUT0"])
        outputs = [each["name"] for each in metadata["outputs"]]
        self.assertEqual(outputs, ["OUTPUT0", "TOLD", "ID"])
        self.assertIn("sequence", self.client.get_server_metadata()["extensions"])

    def test_a_start_begins_anew(self):
        self.serve()
        self.assertEqual(self.sum(1, 5, start=True), 1)
        self.assertEqual(self.sum(2, 5), 3)
        self.assertEqual(self.sum(7, 5, start=True), 7)
        self.assertEqual(self.sum(1, 5), 8)

    def test_many_sequences_at_once(self):
        self.serve(rows=2, instances=2)

        def play(sequence):
            total = 0
            for step in range(12):
                total += step + sequence
                got = self.sum(step + sequence, sequence, start=step == 0, end=step == 11)
                if got != total:
                    return f"sequence {sequence} has {got} at step {step} instead of {total}"
            return None

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(play, range(1, 17))), [None] * 16)


class RefusalTest(SequenceTest):
    def test_without_a_start(self):
        self.serve()
        self.refused(
            "inference request for sequence 9 to model 'sums' must specify the START flag on the first "
            "request of the sequence", 1, 9)
        self.sum(1, 9, start=True, end=True)
        self.refused("must specify the START flag", 1, 9)

    def test_without_an_id(self):
        self.serve()
        self.refused("must specify a non-zero or non-empty correlation ID", 1, 0)

    def test_with_several_rows(self):
        self.serve()
        self.refused("must specify batch-size 1", 1, 9, start=True, rows=2)

    def test_after_it_was_idle_for_too_long(self):
        self.serve(rows=1, idle=200_000)
        self.assertEqual(self.sum(1, 3, start=True), 1)
        # The only place is taken until the first sequence is over for want of requests.
        self.assertEqual(self.sum(5, 4, start=True), 5)
        self.refused("must specify the START flag", 1, 3)

    def test_with_text_where_the_model_takes_a_number(self):
        self.serve()
        self.refused("takes correlation IDs of datatype UINT64", 1, "a", start=True)


class TextTest(SequenceTest):
    def test_ids_are_text_and_numbers_are_written_out(self):
        self.serve(id="STRING", source="accumulate-text")
        self.assertEqual(self.sum(1, "Vögel 鳥", start=True), 1)
        self.assertEqual(self.sum(10, "other", start=True), 10)
        answer = self.ask(2, "Vögel 鳥", end=True)
        self.assertEqual(answer.as_numpy("OUTPUT0").item(), 3)
        self.assertEqual(answer.as_numpy("ID").item().decode(), "Vögel 鳥")
        self.assertEqual(self.ask(1, 77, start=True).as_numpy("ID").item(), b"77")
        self.refused("must specify a non-zero or non-empty correlation ID", 1, "", start=True)


if __name__ == "__main__":
    unittest.main()
