internal import Inference

/// A type of number that tensors are made of.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The Open Inference Protocol's name of the type: `FP32`.
  static var datatypeName: String { get }
}

extension Float: TensorElement {
  /// `FP32`.
  public static var datatypeName: String { "FP32" }
}

extension Double: TensorElement {
  /// `FP64`.
  public static var datatypeName: String { "FP64" }
}

extension Bool: TensorElement {
  /// `BOOL`.
  public static var datatypeName: String { "BOOL" }
}

extension Int8: TensorElement {
  /// `INT8`.
  public static var datatypeName: String { "INT8" }
}

extension Int16: TensorElement {
  /// `INT16`.
  public static var datatypeName: String { "INT16" }
}

extension Int32: TensorElement {
  /// `INT32`.
  public static var datatypeName: String { "INT32" }
}

extension Int64: TensorElement {
  /// `INT64`.
  public static var datatypeName: String { "INT64" }
}

extension UInt8: TensorElement {
  /// `UINT8`.
  public static var datatypeName: String { "UINT8" }
}

extension UInt16: TensorElement {
  /// `UINT16`.
  public static var datatypeName: String { "UINT16" }
}

extension UInt32: TensorElement {
  /// `UINT32`.
  public static var datatypeName: String { "UINT32" }
}

extension UInt64: TensorElement {
  /// `UINT64`.
  public static var datatypeName: String { "UINT64" }
}

/// Numbers or strings in rows and columns: what goes into a model and what comes out.
///
/// A value over shared, immutable storage: copying one copies no element.
public struct Tensor: Sendable {
  let inner: Inference.Tensor

  init(_ inner: Inference.Tensor) { self.inner = inner }

  /// A tensor that holds a copy of `elements`, row-major.
  ///
  /// - Parameter shape: lengths of the axes, outermost first; at most 8. Their product is the number
  ///   of elements.
  /// - Throws: `ModelError.invalidInput` where shape and elements do not agree.
  public init<Element: TensorElement>(
    _ elements: [Element], shape: [Int]
  ) throws(ModelError) {
    guard let datatype = Datatype(name: Element.datatypeName) else {
      throw .invalidInput("there is no datatype \(Element.datatypeName)")
    }
    let lengths = try Self.shape(shape, for: elements.count)
    inner = Inference.Tensor(elements, datatype: datatype, shape: lengths)
  }

  /// A tensor of strings.
  ///
  /// - Throws: `ModelError.invalidInput` where shape and strings do not agree.
  public init(strings: [String], shape: [Int]) throws(ModelError) {
    inner = Inference.Tensor(strings: strings, shape: try Self.shape(shape, for: strings.count))
  }

  /// Lengths of the axes, outermost first.
  public var shape: [Int] { inner.shape.array }

  /// The Open Inference Protocol's name of the element type: `FP32`, `INT64`, `BYTES`, ...
  public var datatypeName: String { inner.datatype.name }

  /// The elements, row-major.
  ///
  /// - Throws: `ModelError.invalidInput` where the tensor is of another type.
  public func elements<Element: TensorElement>(
    as type: Element.Type = Element.self
  ) throws(ModelError) -> [Element] {
    guard inner.datatype.name == Element.datatypeName else {
      throw .invalidInput("the tensor holds \(datatypeName), not \(Element.datatypeName)")
    }
    return inner.elements(as: type)
  }

  /// The elements of a tensor of strings; empty for any other.
  public var strings: [String] { inner.datatype == .bytes ? inner.strings : [] }

  private static func shape(_ lengths: [Int], for count: Int) throws(ModelError) -> TensorShape {
    guard let shape = TensorShape(lengths), shape.elementCount == count else {
      throw .invalidInput("\(count) elements do not fill the shape \(lengths)")
    }
    return shape
  }
}
