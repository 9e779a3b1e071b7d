import Inference
import Testing

@testable import OnnxRuntime

@Suite struct OnnxMessageTests {
  @Test(arguments: [
    (
      "/src/core/reshape_helper.h:47 onnxruntime::Reshape::Reshape(const Shape&, bool) size was false.",
      "size was false."
    ),
    (
      "/src/a.cc:9 virtual Status ns::Conv<T>::Compute(Context*) const [with T = float] bad X",
      "bad X"
    ),
    (
      "Load model from /srv/bird/secret.onnx failed:Protobuf parsing failed.",
      "Load model from failed:Protobuf parsing failed."
    ),
    (
      "while running Gather node. Name:'/model.0/gather' at 0x7f00 failed",
      "while running Gather node. Name:'/model.0/gather' at failed"
    ),
    ("no \"/srv/bird/x.weights\" here", "no \"x.weights\" here"),
    ("two\nlines", "two lines"),
    ("/src/a.cc:9 no signature here", "no signature here"),
  ])
  func `what is not for clients is left out`(_ said: String, _ expected: String) {
    #expect(OnnxMessage.cleaned(said) == expected)
  }

  @Test func `a long message is cut`() {
    let cleaned = OnnxMessage.cleaned(String(repeating: "word ", count: 1000))
    #expect(cleaned.count == OnnxMessage.charactersMax + 3)
  }

  @Test(arguments: [
    ("1.16.0", true), ("1.31.1", true), ("2.0", true), ("1.15.1", false), ("", false),
  ])
  func `releases from 1.16 on are recent enough`(_ version: String, _ isEnough: Bool) {
    #expect((OnnxRuntimeVersion(version) >= .oldestSupported) == isEnough)
  }

  @Test(arguments: [
    ([0x08, 0x08, 0x3a, 0x02, 1, 2], ProtobufOutline.Verdict.whole),
    ([0x08, 0x08, 0x3a, 0x09, 1, 2], .cutOff(bytesWanted: 13)),
    ([0x08, 0x08, 0x3a], .cutOff(bytesWanted: 4)),
    ([0x00, 0x01], .foreign), ([0xff, 0xff, 0xff, 0xff], .foreign),
  ])
  func `the outline of a file tells whole, cut off and foreign apart`(
    _ bytes: [UInt8], _ verdict: ProtobufOutline.Verdict
  ) {
    let outline = ProtobufOutline(byteCount: bytes.count) {
      Array(bytes[$0..<min($0 + 20, bytes.count)])
    }
    #expect(outline.verdict == verdict)
  }
}
