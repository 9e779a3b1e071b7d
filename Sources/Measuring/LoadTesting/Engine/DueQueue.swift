import Inference

/// Queries that are taken and not due yet, the earliest first. A pure value: a binary heap.
struct DueQueue {
  private var queries: [LoadQuery] = []

  var count: Int { queries.count }
  var firstDue: Instant? { queries.first?.due }

  mutating func add(_ query: LoadQuery) {
    queries.append(query)
    var child = queries.count - 1
    while child > 0, queries[child].due < queries[(child - 1) / 2].due {
      queries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() -> LoadQuery? {
    guard let last = queries.popLast() else { return nil }
    guard let first = queries.first else { return last }
    queries[0] = last
    var parent = 0
    while let child = earliestChild(of: parent), queries[child].due < queries[parent].due {
      queries.swapAt(child, parent)
      parent = child
    }
    return first
  }

  private func earliestChild(of parent: Int) -> Int? {
    let left = parent * 2 + 1
    guard left < queries.count else { return nil }
    let right = left + 1
    return right < queries.count && queries[right].due < queries[left].due ? right : left
  }
}
