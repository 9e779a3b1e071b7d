"""Answers ModelInfer with what it was asked, by Python's grpcio and protobuf: grpcio_peer.py PORT."""

import concurrent.futures
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass

STRING, BYTES, INT64, MESSAGE = 9, 12, 3, 11
TENSOR = [("name", 1, STRING, False), ("datatype", 2, STRING, False), ("shape", 3, INT64, True)]
FIELDS = {
    "Input": TENSOR,
    "Output": TENSOR,
    "Request": [("model_name", 1, STRING, False), ("model_version", 2, STRING, False), ("id", 3, STRING, False),
                ("inputs", 5, ".bench.Input", True), ("raw_input_contents", 7, BYTES, True)],
    "Response": [("model_name", 1, STRING, False), ("model_version", 2, STRING, False), ("id", 3, STRING, False),
                 ("outputs", 5, ".bench.Output", True), ("raw_output_contents", 6, BYTES, True)],
}


def messages():
    """The messages of the protocol, as far as a tensor needs them."""
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, kind, is_repeated in fields:
            added = message.field.add(name=field, number=number, label=3 if is_repeated else 1)
            if isinstance(kind, str):
                added.type, added.type_name = MESSAGE, kind
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"bench.{name}")) for name in FIELDS}


def main():
    kinds = messages()

    def infer(request, _):
        answer = kinds["Response"](model_name=request.model_name, model_version="1", id=request.id)
        for tensor in request.inputs:
            answer.outputs.add(name="OUTPUT0", datatype=tensor.datatype, shape=tensor.shape)
        answer.raw_output_contents.extend(request.raw_input_contents)
        return answer

    handler = grpc.unary_unary_rpc_method_handler(
        infer, request_deserializer=kinds["Request"].FromString,
        response_serializer=kinds["Response"].SerializeToString)
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(4),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {"ModelInfer": handler}),))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
