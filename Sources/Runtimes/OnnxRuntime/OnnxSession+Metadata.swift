import COnnxRuntime
import Inference

extension OnnxSession {
  /// What the file says about itself: its custom entries as they are, and under `onnx.` what every
  /// ONNX file has, where it says anything.
  func metadata() throws(RuntimeFault) -> [String: String] {
    let entries = try api.make { api.pointee.SessionGetModelMetadata(handle, &$0) }
    defer { api.pointee.ReleaseModelMetadata(entries) }
    var metadata: [String: String] = [:]
    for (key, read) in standardEntries {
      var text: UnsafeMutablePointer<CChar>?
      try api.check(read(entries, library.allocator, &text))
      let value = library.take(text)
      if !value.isEmpty { metadata[key] = value }
    }
    var version: Int64 = 0
    try api.check(api.pointee.ModelMetadataGetVersion(entries, &version))
    // 0 and the largest number both stand for "not said".
    if version > 0 && version < .max { metadata["onnx.model_version"] = String(version) }
    for key in try customKeys(of: entries) {
      metadata[key] = try customEntry(key, of: entries)
    }
    return metadata
  }

  private typealias ReadEntry =
    @convention(c) (
      OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> OpaquePointer?

  private var standardEntries: [(String, ReadEntry)] {
    [
      ("onnx.producer_name", api.pointee.ModelMetadataGetProducerName),
      ("onnx.graph_name", api.pointee.ModelMetadataGetGraphName),
      ("onnx.domain", api.pointee.ModelMetadataGetDomain),
      ("onnx.description", api.pointee.ModelMetadataGetDescription),
    ]
  }

  private func customKeys(of entries: OpaquePointer) throws(RuntimeFault) -> [String] {
    var keys: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    var count: Int64 = 0
    try api.check(
      api.pointee.ModelMetadataGetCustomMetadataMapKeys(entries, library.allocator, &keys, &count))
    guard let keys else { return [] }
    defer { _ = api.pointee.AllocatorFree(library.allocator, keys) }
    return (0..<Int(count)).map { library.take(keys[$0]) }
  }

  private func customEntry(
    _ key: String, of entries: OpaquePointer
  ) throws(RuntimeFault) -> String {
    var text: UnsafeMutablePointer<CChar>?
    try api.check(
      api.pointee.ModelMetadataLookupCustomMetadataMap(entries, library.allocator, key, &text))
    return library.take(text)
  }
}
