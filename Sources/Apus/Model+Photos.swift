internal import Imaging
internal import Inference
internal import Vision

/// Something that a model found in a photo.
public struct Detection: Sendable, Equatable {
  /// The class's name.
  public let label: String
  /// The class's place among the model's classes, from 0.
  public let classID: Int
  /// 0 to 1.
  public let score: Float
  /// Left edge, in pixels of the original photo as it is meant to be seen.
  public let x1: Float
  /// Upper edge.
  public let y1: Float
  /// Right edge.
  public let x2: Float
  /// Lower edge.
  public let y2: Float
}

/// What a model takes a photo for.
public struct Classification: Sendable, Equatable {
  /// The class's name.
  public let label: String
  /// The class's place among the model's classes, from 0.
  public let classID: Int
  /// 0 to 1.
  public let score: Float
}

extension Model {
  /// Finds things in a photo: JPEG, PNG or WebP.
  ///
  /// - Parameters:
  ///   - confidence: scores below are left out, 0 to 1.
  ///   - iou: of two boxes of one class that overlap more than this, the weaker is left out.
  /// - Returns: what was found, the highest score first.
  /// - Throws: `ModelError.unsupported` where the model is no detector, `.invalidInput` where the
  ///   bytes are no photo.
  public func detect(
    _ photo: [UInt8], confidence: Float = 0.25, iou: Float = 0.45
  ) async throws(ModelError) -> [Detection] {
    var parameters = DetectionParameters()
    parameters.confidence = confidence
    parameters.iou = iou
    let prepared = try prepare(photo, for: .detect)
    let outputs = try await run(prepared.inputs)
    do throws(InferenceFailure) {
      return try task.detections(in: outputs, of: prepared, parameters: parameters)
        .map(Detection.init)
    } catch {
      throw ModelError(error)
    }
  }

  /// Names what a photo shows: JPEG, PNG or WebP.
  ///
  /// - Returns: the `top` likeliest classes, the likeliest first.
  /// - Throws: `ModelError.unsupported` where the model is no classifier, `.invalidInput` where the
  ///   bytes are no photo.
  public func classify(
    _ photo: [UInt8], top: Int = 5
  ) async throws(ModelError) -> [Classification] {
    let outputs = try await run(try prepare(photo, for: .classify).inputs)
    do throws(InferenceFailure) {
      return try task.classes(in: outputs, top: top).map(Classification.init)
    } catch {
      throw ModelError(error)
    }
  }

  private func prepare(
    _ photo: [UInt8], for kind: VisionTask.Kind
  ) throws(ModelError) -> PreparedPhoto {
    let prepared = photo.withUnsafeBytes { bytes -> Result<PreparedPhoto, InferenceFailure> in
      do throws(InferenceFailure) {
        try task.require(kind)
        return .success(try task.prepare(photo: bytes))
      } catch {
        return .failure(error)
      }
    }
    do throws(InferenceFailure) { return try prepared.get() } catch { throw ModelError(error) }
  }
}

extension Detection {
  init(_ found: Vision.Detection) {
    self.init(
      label: found.label, classID: found.classID, score: found.score, x1: found.box.x1,
      y1: found.box.y1, x2: found.box.x2, y2: found.box.y2)
  }
}

extension Classification {
  init(_ found: Vision.Classification) {
    self.init(label: found.label, classID: found.classID, score: found.score)
  }
}
