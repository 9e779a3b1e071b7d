import Testing

@testable import Trees

/// Models that were trained and asked outside, with answers of the libraries themselves.
@Suite(.enabled(if: FileBytes.hasShared, "the shared data is not here"))
struct SharedVectorsTests {
  static let xgboost =
    [
      "breast-cancer-binary", "digits-multiclass", "diabetes-regression", "iris-softmax",
      "breast-cancer-dart", "diabetes-gblinear", "diabetes-random-forest", "categorical-binary",
      "poisson",
    ].flatMap { ["\($0).json", "\($0).ubj"] } + ["higgs28-500x8.ubj"]

  static let lightgbm = [
    "breast-cancer-binary", "digits-multiclass", "diabetes-regression", "categorical-binary",
    "breast-cancer-rf", "diabetes-linear-tree", "higgs28-500x63",
  ]

  @Test(arguments: xgboost)
  func `margins, predictions and leaves are XGBoost's, bit for bit`(file: String) throws {
    let path = FileBytes.shared + "/xgboost/"
    let name = file.prefix { $0 != "." }
    let model = try TabularModel.read(path + file)
    let rows = try NumberTable(path + "\(name)-X.npy").rows
    let margins = try NumberTable(path + "\(name)-margin.npy").rows
    let predictions = try NumberTable(path + "\(name)-pred.npy").rows
    #expect(rows.count > 40)
    #expect(Differences(rows.map { model.margins($0) }, margins) == .none)
    #expect(Differences(rows.map { model.predictions($0) }, predictions) == .none)
    guard let leaves = try? NumberTable(path + "\(name)-leaf.npy").rows else { return }
    #expect(Differences(rows.map { model.leaves($0) }, leaves) == .none)
  }

  @Test(arguments: lightgbm)
  func `margins, predictions and leaves are LightGBM's, bit for bit`(name: String) throws {
    let path = FileBytes.shared + "/lightgbm/"
    let model = try TabularModel.read(path + "\(name).txt")
    let rows = try NumberTable(path + "\(name)-X.npy").rows
    var margins = try NumberTable(path + "\(name)-raw.npy").rows
    let predictions = try NumberTable(path + "\(name)-pred.npy").rows
    #expect(rows.count > 40)
    // LightGBM hands out the sum of a forest as the margin, and divides it before the transform.
    if model.ensemble.sum.isAverage {
      margins = margins.map { $0.map { $0 / Double(model.rounds) } }
    }
    #expect(Differences(rows.map { model.margins($0) }, margins) == .none)
    #expect(Differences(rows.map { model.predictions($0) }, predictions) == .none)
    guard let leaves = try? NumberTable(path + "\(name)-leaf.npy").rows else { return }
    #expect(Differences(rows.map { model.leaves($0) }, leaves) == .none)
  }
}
