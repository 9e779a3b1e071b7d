import Inference

/// Inputs, outputs, and what their rows are.
extension TritonDialect {
  mutating func takeTensors() {
    let inputs = root.groups("input").compactMap { tensor($0) }
    let outputs = root.groups("output").compactMap { tensor($0) }
    let rowsMax = root.integer("max_batch_size")
    takeLabels()
    guard rowsMax != nil || !inputs.isEmpty || !outputs.isEmpty else { return }
    model.declared = DeclaredSignature(
      inputs: unique(inputs, "input"), outputs: unique(outputs, "output"), rowsMax: rowsMax)
  }

  private mutating func unique(
    _ tensors: [DeclaredTensor], _ key: String
  ) -> [DeclaredTensor] {
    var names: Set<String> = []
    return tensors.filter { tensor in
      if names.insert(tensor.name).inserted { return true }
      stop("\(tensor.name) is listed twice", root, key)
      return false
    }
  }

  private mutating func tensor(_ group: ConfigurationGroup) -> DeclaredTensor? {
    guard let name = group.word("name") else {
      stop("expected a name", group, "name")
      return nil
    }
    guard let datatype = datatype(group, "data_type") else { return nil }
    let dims = group.integers("dims")
    // An empty shape is one element a row, which Triton writes as `[1]` and a reshape to `[]`.
    if dims.isEmpty {
      stop("expected at least one length", group, "dims")
      return nil
    }
    if dims.contains(0) {
      stop("lengths are 1 or more, or -1 for any", group, "dims")
      return nil
    }
    if group.text("format").map({ $0 != "FORMAT_NONE" }) ?? false, dims.count != 3 {
      stop("a format goes with three lengths in dims, and there are \(dims.count)", group, "format")
    }
    var tensor = DeclaredTensor(
      name: name, datatype: datatype, dimensions: dims,
      isOptional: group.isTrue("optional") ?? false)
    if let reshape = group.group("reshape") {
      tensor.modelDimensions = reshape.integers("shape")
      if !tensor.isReshapable {
        let shape = reshape.integers("shape").map(String.init).joined(separator: ", ")
        stop(
          "[\(shape)] does not hold the same elements as dims "
            + "[\(dims.map(String.init).joined(separator: ", "))]", group, "reshape")
      }
    }
    return tensor
  }

  /// Of one file, whichever outputs name it.
  private mutating func takeLabels() {
    var first: String?
    for output in root.groups("output") {
      guard let file = output.word("label_filename") else { continue }
      if let first, first != file {
        stop(
          "one file of labels for a model is read, and \(first) is named, too", output,
          "label_filename")
        continue
      }
      first = file
      do throws(ServerFault) {
        model.labels = try LabelsFile.read("\(folder)/\(file)")
      } catch {
        stop("\(error)", output, "label_filename")
      }
    }
  }
}
