/// The messages of `google.protobuf` and `google.rpc` that services of other servers carry, as far as
/// they do.
extension GRPCSchemas {
  static let wrappers = """
    package google.protobuf;
    message Int64Value {
      int64 value = 1;
    }
    """

  static let anything = """
    package google.protobuf;
    message Any {
      string type_url = 1;
      bytes value = 2;
    }
    """

  static let nothing = """
    package google.protobuf;
    message Empty {}
    """

  static let status = """
    package google.rpc;
    message Status {
      int32 code = 1;
      string message = 2;
      repeated google.protobuf.Any details = 3;
    }
    """
}
