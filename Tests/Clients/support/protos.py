"""The stubs of TensorFlow Serving's and TorchServe's services, made of `protos/` as the tests begin.

They have the module names of the packages that clients install: where `tensorflow-serving-api` is there,
its own modules are used, on TensorFlow's tensors from here, as TensorFlow itself is not.
"""

import atexit
import functools
import pathlib
import shutil
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "protos"


@functools.cache
def make():
    """Puts the stubs where `import` finds them, behind what is installed; gives their folder."""
    import google
    import grpc_tools
    from grpc_tools import protoc

    target = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    files = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.proto"))
    common = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    status = protoc.main(["protoc", f"-I{FOLDER}", f"-I{common}", f"--python_out={target}",
                          f"--grpc_python_out={target}", *files])
    assert status == 0, "the protos cannot be compiled"
    # `google` is protobuf's own package, whose path says where its modules may lie.
    google.__path__.append(f"{target}/google")
    sys.path.append(target)
    return target
