/// The place of each element of a column in a table of categories, or -1; shared by the encoders.
struct CategoryPlaces: Sendable {
  let table: CategoryTable
  let source: Column
  /// Reals are cut to whole numbers, as `OneHotEncoder` does; otherwise they are keys themselves.
  let truncatesReals: Bool

  @inline(__always)
  func forEach(
    _ memory: ColumnMemory, rowCount: Int, _ body: (_ element: Int, _ place: Int?) -> Void
  ) {
    let count = rowCount * source.shape.width
    switch (source.kind, truncatesReals) {
    case (.string, _):
      let all = memory.elements(source.place, as: TextSlot.self)
      for element in 0..<count { body(element, table.place(of: all[element].bytes)) }
    case (.int64, _):
      let all = memory.elements(source.place, as: Int64.self)
      for element in 0..<count { body(element, table.place(of: all[element])) }
    case (.float, true):
      let all = memory.elements(source.place, as: Float.self)
      for element in 0..<count { body(element, table.place(of: Int64(casting: all[element]))) }
    case (.double, true):
      let all = memory.elements(source.place, as: Double.self)
      for element in 0..<count { body(element, table.place(of: Int64(casting: all[element]))) }
    case (.float, _):
      let all = memory.elements(source.place, as: Float.self)
      for element in 0..<count {
        body(element, table.place(of: CategoryTable.bits(of: Double(all[element]))))
      }
    default:
      let all = memory.elements(source.place, as: Double.self)
      for element in 0..<count {
        body(element, table.place(of: CategoryTable.bits(of: all[element])))
      }
    }
  }
}

/// `OneHotEncoder`: for each element a row of zeros with a one at its category.
struct OneHotStep: PipelineStep {
  let places: CategoryPlaces
  let categoryCount: Int
  /// An unknown category gives zeros; otherwise it is an error of its row.
  let allowsUnknown: Bool
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    let result = memory.elements(result, as: Float.self)
    let width = max(places.source.shape.width, 1)
    result.update(repeating: 0, count: rowCount * places.source.shape.width * categoryCount)
    places.forEach(memory, rowCount: rowCount) { element, place in
      if let place {
        result[element * categoryCount + place] = 1
      } else if !allowsUnknown {
        memory.fail(element / width, "a value is none of the \(categoryCount) known categories")
      }
    }
  }
}

/// `LabelEncoder`: a value for each category, and one for what is none.
struct LabelStep<Value: BitwiseCopyable>: PipelineStep {
  let places: CategoryPlaces
  /// The values of all categories, and after them the one for none, among the constants.
  let values: Int
  let categoryCount: Int
  let result: Int

  @_specialize(where Value == UInt32)
  @_specialize(where Value == UInt64)
  @_specialize(where Value == TextSlot)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let values = memory.elements(values, as: Value.self)
    let result = memory.elements(result, as: Value.self)
    places.forEach(memory, rowCount: rowCount) { element, place in
      result[element] = values[place ?? categoryCount]
    }
  }
}
