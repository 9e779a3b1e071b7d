import COpenVino
package import Inference
package import NativeLibraries
import Synchronization

/// Loads models into OpenVINO, which it opens at the first of them: ONNX, OpenVINO's intermediate
/// representation, TensorFlow SavedModel and Lite, Paddle.
package struct OpenVinoLoader: ModelLoader {
  package let runtimeName = "openvino"
  private let places: NativeLibraryPlaces?
  private let cache: CompiledModelCache?

  /// Loads happen one at a time in the process: what a load allocates is measured around it.
  private static let loading = Guarded(())

  /// `places` is where the library is looked for; the standard ones, seen anew at each load, where
  /// none are given. Without a `cache` every load compiles.
  package init(places: NativeLibraryPlaces? = nil, cache: CompiledModelCache? = nil) {
    self.places = places
    self.cache = cache
  }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    let library = try OpenVinoLibrary.open(in: places ?? .standard)
    return try Self.loading.withLock { (_) throws(RuntimeFault) in
      try library.model(source, options: options, cache: cache)
    }
  }
}

extension OpenVinoLibrary {
  fileprivate func model(
    _ source: ModelSource, options: RuntimeOptions, cache: CompiledModelCache?
  ) throws(RuntimeFault) -> OpenVinoModel {
    let before = Self.allocatedByteCount()
    let reading = try Reading(source)
    var properties = try properties(for: options, isQuantised: reading.isQuantised)
    let graph = try read(source)
    let ports = try ports(of: graph, source, reading)
    var folder: String?
    if case .file(let path) = source, let cache {
      folder = cache.folder(for: path, processor: "\(processorName) \(version)")
    }
    properties["CACHE_DIR"] = folder ?? ""
    let compiled = try compile(graph, properties)
    if let folder { cache?.trim(keeping: folder) }
    return OpenVinoModel(
      compiled, ports: ports, metadata: reading.metadata, platformName: reading.platformName,
      footprintByteCount: max(Self.allocatedByteCount() - before, reading.byteCount))
  }

  private func read(_ source: ModelSource) throws(RuntimeFault) -> OpenVinoGraph {
    do {
      let handle = try api.make("a model") { made in
        switch source {
        case .file(let path): api.pointee.core_read_model(core, path, nil, &made)
        case .embedded(_, let constant):
          api.pointee.core_read_model_from_memory_buffer(
            core, constant.bytes.bindMemory(to: CChar.self).baseAddress, constant.bytes.count, nil,
            &made)
        }
      }
      return OpenVinoGraph(handle, api)
    } catch {
      throw OpenVinoModelFile.loadFault(error)
    }
  }

  private func ports(
    of graph: borrowing OpenVinoGraph, _ source: ModelSource, _ reading: Reading
  ) throws(RuntimeFault) -> OpenVinoPorts {
    let inputs = try graph.inputs(axisNames: reading.axisNames)
    let outputs = try graph.outputs(axisNames: reading.axisNames)
    let isOpen = (inputs + outputs).allSatisfy { port in
      guard case .any? = port.description.dimensions.first else { return false }
      return true
    }
    // A graph of its own for the trial: trying shapes rewrites it.
    let hasRows = isOpen && !inputs.isEmpty ? try read(source).followsRows(inputs: inputs) : false
    return OpenVinoPorts(inputs: inputs, outputs: outputs, hasRowAxis: hasRows)
  }

  private func compile(
    _ graph: borrowing OpenVinoGraph, _ properties: [String: String]
  ) throws(RuntimeFault) -> OpenVinoCompiledModel {
    let handle = graph.handle
    do {
      let compiled = try api.withProperties(properties) { (list, count) throws(RuntimeFault) in
        try api.make("a compiled model") {
          api.pointee.core_compile_model_props(core, handle, Self.device, count, list, &$0)
        }
      }
      return OpenVinoCompiledModel(compiled, of: self)
    } catch {
      throw OpenVinoModelFile.loadFault(error)
    }
  }

  /// One stream for each caller, each with its own threads, which stay off the processors that the
  /// rest of the server uses: pinned, two models would share a core while another is idle.
  private func properties(
    for options: RuntimeOptions, isQuantised: Bool
  ) throws(RuntimeFault) -> [String: String] {
    let callers = max(1, options.callerCount)
    var properties = [
      "NUM_STREAMS": "\(callers)",
      "INFERENCE_NUM_THREADS": "\(callers * max(1, options.threadCount))",
      "ENABLE_CPU_PINNING": "NO",
    ]
    switch options.precision {
    case .f32: properties["INFERENCE_PRECISION_HINT"] = "f32"
    case .auto: break
    case .bf16:
      guard capabilities.contains("BF16") else {
        throw Self.unfit(
          "precision bf16 needs a processor with AVX-512 BF16 or AMX, which this one "
            + "(\(processorName)) has not; f32 and auto work here")
      }
      properties["INFERENCE_PRECISION_HINT"] = "bf16"
    case .int8:
      guard isQuantised else {
        throw Self.unfit(
          "precision int8 serves a model whose file is quantised, and this one is not: quantise "
            + "it first, or serve it at f32 or auto")
      }
    }
    return properties
  }

  private static func unfit(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: message)
  }

  /// Bytes that the C allocator has given out. Other threads move it too, hence the file's size as
  /// the lower bound of a footprint.
  private static func allocatedByteCount() -> Int {
    let figures = mallinfo2()
    return figures.uordblks + figures.hblkhd
  }

  /// What is known of a source before the library reads it.
  private struct Reading {
    let metadata: [String: String]
    let axisNames: [String: [String?]]
    let isQuantised: Bool
    let byteCount: Int
    let platformName: String

    init(_ source: ModelSource) throws(RuntimeFault) {
      switch source {
      case .file(let path):
        let file = try OpenVinoModelFile(path: path)
        metadata = file.metadata
        axisNames = file.axisNames
        isQuantised = file.isQuantised
        byteCount = file.byteCount
        platformName = "openvino_\(file.format.rawValue)"
      case .embedded(_, let constant):
        let graph = OnnxGraph(constant.bytes)
        metadata = graph.metadata
        axisNames = graph.axisNames
        isQuantised = graph.isQuantised
        byteCount = constant.bytes.count
        platformName = "openvino_\(OpenVinoModelFile.Format.onnx.rawValue)"
      }
    }
  }
}
