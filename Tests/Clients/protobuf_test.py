"""The bytes of protobuf messages that the Swift tests read are those of the clients installed here."""

import importlib.util
import unittest

from support.apus_server import REPOSITORY


class ProtobufTest(unittest.TestCase):
    def test_the_messages_are_up_to_date(self):
        path = REPOSITORY / "Tests/Fixtures/protobuf/make.py"
        spec = importlib.util.spec_from_file_location("make_protobuf", path)
        make = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(make)
        self.assertEqual(make.FILE.read_text().splitlines(), list(make.lines()))


if __name__ == "__main__":
    unittest.main()
