/// What a file is, by its first bytes, or why it is not read.
enum FileRecognition: Equatable {
  case xgboostJSON
  case xgboostUBJ
  case lightgbmText
  case catboostJSON
  case refused(String)

  /// For a message: " as ...".
  var words: String {
    switch self {
    case .xgboostJSON: " as XGBoost JSON"
    case .xgboostUBJ: " as XGBoost UBJSON"
    case .lightgbmText: " as LightGBM text"
    case .catboostJSON: " as CatBoost JSON"
    case .refused: ""
    }
  }

  static func format(of bytes: UnsafeRawBufferPointer) -> FileRecognition {
    guard let start = bytes.firstIndex(where: { $0 > 0x20 }) else {
      return .refused(bytes.isEmpty ? "it is empty" : "there is nothing in it but white space")
    }
    if bytes[start] == UInt8(ascii: "{") { return object(bytes, start: start) }
    if isLightGBM(bytes) { return .lightgbmText }
    return .refused(refusal(bytes))
  }

  private static func isLightGBM(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.hasPrefix("tree\n") || bytes.hasPrefix("tree\r\n") else {
      return bytes.hasPrefix("version=v")
    }
    return true
  }

  /// After the brace JSON has a quote, binary JSON the width of the first key's length.
  private static func object(_ bytes: UnsafeRawBufferPointer, start: Int) -> FileRecognition {
    let next = bytes[(start + 1)...].first { $0 > 0x20 }
    if start == 0, bytes.count > 1, "LlIiU#$".utf8.contains(bytes[1]) { return .xgboostUBJ }
    guard next == UInt8(ascii: "\"") else {
      return .refused("it begins with a brace, but is neither JSON nor binary JSON of a model")
    }
    do throws(FormatProblem) { return try objectJSON(bytes, start: start) } catch {
      return .refused(error.text)
    }
  }

  /// The first key that only one of the libraries writes decides.
  private static func objectJSON(
    _ bytes: UnsafeRawBufferPointer, start: Int
  ) throws(FormatProblem) -> FileRecognition {
    var source = JSONSource(bytes, from: start)
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "learner", "Model", "Config": return .xgboostJSON
      case "features_info", "oblivious_trees", "ctr_data": return .catboostJSON
      case "tree_info", "feature_names", "max_feature_idx":
        return .refused(
          "it is what LightGBM's dump_model writes, which is for people to read; save the model "
            + "with save_model(\"model.txt\") and serve that")
      default: try source.skip()
      }
    }
    return .refused(
      "it is JSON, but has neither the learner of XGBoost nor the features_info of CatBoost")
  }

  private static func refusal(_ bytes: UnsafeRawBufferPointer) -> String {
    if bytes.hasPrefix("binf") || bytes.hasPrefix("bs64") || isOldXGBoost(bytes) {
      return "it is in XGBoost's old binary format, which XGBoost itself has removed: load it with "
        + "a version before 3.1 and save it again as .ubj or .json"
    }
    if bytes.hasPrefix("CBM1") {
      return "it is CatBoost's binary format: save the model with "
        + "save_model(\"model.json\", format=\"json\") and serve that"
    }
    if bytes[0] == 0x80, bytes.count > 1, (2...5).contains(bytes[1]) {
      return "it is a pickle, which runs whatever code it brings when it is opened, so it is not "
        + "read as data; save the model with its own save_model (.ubj, .json or .txt), or serve "
        + "it in a Python worker that you allow to load pickles"
    }
    if bytes[0] == UInt8(ascii: "[") {
      return "it is a list; what XGBoost's get_dump or dump_model writes is for people to read: "
        + "save the model with save_model(\"model.ubj\") and serve that"
    }
    return "it is none of XGBoost's JSON or UBJSON, LightGBM's text and CatBoost's JSON"
  }

  /// The old format begins with numbers; the name of the booster stands soon after.
  private static func isOldXGBoost(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(512))
    return head.indices.contains { place in
      let rest = UnsafeRawBufferPointer(rebasing: head[place...])
      return rest.hasPrefix("gbtree") || rest.hasPrefix("gblinear") || rest.hasPrefix("dart")
    }
  }
}
