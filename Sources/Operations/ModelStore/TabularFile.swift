import Glibc

/// Tells by their first bytes which files are models of trees: their names (`.json`, `.txt`) are those
/// of everything else, too.
enum TabularFile {
  /// What a file is.
  enum Kind: Equatable {
    /// XGBoost's JSON or UBJSON, LightGBM's text, CatBoost's JSON.
    case model
    /// A form of these libraries that is not read; with what its owner can do.
    case refused(String)
  }

  /// Endings that such files have.
  static let endings = ["json", "ubj", "txt", "lgb", "bst", "xgb", "model", "cbm"]
  /// Endings that nothing else has, so that a file that has one and cannot be read is told of.
  private static let ownEndings = ["ubj", "lgb", "bst", "xgb", "cbm"]

  /// `nil` for what is something else. Blocks on the first bytes of the file.
  static func kind(of path: String) -> Kind? {
    let ending = PathText.ending(path)
    guard endings.contains(ending) else { return nil }
    let start = beginning(of: path)
    if isUBJSON(start) || isJSON(start) || isLightGBM(start) { return .model }
    if start.starts(with: "CBM1".utf8) { return .refused(catBoostAdvice) }
    if start.starts(with: "binf".utf8) || start.starts(with: "bs64".utf8) {
      return .refused(binaryAdvice)
    }
    guard ownEndings.contains(ending) || isBinary(start, ending) else { return nil }
    return ending == "cbm" ? .refused(catBoostAdvice) : .refused(unknownAdvice(ending))
  }

  static func isModel(_ path: String) -> Bool { kind(of: path) == .model }

  private static let catBoostAdvice =
    "it is CatBoost's binary format, which is not read; "
    + "save it with model.save_model(\"model.json\", format=\"json\")"
  private static let binaryAdvice =
    "it is XGBoost's old binary format, which XGBoost itself no longer reads; load it with a "
    + "release before 3.1 and save it with booster.save_model(\"model.ubj\")"

  private static func unknownAdvice(_ ending: String) -> String {
    ending == "ubj"
      ? "it is not UBJSON of XGBoost; save the model with booster.save_model(\"model.ubj\")"
      : "it is neither JSON nor UBJSON of XGBoost, nor text of LightGBM; an XGBoost model of the old "
        + "binary format is to be loaded with a release before 3.1 and saved with "
        + "booster.save_model(\"model.ubj\")"
  }

  // MARK: First bytes

  private static let beginningByteCount = 4_096

  private static func beginning(of path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: beginningByteCount)
    let count = read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
  }

  /// A `.model` that begins with what no text has is XGBoost's binary format, which has no mark.
  private static func isBinary(_ start: [UInt8], _ ending: String) -> Bool {
    ending == "model" && start.prefix(64).contains { $0 < 9 }
  }

  /// An object whose first key has its length before it, and is one of XGBoost's.
  private static func isUBJSON(_ start: [UInt8]) -> Bool {
    guard start.count > 2, start[0] == UInt8(ascii: "{") else { return false }
    let keys = ["learner", "version", "Config"]
    let widths: [UInt8: Int] = [
      UInt8(ascii: "i"): 1, UInt8(ascii: "U"): 1, UInt8(ascii: "I"): 2, UInt8(ascii: "l"): 4,
      UInt8(ascii: "L"): 8,
    ]
    guard let width = widths[start[1]] else { return false }
    return keys.contains { start.dropFirst(2 + width).starts(with: $0.utf8) }
  }

  /// An object whose first key is one of XGBoost's or CatBoost's.
  private static func isJSON(_ start: [UInt8]) -> Bool {
    var rest = start[...]
    func skipSpace() { rest = rest.drop { [0x20, 0x0A, 0x0D, 0x09].contains($0) } }
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    skipSpace()
    guard rest.popFirst() == UInt8(ascii: "{") else { return false }
    skipSpace()
    if ["\"learner\"", "\"oblivious_trees\"", "\"features_info\"", "\"ctr_data\""].contains(
      where: { rest.starts(with: $0.utf8) })
    {
      return true
    }
    // Others have such keys, too, so that the next one counts.
    let text = String(decoding: rest, as: UTF8.self)
    return rest.starts(with: "\"version\"".utf8) && text.contains("\"learner\"")
      || rest.starts(with: "\"model_info\"".utf8) && text.contains("catboost")
  }

  /// `tree` alone on the first line and `version=` on the next.
  private static func isLightGBM(_ start: [UInt8]) -> Bool {
    let lines = start.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count > 1 else { return false }
    return lines[0].filter { $0 != 0x0D }.elementsEqual("tree".utf8)
      && lines[1].starts(with: "version=".utf8)
  }
}
