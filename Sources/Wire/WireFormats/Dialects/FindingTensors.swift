import Inference
import Vision

/// What was found in photos, as tensors: a row for each thing found, and the photo it is in.
enum FindingTensors {
  /// `photo` INT64 [n], `labels` BYTES [n], `classes` INT64 [n], `scores` FP32 [n]; for detections
  /// also `boxes` FP32 [n,4], left upper and right lower corner in pixels.
  static let names = ["photo", "labels", "classes", "scores", "boxes"]

  static func outputs(_ findings: [PhotoFindings]) -> [NamedTensor] {
    var photos: [Int64] = []
    var labels: [String] = []
    var classes: [Int64] = []
    var scores: [Float] = []
    var boxes: [Float] = []
    var hasBoxes = false
    func add(_ photo: Int, _ label: String, _ classID: Int, _ score: Float) {
      photos.append(Int64(photo))
      labels.append(label)
      classes.append(Int64(classID))
      scores.append(score)
    }
    for (photo, found) in findings.enumerated() {
      switch found {
      case .detections(let detections, _):
        hasBoxes = true
        for detection in detections {
          add(photo, detection.label, detection.classID, detection.score)
          let box = detection.box
          boxes += [box.x1, box.y1, box.x2, box.y2]
        }
      case .classes(let classes, _):
        for found in classes { add(photo, found.label, found.classID, found.score) }
      }
    }
    let count = labels.count
    var outputs = [
      NamedTensor(name: "photo", tensor: Tensor(photos, datatype: .int64, shape: [count])),
      NamedTensor(name: "labels", tensor: Tensor(strings: labels, shape: [count])),
      NamedTensor(name: "classes", tensor: Tensor(classes, datatype: .int64, shape: [count])),
      NamedTensor(name: "scores", tensor: Tensor(scores, datatype: .float32, shape: [count])),
    ]
    if hasBoxes {
      outputs.append(
        NamedTensor(name: "boxes", tensor: Tensor(boxes, datatype: .float32, shape: [count, 4])))
    }
    return outputs
  }
}
