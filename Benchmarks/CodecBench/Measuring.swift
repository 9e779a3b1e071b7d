import Glibc
import Inference
import WireFormats

let elementCount = 1 * 3 * 640 * 640
let repetitions = 15

let signature = ModelSignature(
  inputs: [
    TensorDescription(
      name: "images", datatype: .float32,
      dimensions: [.fixed(1), .fixed(3), .fixed(640), .fixed(640)])
  ],
  outputs: [
    TensorDescription(
      name: "output0", datatype: .float32,
      dimensions: [.fixed(1), .fixed(3), .fixed(640), .fixed(640)])
  ], hasRowAxis: false)

/// How clients write floats.
enum TextForm: String, CaseIterable {
  /// Pixel values rounded by the client.
  case fourDecimals = "decimals4"
  /// Shortest digits of singles, as we and orjson with numpy write them.
  case shortestFloat = "float32"
  /// Singles widened to doubles: `numpy.tolist()`.
  case double = "doubles"

  /// A request with the same pseudo-random pixels in this form, spaces after commas as Python writes.
  func document() -> [UInt8] {
    var text = Array(
      #"{"id":"1","inputs":[{"name":"images","shape":[1,3,640,640],"datatype":"FP32","data":["#.utf8
    )
    var pixels = Pixels()
    for index in 0..<elementCount {
      if index > 0 { text.append(contentsOf: [UInt8(ascii: ","), UInt8(ascii: " ")]) }
      let value = pixels.next()
      switch self {
      case .fourDecimals:
        text.append(contentsOf: "\((Double(value) * 10_000).rounded() / 10_000)".utf8)
      case .shortestFloat: text.append(contentsOf: "\(value)".utf8)
      case .double: text.append(contentsOf: "\(Double(value))".utf8)
      }
    }
    return text + Array("]}]}".utf8)
  }
}

/// A fixed sequence of singles in 0..<1 with 24 random bits (xorshift).
struct Pixels {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func next() -> Float {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Float(state >> 40) / 16_777_216
  }
}

/// The least processor time of some runs, in nanoseconds.
func leastNanoseconds(_ body: () -> Void) -> Double {
  (0..<repetitions).map { _ in
    let start = clock_gettime_nsec()
    body()
    return clock_gettime_nsec() - start
  }.min() ?? 0
}

private func clock_gettime_nsec() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

func report(_ what: String, byteCount: Int, nanoseconds: Double) {
  let perFloat = nanoseconds / Double(elementCount)
  print(
    "apus", what, "\(byteCount) bytes",
    "\(Int(Double(byteCount) * 1_000 / nanoseconds)) MB/s",
    "\((perFloat * 100).rounded() / 100) ns/float",
    "\((nanoseconds / 1e4).rounded() / 100) ms", separator: "\t")
}

func measureDecoding(_ document: [UInt8], _ form: TextForm) {
  let nanoseconds = leastNanoseconds {
    document.withUnsafeBytes { bytes in
      do throws(InputProblem) {
        _ = try OpenInferenceRequest.decode(json: bytes, signature: signature)
      } catch {
        fatalError("the benchmark's own document was refused: \(error)")
      }
    }
  }
  report("decode " + form.rawValue, byteCount: document.count, nanoseconds: nanoseconds)
}

func measureEncoding() {
  var pixels = Pixels()
  let values = (0..<elementCount).map { _ in pixels.next() }
  encode(values, .float32, "float32")
  encode(values.map { ($0 * 10_000).rounded() / 10_000 }, .float32, "decimals4")
  encode(values.map(Double.init), .float64, "doubles")
}

private func encode<Element: BitwiseCopyable>(
  _ values: [Element], _ datatype: Datatype, _ name: String
) {
  let tensor = Tensor(values, datatype: datatype, shape: [1, 3, 640, 640])
  var byteCount = 0
  let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: elementCount * 26 + 4_096, alignment: 64)
  defer { memory.deallocate() }
  let nanoseconds = leastNanoseconds {
    do throws(InferenceFailure) {
      let response = try OpenInferenceResponse(
        model: "identity", version: 1, id: "1",
        outputs: [NamedTensor(name: "output0", tensor: tensor)],
        plan: OpenInferenceResponsePlan())
      byteCount = response.encodeJSON(into: memory)
    } catch {
      fatalError("the benchmark's own answer was refused: \(error)")
    }
  }
  report("encode " + name, byteCount: byteCount, nanoseconds: nanoseconds)
}

func writeFile(_ bytes: [UInt8], _ path: String) {
  guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}
