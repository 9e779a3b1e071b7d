import Apus
import Glibc
import Testing

/// Uses the library as a program that embeds it does: through what is public.
@Suite struct ModelTests {
  private func bytes(of path: String) throws -> [UInt8] {
    let stream = try #require(fopen(path, "r"))
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 {
      bytes += chunk[..<count]
    }
    return bytes
  }

  @Test func `says what a model takes and gives`() async throws {
    let model = try await Model.load("models/iris/iris.onnx")
    #expect(model.name == "iris")
    #expect(model.inputs.map(\.name) == ["features"])
    #expect(model.inputs.first?.shape == [-1, 4])
    #expect(model.outputs.map(\.datatypeName) == ["INT64", "FP32"])
    #expect(model.metadata["license"] == "MIT")
  }

  @Test func `predicts from many tasks at once`() async throws {
    let model = try await Model.load("models/iris/iris.onnx")
    let rows = try Tensor([5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3] as [Float], shape: [2, 4])
    try await withThrowingTaskGroup(of: [Int64].self) { group in
      for _ in 0..<50 {
        group.addTask {
          try await model.predict(["features": rows])["label"]?.elements() ?? []
        }
      }
      for try await labels in group { #expect(labels == [0, 2]) }
    }
  }

  @Test func `finds the drawn shapes in a photo`() async throws {
    let model = try await Model.load("models/shapes/shapes.onnx")
    let found = try await model.detect(try bytes(of: "models/shapes/example-1.png"))
    #expect(
      found.map(\.label) == ["square", "square", "circle", "triangle", "triangle"])
    #expect(found.allSatisfy { $0.x1 < $0.x2 && $0.y1 < $0.y2 && $0.score <= 1 })
  }

  @Test func `says which file cannot be loaded`() async {
    do {
      _ = try await Model.load("models/README.md")
      Issue.record("a page was loaded as a model")
    } catch .notLoaded(let text) {
      #expect(text.contains("README.md"))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `refuses inputs that do not fit, and says what would`() async throws {
    let model = try await Model.load("models/iris/iris.onnx")
    let narrow = try Tensor([1, 2, 3] as [Float], shape: [1, 3])
    let integers = try Tensor([1, 2, 3, 4] as [Int64], shape: [1, 4])
    for inputs in [["features": narrow], ["features": integers], ["petals": narrow], [:]] {
      await #expect(throws: ModelError.self) { try await model.predict(inputs) }
    }
    #expect(throws: ModelError.self) { try Tensor([1, 2, 3] as [Float], shape: [2, 2]) }
  }

  @Test func `refuses a photo for a model that takes none, and what is no photo`() async throws {
    let iris = try await Model.load("models/iris/iris.onnx")
    await #expect(throws: ModelError.self) { try await iris.detect([0xFF, 0xD8, 0xFF]) }
    let shapes = try await Model.load("models/shapes/shapes.onnx")
    await #expect(throws: ModelError.self) { try await shapes.detect([1, 2, 3]) }
  }

  @Test func `a cancelled task gets no answer`() async throws {
    let model = try await Model.load("models/iris/iris.onnx")
    let row = try Tensor([5.1, 3.5, 1.4, 0.2] as [Float], shape: [1, 4])
    let task = Task { () -> Result<Void, ModelError> in
      while !Task.isCancelled { await Task.yield() }
      do throws(ModelError) {
        _ = try await model.predict(["features": row])
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    task.cancel()
    #expect(await task.value == .failure(.cancelled))
  }
}

extension Result where Success == Void, Failure == ModelError {
  fileprivate static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.failure(let one), .failure(let other)): one == other
    case (.success, .success): true
    default: false
    }
  }
}
