import Testing

@testable import Trees

/// What is wrong with a file is said, whatever it is; nothing else happens.
@Suite struct BadModelFilesTests {
  static let small = [
    "xgb-names.json", "xgb-frame.ubj", "xgb-linear-multi.json", "xgb-outputs-vector-ubj.ubj",
    "lgb-frame.lgb", "lgb-linear.lgb", "cat-one-hot.json", "cat-lossguide.json",
  ]

  /// How far apart the tries lie, so that a larger file takes no longer.
  private static func tries(_ range: Range<Int>) -> StrideTo<Int> {
    stride(from: range.lowerBound, to: range.upperBound, by: max(1, range.count / 700))
  }

  @Test(arguments: small)
  func `a file that ends early is refused`(file: String) throws {
    let bytes = try FileBytes.read(FileBytes.fixtures + "/" + file)
    let whole = try TabularModel.read(bytes)
    // After these words LightGBM writes how it was trained, which may be cut off.
    let end = Self.place(of: "end of trees", in: bytes) ?? bytes.count
    // White space may follow the last value.
    let last = (bytes.lastIndex { $0 > 0x20 } ?? 0) + 1
    let read = Self.tries(0..<min(end, last)).filter {
      TabularModel.problem(of: Array(bytes[..<$0])) == nil
    }
    #expect(read == [])
    for count in Self.tries(min(end + 12, bytes.count)..<bytes.count) {
      guard let model = try? TabularModel.read(Array(bytes[..<count])) else { continue }
      #expect(model.predictor == whole.predictor)
    }
  }

  @Test(arguments: small)
  func `a file with a changed byte is read or refused, and never walked out of`(
    file: String
  ) throws {
    let bytes = try FileBytes.read(FileBytes.fixtures + "/" + file)
    for place in Self.tries(bytes.indices) {
      for flip: UInt8 in [0x01, 0x04, 0x80] {
        var changed = bytes
        changed[place] ^= flip
        // Either is right; what is read must be whole enough to be walked.
        guard let model = try? TabularModel.read(changed), model.featureCount < 100 else {
          continue
        }
        _ = model.predictions([Double](repeating: 0.5, count: model.featureCount))
      }
    }
  }

  private static func place(of word: String, in bytes: [UInt8]) -> Int? {
    let word = Array(word.utf8)
    return bytes.indices.first { bytes[$0...].starts(with: word) }
  }

  /// A change to the text of a fixture, and words that the message must have.
  static let changes: [(file: String, from: String, to: String, message: String)] = [
    ("xgb-names.json", "\"left_children\":[1", "\"left_children\":[0", "two ways lead to node 0"),
    ("xgb-names.json", "\"left_children\":[1", "\"left_children\":[2", "two ways lead to node 2"),
    ("xgb-names.json", "\"left_children\":[1", "\"left_children\":[7", "leads to node 7 of 7"),
    ("xgb-names.json", "\"left_children\":[1", "\"left_children\":[-5", "leads to node -5 of 7"),
    (
      "xgb-names.json", "\"num_nodes\":\"7\"", "\"num_nodes\":\"2147483648\"",
      "2147483648 nodes are declared, 7 are there"
    ),
    (
      "xgb-names.json", "\"split_conditions\":[", "\"split_conditions\":[\"x\",",
      "a number was expected"
    ),
    (
      "xgb-names.json", "\"split_conditions\":[", "\"split_conditions\":[1,",
      "arrays are of different lengths"
    ),
    ("xgb-names.json", "\"split_indices\":[0", "\"split_indices\":[9", "asks column 9 of 5"),
    ("xgb-names.json", "\"base_score\":\"[", "\"base_score\":\"[1,2,", "for 1 outputs"),
    (
      "xgb-names.json", "\"num_class\":\"0\",\"num_feature\":\"5",
      "\"num_class\":\"0\",\"num_feature\":\"2147483647",
      "2147483647 columns in a file of"
    ),
    (
      "xgb-names.json", "\"num_class\":\"0\",\"num_feature\":\"5",
      "\"num_class\":\"0\",\"num_feature\":\"4", "5 names of 4 columns"
    ),
    ("xgb-names.json", "reg:squarederror", "reg:special", "reg:special is not one of XGBoost's"),
    (
      "xgb-categories-onehot.json", "\"categories\":[6,", "\"categories\":[-6,",
      "whole number from 0 on"
    ),
    (
      "xgb-categories-onehot.json", "\"categories\":[6,", "\"categories\":[6.5,",
      "a whole number was expected"
    ),
    (
      "xgb-categories-onehot.json", "\"categories\":[6,", "\"categories\":[2000000000,",
      "sets of them are too large"
    ),
    (
      "xgb-categories-onehot.json", "\"categories_sizes\":[1",
      "\"categories_sizes\":[9223372036854775807", "are not there"
    ),
    ("lgb-binary.lgb", "num_leaves=6", "num_leaves=2147483648", "num_leaves is 2147483648"),
    ("lgb-binary.lgb", "num_leaves=6", "num_leaves=7", "left_child has 5 values for 6 splits"),
    ("lgb-binary.lgb", "max_feature_idx=4", "max_feature_idx=2000000000", "cannot be meant"),
    ("lgb-binary.lgb", "max_feature_idx=4", "max_feature_idx=x", "max_feature_idx is \"x\""),
    ("lgb-binary.lgb", "threshold=", "threshold=one ", "\"one\" stands where a number belongs"),
    ("lgb-binary.lgb", "left_child=", "left_child=1.5 ", "stands where a number belongs"),
    ("lgb-binary.lgb", "sigmoid:0.7", "sigmoid:-1", "no sigmoid above zero"),
    ("lgb-binary.lgb", "objective=binary", "objective=mine", "mine sigmoid:0.7 is not one of"),
    ("lgb-binary.lgb", "tree_sizes=", "tree_sizes=1 ", "4 trees are announced, 3 are there"),
    (
      "lgb-categories.lgb", "cat_boundaries=0 2", "cat_boundaries=0 9", "not up to 9"
    ),
    (
      "cat-regression.json", "\"float_feature_index\": ", "\"float_feature_index\": 10",
      "asks column"
    ),
    ("cat-regression.json", "\"leaf_values\": [", "\"leaf_values\": [1,", "same number of values"),
    (
      "cat-regression.json", "\"flat_feature_index\": 4", "\"flat_feature_index\": 4000000000",
      "meant"
    ),
    (
      "cat-regression.json", "\"flat_feature_index\": 4", "\"flat_feature_index\": -1", "below zero"
    ),
  ]

