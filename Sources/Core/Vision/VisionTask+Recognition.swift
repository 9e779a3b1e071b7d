import Imaging
package import Inference

extension VisionTask {
  /// What the model is for.
  ///
  /// The operator's `task` comes first, then the model's own metadata (`task`, as Ultralytics
  /// writes it), then its shapes: a photo's input and as many places as a detector of that size has
  /// make a detector; a photo's input and a row of scores make a classifier. Of the names likewise:
  /// `labels`, then the metadata's `names`.
  package static func recognise(
    signature: ModelSignature, labels: [String] = [], task: String? = nil,
    options: VisionOptions = VisionOptions()
  ) -> VisionTask {
    let recognition = Recognition(
      signature: signature, options: options,
      labels: labels.isEmpty
        ? signature.metadata["names"].flatMap(ClassNames.parse) ?? [] : labels)
    return recognition.task(declared: task ?? signature.metadata["task"])
  }
}

/// One recognition: what is known of the model, and what follows from it.
private struct Recognition {
  let signature: ModelSignature
  let options: VisionOptions
  let labels: [String]

  /// The classes of ImageNet; a model of these that says nothing else of itself was trained with
  /// torchvision's normalisation.
  private static let imageNetClassCount = 1000
  private static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  private static let imageNetDeviation: [Float] = [0.229, 0.224, 0.225]
  /// 224 of 256: what torchvision's evaluation keeps of the shorter side.
  private static let imageNetFraction = 0.875

  func task(declared: String?) -> VisionTask {
    guard let axes = PhotoAxes(signature: signature, layout: options.layout) else {
      return none
    }
    switch declared {
    case "detect": return detector(axes, output: detectorOutput) ?? none
    case "classify": return classifier(axes, isDeclared: true) ?? none
    case let other?: return refused(other)
    case nil: return recognised(axes)
    }
  }

  /// From shapes alone.
  private func recognised(_ axes: PhotoAxes) -> VisionTask {
    if let output = detectorOutput, isDetector(output, axes: axes) {
      // Masks come as prototypes beside the boxes.
      let hasPrototypes = signature.outputs.contains { $0.dimensions.count == 4 }
      return hasPrototypes ? refused("segment") : detector(axes, output: output) ?? none
    }
    return classifier(axes, isDeclared: false) ?? none
  }

  /// The first output that may hold boxes: three axes of floats.
  private var detectorOutput: Int? {
    signature.outputs.firstIndex {
      isFloat($0) && ($0.isShapeless || $0.dimensions.count == 3)
    }
  }

  private func isDetector(_ index: Int, axes: PhotoAxes) -> Bool {
    let output = signature.outputs[index]
    guard output.dimensions.count == 3 else { return false }
    let evidence = DetectionLayout.Evidence(
      a: length(output.dimensions[1]), b: length(output.dimensions[2]),
      classCount: labels.isEmpty ? nil : labels.count, inputWidth: axes.width,
      inputHeight: axes.height)
    if DetectionLayout.isCertain(evidence) { return true }
    let layout = DetectionLayout(evidence)
    return layout == .endToEnd || (evidence.classCount != nil && layout != nil)
  }

  private func detector(_ axes: PhotoAxes, output: Int?) -> VisionTask? {
    guard let output,
      let input = input(axes, mean: [0], deviation: [1], placing: .letterbox)
    else { return nil }
    return task(.detect, output: output, input: input)
  }

  private func classifier(_ axes: PhotoAxes, isDeclared: Bool) -> VisionTask? {
    let found = signature.outputs.firstIndex { isFloat($0) && classCount($0) != 1 && isRow($0) }
    guard let output = found else { return nil }
    let isImageNet =
      !isDeclared && axes.channelCount == 3
      && classCount(signature.outputs[output]) == Self.imageNetClassCount
    let input = input(
      axes, mean: isImageNet ? Self.imageNetMean : [0],
      deviation: isImageNet ? Self.imageNetDeviation : [1],
      placing: .centreCrop(fraction: isImageNet ? Self.imageNetFraction : 1))
    return input.map { task(.classify, output: output, input: $0) }
  }

  private func input(
    _ axes: PhotoAxes, mean: [Float], deviation: [Float], placing: PhotoInput.Placing
  ) -> PhotoInput? {
    let form = PixelForm(
      datatype: axes.datatype, width: axes.width, height: axes.height,
      channelCount: axes.channelCount, layout: axes.layout, mean: options.mean ?? mean,
      deviation: options.deviation ?? deviation)
    return form.map {
      PhotoInput(
        index: axes.index, form: $0, placing: placing, filter: options.resize,
        isScaledDecoding: options.isScaledDecoding, rowCount: axes.rowCount)
    }
  }

  private func task(_ kind: VisionTask.Kind, output: Int, input: PhotoInput) -> VisionTask {
    VisionTask(
      kind: kind, output: (output, signature.outputs[output].name), labels: labels, input: input,
      inputCount: signature.inputs.count)
  }

  private func refused(_ task: String) -> VisionTask {
    VisionTask(
      kind: .refused(task: task), output: nil, labels: labels, input: nil,
      inputCount: signature.inputs.count)
  }

  private var none: VisionTask {
    VisionTask(
      kind: .none, output: nil, labels: labels, input: nil, inputCount: signature.inputs.count)
  }

  private func isFloat(_ output: TensorDescription) -> Bool {
    output.datatype == .float32 || output.datatype == .float16
  }

  /// [classes], [batch, classes] or [batch, classes, 1, 1].
  private func isRow(_ output: TensorDescription) -> Bool {
    let dimensions = output.dimensions
    guard !output.isShapeless, !dimensions.isEmpty else { return false }
    return dimensions.count <= 2
      || (dimensions.count == 4 && dimensions[2...].allSatisfy { length($0) == 1 })
  }

  private func classCount(_ output: TensorDescription) -> Int? {
    let dimensions = output.dimensions
    return dimensions.isEmpty ? nil : length(dimensions[dimensions.count == 1 ? 0 : 1])
  }

  private func length(_ dimension: Dimension) -> Int? {
    if case .fixed(let length) = dimension { return length }
    return nil
  }
}
