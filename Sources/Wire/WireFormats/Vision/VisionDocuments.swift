package import Vision

/// What the answers of `/detect` and `/classify` say beside what was found.
package struct VisionAnswerHead: Sendable {
  package let modelName: String
  package let modelVersion: Int64
  /// Of the original photo, upright.
  package let width: Int
  package let height: Int
  /// Milliseconds by stage, in the order in which they happened; left out where there are none.
  package let milliseconds: [(stage: String, value: Double)]

  package init(
    modelName: String, modelVersion: Int64, width: Int, height: Int,
    milliseconds: [(stage: String, value: Double)]
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.width = width
    self.height = height
    self.milliseconds = milliseconds
  }
}

/// The documents of the vision tasks, as JSON bytes. Boxes are in pixels of the original photo.
package enum VisionDocuments {
  package static func detections(_ found: [Detection], _ head: VisionAnswerHead) -> [UInt8] {
    var writer = JSONWriter(reservedByteCount: 256 + found.count * 160)
    writer.writeHead(head)
    writer.write(raw: ",\"detections\":")
    writer.list("[", "]", found) { writer, detection in
      writer.writeClass(detection.label, detection.classID, detection.score)
      writer.write(raw: ",\"box\":{\"x1\":")
      writer.write(detection.box.x1)
      writer.write(raw: ",\"y1\":")
      writer.write(detection.box.y1)
      writer.write(raw: ",\"x2\":")
      writer.write(detection.box.x2)
      writer.write(raw: ",\"y2\":")
      writer.write(detection.box.y2)
      writer.write(raw: "}}")
    }
    writer.writeTail(head)
    return writer.bytes
  }

  package static func classes(_ found: [Classification], _ head: VisionAnswerHead) -> [UInt8] {
    var writer = JSONWriter(reservedByteCount: 256 + found.count * 96)
    writer.writeHead(head)
    writer.write(raw: ",\"classes\":")
    writer.list("[", "]", found) { writer, found in
      writer.writeClass(found.label, found.classID, found.score)
      writer.write(raw: "}")
    }
    writer.writeTail(head)
    return writer.bytes
  }
}

extension JSONWriter {
  fileprivate mutating func writeHead(_ head: VisionAnswerHead) {
    write(raw: "{\"model_name\":")
    write(head.modelName)
    write(raw: ",\"model_version\":")
    write(String(head.modelVersion))
    write(raw: ",\"image\":{\"width\":")
    write(Int64(head.width))
    write(raw: ",\"height\":")
    write(Int64(head.height))
    write(raw: "}")
  }

  /// Leaves the object open.
  fileprivate mutating func writeClass(_ label: String, _ classID: Int, _ score: Float) {
    write(raw: "{\"label\":")
    write(label)
    write(raw: ",\"class_id\":")
    write(Int64(classID))
    write(raw: ",\"score\":")
    write(score)
  }

  fileprivate mutating func writeTail(_ head: VisionAnswerHead) {
    if !head.milliseconds.isEmpty {
      write(raw: ",\"timings_ms\":")
      list("{", "}", head.milliseconds) { writer, entry in
        writer.write(entry.stage)
        writer.write(raw: ":")
        writer.write(entry.value)
      }
    }
    write(raw: "}")
  }
}