  @Test(arguments: changes.indices)
  func `what is wrong is said`(place: Int) throws {
    let change = Self.changes[place]
    let bytes = try FileBytes.read(FileBytes.fixtures + "/" + change.file)
    let start = try #require(Self.place(of: change.from, in: bytes))
    let changed =
      bytes[..<start] + Array(change.to.utf8) + bytes[(start + change.from.utf8.count)...]
    let message = try #require(TabularModel.problem(of: Array(changed)))
    #expect(message.contains(change.message), "\(message)")
    #expect(message.hasPrefix("model cannot be read as "))
  }

  @Test func `statistics of CatBoost's training data are refused with advice`() throws {
    let message = TabularModel.problem(
      of: try FileBytes.read(FileBytes.fixtures + "/cat-statistics.json"))
    #expect(message?.contains("one_hot_max_size") == true)
  }

  static let foreign: [(bytes: [UInt8], message: String)] = [
    ([], "it is empty"),
    (Array(" \n\n".utf8), "white space"),
    (Array("binf0000".utf8), "old binary format"),
    (
      [0, 0, 0, 63, 5, 0, 0, 0] + [UInt8](repeating: 0, count: 128) + Array("gbtree".utf8),
      "before 3.1"
    ),
    ([0x80, 0x04, 0x95, 0, 0], "it is a pickle"),
    (Array("CBM1....".utf8), "format=\"json\""),
    (Array("[{\"nodeid\": 0}]".utf8), "get_dump"),
    (Array("{\"name\": \"tree\", \"tree_info\": []}".utf8), "dump_model"),
    (Array("{\"a\": {\"learner\": 1}}".utf8), "neither the learner of XGBoost"),
    (Array("{}".utf8), "neither JSON nor binary JSON"),
    (Array("booster[0]:\n0:[f1<2] yes=1".utf8), "none of XGBoost's"),
    (Array("{\"learner\":{}}".utf8), "no trees in it"),
    (Array("{\"version\":[1,2,3], \"Config\": 1}".utf8), "no learner in it"),
    (Array("{L".utf8), "ends in the middle"),
    (Array("tree\nversion=v4\n".utf8), "no line max_feature_idx="),
    (Array("tree\nnum_class=1\nmax_feature_idx=0\n".utf8), "no trees in it"),
    (Array("tree\nnum_class=0\nmax_feature_idx=0\nTree=0\n".utf8), "0 trees a round"),
  ]

  @Test(arguments: foreign.indices)
  func `what is no model of these is refused with a reason`(place: Int) throws {
    let message = TabularModel.problem(of: Self.foreign[place].bytes)
    #expect(message?.contains(Self.foreign[place].message) == true, "\(message ?? "read")")
  }

  @Test func `values that lie too deep in each other are refused`() {
    let open = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(
      TabularModel.problem(of: Array("{\"learner\":{\"gradient_booster\":".utf8) + open) != nil)
    var tree = "{\"features_info\":{},\"trees\":["
    for _ in 0..<10_000 { tree += "{\"left\":" }
    #expect(TabularModel.problem(of: Array(tree.utf8))?.contains("levels deep") == true)
  }

  @Test func `a count of binary JSON is held to the bytes that follow`() {
    // {"learner":{"feature_names":[#<2^31 - 1>  and nothing more
    let head = Array("{L".utf8) + Self.long(7) + Array("learner{L".utf8) + Self.long(13)
    let count = Array("feature_names[#l".utf8) + [0x7F, 0xFF, 0xFF, 0xFF]
    #expect(TabularModel.problem(of: head + count)?.contains("2147483647 values") == true)
  }

  private static func long(_ value: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, value] }

  @Test func `a column that counts zero as missing here and not there is refused`() throws {
    var text = String(
      decoding: try FileBytes.read(FileBytes.fixtures + "/lgb-zero-missing.lgb"), as: UTF8.self)
    // Missing values as NaN alone, against the default side, in one tree of several.
    let start = try #require(text.range(of: "decision_type=")?.upperBound)
    let end = try #require(text[start...].firstIndex(of: "\n"))
    let splits = text[start..<end].split(separator: " ").count
    for side in ["8", "10"] {
      var changed = text
      changed.replaceSubrange(
        start..<end, with: Array(repeating: side, count: splits).joined(separator: " "))
      if let message = TabularModel.problem(of: Array(changed.utf8)) {
        #expect(message.contains("counts zero as missing at some splits and not at others"))
        return
      }
    }
    text = ""
    Issue.record("neither side was refused")
  }
}

extension String {
  /// The first place of a text in this one.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
