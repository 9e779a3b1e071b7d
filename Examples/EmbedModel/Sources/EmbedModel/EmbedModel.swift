import Apus
import Foundation

/// Loads a model, says what it takes and gives, and asks it: about a photo where one is named, else
/// about zeros.
///
///     EmbedModel yolo11n.onnx bus.jpg
///     EmbedModel iris.onnx
@main
struct EmbedModel {
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard let path = arguments.first else {
      print("usage: EmbedModel MODEL.onnx [PHOTO]")
      exit(2)
    }
    do {
      let model = try await Model.load(path)
      describe(model)
      if let photo = arguments.dropFirst().first {
        try await detect(Array(try Data(contentsOf: URL(fileURLWithPath: photo))), with: model)
      } else {
        try await predictZeros(with: model)
      }
    } catch {
      print("failed: \(error)")
      exit(1)
    }
  }

  static func describe(_ model: Model) {
    print(model.name)
    for port in model.inputs { print("  in  \(port.name) \(port.datatypeName) \(port.shape)") }
    for port in model.outputs { print("  out \(port.name) \(port.datatypeName) \(port.shape)") }
  }

  static func detect(_ photo: [UInt8], with model: Model) async throws {
    for found in try await model.detect(photo) {
      print("\(found.label) \(found.score) at \(found.x1),\(found.y1) to \(found.x2),\(found.y2)")
    }
  }

  /// Zeros of the declared shapes, one where any length goes.
  static func predictZeros(with model: Model) async throws {
    var inputs: [String: Tensor] = [:]
    for port in model.inputs {
      let shape = port.shape.map { max($0, 1) }
      let zeros = [Float](repeating: 0, count: shape.reduce(1, *))
      inputs[port.name] = try Tensor(zeros, shape: shape)
    }
    for (name, tensor) in try await model.predict(inputs).sorted(by: { $0.key < $1.key }) {
      print("\(name) is \(tensor.datatypeName) \(tensor.shape)")
    }
  }
}
