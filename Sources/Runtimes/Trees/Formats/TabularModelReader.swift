package import Inference

/// Reads model files of tree libraries, whichever they are: the bytes say it, not the name.
///
/// Reading goes once through the bytes and keeps none of them. It takes memory in proportion to
/// the file, whatever the file declares, and may run on any thread.
package enum TabularModelReader {
  /// Of what a message says about the file; it may quote it.
  private static let problemCharactersMax = 600

  /// - Parameters:
  ///   - bytes: all of the file; they may go after the call.
  ///   - name: what a message calls it.
  package static func read(
    bytes: UnsafeRawBufferPointer, name: String
  ) throws(RuntimeFault) -> TabularModel {
    let format = FileRecognition.format(of: bytes)
    do throws(FormatProblem) {
      let model = try model(bytes, format)
      if case .trees(let ensemble) = model.predictor {
        do throws(RuntimeFault) { try ensemble.check() } catch {
          throw FormatProblem(error.message)
        }
      }
      return model
    } catch {
      throw RuntimeFault(
        code: .invalidModel,
        message: "\(name) cannot be read\(format.words): "
          + PublicText.cut(error.text, problemCharactersMax))
    }
  }

  private static func model(
    _ bytes: UnsafeRawBufferPointer, _ format: FileRecognition
  ) throws(FormatProblem) -> TabularModel {
    switch format {
    case .xgboostJSON:
      var reader = XGBoostReader(JSONSource(bytes))
      return try reader.model()
    case .xgboostUBJ:
      var reader = XGBoostReader(UBJSource(bytes))
      return try reader.model()
    case .lightgbmText:
      var reader = LightGBMReader(bytes)
      return try reader.model()
    case .catboostJSON:
      var reader = CatBoostReader(JSONSource(bytes))
      return try reader.model()
    case .refused(let why): throw FormatProblem(why)
    }
  }
}
