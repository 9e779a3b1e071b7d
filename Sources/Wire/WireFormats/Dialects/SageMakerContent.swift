/// SageMaker's content type of JSON with binary tensors behind it, which says where the JSON ends.
package enum SageMakerContent {
  private static let binaryType = "application/vnd.sagemaker-triton.binary+json"
  private static let sizeParameter = "json-header-size"

  package static func type(jsonByteCount: Int) -> String {
    "\(binaryType);\(sizeParameter)=\(jsonByteCount)"
  }

  /// The length that such a type names: `nil` for other types, the text as it came where it is no
  /// length.
  package static func jsonLength(contentType: String) -> String? {
    let header = HeaderValue(contentType)
    guard header.value.lowercased() == binaryType else { return nil }
    return header.parameters[sizeParameter] ?? ""
  }
}
