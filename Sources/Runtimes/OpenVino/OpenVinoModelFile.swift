import Glibc
import Inference

/// A model's file or directory before and after the library looked at it: what format it is, what it
/// says about itself, and what is plainly wrong with it.
struct OpenVinoModelFile {
  enum Format: String {
    case onnx
    /// `.xml`, with its weights in the `.bin` of the same name.
    case intermediate = "ir"
    /// A directory with a `saved_model.pb`.
    case savedModel = "saved_model"
    case tensorFlowLite = "tflite"
    /// `.pdmodel`, with its weights in the `.pdiparams` of the same name.
    case paddle
  }

  let path: String
  let format: Format
  /// Of the file and of its weights beside it.
  let byteCount: Int
  private(set) var metadata: [String: String] = [:]
  private(set) var axisNames: [String: [String?]] = [:]
  private(set) var isQuantised = false

  init(path: String) throws(RuntimeFault) {
    self.path = path
    format = try Self.format(of: path)
    let graphPath = format == .savedModel ? "\(path)/saved_model.pb" : path
    var byteCount = 0
    var graph = Graph()
    try MappedFile.withBytes(of: graphPath) { [format] (bytes) throws(RuntimeFault) in
      byteCount = bytes.count
      graph = try Graph(bytes, format: format)
    }
    for beside in Self.weights(of: path, format: format) {
      byteCount += try MappedFile.withBytes(of: beside, missing: "its weights") { $0.count }
    }
    self.byteCount = byteCount
    // An ONNX file has a place for its metadata; the others may have it in a file beside them.
    let beside = format == .onnx ? [:] : MetadataFile.read(beside: path)
    metadata = graph.metadata.merging(beside) { own, _ in own }
    axisNames = graph.axisNames
    isQuantised = graph.isQuantised
  }

  private static func format(of path: String) throws(RuntimeFault) -> Format {
    if MappedFile.isDirectory(path) {
      guard MappedFile.exists("\(path)/saved_model.pb") else {
        throw invalid("it is a directory without a saved_model.pb")
      }
      return .savedModel
    }
    switch path.split(separator: ".").last {
    case "xml": return .intermediate
    case "tflite": return .tensorFlowLite
    case "pdmodel": return .paddle
    default: return .onnx
    }
  }

  /// Files that must lie beside the one that is named.
  private static func weights(of path: String, format: Format) -> [String] {
    switch format {
    case .intermediate: [path.dropLast("xml".count) + "bin"]
    case .paddle: [path.dropLast("pdmodel".count) + "pdiparams"]
    case .onnx, .savedModel, .tensorFlowLite: []
    }
  }

  /// Whatever went wrong while reading is the model's fault, but for lack of memory.
  static func loadFault(_ fault: RuntimeFault) -> RuntimeFault {
    switch fault.code {
    case .outOfMemory, .runtimeMissing: fault
    default: RuntimeFault(code: .invalidModel, message: fault.message)
    }
  }

  static func invalid(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: message)
  }

  /// What is read of the file that has the graph.
  struct Graph {
    var metadata: [String: String] = [:]
    var axisNames: [String: [String?]] = [:]
    var isQuantised = false

    init() {}

    init(_ bytes: UnsafeRawBufferPointer, format: Format) throws(RuntimeFault) {
      switch format {
      case .onnx:
        let graph = OnnxGraph(bytes)
        guard graph.isWhole else { throw invalid("it is cut off, or not an ONNX model") }
        metadata = graph.metadata
        axisNames = graph.axisNames
        isQuantised = graph.isQuantised
      case .intermediate:
        guard bytes.holds("<net ") else { throw invalid("it is not an OpenVINO model") }
        guard bytes.holds("</net>") else { throw invalid("the file is cut off: no </net>") }
        metadata = IntermediateMetadata.read(bytes)
        isQuantised = bytes.holds("type=\"FakeQuantize\"")
      case .tensorFlowLite:
        guard bytes.count > 8, bytes[4..<8].elementsEqual("TFL3".utf8) else {
          throw invalid("it is not a TensorFlow Lite model")
        }
        isQuantised = TensorFlowLiteGraph(bytes).isQuantised
      case .savedModel: isQuantised = bytes.holds("FakeQuantWithMinMax")
      case .paddle: isQuantised = bytes.holds("quantize_linear")
      }
    }
  }
}
