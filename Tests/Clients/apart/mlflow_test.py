"""MLflow's own client of its scoring server, with what it makes of data frames and arrays."""

import json
import unittest

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from support.apus_server import ApusServer, fixture

COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]


class ScoringTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer("--default-model", "iris")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)
        cls.client = ScoringServerClient("127.0.0.1", cls.server.port)

    def labels(self, data):
        answer = self.client.invoke(data)
        return [row["label"] for row in answer["predictions"]]

    def test_health_and_version(self):
        self.client.wait_server_ready(timeout=5)
        self.assertRegex(self.client.get_version(), r"^\d+\.\d+")

    def test_a_data_frame(self):
        table = pd.DataFrame(FLOWERS, columns=COLUMNS)
        self.assertEqual(self.labels(table), [0, 2])
        self.assertEqual(self.labels(table[COLUMNS[::-1]]), [0, 2])
        # As pandas' users have it: an index that is none of 0, 1, 2.
        self.assertEqual(self.labels(table.set_index(pd.Index(["a", "b"]))), [0, 2])
        whole = self.client.invoke(table).get_predictions()
        self.assertEqual(list(whole.columns), ["label", "probabilities"])
        self.assertEqual(len(whole), 2)

    def test_arrays_and_lists(self):
        # An array goes as `inputs`, whose answer has a list for each output.
        answer = self.client.invoke(np.array(FLOWERS, np.float32))
        self.assertEqual(answer["predictions"]["label"], [0, 2])
        answer = self.client.invoke(json.dumps({"inputs": {"features": FLOWERS}}))
        self.assertEqual(answer["predictions"]["label"], [0, 2])

    def test_missing_values(self):
        table = pd.DataFrame([[5.1, np.nan, 1.4, None]], columns=COLUMNS)
        self.assertEqual(len(self.labels(table)), 1)

    def test_failures_reach_the_client(self):
        table = pd.DataFrame(FLOWERS, columns=COLUMNS)
        for data, words in [
            (table.drop(columns=COLUMNS[1]), COLUMNS[1]), (table.rename(columns={COLUMNS[0]: "x"}), "x"),
            (table.astype(str).replace("5.1", "five"), "must be a number"), (np.zeros((1, 3)), "shape"),
        ]:
            with self.subTest(words), self.assertRaises(Exception) as raised:
                self.client.invoke(data)
            self.assertIn("error code 400", str(raised.exception))
            told = json.loads(str(raised.exception).split("response: ", 1)[1].removesuffix(")"))
            self.assertEqual(told["error_code"], "BAD_REQUEST")
            self.assertIn(words, told["message"])


class OneModelTest(unittest.TestCase):
    def test_strings_and_parameters(self):
        with ApusServer(fixture("identity-BYTES")) as server:
            client = ScoringServerClient("127.0.0.1", server.port)
            answer = client.invoke(np.array([["a", "Grüße"]]), params={"temperature": 0.5})
            self.assertEqual(answer.get_predictions("ndarray").tolist(), [["a", "Grüße"]])


if __name__ == "__main__":
    unittest.main()
