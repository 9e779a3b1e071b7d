/// A rectangle in pixels of the original photo; (x1, y1) is its left upper corner.
package struct Box: Sendable, Equatable {
  package var x1: Float
  package var y1: Float
  package var x2: Float
  package var y2: Float

  package init(x1: Float, y1: Float, x2: Float, y2: Float) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
  }
}

/// One thing that a model found in a photo.
package struct Detection: Sendable, Equatable {
  /// The class's name, or `class 7` where the model has no names.
  package let label: String
  package let classID: Int
  /// 0 to 1.
  package let score: Float
  package let box: Box

  package init(label: String, classID: Int, score: Float, box: Box) {
    self.label = label
    self.classID = classID
    self.score = score
    self.box = box
  }
}

/// One class that a photo may belong to.
package struct Classification: Sendable, Equatable {
  package let label: String
  package let classID: Int
  /// A probability, 0 to 1.
  package let score: Float

  package init(label: String, classID: Int, score: Float) {
    self.label = label
    self.classID = classID
    self.score = score
  }
}
