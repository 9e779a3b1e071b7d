import Inference

/// Models that are nothing but their configuration.
enum DeclaredModel {
  /// The signature that a configuration declares, with the row axis where it asks for rows; throws
  /// where it declares none.
  static func signature(
    _ declared: DeclaredSignature?, of backend: String
  ) throws(RuntimeFault) -> ModelSignature {
    guard let declared, !declared.inputs.isEmpty, !declared.outputs.isEmpty else {
      throw RuntimeFault(
        code: .invalidModel,
        message: "the backend \(backend) has no file to read inputs and outputs from; declare them "
          + "in the model's configuration")
    }
    let hasRows = (declared.rowsMax ?? 0) > 0
    return ModelSignature(
      inputs: declared.inputs.map { description(of: $0, hasRows) },
      outputs: declared.outputs.map { description(of: $0, hasRows) }, hasRowAxis: hasRows)
  }

  private static func description(
    of tensor: DeclaredTensor, _ hasRows: Bool
  ) -> TensorDescription {
    let lengths = (tensor.modelDimensions ?? tensor.dimensions).map {
      $0 < 0 ? Dimension.any(name: nil) : .fixed($0)
    }
    return TensorDescription(
      name: tensor.name, datatype: tensor.datatype,
      dimensions: (hasRows ? [.any(name: nil)] : []) + lengths, isOptional: tensor.isOptional)
  }
}
