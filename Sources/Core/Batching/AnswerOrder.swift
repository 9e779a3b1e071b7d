/// Lets answers leave in the order in which their requests came.
///
/// A request enters when it is taken in; an answer that is ready early is held until every request
/// before it has been answered or has ended without an answer.
package struct AnswerOrder: Sendable {
  private enum Place: Sendable {
    case open
    /// Its answer is held.
    case answered
    /// It ended without an answer.
    case left
  }

  private var tickets: [Ticket] = []
  private var places: [Place] = []
  private var head = 0

  package init() {}

  /// A request was taken in; tickets must grow.
  package mutating func enter(_ ticket: Ticket) {
    precondition(tickets.last.map { $0 < ticket } ?? true, "tickets must grow")
    tickets.append(ticket)
    places.append(.open)
  }

  /// An answer is ready: those that may leave now, in their order.
  package mutating func answered(_ ticket: Ticket) -> [Ticket] { settle(ticket, as: .answered) }

  /// A request ended without an answer: those that may leave now, in their order.
  package mutating func left(_ ticket: Ticket) -> [Ticket] { settle(ticket, as: .left) }

  private mutating func settle(_ ticket: Ticket, as place: Place) -> [Ticket] {
    guard let index = index(of: ticket) else { return [] }
    places[index] = place
    var leaving: [Ticket] = []
    while head < places.count, places[head] != .open {
      if places[head] == .answered { leaving.append(tickets[head]) }
      head += 1
    }
    closeGap()
    return leaving
  }

  private func index(of ticket: Ticket) -> Int? {
    var low = head
    var high = tickets.count
    while low < high {
      let middle = (low + high) / 2
      if tickets[middle] < ticket { low = middle + 1 } else { high = middle }
    }
    return low < tickets.count && tickets[low] == ticket ? low : nil
  }

  private mutating func closeGap() {
    guard head == tickets.count || (head > 64 && head > tickets.count / 2) else { return }
    tickets.removeSubrange(..<head)
    places.removeSubrange(..<head)
    head = 0
  }
}
