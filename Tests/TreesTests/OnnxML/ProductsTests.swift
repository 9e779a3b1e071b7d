import Testing

@testable import Trees

/// Products of rows with a matrix, against one sum after the other.
@Suite struct ProductsTests {
  /// Numbers of very unlike sizes, so that another order would have other bits.
  private static func numbers<Number: RealNumber>(_ count: Int, seed: Int) -> [Number] {
    (0..<count).map { place in
      let mixed = (place &+ seed) &* 2_654_435_761 & 0xFFFF
      return Number(Double(mixed - 32_768) * (mixed & 1 == 0 ? 1e-3 : 1e4))
    }
  }

  private static func check<Number: RealNumber>(
    _ type: Number.Type, rowCount: Int, width: Int, outputCount: Int
  ) {
    var rows: [Number] = numbers(rowCount * width, seed: 1)
    if rows.count > 3 { rows[3] = .nan }
    var matrix: [Number] = numbers(width * outputCount, seed: 77)
    var found = [Number](repeating: 7, count: rowCount * outputCount)
    rows.withUnsafeMutableBufferPointer { rows in
      matrix.withUnsafeMutableBufferPointer { matrix in
        found.withUnsafeMutableBufferPointer { found in
          guard let from = rows.baseAddress, let by = matrix.baseAddress,
            let to = found.baseAddress
          else { return }
          Number.products(
            of: from, rowCount: rowCount, width: width, by, outputCount: outputCount, into: to)
        }
      }
    }
    for row in 0..<rowCount {
      for output in 0..<outputCount {
        var sum: Number = 0
        for column in 0..<width {
          sum = sum.addingProduct(
            rows[row * width + column], matrix[column * outputCount + output])
        }
        let place = row * outputCount + output
        #expect(found[place] == sum || found[place].isNaN && sum.isNaN, "\(row) \(output)")
      }
    }
  }

  @Test(arguments: [1, 3, 4, 8, 13], [1, 2, 7, 8, 9, 17])
  func `every sum is made in the order of the columns`(rowCount: Int, outputCount: Int) {
    for width in [1, 5, 30] {
      Self.check(Float.self, rowCount: rowCount, width: width, outputCount: outputCount)
      Self.check(Double.self, rowCount: rowCount, width: width, outputCount: outputCount)
    }
  }

  @Test(arguments: [-3, -0.25, 0, 0.5, 40, Float.nan])
  func `a pair of logistic values is both of them`(value: Float) {
    let (negative, positive) = Float.logisticPair(value)
    #expect(negative.bitPattern == Float.logistic(-value).bitPattern || value.isNaN)
    #expect(positive.bitPattern == Float.logistic(value).bitPattern || value.isNaN)
  }
}
