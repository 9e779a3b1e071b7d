import COnnxRuntime
package import Inference
package import NativeLibraries
import Synchronization

/// Loads ONNX models into ONNX Runtime, which it opens at the first of them.
///
/// `auto` precision computes like `f32`: the library has nothing faster that is not another model.
/// `bf16` and `int8` are refused: a file in such numbers is served as it is, at `f32`.
package struct OnnxLoader: ModelLoader {
  package let runtimeName = "onnxruntime"
  private let places: NativeLibraryPlaces?

  /// Loads happen at the same time: the library allows it. What one of them allocates is measured
  /// around it, so those that overlap are told apart by this.
  private static let loading = Guarded(LoadLedger())

  /// `places` is where the library is looked for; the standard ones, seen anew at each load, where
  /// none are given.
  package init(places: NativeLibraryPlaces? = nil) { self.places = places }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    try loadModel(source, options: options)
  }

  /// A session of one thread computes on its callers' threads alone.
  package func leavesNoThread(options: RuntimeOptions) -> Bool { options.threadCount == 1 }

  func loadModel(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> OnnxModel {
    if options.precision == .bf16 || options.precision == .int8 {
      throw RuntimeFault(
        code: .invalidModel,
        message: "ONNX Runtime computes a model as its file has it, and not at precision "
          + "\(options.precision.rawValue); write precision: f32, or runtime: openvino")
    }
    let library = try OnnxRuntimeLibrary.open(in: places ?? .standard)
    let entry = Self.loading.withLock {
      $0.begin(sourceByteCount: source.byteCount, allocated: Self.allocatedByteCount())
    }
    let session: OnnxSession
    let fileByteCount: Int
    do throws(RuntimeFault) {
      (session, fileByteCount) = try library.session(for: source, options: options)
    } catch {
      _ = Self.loading.withLock { $0.end(entry, allocated: 0) }
      throw error
    }
    let grown = Self.loading.withLock { $0.end(entry, allocated: Self.allocatedByteCount()) }
    return try OnnxModel(session, footprintByteCount: max(grown, fileByteCount))
  }

  /// Bytes that the C allocator has given out. Other threads move it too, hence the file's size as
  /// the lower bound of a footprint.
  private static func allocatedByteCount() -> Int {
    let figures = mallinfo2()
    return figures.uordblks + figures.hblkhd
  }
}

extension OnnxRuntimeLibrary {
  fileprivate func session(
    for source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> (OnnxSession, byteCount: Int) {
    let settings = try sessionOptions(options)
    defer { api.pointee.ReleaseSessionOptions(settings) }
    switch source {
    case .file(let path):
      let file = try OnnxModelFile(path: path)
      do {
        // By path and not by bytes: weights may lie in files beside it.
        let handle = try api.make { api.pointee.CreateSession(environment, path, settings, &$0) }
        return (try OnnxSession(handle, of: self), file.byteCount)
      } catch {
        throw file.diagnosis(of: error)
      }
    case .embedded(_, let constant):
      let bytes = constant.bytes
      do {
        let handle = try api.make {
          api.pointee.CreateSessionFromArray(
            environment, bytes.baseAddress, bytes.count, settings, &$0)
        }
        return (try OnnxSession(handle, of: self), bytes.count)
      } catch {
        throw OnnxModelFile.diagnosis(of: error, byteCount: bytes.count) {
          Array(bytes[$0..<min($0 + 20, bytes.count)])
        }
      }
    }
  }

  /// One pool of threads per model and no spinning: a spinning thread takes the processor from the
  /// rest of the server (measured: two threads beside one busy process, 50 ms spinning, 33 not).
  private func sessionOptions(_ options: RuntimeOptions) throws(RuntimeFault) -> OpaquePointer {
    let settings = try api.make { api.pointee.CreateSessionOptions(&$0) }
    do {
      try api.check(api.pointee.SetSessionExecutionMode(settings, Self.sequential))
      try api.check(api.pointee.SetSessionGraphOptimizationLevel(settings, Self.allOptimisations))
      try api.check(
        api.pointee.SetIntraOpNumThreads(settings, Int32(clamping: max(1, options.threadCount))))
      try api.check(api.pointee.SetInterOpNumThreads(settings, 1))
      // The library's memory is ours, see `OnnxHostMemory`, and no arena of each session's own.
      try api.check(api.pointee.AddSessionConfigEntry(settings, "session.use_env_allocators", "1"))
      try api.check(
        api.pointee.AddSessionConfigEntry(settings, "session.intra_op.allow_spinning", "0"))
      // Smaller blocks of work, so that a thread that lost its processor holds up little.
      try api.check(api.pointee.AddSessionConfigEntry(settings, "session.dynamic_block_base", "4"))
      return settings
    } catch {
      api.pointee.ReleaseSessionOptions(settings)
      throw error
    }
  }

  /// `ORT_SEQUENTIAL` and `ORT_ENABLE_ALL`.
  private static let sequential: Int32 = 0
  private static let allOptimisations: Int32 = 99
}
