"""tritonclient with one large tensor: `tensor_client.py KIND ADDRESS MODEL`.

KIND is http, grpc, http-memory or grpc-memory; the last two put the tensor into system shared memory,
in and out. Reads numbers of seconds from standard input and answers each with one line of JSON. Each
answer is looked at: its last element must be that of the request.
"""

import json
import os
import sys
import time

import numpy as np
import tritonclient.grpc
import tritonclient.http
import tritonclient.utils.shared_memory as memory

SHAPE = [1, 3 * 640 * 640]


class Asker:
    """One client with its request prepared."""

    def __init__(self, kind, address, model):
        protocol, _, way = kind.partition("-")
        triton = tritonclient.http if protocol == "http" else tritonclient.grpc
        self.client, self.model = triton.InferenceServerClient(address), model
        self.tensor = np.random.default_rng(2).random(SHAPE, np.float32)
        self.input = triton.InferInput("INPUT0", SHAPE, "FP32")
        self.output = triton.InferRequestedOutput("OUTPUT0")
        self.names = [f"{kind}-{side}" for side in ("in", "out")] if way else []
        self.regions = [self.region(name) for name in self.names]
        if way:
            self.input.set_shared_memory(self.names[0], self.tensor.nbytes)
            self.output.set_shared_memory(self.names[1], self.tensor.nbytes)

    def region(self, name):
        key = f"/bench-{name}-{os.getpid()}"
        handle = memory.create_shared_memory_region(name, key, self.tensor.nbytes)
        self.client.register_system_shared_memory(name, key, self.tensor.nbytes)
        return handle

    def ask(self):
        """As a client does it for each request: its array in, an array out."""
        if self.regions:
            memory.set_shared_memory_region(self.regions[0], [self.tensor])
        else:
            self.input.set_data_from_numpy(self.tensor)
        answer = self.client.infer(self.model, [self.input], outputs=[self.output])
        if self.regions:
            found = memory.get_contents_as_numpy(self.regions[1], np.float32, SHAPE)
        else:
            found = answer.as_numpy("OUTPUT0")
        if found[0, -1] != self.tensor[0, -1]:
            raise RuntimeError("the answer is another tensor")

    def close(self):
        for name, handle in zip(self.names, self.regions):
            self.client.unregister_system_shared_memory(name)
            memory.destroy_shared_memory_region(handle)


def main(kind, address, model):
    asker = Asker(kind, address, model)
    asker.ask()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        begin = time.perf_counter()
        end, count = begin + float(line), 0
        while time.perf_counter() < end:
            asker.ask()
            count += 1
        print(json.dumps({"count": count, "seconds": time.perf_counter() - begin}), flush=True)
    asker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
